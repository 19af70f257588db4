import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { startEngine } from '../testing/engines.ts'
import { makeArchiveCatalog } from '../testing/made-archive.ts'
import { timedData } from '../testing/made-wal.ts'

const MICROS_2000 = 946_684_800_000_000n
const [LARGE, SMALL] = [20_001, 20_000]

test('a commit that deleted many rows says from which relations, most first, and is found by one of them', async () => {
  await using made = await makeArchiveCatalog()
  const { wal } = made
  const deleteRows = (xid: number, relation: number, count: number): void => {
    for (let row = 0; row < count; row++)
      wal.append({
        rmgr: 10,
        info: 0x10,
        xid,
        blocks: [{ relation: [1663, 5, relation], block: 0, data: new Uint8Array(9) }],
      })
  }
  const commit = (xid: number): void =>
    void wal.append({ rmgr: 1, xid, mainData: timedData(MICROS_2000 + BigInt(xid)) })
  deleteRows(1000, SMALL, 10)
  deleteRows(1000, LARGE, 150)
  commit(1000)
  deleteRows(1001, SMALL, 120)
  commit(1001)
  // Few rows: the index knows how many alone.
  deleteRows(1002, SMALL, 20)
  commit(1002)
  wal.switchSegment()
  for (const [number, bytes] of wal.segments)
    writeFileSync(path.join(made.archive, wal.nameOf(number)), bytes)
  await using engine = await startEngine()
  const ref = { catalog: made.catalog, instance: made.instance }
  await engine.ended(engine.client['wal.index.start'](ref))
  const found = async (more: object) => {
    const { accidents } = await engine.client['wal.accidents']({ ...ref, minDeleted: 1, ...more })
    return accidents.map(({ xid, relations }) => [xid, ...relations.map((one) => one.relationNumber)])
  }

  expect(await found({})).toEqual([[1002], [1001, SMALL], [1000, LARGE, SMALL]])
  expect(await found({ relationNumber: SMALL })).toEqual([
    [1001, SMALL],
    [1000, LARGE, SMALL],
  ])
  expect(await found({ relationNumber: LARGE })).toEqual([[1000, LARGE, SMALL]])
  expect(await found({ relationNumber: 7 })).toEqual([])
})
