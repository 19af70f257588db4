import type { BackupId } from '../base/backup-id.ts'
import type { Lsn } from '../base/lsn.ts'
import { type Timeline, walSegmentNumber, walSegmentStart } from '../base/wal-segment.ts'
import { clip, compare, findSpan, type LsnSpan } from './recovery-coverage.ts'
import { type RecoveryGap, recoveryGaps } from './recovery-gaps.ts'
import type { RecoveryInput } from './recovery-input.ts'
import { type PathView, type RecoveryModel, recoveryModel } from './recovery-model.ts'
import { momentAt, type WalMoment } from './recovery-times.ts'
import { ownBegin } from './recovery-timelines.ts'

/** Positions that can all be restored to: from the stop of a backup on, while WAL goes on. */
export type RecoveryZone = LsnSpan & {
  readonly timeline: Timeline
  readonly fromTime: WalMoment | undefined
  readonly toTime: WalMoment | undefined
  /** The backup that opens it, maybe one of an ancestor timeline. */
  readonly baseId: BackupId
  /** Backups on whose stop it can start, this one included. */
  readonly baseCount: number
  /**
   * `gap`: WAL is missing or damaged; `timeline-left`: the archive ends, and another timeline goes on; `archive-end`: what
   * comes next is not archived yet.
   */
  readonly endsBy: 'gap' | 'timeline-left' | 'archive-end'
}

/** A backup that can be restored, and nothing after it. */
export type RecoveryPoint = {
  readonly timeline: Timeline
  readonly lsn: Lsn
  readonly time: WalMoment | undefined
  readonly backupId: BackupId
}

/** One timeline of the tree with what can be reached on it. */
export type RecoveryLane = {
  readonly timeline: Timeline
  readonly parent: Timeline | undefined
  readonly switchLsn: Lsn | undefined
  readonly switchTime: WalMoment | undefined
  readonly hasHistory: boolean
  /** From the first to the last WAL that is in the archive; undefined when there is none. */
  readonly wal: LsnSpan | undefined
  readonly walTimes: { readonly from: WalMoment | undefined; readonly to: WalMoment | undefined }
  readonly zones: readonly RecoveryZone[]
  readonly points: readonly RecoveryPoint[]
}

/** Which moments of an instance can be restored to, and what is missing for others. */
export type RecoveryWindow = {
  /** Ascending by timeline: parents come before children. */
  readonly lanes: readonly RecoveryLane[]
  readonly gaps: readonly RecoveryGap[]
  /** Backups with a sound chain that cannot be used, since WAL between their start and stop is missing. */
  readonly strandedIds: readonly BackupId[]
}

/** The recovery window of an instance. Pure; the rule is that of {@link recoveryModel}. */
export function recoveryWindow(input: RecoveryInput): RecoveryWindow {
  return windowOf(recoveryModel(input))
}

/** The window of a model that is there already. */
export function windowOf(model: RecoveryModel): RecoveryWindow {
  const gaps = recoveryGaps(model)
  const zones = zonesByLane(model)
  const gapStarts = new Set(gaps.map(({ timeline, from }) => `${timeline}/${from}`))
  const lanes = model.views.map((view): RecoveryLane => {
    const { node, marks } = view
    const own = (zones.get(node.timeline) ?? []).map((zone) => zoneOf(model, view, zone, gapStarts))
    const wal = walOf(model, node)
    return {
      timeline: node.timeline,
      parent: node.parent,
      switchLsn: node.switchLsn,
      switchTime: node.switchLsn === undefined ? undefined : momentAt(marks, node.switchLsn),
      hasHistory: node.hasHistory,
      wal,
      walTimes: {
        from: wal && momentAt(marks, wal.from),
        to: wal && momentAt(marks, wal.to),
      },
      zones: own,
      points: view.points
        .filter(({ timeline, stopLsn }) => timeline === node.timeline && findSpan(own, stopLsn) === undefined)
        .map(({ id, timeline, stopLsn }) => ({
          timeline,
          lsn: stopLsn,
          time: momentAt(marks, stopLsn),
          backupId: id,
        })),
    }
  })
  return { lanes, gaps, strandedIds: strandedOf(model, lanes) }
}

type LooseZone = LsnSpan & { readonly baseId: BackupId; readonly stops: ReadonlySet<BackupId> }

/**
 * Zones by the timeline that positions belong to. The segment in which a timeline begins holds the end of its parent, so
 * that end can be reached by way of the child, too.
 */
function zonesByLane({ views, input }: RecoveryModel): ReadonlyMap<Timeline, readonly LooseZone[]> {
  const { segmentBytes } = input.archive
  const found = new Map<Timeline, LooseZone[]>()
  for (const { node, zones } of views) {
    const reach = walSegmentStart(walSegmentNumber(ownBegin(node), segmentBytes), segmentBytes)
    for (const zone of zones) {
      if (zone.to <= reach) continue
      const [first] = zone.bases
      if (first === undefined) continue
      for (const { timeline, begin, end } of node.path) {
        const part = clip(zone, begin > reach ? begin : reach, end)
        if (part === undefined) continue
        const stops = zone.bases.filter(({ stopLsn }) => stopLsn < part.to).map(({ id }) => id)
        const known = found.get(timeline) ?? []
        found.set(timeline, [...known, { ...part, baseId: first.id, stops: new Set(stops) }])
      }
    }
  }
  return new Map([...found].map(([timeline, zones]) => [timeline, united(zones)]))
}

function united(zones: readonly LooseZone[]): readonly LooseZone[] {
  const result: LooseZone[] = []
  for (const zone of zones.toSorted((a, b) => compare(a.from, b.from))) {
    const last = result.at(-1)
    if (last === undefined || zone.from > last.to) result.push(zone)
    else {
      const to = zone.to > last.to ? zone.to : last.to
      result.splice(-1, 1, { ...last, to, stops: last.stops.union(zone.stops) })
    }
  }
  return result
}

function zoneOf(
  { views }: RecoveryModel,
  { node, marks }: PathView,
  { from, to, baseId, stops }: LooseZone,
  gapStarts: ReadonlySet<string>,
): RecoveryZone {
  const { timeline } = node
  const isGap = gapStarts.has(`${timeline}/${to}`)
  // Where it goes on after another one has branched off, as after a restore to a past moment, its end is not a leaving.
  const isLeft = views.some(
    ({ node: child }) => child.parent === timeline && child.switchLsn !== undefined && child.switchLsn >= to,
  )
  return {
    timeline,
    from,
    to,
    fromTime: momentAt(marks, from),
    toTime: momentAt(marks, to),
    baseId,
    baseCount: stops.size,
    endsBy: isGap ? 'gap' : isLeft ? 'timeline-left' : 'archive-end',
  }
}

/** The segment in which a timeline begins repeats what its parent wrote: that is not its own. */
function walOf({ coverage }: RecoveryModel, node: PathView['node']): LsnSpan | undefined {
  const spans = coverage.get(node.timeline)?.spans
  const first = spans?.[0]
  const last = spans?.at(-1)
  return first === undefined || last === undefined
    ? undefined
    : clip({ from: first.from, to: last.to }, ownBegin(node), undefined)
}

function strandedOf({ views }: RecoveryModel, lanes: readonly RecoveryLane[]): readonly BackupId[] {
  const reached = new Set<BackupId>(lanes.flatMap(({ points }) => points.map(({ backupId }) => backupId)))
  for (const view of views) {
    for (const { bases } of view.zones) for (const { id } of bases) reached.add(id)
    for (const { id } of view.points) reached.add(id)
  }
  return [...new Set(views.flatMap(({ bases }) => bases.map(({ id }) => id)))].filter(
    (id) => !reached.has(id),
  )
}
