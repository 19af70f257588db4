import type { RecoveryGapRecord } from '../../engine/api/contract/recovery.ts'
import type { ArchivedTimelineRecord } from '../../engine/api/contract/wal.ts'
import { findWalSegment, walSegmentNumber } from '../../engine/base/wal-segment.ts'

/** Segments from the first to the last, both included, that are missing or of no use. */
export type WalHole = {
  readonly first: number
  readonly last: number
  readonly firstSegment: string
  readonly lastSegment: string
  readonly cause: RecoveryGapRecord['cause']
}

/** What the archive has of a timeline, in segment numbers. */
export type WalLane = {
  readonly timeline: number
  readonly parent: number | undefined
  /** The segment in which it left its parent. */
  readonly switchSegment: number | undefined
  /** Undefined when not one whole segment is there. */
  readonly extent: { readonly first: number; readonly last: number } | undefined
  readonly sizeBytes: number
  readonly holes: readonly WalHole[]
}

/** The lanes of an archive, the oldest timeline first. A hole that no list of gaps tells of is missing WAL. */
export function walLanes(
  timelines: readonly ArchivedTimelineRecord[],
  segmentBytes: number,
  gaps: readonly RecoveryGapRecord[],
): readonly WalLane[] {
  const numberOf = (name: string): number | undefined => {
    const segment = findWalSegment(name, segmentBytes)
    return segment === undefined ? undefined : Number(segment.number)
  }
  const holeOf = (firstSegment: string, lastSegment: string, cause: WalHole['cause']): readonly WalHole[] => {
    const [first, last] = [numberOf(firstSegment), numberOf(lastSegment)]
    return first === undefined || last === undefined
      ? []
      : [{ first, last, firstSegment, lastSegment, cause }]
  }
  return timelines
    .map(({ timeline, parent, segments, sizeBytes, lost }): WalLane => {
      const told = gaps
        .filter((gap) => gap.timeline === timeline)
        .flatMap((gap) => holeOf(gap.firstSegment, gap.lastSegment, gap.cause))
      const untold = lost
        .flatMap(({ begin, end }) => holeOf(begin, end, 'missing'))
        .filter((one) => !told.some(({ first, last }) => first <= one.last && one.first <= last))
      const first = segments === undefined ? undefined : numberOf(segments.begin)
      const last = segments === undefined ? undefined : numberOf(segments.end)
      return {
        timeline,
        parent: parent?.timeline,
        switchSegment:
          parent === undefined ? undefined : Number(walSegmentNumber(parent.switchLsn, segmentBytes)),
        extent: first === undefined || last === undefined ? undefined : { first, last },
        sizeBytes,
        holes: [...told, ...untold].toSorted((a, b) => a.first - b.first),
      }
    })
    .toSorted((a, b) => a.timeline - b.timeline)
}

/** How many segments of a lane should be there, and how many are there and of use. */
export function laneCoverage({ extent, holes }: WalLane): { readonly have: number; readonly want: number } {
  if (extent === undefined) return { have: 0, want: 0 }
  const want = extent.last - extent.first + 1
  const gone = inExtent(holes, extent).reduce((sum, { first, last }) => sum + last - first + 1, 0)
  return { have: want - gone, want }
}

/** The share of segments that are there and of use, 0 to 1, in `count` equal parts of an extent; undefined beyond it. */
export function coverageBins(
  lane: WalLane,
  axis: { readonly first: number; readonly last: number },
  count: number,
): readonly (number | undefined)[] {
  const { extent } = lane
  const step = (axis.last - axis.first + 1) / count
  return Array.from({ length: count }, (_, index) => {
    const from = axis.first + index * step
    const to = from + step
    if (extent === undefined || to <= extent.first || from >= extent.last + 1) return undefined
    const [a, b] = [Math.max(from, extent.first), Math.min(to, extent.last + 1)]
    const gone = lane.holes.reduce(
      (sum, { first, last }) => sum + Math.max(0, Math.min(b, last + 1) - Math.max(a, first)),
      0,
    )
    return Math.max(0, 1 - gone / (b - a))
  })
}

/** A red mark on a lane: one hole, or several that are too near to each other to be told apart. */
export type WalNotch = { readonly x: number; readonly width: number; readonly holes: readonly WalHole[] }

/** Narrower ones could not be seen. */
export const LEAST_NOTCH_PX = 2
const APART_PX = 1

/** The holes of a lane as marks, none narrower than {@link LEAST_NOTCH_PX}; `toX` gives where a segment begins. */
export function notchesOf(lane: WalLane, toX: (segment: number) => number): readonly WalNotch[] {
  const notches: WalNotch[] = []
  for (const hole of lane.holes) {
    const x = toX(hole.first)
    const end = Math.max(x + LEAST_NOTCH_PX, toX(hole.last + 1))
    const before = notches.at(-1)
    if (before !== undefined && x <= before.x + before.width + APART_PX) {
      const width = Math.max(before.width, end - before.x)
      notches[notches.length - 1] = { x: before.x, width, holes: [...before.holes, hole] }
    } else notches.push({ x, width: end - x, holes: [hole] })
  }
  return notches
}

function inExtent(
  holes: readonly WalHole[],
  extent: { readonly first: number; readonly last: number },
): readonly Pick<WalHole, 'first' | 'last'>[] {
  return holes.flatMap(({ first, last }) => {
    const [a, b] = [Math.max(first, extent.first), Math.min(last, extent.last)]
    return a <= b ? [{ first: a, last: b }] : []
  })
}
