import { expect, test } from 'vitest'
import { backupIdFromSeconds } from '../base/backup-id.ts'
import { type Lsn, lsnFromBigint } from '../base/lsn.ts'
import { madeBackup, madeInventory } from '../testing/made-catalog.ts'
import { MADE_SEGMENT_BYTES, madeWalArchive } from '../testing/made-wal-archive.ts'
import { type Dice, diceOf } from '../testing/random-world.ts'
import type { RecoveryInput, SegmentTimes } from './recovery-input.ts'
import { recoveryModel } from './recovery-model.ts'
import { judgeMoment } from './recovery-moment.ts'
import { findRecoveryStop, isBeforeConsistency, type RecoveryStop, type WalEvent } from './recovery-stop.ts'
import type { ReadTarget } from './recovery-target.ts'

const SEGMENTS = 10
const SECOND = 1_000_000n
const ROUNDS = 150

type Base = { readonly start: Lsn; readonly stop: Lsn; readonly recoverySeconds: number }
type World = {
  readonly events: readonly WalEvent[]
  readonly present: readonly number[]
  readonly bases: readonly Base[]
  readonly indexed: readonly number[]
}

const place = (segment: number, offset: number): Lsn =>
  lsnFromBigint(BigInt(segment * MADE_SEGMENT_BYTES + offset))

/** One timeline with transactions that end all the time, nearly in order of their times, and some of it in the archive. */
function worldOf(dice: Dice): World {
  const events: WalEvent[] = []
  let micros = 1000n * SECOND
  for (let segment = 1; segment < SEGMENTS; segment++) {
    for (let index = 0; index < dice.roll(5); index++) {
      micros += BigInt(dice.roll(3)) * SECOND + BigInt(dice.roll(1_000_000))
      const lsn = place(segment, 0x1000 + index * 0x30000 + dice.roll(0x1000) * 8)
      const jitter = dice.roll(4) === 0 ? BigInt(dice.roll(3)) * 700_000n : 0n
      const xid = 700 + dice.roll(40)
      events.push({ kind: 'commit', xid, lsn, previousLsn: undefined, micros: micros - jitter })
    }
  }
  const density = dice.pick([70, 90, 100])
  const present = Array.from({ length: SEGMENTS - 1 }, (_, index) => index + 1).filter(
    () => dice.roll(100) < density,
  )
  const bases = Array.from({ length: 1 + dice.roll(3) }, (): Base => {
    const segment = 1 + dice.roll(SEGMENTS - 2)
    const start = place(segment, 0x28)
    const stop = place(segment + dice.roll(2), 0x20000 + dice.roll(0x18000) * 8)
    // As backups have it: the last end of a transaction before the stop, without its fraction.
    const latest = events
      .filter(({ lsn }) => lsn < stop)
      .reduce((most, { micros: one }) => (one > most ? one : most), 999n * SECOND)
    return { start, stop, recoverySeconds: Number(latest / SECOND) }
  })
  return {
    events,
    present,
    bases,
    indexed: dice.roll(2) === 0 ? present : present.filter(() => dice.roll(2) === 0),
  }
}

function inputOf({ events, present, bases, indexed }: World, isStream: boolean): RecoveryInput {
  const times = indexed.map((number): SegmentTimes => {
    const own = events.filter(({ lsn }) => lsn >= place(number, 0) && lsn < place(number + 1, 0))
    const last = own.at(-1)
    const latest = own.reduce((most, { micros }) => (micros > most ? micros : most), 0n)
    return {
      timeline: 1,
      number: BigInt(number),
      first: own[0],
      last: last && { lsn: last.lsn, micros: latest },
    }
  })
  // A segment is archived after its last transaction ended, maybe long after.
  const archive = madeWalArchive({ 1: { segments: present } }, (_, number) => {
    const latest = events.filter(({ lsn }) => lsn < place(number + 1, 0)).at(-1)?.micros ?? 0n
    return Number(latest / 1000n) + 3000
  })
  const backups = bases.map(({ start, stop, recoverySeconds }, index) =>
    madeBackup(backupIdFromSeconds(1_000_000_000 + index), {
      isStream,
      startLsn: start,
      stopLsn: stop,
      recoverySeconds,
    }),
  )
  return { backups: madeInventory(backups).backups, archive, times, defects: [] }
}

/** Where a server stops that is restored from a base and finds WAL until a segment is missing. */
function stopOf(world: World, base: Base, isStream: boolean, target: ReadTarget): RecoveryStop {
  const held = isStream ? Number(base.stop) / MADE_SEGMENT_BYTES : 0
  let end = Math.floor(Number(base.start) / MADE_SEGMENT_BYTES)
  while (world.present.includes(end) || end < Math.floor(held)) end++
  const limit = isStream && place(end, 0) < base.stop ? base.stop : place(end, 0)
  return findRecoveryStop(
    world.events.filter(({ lsn }) => lsn >= base.start && lsn < limit),
    target,
    base.stop,
  )
}

test.each([11, 12, 13])('what is called reachable is where a server stops, seed %i', (seed) => {
  const dice = diceOf(seed)
  let reached = 0
  let refused = 0
  for (let round = 0; round < ROUNDS; round++) {
    const world = worldOf(dice)
    const isStream = dice.roll(2) === 0
    const model = recoveryModel(inputOf(world, isStream))
    const isAllRead = world.indexed.length === world.present.length
    for (let question = 0; question < 40; question++) {
      const isInclusive = dice.roll(2) === 0
      const about = world.events[dice.roll(world.events.length)]
      if (about?.kind !== 'commit') continue
      const near = about.micros + BigInt(dice.roll(3) - 1) * BigInt(dice.roll(2_000_000))
      const target: ReadTarget =
        dice.roll(2) === 0
          ? { kind: 'time', micros: near, isInclusive }
          : { kind: 'xid', xid: about.xid, epoch: undefined, isInclusive }
      const located =
        target.kind === 'time'
          ? undefined
          : world.events
              .filter((event) => event.kind === 'commit' && event.xid === target.xid)
              .map(({ lsn }) => ({ timeline: 1, lsn, endLsn: lsnFromBigint(lsn + 64n) }))
      const verdict = judgeMoment(model, {
        target,
        timeline: undefined,
        baseId: undefined,
        located,
        nowMicros: 10n ** 15n,
        rates: undefined,
      })
      const stops = world.bases.map((base) => ({ base, stop: stopOf(world, base, isStream, target) }))
      const what = { seed, round, question, target, verdict }
      if (verdict.kind === 'reachable') {
        reached++
        const index = Number.parseInt(verdict.chain[0] ?? '', 36) - 1_000_000_000
        const used = stops[index]
        const isStopped =
          used !== undefined && used.stop.kind !== 'end' && !isBeforeConsistency(used.stop, used.base.stop)
        // Where dates of files had to do, WAL may end before a time; a server says so and changes nothing.
        const isEstimate = verdict.remarks.includes('estimated')
        if (!isEstimate) {
          expect({ ...what, isStopped }).toEqual({ ...what, isStopped: true })
          if (used?.stop.kind === 'before' || used?.stop.kind === 'after') {
            const { low, lsn } = verdict.position
            const isThere = used.stop.lsn >= low && used.stop.lsn <= lsn
            expect({ ...what, used, isThere }).toEqual({ ...what, used, isThere: true })
          }
        } else if (used !== undefined) {
          const isTooEarly = isBeforeConsistency(used.stop, used.base.stop)
          expect({ ...what, isTooEarly }).toEqual({ ...what, isTooEarly: false })
        }
      } else if (isAllRead) {
        refused++
        // With everything read nothing is refused that a server could do, but for the second of a backup's own stop.
        for (const { base, stop } of stops) {
          const isPossible = stop.kind !== 'end' && !isBeforeConsistency(stop, base.stop)
          const isOwnSecond =
            target.kind === 'time' && target.micros <= BigInt(base.recoverySeconds + 1) * SECOND
          expect({
            ...what,
            stop,
            base,
            is: isPossible && !isOwnSecond && isUsable(world, base, isStream),
          }).toEqual({
            ...what,
            stop,
            base,
            is: false,
          })
        }
      }
    }
  }
  expect(reached).toBeGreaterThan(500)
  expect(refused).toBeGreaterThan(300)
})

/** The stop of a STREAM backup must lie in WAL of the archive for anything behind it. */
function isUsable({ present }: World, { stop }: Base, isStream: boolean): boolean {
  return !isStream || present.includes(Math.floor(Number(stop) / MADE_SEGMENT_BYTES))
}
