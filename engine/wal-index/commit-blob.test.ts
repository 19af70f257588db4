import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { lsnFromBigint } from '../base/lsn.ts'
import { CommitBlob, readCommitBlob } from './commit-blob.ts'
import type { IndexedEnd } from './index-events.ts'

const START = lsnFromBigint(0x12_3400_0000n)

const count = fc.oneof(fc.constant(0), fc.nat({ max: 300 }), fc.nat({ max: 2 ** 45 }))
const commit = fc.record({
  isAborted: fc.boolean(),
  // A record may begin long before the segment in which it ends.
  lsn: fc.bigInt({ min: -(1n << 30n), max: 1n << 24n }).map((offset) => lsnFromBigint(START + offset)),
  length: fc.nat({ max: 2 ** 30 }),
  time: fc.integer({ min: -(2 ** 52), max: 2 ** 52 }),
  xid: fc.nat({ max: 2 ** 32 - 1 }),
  deleted: count,
  inserted: count,
  updated: count,
  dropped: count,
})

test('commits come back as they were, in their order', () => {
  fc.assert(
    fc.property(fc.array(commit, { maxLength: 300 }), (made) => {
      const blob = new CommitBlob(START)
      const commits = made.map(({ length, ...rest }) => ({
        ...rest,
        endLsn: lsnFromBigint(rest.lsn + BigInt(length)),
      }))
      for (const one of commits) put(blob, one)
      expect([...readCommitBlob(blob.take(), START)]).toEqual(commits)
    }),
  )
})

test('a usual commit takes some ten bytes', () => {
  const blob = new CommitBlob(START)
  for (let index = 0; index < 10_000; index++) {
    const lsn = lsnFromBigint(START + BigInt(index * 600))
    const times = {
      time: 840_000_000_000_000 + index * 300,
      xid: 70_000 + index,
      endLsn: lsnFromBigint(lsn + 40n),
    }
    put(blob, { isAborted: false, lsn, ...times, deleted: 0, inserted: 1, updated: 3, dropped: 0 })
  }
  expect(blob.take().length / 10_000).toBeLessThan(11)
})

function put(blob: CommitBlob, end: IndexedEnd): void {
  const { lsn, endLsn, time, xid, deleted, inserted, updated, dropped } = end
  const lengthBytes = Number(endLsn - lsn)
  blob.put(end.isAborted, Number(lsn), lengthBytes, time, xid, deleted, inserted, updated, dropped)
}
