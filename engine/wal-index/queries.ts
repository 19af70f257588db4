import { LSN_NONE, type Lsn } from '../base/lsn.ts'
import { type Timeline, walSegmentStart } from '../base/wal-segment.ts'
import type { PathSection } from '../catalog/recovery-timelines.ts'
import { readCommitBlob } from './commit-blob.ts'
import type { IndexedEnd, IndexEvent } from './index-events.ts'
import type { SegmentRow } from './segment-row.ts'
import type { WalIndexStore } from './store.ts'

/** A commit, or an abort where these are asked for, and on which timeline. */
export type FoundCommit = IndexedEnd & { readonly timeline: Timeline; readonly place: string }

/** A commit in their order: by timeline, then by LSN. */
export type CommitPlace = { readonly timeline: Timeline; readonly lsn: Lsn }

/** An event, and on which timeline it was written. */
export type FoundEvent = { readonly event: IndexEvent; readonly timeline: Timeline; readonly place: string }

/** Both ends are included, in microseconds since 2000. */
export type EventRange = {
  readonly from?: number | undefined
  readonly to?: number | undefined
  readonly limit: number
}

/** Which commits are wanted; all that is given must hold. Times are microseconds since 2000; both ends are included. */
export type CommitFilter = {
  readonly timeline?: Timeline | undefined
  readonly fromTime?: number | undefined
  readonly toTime?: number | undefined
  readonly fromLsn?: Lsn | undefined
  readonly toLsn?: Lsn | undefined
  readonly xid?: number | undefined
  /** Aborts are wanted as well: recovery stops at the end of a transaction, whatever it is. */
  readonly withAborts?: boolean | undefined
  /** At least so many rows were deleted. */
  readonly minDeleted?: number | undefined
  /** At least so many rows were updated. */
  readonly minUpdated?: number | undefined
}

/** What an index can be asked. Opening it reads what is known of all segments; it does not see later updates. */
export class WalIndexReader {
  readonly #store: WalIndexStore
  readonly #segmentBytes: number
  /** In the order of their WAL; of several copies of a segment the one that goes farthest. */
  readonly segments: readonly SegmentRow[]
  readonly #byId: ReadonlyMap<number, SegmentRow>
  readonly #has: ReadonlyMap<string, SegmentRow>

  constructor(store: WalIndexStore, segmentBytes: number) {
    this.#store = store
    this.#segmentBytes = segmentBytes
    const best = new Map<string, SegmentRow>()
    for (const row of store.segments()) {
      const key = keyOf(row.timeline, row.number)
      const known = best.get(key)
      if (known === undefined || isBetter(row, known)) best.set(key, row)
    }
    this.#has = best
    this.segments = [...best.values()].toSorted(
      (a, b) => a.timeline - b.timeline || compare(a.number, b.number),
    )
    this.#byId = new Map(this.segments.map((row) => [row.id, row]))
  }

  /**
   * Commits in the order of timelines and LSNs, or the other way round, with `after` those beyond that place. Lazy: what
   * is not taken is not read from the index.
   */
  *commits(
    filter: CommitFilter,
    direction: 'forward' | 'backward' = 'forward',
    after?: CommitPlace,
  ): Generator<FoundCommit> {
    const isForward = direction === 'forward'
    const isBeyond = (place: CommitPlace): boolean =>
      after === undefined || (isForward ? isLater(place, after) : isLater(after, place))
    const rows = this.segments.filter((row) => {
      if (!mayHold(row, filter, this.#segmentBytes)) return false
      if (after === undefined || row.switchLsn !== LSN_NONE) return true
      const { timeline, number } = row
      // Commits may begin before their segment, but never a segment later.
      const edge = walSegmentStart(isForward ? number + 1n : number - 1n, this.#segmentBytes)
      return isBeyond({ timeline, lsn: edge })
    })
    for (const row of isForward ? rows : rows.toReversed()) {
      const ends = filter.withAborts === true ? this.#endsOf(row) : this.#commitsOf(row)
      const found = ends.filter((commit) => isWanted(commit, filter) && isBeyond(commit))
      yield* isForward ? found : found.toReversed()
    }
  }

  /** The last commit at or before a time, and the first after it, by the clock. */
  around(
    time: number,
    timeline?: Timeline,
  ): { before: FoundCommit | undefined; after: FoundCommit | undefined } {
    let before: FoundCommit | undefined
    let after: FoundCommit | undefined
    const rows = this.segments.filter(
      (row) => row.minTime !== undefined && (timeline === undefined || isOf(row, timeline)),
    )
    const look = (row: SegmentRow): void => {
      for (const commit of this.#commitsOf(row)) {
        if (timeline !== undefined && commit.timeline !== timeline) continue
        if (commit.time <= time) {
          if (before === undefined || commit.time >= before.time) before = commit
        } else if (after === undefined || commit.time < after.time) after = commit
      }
    }
    // Every segment that can have a better one: by its latest commit below, by its earliest above.
    for (const row of rows.toSorted((a, b) => (b.maxTime ?? 0) - (a.maxTime ?? 0)))
      if ((row.minTime ?? 0) <= time && (before === undefined || (row.maxTime ?? 0) > before.time)) look(row)
    for (const row of rows.toSorted((a, b) => (a.minTime ?? 0) - (b.minTime ?? 0)))
      if ((row.maxTime ?? 0) > time && (after === undefined || (row.minTime ?? 0) < after.time)) look(row)
    return { before, after }
  }

  /** The commits that deleted most rows, most first. */
  largestDeletes(filter: CommitFilter, limit: number): readonly FoundCommit[] {
    const wanted = { ...filter, minDeleted: Math.max(1, filter.minDeleted ?? 1) }
    const rows = this.segments
      .filter((row) => mayHold(row, wanted, this.#segmentBytes))
      .toSorted((a, b) => b.mostDeleted - a.mostDeleted)
    let best: FoundCommit[] = []
    for (const row of rows) {
      const least = best.length < limit ? 0 : (best.at(-1)?.deleted ?? 0)
      if (row.mostDeleted <= least) break
      const more = this.#commitsOf(row).filter((commit) => isWanted(commit, wanted))
      best = [...best, ...more].toSorted((a, b) => b.deleted - a.deleted).slice(0, limit)
    }
    return best
  }

  /**
   * The commits that updated most rows, most first. No segment says beforehand whether it has one of them: every commit of
   * the range is looked at.
   */
  largestUpdates(filter: CommitFilter, limit: number): readonly FoundCommit[] {
    const wanted = { ...filter, minUpdated: Math.max(1, filter.minUpdated ?? 1) }
    let best: FoundCommit[] = []
    for (const row of this.segments) {
      if (!mayHold(row, wanted, this.#segmentBytes)) continue
      const more = this.#commitsOf(row).filter((commit) => isWanted(commit, wanted))
      if (more.length === 0) continue
      best = [...best, ...more].toSorted((a, b) => b.updated - a.updated).slice(0, limit)
    }
    return best
  }

  /** How many commits fall into each part of a range that is cut into equal ones. */
  activity(from: number, to: number, buckets: number, timeline?: Timeline): readonly number[] {
    const counts = Array.from({ length: buckets }, () => 0)
    const width = Math.max(1, (to - from) / buckets)
    const bucketOf = (time: number): number => Math.floor((time - from) / width)
    const add = (bucket: number, count: number): void => {
      if (bucket >= 0 && bucket < buckets) counts[bucket] = (counts[bucket] ?? 0) + count
    }
    for (const row of this.segments) {
      if (row.minTime === undefined || row.maxTime === undefined) continue
      if (row.maxTime < from || row.minTime >= to) continue
      if (timeline !== undefined && !isOf(row, timeline)) continue
      const bucket = bucketOf(row.minTime)
      if (bucket === bucketOf(row.maxTime) && row.switchLsn === LSN_NONE) add(bucket, row.commitCount)
      else
        for (const commit of this.#commitsOf(row))
          if (timeline === undefined || commit.timeline === timeline) add(bucketOf(commit.time), 1)
    }
    return counts
  }

  /** How many commits there are from `from` up to `end` on a way over timelines. */
  countOn(path: readonly PathSection[], from: Lsn, end: Lsn): number {
    let count = 0
    for (const section of path) {
      const begin = section.begin > from ? section.begin : from
      const limit = section.end !== undefined && section.end < end ? section.end : end
      for (const row of this.segments) {
        const { first, last, switchLsn } = row
        if (first === undefined || last === undefined || !isOf(row, section.timeline)) continue
        if (last.lsn < begin || first.lsn >= limit) continue
        if (switchLsn === LSN_NONE && first.lsn >= begin && last.lsn < limit) count += row.commitCount
        else
          for (const { timeline, lsn } of this.#commitsOf(row))
            if (timeline === section.timeline && lsn >= begin && lsn < limit) count++
      }
    }
    return count
  }

  /** Events of those kinds, the latest first, each once. */
  events(
    kinds: readonly IndexEvent['kind'][],
    { from = -Number.MAX_SAFE_INTEGER, to = Number.MAX_SAFE_INTEGER, limit }: EventRange,
    keep: (event: IndexEvent, timeline: Timeline) => boolean = () => true,
  ): readonly FoundEvent[] {
    const seen = new Set<string>()
    const found: FoundEvent[] = []
    for (const { event, segment } of this.#store.events(kinds, from, to, MOST_EVENTS)) {
      const row = this.#byId.get(segment)
      if (row === undefined) continue
      const timeline = timelineOf(row, event)
      if (!keep(event, timeline)) continue
      const key = keyOf(timeline, event.lsn)
      if (seen.has(key)) continue
      seen.add(key)
      found.push({ event, timeline, place: row.place })
      if (found.length >= limit) break
    }
    return found
  }

  #commitsOf(row: SegmentRow): readonly FoundCommit[] {
    if (row.commitCount === 0) return []
    const ends = this.#endsOf(row)
    return row.abortCount === 0 ? ends : ends.filter(({ isAborted }) => !isAborted)
  }

  #endsOf(row: SegmentRow): readonly FoundCommit[] {
    if (row.commitCount + row.abortCount === 0) return []
    const start = walSegmentStart(row.number, this.#segmentBytes)
    const isTwice = this.#has.has(keyOf(row.parentTimeline, row.number))
    return Array.from(readCommitBlob(this.#store.commitsOf(row.id), start), (commit) => ({
      ...commit,
      timeline: timelineOf(row, commit),
      place: row.place,
    })).filter(({ lsn }) => lsn >= row.switchLsn || !isTwice)
  }
}

/** No index holds so many events of one kind that anybody would look at. */
const MOST_EVENTS = 200_000

/** The first segment of a timeline begins with what its parent wrote. */
function timelineOf(row: SegmentRow, { lsn }: { readonly lsn: Lsn }): Timeline {
  return lsn < row.switchLsn ? row.parentTimeline : row.timeline
}

function isOf(row: SegmentRow, timeline: Timeline): boolean {
  return row.timeline === timeline || (row.switchLsn !== LSN_NONE && row.parentTimeline === timeline)
}

function mayHold(row: SegmentRow, filter: CommitFilter, segmentBytes: number): boolean {
  const { timeline, fromTime, toTime, fromLsn, toLsn, xid, minDeleted } = filter
  if (row.minTime === undefined || row.maxTime === undefined) return false
  if (timeline !== undefined && !isOf(row, timeline)) return false
  if (fromTime !== undefined && row.maxTime < fromTime) return false
  if (toTime !== undefined && row.minTime > toTime) return false
  if (minDeleted !== undefined && row.mostDeleted < minDeleted) return false
  if (xid !== undefined && (xid < (row.minXid ?? 0) || xid > (row.maxXid ?? 0))) return false
  if (fromLsn !== undefined && walSegmentStart(row.number + 1n, segmentBytes) <= fromLsn) return false
  // A record that ends in this segment may have begun in the one before.
  return toLsn === undefined || (row.first?.lsn ?? toLsn) <= toLsn
}

function isWanted(commit: FoundCommit, filter: CommitFilter): boolean {
  const { timeline, fromTime, toTime, fromLsn, toLsn, xid, minDeleted, minUpdated } = filter
  return (
    (timeline === undefined || commit.timeline === timeline) &&
    (fromTime === undefined || commit.time >= fromTime) &&
    (toTime === undefined || commit.time <= toTime) &&
    (fromLsn === undefined || commit.lsn >= fromLsn) &&
    (toLsn === undefined || commit.lsn <= toLsn) &&
    (xid === undefined || commit.xid === xid) &&
    (minDeleted === undefined || commit.deleted >= minDeleted) &&
    (minUpdated === undefined || commit.updated >= minUpdated)
  )
}

function isLater(a: CommitPlace, b: CommitPlace): boolean {
  return a.timeline !== b.timeline ? a.timeline > b.timeline : a.lsn > b.lsn
}

/** The archive goes first where both have the same; a segment that goes farther has all that the other has. */
function isBetter(row: SegmentRow, known: SegmentRow): boolean {
  if (row.soundLsn !== known.soundLsn) return row.soundLsn > known.soundLsn
  return row.place === ''
}

function keyOf(timeline: Timeline, number: bigint): string {
  return `${timeline}/${number}`
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}
