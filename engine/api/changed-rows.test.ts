import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { startEngine } from '../testing/engines.ts'
import { makeArchiveCatalog } from '../testing/made-archive.ts'
import { type MadeWal, timedData } from '../testing/made-wal.ts'

const MICROS_2000 = 946_684_800_000_000n
/** Heap: HOT_UPDATE stays on its page. */
const [DELETE, UPDATE, HOT_UPDATE] = [0x10, 0x20, 0x40]
const [LARGE, SMALL] = [20_001, 20_000]

type Change = readonly [info: number, relation: number, count: number]

/** Transactions by number, each with the rows that it changes, in an archive that was read into an index. */
async function indexed(transactions: Readonly<Record<number, readonly Change[]>>) {
  const made = await makeArchiveCatalog()
  const engine = await startEngine()
  for (const [xid, changes] of Object.entries(transactions)) appendTransaction(made.wal, Number(xid), changes)
  made.wal.switchSegment()
  for (const [number, bytes] of made.wal.segments)
    writeFileSync(path.join(made.archive, made.wal.nameOf(number)), bytes)
  const ref = { catalog: made.catalog, instance: made.instance }
  await engine.ended(engine.client['wal.index.start'](ref))
  return {
    ref,
    client: engine.client,
    async accidents(more: object) {
      return (await engine.client['wal.accidents']({ ...ref, ...more })).accidents
    },
    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]()
      await made[Symbol.asyncDispose]()
    },
  }
}

function appendTransaction(wal: MadeWal, xid: number, changes: readonly Change[]): void {
  for (const [info, relation, count] of changes)
    for (let row = 0; row < count; row++)
      wal.append({
        rmgr: 10,
        info,
        xid,
        blocks: [{ relation: [1663, 5, relation], block: 0, data: new Uint8Array(9) }],
      })
  wal.append({ rmgr: 1, xid, mainData: timedData(MICROS_2000 + BigInt(xid)) })
}

test('a commit that deleted many rows says from which relations, most first, and is found by one of them', async () => {
  await using world = await indexed({
    1000: [
      [DELETE, SMALL, 10],
      [DELETE, LARGE, 150],
    ],
    1001: [[DELETE, SMALL, 120]],
    // Few rows: the index knows how many alone.
    1002: [[DELETE, SMALL, 20]],
  })
  const found = async (more: object) =>
    (await world.accidents({ minDeleted: 1, ...more })).map(({ xid, relations }) => [
      xid,
      ...relations.map((one) => one.relationNumber),
    ])

  expect(await found({})).toEqual([[1002], [1001, SMALL], [1000, LARGE, SMALL]])
  expect(await found({ relationNumber: SMALL })).toEqual([
    [1001, SMALL],
    [1000, LARGE, SMALL],
  ])
  expect(await found({ relationNumber: LARGE })).toEqual([[1000, LARGE, SMALL]])
  expect(await found({ relationNumber: 7 })).toEqual([])
})

test('a commit that updated many rows is an accident when that is asked for, and never by a relation', async () => {
  await using world = await indexed({
    1000: [
      [UPDATE, SMALL, 90],
      [HOT_UPDATE, SMALL, 60],
    ],
    1001: [[HOT_UPDATE, SMALL, 1]],
    1002: [[UPDATE, SMALL, 20]],
  })
  const found = async (more: object) =>
    (await world.accidents(more)).map(({ kind, xid, count }) => [kind, xid, count])

  // Programs update many rows every day: nobody asked, nobody is told.
  expect(await found({})).toEqual([])
  expect(await found({ minUpdated: 20 })).toEqual([
    ['update', 1002, 20],
    ['update', 1000, 150],
  ])
  expect(await found({ minUpdated: 21 })).toEqual([['update', 1000, 150]])
  expect(await found({ minUpdated: 1, limit: 1 })).toEqual([['update', 1000, 150]])
  expect(await found({ minUpdated: 1, relationNumber: SMALL })).toEqual([])
  expect(await found({ minUpdated: 151 })).toEqual([])
  const { commits } = await world.client['wal.commits']({ ...world.ref, minUpdated: 20 })
  expect(commits.map(({ xid }) => xid)).toEqual([1000, 1002])
})
