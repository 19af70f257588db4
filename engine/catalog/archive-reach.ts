import { opendir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { EngineError } from '../base/engine-error.ts'
import type { Lsn } from '../base/lsn.ts'
import { findWalSegment, type Timeline, walSegmentName, walSegmentNumber } from '../base/wal-segment.ts'
import {
  findTimelineOfHistoryFile,
  parseTimelineHistory,
  timelineHistoryFileName,
} from '../format/timeline-history.ts'

/** Segments of a timeline in a row, both ends included. */
type Run = { readonly first: bigint; readonly last: bigint }

/** What the names in an archive say. */
type ArchiveNames = {
  readonly runs: ReadonlyMap<Timeline, readonly Run[]>
  /** With a history file, ascending. */
  readonly histories: readonly Timeline[]
}

/** Names are listed again only when the directory has changed. */
export type ArchiveMemory = Map<
  string,
  { readonly mtimeMs: number; readonly names: ArchiveNames | undefined }
>

/** An archive with more files than that is not looked through for an age. */
const MOST_NAMES = 200_000
/** A directory that changed so lately may change again within one tick of its clock. */
const SETTLED_MS = 2000
const MOST_TIMELINES_TRIED = 3

/**
 * When the last segment was archived that follows a backup without a break, in Unix milliseconds, by names and one date: cheap
 * enough for a look at every instance. Undefined when nothing of it is there. Newer timelines that come from that of the
 * backup are followed. Nothing is opened but histories.
 */
export async function archiveReachMs(
  directory: string,
  base: { readonly timeline: Timeline; readonly from: Lsn },
  { segmentBytes, memory, nowMs }: { segmentBytes: number; memory: ArchiveMemory; nowMs: number },
): Promise<number | undefined> {
  const names = await namesIn(directory, segmentBytes, memory, nowMs)
  if (names === undefined) return undefined
  const start = walSegmentNumber(base.from, segmentBytes)
  const newer = names.histories.filter((one) => one > base.timeline).toReversed()
  for (const timeline of [...newer.slice(0, MOST_TIMELINES_TRIED), base.timeline]) {
    const way = await wayTo(directory, timeline, base, segmentBytes)
    if (way === undefined) continue
    const end = endOf(names, way, start)
    if (end === undefined || (timeline !== base.timeline && end.timeline !== timeline)) continue
    const name = walSegmentName(end, segmentBytes)
    for (const file of [name, `${name}.gz`]) {
      const found = await stat(path.join(directory, file)).catch(() => undefined)
      if (found !== undefined) return found.mtimeMs
    }
  }
  return undefined
}

/** Timelines in their order, and the segment in which each was left; undefined when the backup is not on the way. */
type Way = readonly { readonly timeline: Timeline; readonly last: bigint | undefined }[]

async function wayTo(
  directory: string,
  timeline: Timeline,
  base: { readonly timeline: Timeline; readonly from: Lsn },
  segmentBytes: number,
): Promise<Way | undefined> {
  if (timeline === base.timeline) return [{ timeline, last: undefined }]
  try {
    const history = parseTimelineHistory(
      await readFile(path.join(directory, timelineHistoryFileName(timeline)), 'utf8'),
    )
    const index = history.findIndex((one) => one.timeline === base.timeline)
    const left = history[index]
    if (left === undefined || left.switchLsn < base.from) return undefined
    return [
      ...history
        .slice(index)
        .map((one) => ({ timeline: one.timeline, last: walSegmentNumber(one.switchLsn, segmentBytes) })),
      { timeline, last: undefined },
    ]
  } catch {
    // What cannot be read is no way; the screen of the WAL says what is wrong with it.
    return undefined
  }
}

/** The last segment of a row from `start` on. The segment of a switch may be there as that of the newer timeline alone. */
function endOf(
  { runs }: ArchiveNames,
  way: Way,
  start: bigint,
): { readonly timeline: Timeline; readonly number: bigint } | undefined {
  let next = start
  let end: { readonly timeline: Timeline; readonly number: bigint } | undefined
  for (const { timeline, last } of way) {
    const run = (runs.get(timeline) ?? []).find((one) => one.first <= next && next <= one.last)
    if (run === undefined) continue
    const number = last !== undefined && last < run.last ? last : run.last
    if (number < next) continue
    end = { timeline, number }
    // The next timeline has the segment of the switch once more.
    next = last !== undefined && number === last ? number : number + 1n
  }
  return end
}

async function namesIn(
  directory: string,
  segmentBytes: number,
  memory: ArchiveMemory,
  nowMs: number,
): Promise<ArchiveNames | undefined> {
  try {
    const { mtimeMs } = await stat(directory)
    const known = memory.get(directory)
    if (known?.mtimeMs === mtimeMs) return known.names
    const names = await listNames(directory, segmentBytes)
    if (nowMs - mtimeMs > SETTLED_MS) memory.set(directory, { mtimeMs, names })
    return names
  } catch (thrown) {
    if (thrown instanceof EngineError) throw thrown
    // Nothing was ever archived, or it cannot be looked at: the age is that of the backups.
    return undefined
  }
}

async function listNames(directory: string, segmentBytes: number): Promise<ArchiveNames | undefined> {
  const numbers = new Map<Timeline, bigint[]>()
  const histories: Timeline[] = []
  let count = 0
  for await (const { name } of await opendir(directory, { bufferSize: 1024 })) {
    if (++count > MOST_NAMES) return undefined
    const history = findTimelineOfHistoryFile(name)
    if (history !== undefined) histories.push(history)
    const segment = findWalSegment(name.endsWith('.gz') ? name.slice(0, -3) : name, segmentBytes)
    if (segment === undefined) continue
    const known = numbers.get(segment.timeline)
    if (known === undefined) numbers.set(segment.timeline, [segment.number])
    else known.push(segment.number)
  }
  return {
    runs: new Map([...numbers].map(([timeline, all]) => [timeline, runsOf(all)])),
    histories: histories.toSorted((a, b) => a - b),
  }
}

function runsOf(numbers: readonly bigint[]): readonly Run[] {
  const runs: { first: bigint; last: bigint }[] = []
  for (const number of numbers.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))) {
    const open = runs.at(-1)
    if (open !== undefined && number <= open.last + 1n) open.last = number
    else runs.push({ first: number, last: number })
  }
  return runs
}
