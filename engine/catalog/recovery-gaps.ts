import type { BackupId } from '../base/backup-id.ts'
import { countLeading } from '../base/count-leading.ts'
import { type Lsn, lsnFromBigint } from '../base/lsn.ts'
import { type Timeline, walSegmentNumber, walSegmentStart } from '../base/wal-segment.ts'
import {
  clip,
  compare,
  holesIn,
  joined,
  lastAtOrBefore,
  type LsnSpan,
  type TimelineCoverage,
} from './recovery-coverage.ts'
import type { DefectKind, SegmentDefect } from './recovery-input.ts'
import type { PathView, RecoveryModel } from './recovery-model.ts'
import { momentAt, type WalMoment } from './recovery-times.ts'
import { ownBegin } from './recovery-timelines.ts'

/** What a gap puts out of reach on one timeline. */
export type GapImpact = LsnSpan & {
  readonly timeline: Timeline
  readonly fromTime: WalMoment | undefined
  readonly toTime: WalMoment | undefined
  /** The backup after which moments can be reached again; undefined when there is none. */
  readonly healedBy: BackupId | undefined
}

/** WAL that is missing, or there and of no use. */
export type RecoveryGap = LsnSpan & {
  readonly timeline: Timeline
  readonly fromTime: WalMoment | undefined
  readonly toTime: WalMoment | undefined
  readonly firstSegment: bigint
  readonly lastSegment: bigint
  readonly segmentCount: number
  /** `before-archive`: it is older than all that the archive has, and a backup would need it. */
  readonly cause: 'missing' | 'before-archive' | DefectKind
  /** Empty when no backup could have used it. */
  readonly impacts: readonly GapImpact[]
}

/** All gaps, by timeline and position. */
export function recoveryGaps(model: RecoveryModel): readonly RecoveryGap[] {
  const { segmentBytes } = model.input.archive
  const withWal = timelinesWithWal(model)
  const heirs = model.views.map((view): Heir => ({ view, firstStop: firstStopOf(view) }))
  return model.views.flatMap((view) => {
    const { timeline } = view.node
    const extent = extentOf(model, view, withWal)
    if (extent === undefined) return []
    const one = model.coverage.get(timeline)
    const hasOlderWal = view.node.path.some(
      (section) => section.timeline !== timeline && withWal.has(section.timeline),
    )
    return holesIn(knownWalOf(model, view), extent)
      .flatMap((hole) => splitByCause(hole, one, hasOlderWal, segmentBytes))
      .map((gap) => ({
        ...gap,
        timeline,
        fromTime: momentAt(view.marks, gap.from),
        toTime: momentAt(view.marks, gap.to),
        ...segmentsOf(gap, segmentBytes),
        impacts: heirs.flatMap((heir) => impactOn(heir, timeline, gap)),
      }))
  })
}

/** Those of which the archive has a segment, or has one of a descendant that needs them. */
function timelinesWithWal({ views, coverage }: RecoveryModel): ReadonlySet<Timeline> {
  const found = new Set<Timeline>()
  for (const { node } of views) {
    if ((coverage.get(node.timeline)?.segments.length ?? 0) === 0) continue
    for (const { timeline } of node.path) found.add(timeline)
  }
  return found
}

/** From where to where there must have been WAL on the timeline. */
function extentOf(
  { views, coverage, input }: RecoveryModel,
  { node, bases }: PathView,
  withWal: ReadonlySet<Timeline>,
): LsnSpan | undefined {
  const { timeline } = node
  const { segmentBytes } = input.archive
  const own = bases.filter((base) => base.timeline === timeline)
  const archived = own.filter(({ isStream }) => !isStream)
  if (!withWal.has(timeline) && archived.length === 0) return undefined
  const { segments = [], openTo } = coverage.get(timeline) ?? {}
  const first = segments[0]
  const last = segments.at(-1)
  const ends = [
    ...(last === undefined ? [] : [openTo ?? walSegmentStart(last.number + 1n, segmentBytes)]),
    ...archived.map(({ stopLsn }) => stopLsn),
    ...views.flatMap((view) => {
      const section = view.node.path.find((one) => one.timeline === timeline)
      return section?.end !== undefined && withWal.has(view.node.timeline) ? [section.end] : []
    }),
  ]
  const begins = [
    ...(first === undefined ? [] : [walSegmentStart(first.number, segmentBytes)]),
    ...own.map(({ needsFrom }) => needsFrom),
    ...(node.switchLsn === undefined ? [] : [node.switchLsn]),
  ]
  const to = greatest(ends)
  const from = least(begins)
  if (from === undefined || to === undefined) return undefined
  return clip({ from, to }, ownBegin(node), undefined)
}

/** What can be replayed of the timeline, the copies of its end in the first segments of its descendants included. */
function knownWalOf({ views, coverage, input }: RecoveryModel, { node }: PathView): readonly LsnSpan[] {
  const { segmentBytes } = input.archive
  const copies = views.flatMap((heir) => {
    const section = heir.node.path.find(({ timeline }) => timeline === node.timeline)
    if (section?.end === undefined) return []
    const begin = ownBegin(heir.node)
    const from = walSegmentStart(walSegmentNumber(begin, segmentBytes), segmentBytes)
    return (coverage.get(heir.node.timeline)?.spans ?? []).flatMap((span) => {
      const copy = clip(span, from > section.begin ? from : section.begin, section.end)
      return copy === undefined ? [] : [copy]
    })
  })
  return joined([...(coverage.get(node.timeline)?.spans ?? []), ...copies])
}

function splitByCause(
  hole: LsnSpan,
  coverage: TimelineCoverage | undefined,
  hasOlderWal: boolean,
  segmentBytes: number,
): readonly (LsnSpan & Pick<RecoveryGap, 'cause'>)[] {
  const parts: (LsnSpan & Pick<RecoveryGap, 'cause'>)[] = []
  const first = coverage?.segments[0]
  const absent =
    !hasOlderWal && (first === undefined || hole.from < walSegmentStart(first.number, segmentBytes))
      ? ('before-archive' as const)
      : ('missing' as const)
  let at = hole.from
  const put = (to: Lsn, cause: RecoveryGap['cause']): void => {
    const last = parts.at(-1)
    if (to <= at) return
    if (last?.cause === cause) parts.splice(-1, 1, { ...last, to })
    else parts.push({ from: at, to, cause })
    at = to
  }
  for (const { number, kind } of defectsIn(hole, coverage, segmentBytes)) {
    const part = clip(segmentSpan(number, segmentBytes), at, hole.to)
    if (part === undefined) continue
    put(part.from, absent)
    put(part.to, kind)
  }
  put(hole.to, absent)
  return parts
}

/** The segments of a hole that are there and of no use, ascending. */
function defectsIn({ from, to }: LsnSpan, coverage: TimelineCoverage | undefined, segmentBytes: number) {
  const found: SegmentDefect[] = []
  if (coverage === undefined || coverage.defects.size === 0) return found
  const last = walSegmentNumber(lsnFromBigint(to - 1n), segmentBytes)
  const { segments, defects } = coverage
  const first = walSegmentNumber(from, segmentBytes)
  let index = countLeading(segments, ({ number }) => number < first)
  for (let segment = segments[index]; segment !== undefined; segment = segments[++index]) {
    if (segment.number > last) break
    const defect = defects.get(segment.number)
    if (defect !== undefined) found.push(defect)
  }
  return found
}

/**
 * On the timeline itself and on those that branched off after the gap: from the gap, or from the first backup in it, to
 * the next backup that can be used.
 */
function impactOn({ view: heir, firstStop }: Heir, timeline: Timeline, gap: LsnSpan): readonly GapImpact[] {
  const section = heir.node.path.find((one) => one.timeline === timeline)
  if (section === undefined || clip(gap, section.begin, section.end) === undefined) return []
  const stop = firstStop(gap.to)
  if (stop === undefined) return []
  const from = stop > gap.from ? stop : gap.from
  const next = heir.zones[countLeading(heir.zones, ({ from: begin }) => begin < gap.from)]
  const to = next?.from ?? greatest([gap.to, ...lastOf(heir.runs)]) ?? gap.to
  const part = clip({ from, to }, ownBegin(heir.node), undefined)
  if (part === undefined) return []
  return [
    {
      ...part,
      timeline: heir.node.timeline,
      fromTime: momentAt(heir.marks, part.from),
      toTime: momentAt(heir.marks, part.to),
      healedBy: next?.bases[0]?.id,
    },
  ]
}

type Heir = {
  readonly view: PathView
  /** The first stop of all backups that need WAL from before an LSN; undefined when there are none. */
  readonly firstStop: (needsBefore: Lsn) => Lsn | undefined
}

function firstStopOf({ bases }: PathView): Heir['firstStop'] {
  const steps: { readonly from: Lsn; readonly stop: Lsn }[] = []
  for (const { needsFrom, stopLsn } of bases.toSorted((a, b) => compare(a.needsFrom, b.needsFrom))) {
    const before = steps.at(-1)?.stop
    steps.push({ from: needsFrom, stop: before !== undefined && before < stopLsn ? before : stopLsn })
  }
  return (needsBefore) => steps[lastAtOrBefore(steps, lsnFromBigint(needsBefore - 1n)) ?? -1]?.stop
}

function segmentsOf({ from, to }: LsnSpan, segmentBytes: number) {
  const firstSegment = walSegmentNumber(from, segmentBytes)
  const lastSegment = walSegmentNumber(lsnFromBigint(to - 1n), segmentBytes)
  return { firstSegment, lastSegment, segmentCount: Number(lastSegment - firstSegment) + 1 }
}

function segmentSpan(number: bigint, segmentBytes: number): LsnSpan {
  return { from: walSegmentStart(number, segmentBytes), to: walSegmentStart(number + 1n, segmentBytes) }
}

function lastOf(runs: readonly LsnSpan[]): readonly Lsn[] {
  const last = runs.at(-1)
  return last === undefined ? [] : [last.to]
}

function greatest(lsns: readonly Lsn[]): Lsn | undefined {
  return lsns.reduce<Lsn | undefined>(
    (most, lsn) => (most === undefined || lsn > most ? lsn : most),
    undefined,
  )
}

function least(lsns: readonly Lsn[]): Lsn | undefined {
  return lsns.reduce<Lsn | undefined>(
    (most, lsn) => (most === undefined || lsn < most ? lsn : most),
    undefined,
  )
}
