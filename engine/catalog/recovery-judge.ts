import { type Lsn, lsnFromBigint } from '../base/lsn.ts'
import { walSegmentNumber, walSegmentStart } from '../base/wal-segment.ts'
import { findSpan } from './recovery-coverage.ts'
import { type Base, type PathView, type RecoveryModel, withBases } from './recovery-model.ts'
import { nearMoments, whyNotAt, whyNotFrom } from './recovery-reasons.ts'
import { planReplay } from './recovery-replay.ts'
import type { LocatedRecord, MomentRequest } from './recovery-request.ts'
import type { ReadTarget } from './recovery-target.ts'
import { findStopRange, latestBefore } from './recovery-times.ts'
import type { MomentVerdict, UnreachableReason } from './recovery-verdict.ts'

/** The verdict for one way over timelines. */
export function judgeOn(model: RecoveryModel, view: PathView, request: MomentRequest): MomentVerdict {
  const { target } = request
  if (view.bases.length === 0)
    return unreachable({ code: 'no-usable-backup', known: model.input.backups.length })
  switch (target.kind) {
    case 'lsn':
      return judgeLsn(model, view, request, target.lsn, lsnFromBigint(target.lsn + 1n))
    case 'time':
      return judgeTime(model, view, request, target)
    case 'xid':
    case 'name':
      return judgeRecord(model, view, request)
    case 'immediate':
      return judgeEndOfBackup(model, view, request)
    case 'latest':
      return judgeLatest(model, view, request)
  }
}

/** `endLsn`: up to here WAL is read. */
function judgeLsn(
  model: RecoveryModel,
  view: PathView,
  request: MomentRequest,
  lsn: Lsn,
  endLsn: Lsn,
): MomentVerdict {
  const zone = findSpan(view.zones, lsn)
  const base = zone?.bases.findLast(({ stopLsn }) => stopLsn <= lsn)
  if (zone !== undefined && base !== undefined && endLsn <= zone.to)
    return planReplay(model, view, request, { base, low: lsn, lsn, readsTo: endLsn })
  // A STREAM backup holds the record at its stop as well.
  const point = view.points.findLast(({ stopLsn, isStream }) => isStream && stopLsn === lsn)
  if (point !== undefined && endLsn === lsn + 1n)
    return planReplay(model, view, request, { base: point, low: lsn, lsn, readsTo: undefined })
  const at = zone === undefined ? lsn : zone.to
  return unreachable(whyNotAt(model, view, at), nearMoments(model, view, at))
}

/** A stop is needed, not just WAL: the end of a transaction that is later, replayed from a backup that is not. */
function judgeTime(
  model: RecoveryModel,
  view: PathView,
  request: MomentRequest,
  { micros, isInclusive }: Extract<ReadTarget, { kind: 'time' }>,
): MomentVerdict {
  const { marks, bases, zones } = view
  const isEarlier = ({ stopLsn }: Base): boolean => {
    // A server that would stop before the backup is consistent does not start.
    const latest = latestBefore(marks, stopLsn)
    return latest !== undefined && (isInclusive ? latest <= micros : latest < micros)
  }
  const range = findStopRange(marks, micros, isInclusive)
  if (range !== undefined) {
    const base = findSpan(zones, range.high)?.bases.findLast(
      (one) => one.stopLsn <= range.high && isEarlier(one),
    )
    if (base !== undefined) {
      const after = range.low === undefined || range.low < base.stopLsn ? base.stopLsn : range.low
      return planReplay(model, view, request, {
        base,
        low: range.isExact ? range.high : after,
        lsn: range.high,
        readsTo: lsnFromBigint(range.high + 1n),
      })
    }
  }
  const last = bases.findLast(isEarlier)
  const [first] = bases
  if (last === undefined) {
    if (first === undefined) return unreachable({ code: 'no-usable-backup', known: 0 })
    const reason = { code: 'before-first-backup', backupId: first.id, lsn: first.stopLsn } as const
    return unreachable(reason, nearMoments(model, view, lsnFromBigint(first.stopLsn - 1n)))
  }
  const end = findSpan(zones, last.stopLsn)?.to ?? lsnFromBigint(last.stopLsn + 1n)
  const reason = micros > request.nowMicros ? ({ code: 'in-future' } as const) : whyNotFrom(model, view, last)
  return unreachable(reason, nearMoments(model, view, end))
}

/**
 * A transaction ID of 32 bits comes again after four billion, and names may be given twice: a server stops at the first
 * one that it meets, so replay must begin after those before it.
 */
function judgeRecord(model: RecoveryModel, view: PathView, request: MomentRequest): MomentVerdict {
  const { located } = request
  if (located === undefined) return { kind: 'unknown', reason: { code: 'not-indexed' } }
  const [some] = located
  if (some === undefined) return unreachable(whyNotFound(model, view, request.target))
  const onWay = located
    .filter((record) => isOn(view, record, model.input.archive.segmentBytes))
    .toSorted((a, b) => (a.lsn < b.lsn ? -1 : 1))
    .filter(({ lsn }, index, all) => all[index - 1]?.lsn !== lsn)
  let verdict: MomentVerdict = unreachable({ code: 'other-timeline', timeline: some.timeline })
  for (const [index, { lsn, endLsn }] of [...onWay.entries()].toReversed()) {
    const earlier = onWay[index - 1]
    const fitting = earlier === undefined ? view : withBases(view, ({ startLsn }) => startLsn > earlier.lsn)
    const found = judgeLsn(model, fitting, request, lsn, endLsn)
    if (found.kind === 'reachable') return found
    const isHidden = earlier !== undefined && judgeLsn(model, view, request, lsn, endLsn).kind === 'reachable'
    if (index === onWay.length - 1)
      verdict = isHidden
        ? unreachable({ code: 'comes-earlier', lsn: earlier.lsn }, nearMoments(model, fitting, lsn))
        : found
  }
  return verdict
}

/** A transaction that is in no WAL, with a number below those of all backups, ended before these were taken. */
function whyNotFound(
  { input }: RecoveryModel,
  { bases: [first] }: PathView,
  target: ReadTarget,
): UnreachableReason {
  if (target.kind !== 'xid' || target.epoch !== undefined || first === undefined) return { code: 'not-found' }
  const known = input.backups.find(({ id }) => id === first.id)?.control?.recoveryXid ?? 0n
  // Without an epoch the number is one of the epoch that is nearest.
  return known !== 0n && BigInt.asIntN(32, BigInt(target.xid) - known) < 0n
    ? { code: 'before-first-backup', backupId: first.id, lsn: first.stopLsn }
    : { code: 'not-found' }
}

/** The segment in which a timeline begins repeats the end of its parent. */
function isOn({ node }: PathView, { timeline, lsn }: LocatedRecord, segmentBytes: number): boolean {
  return node.path.some(
    ({ timeline: one, begin, end }) =>
      one === timeline &&
      lsn >= walSegmentStart(walSegmentNumber(begin, segmentBytes), segmentBytes) &&
      (end === undefined || lsn < end),
  )
}

function judgeEndOfBackup(model: RecoveryModel, view: PathView, request: MomentRequest): MomentVerdict {
  const base = newestOf(view)
  if (base === undefined) return stranded(model, view)
  const { stopLsn: lsn, isStream, timeline } = base
  const readsTo = isStream ? undefined : lsn
  return planReplay(model, view, request, { base, low: lsn, lsn, readsTo, timeline })
}

function judgeLatest(model: RecoveryModel, view: PathView, request: MomentRequest): MomentVerdict {
  const base = newestOf(view)
  if (base === undefined) return stranded(model, view)
  const end = findSpan(view.zones, base.stopLsn)?.to
  const lsn = end ?? base.stopLsn
  const isEndOfWal = end !== undefined
  const verdict = planReplay(model, view, request, { base, low: lsn, lsn, readsTo: end, isEndOfWal })
  const stopsAtGap = whyNotFrom(model, view, base).code === 'gap'
  return verdict.kind === 'reachable' && stopsAtGap
    ? { ...verdict, remarks: [...verdict.remarks, 'stops-at-gap'] }
    : verdict
}

/** The newest backup of the way that can be restored at all. */
function newestOf({ zones, points }: PathView): Base | undefined {
  const inZone = zones.at(-1)?.bases.at(-1)
  const point = points.at(-1)
  if (inZone === undefined || point === undefined) return inZone ?? point
  return point.stopLsn > inZone.stopLsn ? point : inZone
}

function stranded(model: RecoveryModel, view: PathView): MomentVerdict {
  const last = view.bases.at(-1)
  return last === undefined
    ? unreachable({ code: 'no-usable-backup', known: model.input.backups.length })
    : unreachable(whyNotFrom(model, view, last))
}

function unreachable(
  reason: UnreachableReason,
  near: ReturnType<typeof nearMoments> = { before: undefined, after: undefined },
): MomentVerdict {
  return { kind: 'unreachable', reason, ...near }
}
