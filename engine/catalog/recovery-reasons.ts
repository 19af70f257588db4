import { countLeading } from '../base/count-leading.ts'
import { type Lsn, lsnFromBigint } from '../base/lsn.ts'
import { walSegmentNumber, walSegmentStart } from '../base/wal-segment.ts'
import { findSpan, lastAtOrBefore } from './recovery-coverage.ts'
import type { Base, PathView, PathZone, RecoveryModel } from './recovery-model.ts'
import { momentAt } from './recovery-times.ts'
import { ownerOf } from './recovery-timelines.ts'
import type { NearMoment, UnreachableReason } from './recovery-verdict.ts'

/** Why a position outside of all zones of a way cannot be reached. */
export function whyNotAt(model: RecoveryModel, view: PathView, lsn: Lsn): UnreachableReason {
  const base = view.bases.findLast(({ stopLsn }) => stopLsn <= lsn)
  if (base !== undefined) return whyNotFrom(model, view, base)
  const [first] = view.bases
  return first === undefined
    ? { code: 'no-usable-backup', known: model.input.backups.length }
    : { code: 'before-first-backup', backupId: first.id, lsn: first.stopLsn }
}

/** What ends the WAL that follows a backup. */
export function whyNotFrom(model: RecoveryModel, view: PathView, base: Base): UnreachableReason {
  const { runs, node } = view
  const { segmentBytes } = model.input.archive
  const from = findSpan(runs, base.needsFrom)?.to ?? base.needsFrom
  const owner = ownerOf(node.path, from) ?? node.timeline
  const number = walSegmentNumber(from, segmentBytes)
  const { defects, openTo } = model.coverage.get(owner) ?? {}
  // What a receiver is just writing is no damage: there is no more WAL yet.
  const defect = from === openTo ? undefined : defects?.get(number)
  const next = runs.find((run) => run.from > from)
  const isStranded = !base.isStream && from < base.stopLsn
  if (next !== undefined || defect !== undefined || isStranded) {
    const segmentEnd = walSegmentStart(number + 1n, segmentBytes)
    const to = next?.from ?? (isStranded && base.stopLsn > segmentEnd ? base.stopLsn : segmentEnd)
    const lastSegment = walSegmentNumber(lsnFromBigint(to - 1n), segmentBytes)
    const isOlder = runs[0] === undefined || from < runs[0].from
    return {
      code: 'gap',
      timeline: owner,
      from,
      to,
      firstSegment: number,
      lastSegment,
      segmentCount: Number(lastSegment - number) + 1,
      cause: defect?.kind ?? (isOlder ? 'before-archive' : 'missing'),
    }
  }
  if (runs.length === 0) return { code: 'no-wal-archive' }
  const isLeft = model.views.some((one) => one.node.parent === node.timeline)
  return isLeft
    ? { code: 'after-end', timeline: node.timeline, lsn: from }
    : { code: 'not-archived-yet', lsn: from }
}

/** What can be chosen nearest to a position that cannot be reached. */
export function nearMoments(
  model: RecoveryModel,
  view: PathView,
  lsn: Lsn,
): { readonly before: NearMoment | undefined; readonly after: NearMoment | undefined } {
  const { zones, points } = view
  const index = lastAtOrBefore(zones, lsn)
  const zone = index === undefined ? undefined : zones[index]
  const next = zones[index === undefined ? 0 : index + 1]
  const pointBefore = points.findLast(({ stopLsn }) => stopLsn <= lsn)
  const pointAfter = points.find(({ stopLsn }) => stopLsn > lsn)
  const end = zone && endOf(model, view, zone)
  const before =
    pointBefore !== undefined && (end === undefined || pointBefore.stopLsn > end.lsn)
      ? pointAt(view, pointBefore)
      : end
  const after =
    pointAfter !== undefined && (next === undefined || pointAfter.stopLsn < next.from)
      ? pointAt(view, pointAfter)
      : next && near(view, next.from, momentAt(view.marks, next.from))
  return { before, after }
}

/**
 * The last place of a zone that surely can be chosen: recovery needs a record there or after it. The last end of a
 * transaction is one, one begins at the stop of a backup, and one in every segment.
 */
function endOf({ input }: RecoveryModel, view: PathView, zone: PathZone): NearMoment {
  const { marks } = view
  const { segmentBytes } = input.archive
  const last = lsnFromBigint(zone.to - 1n)
  const segment = walSegmentStart(walSegmentNumber(last, segmentBytes), segmentBytes)
  const stop = zone.bases.at(-1)?.stopLsn ?? zone.from
  const start = segment > stop ? segment : stop
  const mark = marks[countLeading(marks, ({ lsn }) => lsn < zone.to) - 1]
  return mark?.isExact === true && mark.lsn >= start
    ? near(view, mark.lsn, { micros: mark.micros, isExact: true })
    : near(view, start, momentAt(marks, start))
}

function pointAt(view: PathView, { id, stopLsn, timeline }: Base): NearMoment {
  return { timeline, lsn: stopLsn, time: momentAt(view.marks, stopLsn), pointOf: id }
}

function near({ node }: PathView, lsn: Lsn, time: NearMoment['time']): NearMoment {
  return { timeline: ownerOf(node.path, lsn) ?? node.timeline, lsn, time, pointOf: undefined }
}
