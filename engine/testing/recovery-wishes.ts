import { formatLsn, type Lsn, lsnFromBigint, parseLsn } from '../base/lsn.ts'
import type { Timeline } from '../base/wal-segment.ts'
import { findRecoveryStop, type RecoveryStop, willBeApplied } from '../catalog/recovery-stop.ts'
import { readTarget } from '../catalog/recovery-target.ts'
import { formatTargetTime } from '../catalog/recovery-time-text.ts'
import type { RecoveryTarget } from '../format/recovery-settings.ts'
import type { Moment, RecordedEnd } from './commit-load.ts'
import type { Dice } from './random-world.ts'
import type { TimelineEvent } from './wal-oracle.ts'

/** A record that is begun before an LSN may end so much after it. */
const LONGEST_COMMIT_BYTES = 16_384n

/** What a recovery can be told to stop at. */
export const TARGET_KINDS = ['time', 'xid', 'name', 'lsn', 'immediate', 'latest'] as const

/** What happened on one timeline, as clients saw it. */
export type Story = {
  readonly timeline: Timeline
  readonly ends: readonly RecordedEnd[]
  readonly points: readonly { readonly name: string; readonly before: Moment; readonly after: Moment }[]
}

/** A way over timelines: what would be there at its end. */
export type Way = {
  readonly timeline: Timeline
  /** For the request. */
  readonly timelineTexts: readonly string[]
  readonly events: readonly TimelineEvent[]
  readonly ends: readonly (RecordedEnd & { readonly timeline: Timeline })[]
  readonly points: Story['points']
  /** Newest first. */
  readonly backups: readonly { readonly id: string; readonly startLsn: Lsn; readonly stopLsn: Lsn }[]
}

/** A target to restore to, from a backup that is named or not, and where recovery is to stop. */
export type Wish = {
  readonly way: Way
  readonly target: RecoveryTarget
  readonly isInclusive?: boolean
  readonly id?: string
  readonly stop: RecoveryStop
}

/** A target that can be reached on its way, of that kind. */
export function drawTarget(ways: readonly Way[], dice: Dice, kind: (typeof TARGET_KINDS)[number]): Wish {
  const way = dice.pick(ways)
  const oldest = way.backups.at(-1)?.stopLsn
  const first = way.backups.reduce(
    (low, { stopLsn }) => (stopLsn < low ? stopLsn : low),
    oldest ?? parseLsn('0/0'),
  )
  for (let tries = 0; tries < 200; tries++) {
    const isInclusive = dice.roll(2) === 0
    const backup = dice.pick(way.backups)
    const target = drawOne(way, dice, kind)
    const isExact = kind === 'time' || kind === 'xid' || kind === 'lsn'
    const wanted = readTarget(target, isExact ? { isInclusive } : {})
    const stop = findRecoveryStop(way.events, wanted, backup.stopLsn)
    const isReached = kind === 'latest' ? stop.kind === 'end' : earliestStop(target, stop) >= first
    if (!isReached) continue
    const isNamed =
      kind === 'immediate' ||
      (stop.kind !== 'end' && dice.roll(3) === 0 && isBefore(backup, target, stop, way))
    return { way, target, stop, ...(isExact && { isInclusive }), ...(isNamed && { id: backup.id }) }
  }
  throw new Error(`no ${kind} can be reached`)
}

/** Recovery stops there or later: for an LSN at the next record, of which only ends and restore points are known here. */
function earliestStop(target: RecoveryTarget, stop: RecoveryStop): bigint {
  if (stop.kind === 'end') return -1n
  return target.kind === 'lsn' ? parseLsn(target.lsn) : stop.lsn
}

/** Whether everything that was going on when the backup stopped had ended long before the stop of recovery. */
function isBefore(
  { stopLsn }: Way['backups'][number],
  target: RecoveryTarget,
  stop: RecoveryStop,
  { ends }: Way,
): boolean {
  const earliest = earliestStop(target, stop)
  return stopLsn < earliest && ends.some(({ before }) => before.lsn > stopLsn && before.lsn < earliest)
}

function drawOne(
  { ends, points, events }: Way,
  dice: Dice,
  kind: (typeof TARGET_KINDS)[number],
): RecoveryTarget {
  const end = dice.pick(ends)
  switch (kind) {
    case 'time': {
      const width = Number(end.after.micros - end.before.micros)
      const drawn = end.before.micros + BigInt(dice.roll(width + 1))
      const exact = dice.pick(events).micros + BigInt(dice.roll(3) - 1)
      return { kind, at: formatTargetTime(dice.roll(2) === 0 ? drawn : exact) }
    }
    case 'xid':
      return { kind, xid: String(end.xid) }
    case 'lsn': {
      const width = Number(end.after.lsn - end.before.lsn)
      return { kind, lsn: formatLsn(lsnFromBigint(end.before.lsn + BigInt(dice.roll(width + 1)))) }
    }
    case 'name':
      return { kind, name: dice.pick(points).name }
    case 'immediate':
    case 'latest':
      return { kind }
  }
}

/** The payments that must be there when recovery is over, by the WAL: exact. */
export function expectedValues({ way, stop }: Wish): readonly number[] {
  const applied = new Set(
    way.events
      .filter((event) => event.kind === 'commit' && willBeApplied(event, stop))
      .map((event) => `${event.timeline} ${event.kind === 'commit' ? event.xid : ''}`),
  )
  return way.ends
    .filter(
      ({ timeline, xid, isCommitted }) => isCommitted && applied.has(`${timeline} ${xid & 0xffff_ffffn}`),
    )
    .map(({ value }) => value)
    .toSorted((a, b) => a - b)
}

/** By what the clients saw: what cannot be, whatever the order within moments that overlap. */
export function contradictions(
  { way, target, isInclusive, stop }: Wish,
  values: readonly number[],
): readonly string[] {
  const found = new Set(values)
  const known = new Set(way.ends.map(({ value }) => value))
  const must = way.ends.filter((end) => end.isCommitted && mustBeThere(way, target, stop, end))
  const mustNot = way.ends.filter(
    (end) => !end.isCommitted || mustBeGone(way, target, stop, end, isInclusive ?? true),
  )
  return [
    ...must.filter(({ value }) => !found.has(value)).map(({ value }) => `${value} is missing`),
    ...mustNot.filter(({ value }) => found.has(value)).map(({ value }) => `${value} should not be there`),
    ...values.filter((value) => !known.has(value)).map((value) => `${value} is of another timeline`),
  ]
}

function boundsOf({ ends, points }: Way, target: RecoveryTarget, stop: RecoveryStop): Moments | undefined {
  switch (target.kind) {
    case 'xid':
      return ends.find(({ xid }) => String(xid) === target.xid)
    case 'name':
      return points.find(({ name }) => name === target.name)
    case 'immediate':
      return stop.kind === 'end' ? undefined : lsnMoment(stop.lsn)
    case 'lsn':
      return lsnMoment(parseLsn(target.lsn))
    case 'time':
    case 'latest':
      return undefined
  }
}

type Moments = { readonly before: Pick<Moment, 'lsn'>; readonly after: Pick<Moment, 'lsn'> }

function lsnMoment(lsn: Lsn): Moments {
  return { before: { lsn }, after: { lsn } }
}

function mustBeThere(way: Way, target: RecoveryTarget, stop: RecoveryStop, end: RecordedEnd): boolean {
  if (target.kind === 'latest') return true
  if (target.kind === 'time') return end.after.micros < timeOf(target)
  const bounds = boundsOf(way, target, stop)
  return bounds !== undefined && end.after.lsn <= bounds.before.lsn
}

function mustBeGone(
  way: Way,
  target: RecoveryTarget,
  stop: RecoveryStop,
  end: RecordedEnd,
  isInclusive: boolean,
): boolean {
  if (target.kind === 'latest') return false
  if (target.kind === 'time') return end.before.micros > timeOf(target)
  if (target.kind === 'xid' && String(end.xid) === target.xid) return !isInclusive
  const bounds = boundsOf(way, target, stop)
  const slack = target.kind === 'lsn' ? LONGEST_COMMIT_BYTES : 0n
  return bounds !== undefined && end.before.lsn >= bounds.after.lsn + slack
}

function timeOf(target: Extract<RecoveryTarget, { kind: 'time' }>): bigint {
  const read = readTarget(target)
  return read.kind === 'time' ? read.micros : 0n
}
