import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { startEngine } from '../testing/engines.ts'
import { makeArchiveCatalog } from '../testing/made-archive.ts'
import { timedData } from '../testing/made-wal.ts'

const MICROS_2000 = 946_684_800_000_000n
/** Heap: UPDATE, and HOT_UPDATE, which stays on its page. */
const [UPDATE, HOT_UPDATE] = [0x20, 0x40]

test('a commit that updated many rows is an accident when that is asked for, and never by a relation', async () => {
  await using made = await makeArchiveCatalog()
  const { wal } = made
  const updateRows = (xid: number, info: number, count: number): void => {
    for (let row = 0; row < count; row++)
      wal.append({
        rmgr: 10,
        info,
        xid,
        blocks: [{ relation: [1663, 5, 20_000], block: 0, data: new Uint8Array(9) }],
      })
  }
  const commit = (xid: number): void =>
    void wal.append({ rmgr: 1, xid, mainData: timedData(MICROS_2000 + BigInt(xid)) })
  updateRows(1000, UPDATE, 90)
  updateRows(1000, HOT_UPDATE, 60)
  commit(1000)
  updateRows(1001, HOT_UPDATE, 1)
  commit(1001)
  updateRows(1002, UPDATE, 20)
  commit(1002)
  wal.switchSegment()
  for (const [number, bytes] of wal.segments)
    writeFileSync(path.join(made.archive, wal.nameOf(number)), bytes)
  await using engine = await startEngine()
  const ref = { catalog: made.catalog, instance: made.instance }
  await engine.ended(engine.client['wal.index.start'](ref))
  const found = async (more: object) => {
    const { accidents } = await engine.client['wal.accidents']({ ...ref, ...more })
    return accidents.map(({ kind, xid, count }) => [kind, xid, count])
  }

  // Programs update many rows every day: nobody asked, nobody is told.
  expect(await found({})).toEqual([])
  expect(await found({ minUpdated: 20 })).toEqual([
    ['update', 1002, 20],
    ['update', 1000, 150],
  ])
  expect(await found({ minUpdated: 21 })).toEqual([['update', 1000, 150]])
  expect(await found({ minUpdated: 1, limit: 1 })).toEqual([['update', 1000, 150]])
  expect(await found({ minUpdated: 1, relationNumber: 20_000 })).toEqual([])
  expect(await found({ minUpdated: 151 })).toEqual([])
  const { commits } = await engine.client['wal.commits']({ ...ref, minUpdated: 20 })
  expect(commits.map(({ xid }) => xid)).toEqual([1000, 1002])
})
