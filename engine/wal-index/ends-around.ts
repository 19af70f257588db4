import { type Lsn, LSN_NONE, lsnFromBigint } from '../base/lsn.ts'
import { type Timeline, walSegmentNumber, walSegmentStart } from '../base/wal-segment.ts'
import type { SwitchTimes, TimedLsn } from '../catalog/recovery-input.ts'
import type { PathSection, TimelineNode } from '../catalog/recovery-timelines.ts'
import type { FoundCommit, WalIndexReader } from './queries.ts'
import { unixMicros } from './recovery-facts.ts'
import type { SegmentRow } from './segment-row.ts'

/** Which ends of transactions are next to a place of the WAL. What was not read without a break is not known. */
export type EndsAround = {
  /**
   * The last end of a transaction before a place on a way over timelines, with the latest time of those around it: times
   * are not in the order of the WAL to the microsecond.
   */
  lastBefore(path: readonly PathSection[], lsn: Lsn): TimedLsn | undefined
  /** What is known around the places where timelines left their parents. */
  atSwitches(tree: readonly TimelineNode[]): readonly SwitchTimes[]
}

/** Looks into an index; only rows that `isCurrent` counts are those of files as they are now. */
export function endsAround(
  reader: WalIndexReader,
  segmentBytes: number,
  isCurrent: (row: SegmentRow) => boolean,
): EndsAround {
  let known: ReadonlyMap<string, Lsn> | undefined
  const soundTo = (timeline: Timeline, number: bigint): Lsn => {
    known ??= soundPlaces(reader, segmentBytes, isCurrent)
    return known.get(keyOf(timeline, number)) ?? LSN_NONE
  }
  /** Up to where all was read, from the segment of `from` on; `to` when that is everything. */
  const readTo = (timeline: Timeline, from: Lsn, to: Lsn): Lsn => {
    for (let number = walSegmentNumber(from, segmentBytes); ; number++) {
      const end = walSegmentStart(number + 1n, segmentBytes)
      const sound = soundTo(timeline, number)
      if (sound >= to) return to
      if (sound < end) return sound > from ? sound : from
      if (end >= to) return to
    }
  }
  const lastOn = (timeline: Timeline, begin: Lsn, end: Lsn): TimedLsn | undefined => {
    let found: FoundCommit | undefined
    let latest = 0
    const range = { timeline, withAborts: true, fromLsn: begin, toLsn: lsnFromBigint(end - 1n) }
    for (const one of reader.commits(range, 'backward')) {
      found ??= one
      if (one.lsn < walSegmentStart(walSegmentNumber(found.lsn, segmentBytes), segmentBytes)) break
      if (found === one || one.time > latest) latest = one.time
    }
    return found && { lsn: found.lsn, micros: unixMicros(latest) }
  }
  const lastBefore: EndsAround['lastBefore'] = (path, lsn) => {
    for (const { timeline, begin, end } of path.toReversed()) {
      if (begin >= lsn) continue
      const limit = end !== undefined && end < lsn ? end : lsn
      if (begin >= limit) continue
      const found = lastOn(timeline, begin, limit)
      const from = found?.lsn ?? begin
      if (from === LSN_NONE || readTo(timeline, from, limit) < limit) return undefined
      if (found !== undefined) return found
    }
    return undefined
  }
  const firstFrom = (timeline: Timeline, lsn: Lsn): TimedLsn | undefined => {
    for (const one of reader.commits({ timeline, withAborts: true, fromLsn: lsn }))
      return { lsn: one.lsn, micros: unixMicros(one.time) }
    return undefined
  }
  return {
    lastBefore,
    atSwitches: (tree) =>
      tree.flatMap(({ timeline, parent, switchLsn, path }): readonly SwitchTimes[] => {
        if (parent === undefined || switchLsn === undefined || path.length < 2) return []
        const first = firstFrom(timeline, switchLsn)
        const last = reader.segments.findLast((row) => row.timeline === timeline)
        const to = first?.lsn ?? (last && walSegmentStart(last.number + 1n, segmentBytes)) ?? switchLsn
        const quietTo = to > switchLsn ? readTo(timeline, switchLsn, to) : switchLsn
        const before = lastBefore(path.slice(0, -1), switchLsn)
        const begun = before === undefined ? begunAt(reader, timeline, switchLsn) : undefined
        const after = first?.lsn === quietTo ? first : undefined
        return [{ timeline, parent, switchLsn, before, after, quietTo, begun }]
      }),
  }
}

/** Of each segment that was read, up to where; the first one of a timeline stands for its parent as well. */
function soundPlaces(
  { segments }: WalIndexReader,
  segmentBytes: number,
  isCurrent: (row: SegmentRow) => boolean,
): ReadonlyMap<string, Lsn> {
  const places = new Map<string, Lsn>()
  const add = (timeline: Timeline, number: bigint, lsn: Lsn): void => {
    const key = keyOf(timeline, number)
    if (lsn > (places.get(key) ?? LSN_NONE)) places.set(key, lsn)
  }
  for (const row of segments) {
    if (!isCurrent(row)) continue
    const { timeline, number, state, soundLsn, switchLsn, parentTimeline } = row
    const sound = state === 'whole' ? walSegmentStart(number + 1n, segmentBytes) : soundLsn
    add(timeline, number, sound)
    if (switchLsn !== LSN_NONE) add(parentTimeline, number, sound < switchLsn ? sound : switchLsn)
  }
  return places
}

/** So many records of that kind are looked through: they are as rare as restores. */
const MOST_BEGINNINGS = 1000

/** When the server wrote the first record of a timeline that has a time. */
function begunAt(reader: WalIndexReader, timeline: Timeline, switchLsn: Lsn): TimedLsn | undefined {
  const [begun] = reader
    .events(
      ['timeline-begin', 'checkpoint'],
      { limit: MOST_BEGINNINGS },
      (event, on) => on === timeline && event.lsn >= switchLsn,
    )
    .toSorted((a, b) => (a.event.lsn < b.event.lsn ? -1 : 1))
  return begun && { lsn: begun.event.lsn, micros: unixMicros(begun.event.time) }
}

function keyOf(timeline: Timeline, number: bigint): string {
  return `${timeline}/${number}`
}
