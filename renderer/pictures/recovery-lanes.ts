import type { BackupRecord } from '../../engine/api/contract/backups.ts'
import type { RecoveryWindowRecord, WalTime } from '../../engine/api/contract/recovery.ts'
import { msOfIso } from '../lib/micro-time.ts'
import { type Interval, unitedReach, withoutIntervals } from './recovery-reach.ts'
import type { TimeRange } from './time-range.ts'

/** Part of a timeline where every moment can be reached. */
export type LaneZone = Interval & {
  readonly isExact: boolean
  readonly fromLsn: string
  readonly toLsn: string
  readonly baseId: string
  readonly endsBy: 'gap' | 'timeline-left' | 'archive-end'
}

/** The end of a backup after which nothing can be reached. */
export type LanePoint = { readonly ms: number; readonly id: string }

export type LaneGap = Interval & {
  readonly firstSegment: string
  readonly lastSegment: string
  readonly count: number
  readonly cause: string
}

export type LaneBackup = {
  readonly id: string
  readonly ms: number
  readonly isFull: boolean
  readonly isUsable: boolean
  readonly mode: string
}

/** Where a restore was tried. */
export type DrillMark = {
  readonly id: string
  readonly backupId: string
  readonly timeline: number
  readonly ms: number
  readonly isPassed: boolean
  readonly text: string
}

/** A timeline with everything that is drawn on it, in Unix milliseconds. */
export type Lane = {
  readonly timeline: number
  readonly parent: number | undefined
  readonly switchMs: number | undefined
  readonly switchLsn: string | undefined
  readonly hasHistory: boolean
  /** The newest one. */
  readonly isCurrent: boolean
  readonly zones: readonly LaneZone[]
  readonly points: readonly LanePoint[]
  readonly gaps: readonly LaneGap[]
  /** WAL that is there, but no base backup before it. */
  readonly bare: readonly Interval[]
  readonly backups: readonly LaneBackup[]
  /** What can be chosen. */
  readonly reach: readonly Interval[]
}

/** A microsecond: at the time of the last transaction of a zone replay would not know that it may stop. */
const MICRO_MS = 0.001

/** The lanes of a recovery window. What has no time is left out: it has no place on an axis of time. */
export function lanesFrom(window: RecoveryWindowRecord, backups: readonly BackupRecord[]): readonly Lane[] {
  const newest = Math.max(...window.lanes.map(({ timeline }) => timeline))
  const ends = new Map<string, number>(
    backups.flatMap(({ id, recoveryTime }) =>
      recoveryTime === undefined ? [] : [[id, msOfIso(recoveryTime)]],
    ),
  )
  // Where its beginning is estimated there is WAL between the end of the base and the zone, and a backup before it.
  const fromBase = ({ fromMs, toMs, baseId }: LaneZone): Interval => ({
    fromMs: Math.min(fromMs, ends.get(baseId) ?? fromMs),
    toMs,
  })
  return window.lanes.map((lane): Lane => {
    const zones = lane.zones.flatMap(({ from, to, fromTime, toTime, baseId, endsBy }): LaneZone[] => {
      if (fromTime === undefined || toTime === undefined) return []
      const fromMs = msOf(fromTime)
      const isExact = fromTime.isExact && toTime.isExact
      return [
        { fromMs, toMs: Math.max(fromMs, msOf(toTime)), isExact, fromLsn: from, toLsn: to, baseId, endsBy },
      ]
    })
    const points = lane.points.flatMap(({ time, backupId }) =>
      time === undefined ? [] : [{ ms: msOf(time), id: backupId }],
    )
    const gaps = window.gaps.flatMap((gap): LaneGap[] => {
      if (gap.timeline !== lane.timeline || gap.fromTime === undefined || gap.toTime === undefined) return []
      const fromMs = msOf(gap.fromTime)
      const { firstSegment, lastSegment, segmentCount, cause } = gap
      const toMs = Math.max(fromMs, msOf(gap.toTime))
      return [{ fromMs, toMs, firstSegment, lastSegment, count: segmentCount, cause }]
    })
    const wal =
      lane.wal?.fromTime === undefined || lane.wal.toTime === undefined
        ? []
        : [{ fromMs: msOf(lane.wal.fromTime), toMs: msOf(lane.wal.toTime) }]
    return {
      timeline: lane.timeline,
      parent: lane.parent,
      switchMs: lane.switchTime && msOf(lane.switchTime),
      switchLsn: lane.switchLsn,
      hasHistory: lane.hasHistory,
      isCurrent: lane.timeline === newest,
      zones,
      points,
      gaps,
      bare: wal.flatMap((one) => withoutIntervals(one, [...zones.map(fromBase), ...gaps])),
      backups: backups.flatMap((backup) => {
        const { id, mode, recoveryTime, timeline, isRestorable } = backup
        return timeline === lane.timeline && recoveryTime !== undefined
          ? [{ id, ms: msOfIso(recoveryTime), isFull: mode === 'FULL', isUsable: isRestorable, mode }]
          : []
      }),
      reach: unitedReach([
        ...zones.map(({ fromMs, toMs }) => ({ fromMs, toMs: Math.max(fromMs, toMs - MICRO_MS) })),
        ...points.map(({ ms }) => ({ fromMs: ms, toMs: ms })),
      ]),
    }
  })
}

/** What a picture of lanes spans, with a margin; undefined when nothing has a time. */
export function spanOfLanes(lanes: readonly Lane[], nowMs: number): TimeRange | undefined {
  const moments = lanes.flatMap(({ zones, points, gaps, bare, backups }) => [
    ...[...zones, ...gaps, ...bare].flatMap(({ fromMs, toMs }) => [fromMs, toMs]),
    ...[...points, ...backups].map(({ ms }) => ms),
  ])
  if (moments.length === 0) return undefined
  const first = moments.reduce((least, ms) => Math.min(least, ms))
  const last = moments.reduce((most, ms) => Math.max(most, ms))
  const margin = Math.max(SHORTEST_MARGIN_MS, (last - first) * MARGIN)
  // What is not archived yet is told by the tail; an archive that ended long ago must not be pressed into a corner.
  return [first - margin, last + Math.max(margin, Math.min(nowMs - last, (last - first) * LONGEST_TAIL))]
}

const MARGIN = 0.02
const LONGEST_TAIL = 0.08
const SHORTEST_MARGIN_MS = 500

/** Up to when a timeline is known to be in the archive with all that was written; for ever while nothing is missing. */
export type SafeUntil = { readonly timeline: number; readonly ms: number }

/**
 * What is not archived yet: from the end of the newest timeline on, or from where nothing is known to be missing up to,
 * for a server that writes nothing ends its archive long before now.
 */
export function tailOf(
  lanes: readonly Lane[],
  nowMs: number,
  safe: SafeUntil | undefined,
): Interval | undefined {
  const lane = lanes.find(({ isCurrent }) => isCurrent)
  const zone = lane?.zones.at(-1)
  if (lane === undefined || zone === undefined || zone.endsBy !== 'archive-end') return undefined
  const fromMs = Math.max(zone.toMs, safe?.timeline === lane.timeline ? safe.ms : zone.toMs)
  return fromMs >= nowMs ? undefined : { fromMs, toMs: nowMs }
}

/** The edges of everything that can be reached; undefined where nothing can. */
export function reachEnds(lanes: readonly Lane[]):
  | {
      readonly earliest: { readonly timeline: number; readonly ms: number }
      readonly latest: { readonly timeline: number; readonly ms: number }
    }
  | undefined {
  const ends = lanes.flatMap(({ timeline, reach }) => reach.map((one) => ({ timeline, ...one })))
  const [first] = ends
  if (first === undefined) return undefined
  const least = ends.reduce((a, b) => (b.fromMs < a.fromMs ? b : a), first)
  const most = ends.reduce((a, b) => (b.toMs >= a.toMs ? b : a), first)
  return {
    earliest: { timeline: least.timeline, ms: least.fromMs },
    latest: { timeline: most.timeline, ms: most.toMs },
  }
}

/** Where a lane is drawn. */
export type LanePlace = { readonly lane: Lane; readonly top: number; readonly bottom: number }

const BAND_PX = 26
const USUAL_PITCH_PX = 72
const TIGHT_PITCH_PX = 50
const MOST_ROOMY = 5
const FIRST_TOP_PX = 24

/** The rows of the lanes below `top`; many are drawn closer to each other. */
export function placeLanes(
  lanes: readonly Lane[],
  top: number,
): { readonly places: readonly LanePlace[]; readonly bottom: number } {
  const pitch = lanes.length > MOST_ROOMY ? TIGHT_PITCH_PX : USUAL_PITCH_PX
  const places = lanes.map((lane, index) => {
    const at = top + FIRST_TOP_PX + index * pitch
    return { lane, top: at, bottom: at + BAND_PX }
  })
  return { places, bottom: (places.at(-1)?.bottom ?? top) + 12 }
}

/** The lane of a height: the one whose band is nearest. */
export function laneAt(places: readonly LanePlace[], y: number): LanePlace | undefined {
  const [first] = places
  if (first === undefined) return undefined
  const distance = ({ top, bottom }: LanePlace): number => Math.abs((top + bottom) / 2 - y)
  return places.reduce((best, one) => (distance(one) < distance(best) ? one : best), first)
}

/** From the band of a timeline down to that of its child: a path for SVG. */
export function switchCurve(parent: LanePlace, child: LanePlace, x: number): string {
  const middle = (parent.bottom + child.top) / 2
  return `M${x},${parent.bottom}C${x},${middle} ${x + SWITCH_PX},${middle} ${x + SWITCH_PX},${child.top}`
}

const SWITCH_PX = 8

/** Ticks at round moments of a clock, `count` of them or fewer; `offsetMs` is that of the clock from UTC. */
export function clockTicks(
  [fromMs, toMs]: TimeRange,
  count: number,
  offsetMs: number,
): { readonly stepMs: number; readonly ticks: readonly number[] } {
  const wanted = (toMs - fromMs) / Math.max(1, count)
  const stepMs = TICK_STEPS_MS.find((step) => step >= wanted) ?? Math.ceil(wanted / WEEK_MS) * WEEK_MS
  const first = Math.ceil((fromMs + offsetMs) / stepMs) * stepMs - offsetMs
  const ticks: number[] = []
  for (let ms = first; ms <= toMs; ms += stepMs) ticks.push(ms)
  return { stepMs, ticks }
}

const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const WEEK_MS = 7 * DAY_MS
const TICK_STEPS_MS = [
  1,
  2,
  5,
  10,
  20,
  50,
  100,
  200,
  500,
  ...[1, 2, 5, 10, 15, 30].map((count) => count * SECOND_MS),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE_MS),
  ...[1, 2, 3, 6, 12].map((count) => count * HOUR_MS),
  ...[1, 2].map((count) => count * DAY_MS),
  WEEK_MS,
]

/** The largest round span of a clock that is not longer than `ms`: so far one step of the keys goes. */
export function roundStep(ms: number): number {
  if (ms >= 1) return TICK_STEPS_MS.findLast((step) => step <= ms) ?? 1
  return Math.max(MICRO_MS, 10 ** Math.floor(Math.log10(ms)))
}

/** Texts in a row by their left ends; those are left out that would run into one before. */
export function withoutOverlaps<Text extends { readonly x: number; readonly width: number }>(
  texts: readonly Text[],
  room: number,
): readonly Text[] {
  let end = -Infinity
  return texts
    .toSorted((a, b) => a.x - b.x)
    .filter(({ x, width }) => {
      if (x < end + room) return false
      end = x + width
      return true
    })
}

function msOf(time: WalTime): number {
  return msOfIso(time.at)
}
