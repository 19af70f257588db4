import { describe, expect, test } from 'vitest'
import { LSN_NONE, lsnFromBigint, parseLsn } from '../base/lsn.ts'
import { diceOf } from '../testing/random-world.ts'
import { findRecoveryStop, isBeforeConsistency, type WalEvent, willBeApplied } from './recovery-stop.ts'
import type { ReadTarget } from './recovery-target.ts'

const at = (offset: number) => lsnFromBigint(0x1000000n + BigInt(offset))

/** Ends of transactions at every hundredth byte, in the order in which they ended: neither xids nor times ascend. */
const EVENTS: readonly WalEvent[] = [
  { kind: 'commit', xid: 12, lsn: at(100), previousLsn: at(50), micros: 1000n },
  { kind: 'commit', xid: 10, lsn: at(200), previousLsn: at(150), micros: 2000n },
  { kind: 'abort', xid: 11, lsn: at(300), previousLsn: at(250), micros: 2000n },
  { kind: 'restore-point', name: 'twice', lsn: at(400), previousLsn: at(350), micros: 9000n },
  { kind: 'commit', xid: 14, lsn: at(500), previousLsn: at(450), micros: 4000n },
  { kind: 'commit', xid: 13, lsn: at(600), previousLsn: at(550), micros: 3000n },
  { kind: 'restore-point', name: 'twice', lsn: at(700), previousLsn: at(650), micros: 5000n },
  { kind: 'commit', xid: 15, lsn: at(800), previousLsn: at(750), micros: 6000n },
]

/** The positions in hundreds that are applied. */
function applied(target: ReadTarget, events = EVENTS): readonly number[] {
  const stop = findRecoveryStop(events, target, at(150))
  return events.filter((event) => willBeApplied(event, stop)).map(({ lsn }) => Number(lsn - at(0)) / 100)
}

const time = (micros: number, isInclusive = true): ReadTarget => ({
  kind: 'time',
  micros: BigInt(micros),
  isInclusive,
})
const xid = (number: number, isInclusive = true): ReadTarget => ({
  kind: 'xid',
  xid: number,
  epoch: undefined,
  isInclusive,
})
const lsn = (offset: number, isInclusive = true): ReadTarget => ({
  kind: 'lsn',
  lsn: at(offset),
  isInclusive,
})

describe('a server applies', () => {
  test.each<[string, ReadTarget, readonly number[]]>([
    ['all that ended at a time or before', time(2000), [1, 2, 3, 4]],
    ['without it, nothing that ended at that time', time(2000, false), [1]],
    ['nothing after the first that is too late, though it ended in time', time(3500), [1, 2, 3, 4]],
    ['restore points whatever their time', time(3999), [1, 2, 3, 4]],
    ['everything when no end is later', time(6000), [1, 2, 3, 4, 5, 6, 7, 8]],
    ['a transaction and what ended before it, greater IDs too', xid(10), [1, 2]],
    ['without it, what ended before it', xid(10, false), [1]],
    ['up to an abort as well', xid(11), [1, 2, 3]],
    ['everything when there is no such transaction', xid(99), [1, 2, 3, 4, 5, 6, 7, 8]],
    ['the record at an LSN', lsn(500), [1, 2, 3, 4, 5]],
    ['without it, what begins before', lsn(500, false), [1, 2, 3, 4]],
    ['the first record after an LSN inside another one', lsn(460), [1, 2, 3, 4, 5]],
    ['not an end that is only the second one after it', lsn(440), [1, 2, 3, 4]],
    ['up to the first restore point of a name', { kind: 'name', name: 'twice' }, [1, 2, 3, 4]],
    ['up to the end of the backup', { kind: 'immediate' }, [1]],
    ['everything', { kind: 'latest' }, [1, 2, 3, 4, 5, 6, 7, 8]],
  ])('%s', (_what, target, expected) => {
    expect(applied(target)).toEqual(expected)
  })

  test('the first record of a page when the LSN is in its header, even if the one before is not known', () => {
    const page = parseLsn('0/1002000')
    const event = (offset: bigint): WalEvent => ({
      kind: 'commit',
      xid: 20,
      micros: 1n,
      lsn: lsnFromBigint(page + offset),
      previousLsn: undefined,
    })
    const isApplied = (one: WalEvent): boolean =>
      willBeApplied(one, findRecoveryStop([one], { kind: 'lsn', lsn: page, isInclusive: true }, LSN_NONE))
    expect([24n, 40n, 48n].map((offset) => isApplied(event(offset)))).toEqual([true, true, false])
  })
})

test('a stop before the end of the backup is no place to start from', () => {
  expect(isBeforeConsistency(findRecoveryStop(EVENTS, xid(12), at(150)), at(150))).toBe(true)
  expect(isBeforeConsistency(findRecoveryStop(EVENTS, xid(10), at(150)), at(150))).toBe(false)
  expect(isBeforeConsistency(findRecoveryStop(EVENTS, { kind: 'immediate' }, at(150)), at(150))).toBe(false)
})

test('later targets of a kind never apply less', () => {
  const dice = diceOf(7)
  for (let round = 0; round < 200; round++) {
    const events = EVENTS.map((event) => ({ ...event, micros: BigInt(dice.roll(9)) }))
    for (const isInclusive of [true, false]) {
      let before = 0
      for (let micros = 0; micros < 10; micros++) {
        const count = applied(time(micros, isInclusive), events).length
        expect(count).toBeGreaterThanOrEqual(before)
        before = count
      }
    }
  }
})
