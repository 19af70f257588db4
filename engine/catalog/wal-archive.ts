import { readdirSync, type Stats, statSync } from 'node:fs'
import path from 'node:path'
import { EngineError, describeError } from '../base/engine-error.ts'
import type { Lsn } from '../base/lsn.ts'
import type { Run } from '../base/run.ts'
import { findWalSegment, type Timeline, walSegmentName, walSegmentNumber } from '../base/wal-segment.ts'
import { archiveFileClass } from '../format/file-names.ts'
import {
  parseTimelineHistory,
  type TimelineHistory,
  timelineHistoryFileName,
} from '../format/timeline-history.ts'
import { mapFileError } from '../host/file-error.ts'
import { readSmallFile } from '../host/small-file.ts'
import type { Backup } from './backup.ts'
import { archiveDirectory } from './paths.ts'

/** A file of the archive that is named after a segment. */
export type ArchivedFile = {
  readonly name: string
  /** `segment`: whole; `partial`: its timeline ended in it; `temporary`: being written, or left behind while it was. */
  readonly kind: 'segment' | 'partial' | 'temporary' | 'backup-history'
  /** In gzip form. */
  readonly isCompressed: boolean
  /** The number of the segment, not unique: a segment may be there plain and compressed. */
  readonly number: bigint
  /** As it lies on the disk. */
  readonly sizeBytes: number
  /** When it was written last, in milliseconds since the Unix epoch. */
  readonly modifiedMs: number
}

/** Segments from the first to the last one, both included. */
export type SegmentInterval = { readonly begin: bigint; readonly end: bigint }

/** What the archive has of one timeline. */
export type ArchivedTimeline = {
  readonly timeline: Timeline
  /** In the order of their names, so by segment. Without the timeline's history file. */
  readonly files: readonly ArchivedFile[]
  /** The first and the last whole segment; undefined when there is none. */
  readonly segments: SegmentInterval | undefined
  /** Files that are whole segments. One that is there plain and compressed counts twice. */
  readonly segmentCount: number
  /** Bytes on the disk of whole segments. */
  readonly segmentBytesOnDisk: number
  /** Segments that are missing between the first and the last, ascending. What is before the first cannot be known. */
  readonly lost: readonly SegmentInterval[]
  /** The ancestors, oldest first; undefined when there is no history file that can be read. */
  readonly history: TimelineHistory | undefined
  /** The newest ancestor, and where this timeline left it; undefined without a history. */
  readonly parent: { readonly timeline: Timeline; readonly switchLsn: Lsn } | undefined
}

/** The WAL archive of an instance, read once: decisions are functions of this value. */
export type WalArchive = {
  readonly directory: string
  readonly segmentBytes: number
  /** Ascending. A timeline is there as soon as one file of it is. */
  readonly timelines: readonly ArchivedTimeline[]
  /** Files whose names say nothing to us. Hidden ones are not looked at. */
  readonly unknownNames: readonly string[]
  /** History files that cannot be read, and what is wrong with them. */
  readonly problems: readonly { readonly name: string; readonly message: string }[]
  /** Sizes of segments in bytes that some of them name themselves, where those were opened. */
  readonly sampledSizes?: ReadonlySet<number>
}

/** What was found in the directory. */
export type ListedFile = {
  readonly name: string
  readonly sizeBytes: number
  readonly modifiedMs: number
}

/** A history file by its timeline: the ancestors, or why they cannot be read. */
export type ReadHistories = ReadonlyMap<Timeline, TimelineHistory | { readonly problem: string }>

/** Asking for sizes synchronously is quicker than with promises; this many between two breaths of the event loop. */
const FILES_PER_SLICE = 2_000
/** A server that archives while we list can make gaps that are none. */
const MOST_READINGS = 3

/**
 * Reads the names and sizes in `wal/<instance>` and the timeline histories; segments themselves are not opened. A
 * hundred thousand files take about a second.
 *
 * @throws {EngineError} `storage.*` when the directory cannot be listed
 */
export async function readWalArchive(
  catalog: string,
  instance: string,
  segmentBytes: number,
  run: Pick<Run, 'signal'>,
): Promise<WalArchive> {
  const directory = archiveDirectory(catalog, instance)
  for (let reading = 1; ; reading++) {
    const listed = await listFiles(directory, run.signal)
    const archive = arrangeWalArchive(directory, segmentBytes, listed, readHistories(directory, listed))
    if (reading === MOST_READINGS || !hasGrownMeanwhile(archive)) return archive
  }
}

/** Makes the value of what was listed. Pure. Source: `catalog-format.md` section 12.4. */
export function arrangeWalArchive(
  directory: string,
  segmentBytes: number,
  listed: readonly ListedFile[],
  histories: ReadHistories,
): WalArchive {
  const filesByTimeline = new Map<Timeline, ArchivedFile[]>()
  const filesOf = (timeline: Timeline): ArchivedFile[] => {
    const known = filesByTimeline.get(timeline)
    if (known !== undefined) return known
    const files: ArchivedFile[] = []
    filesByTimeline.set(timeline, files)
    return files
  }
  const unknownNames: string[] = []
  for (const { name, sizeBytes, modifiedMs } of listed.toSorted((a, b) => compareText(a.name, b.name))) {
    const found = archiveFileClass(name)
    if (found.kind === 'timeline-history') {
      if (Array.isArray(histories.get(found.timeline))) filesOf(found.timeline)
      continue
    }
    const segment = found.kind === 'other' ? undefined : findWalSegment(found.segmentName, segmentBytes)
    if (found.kind === 'other' || segment === undefined) {
      unknownNames.push(name)
      continue
    }
    filesOf(segment.timeline).push({
      name,
      kind: found.kind,
      isCompressed: name.startsWith('.gz', found.segmentName.length),
      number: segment.number,
      sizeBytes,
      modifiedMs,
    })
  }
  return {
    directory,
    segmentBytes,
    timelines: [...filesByTimeline]
      .toSorted(([a], [b]) => a - b)
      .map(([timeline, files]) => arrangeTimeline(timeline, files, histories.get(timeline))),
    unknownNames,
    problems: [...histories].flatMap(([timeline, history]) =>
      'problem' in history ? [{ name: timelineHistoryFileName(timeline), message: history.problem }] : [],
    ),
  }
}

/** The timeline of that number, if the archive has a file of it. */
export function findArchivedTimeline(
  { timelines }: Pick<WalArchive, 'timelines'>,
  timeline: Timeline,
): ArchivedTimeline | undefined {
  return timelines.find((one) => one.timeline === timeline)
}

/**
 * The backup from which a timeline can be reached through the archive: of the nearest ancestor that has any, the last
 * one that was finished before the way branched off. An ancestor of which the archive has nothing ends the way, unless what
 * is needed of it lies in one segment: its child's first one has that. Source: `catalog-format.md` section 12.4.
 */
export function findClosestBackup(
  archive: Pick<WalArchive, 'timelines' | 'segmentBytes'>,
  timeline: Timeline,
  backups: readonly Backup[],
): Backup | undefined {
  const history = findArchivedTimeline(archive, timeline)?.history ?? []
  const segment = (lsn: Lsn): bigint => walSegmentNumber(lsn, archive.segmentBytes)
  for (let index = history.length - 1; index >= 0; index--) {
    const ancestor = history[index]
    if (ancestor === undefined) return undefined
    const isArchived = findArchivedTimeline(archive, ancestor.timeline) !== undefined
    const first = isArchived ? undefined : segment(ancestor.switchLsn)
    let closest: Backup | undefined
    for (const backup of backups) {
      const { control } = backup
      if (control?.timeline !== ancestor.timeline || !['OK', 'DONE'].includes(control.status)) continue
      if (!isRecordLsn(control.stopLsn) || control.stopLsn > ancestor.switchLsn) continue
      if (first !== undefined && segment(control.stopLsn) !== first) continue
      if (closest?.control === undefined || control.stopLsn > closest.control.stopLsn) closest = backup
    }
    if (closest !== undefined) return closest
    const begin = history[index - 1]?.switchLsn
    if (first !== undefined && (begin === undefined || segment(begin) !== first)) return undefined
  }
  return undefined
}

function arrangeTimeline(
  timeline: Timeline,
  files: readonly ArchivedFile[],
  read: TimelineHistory | { readonly problem: string } | undefined,
): ArchivedTimeline {
  const history = read === undefined || 'problem' in read ? undefined : read
  const newest = history?.at(-1)
  const lost: SegmentInterval[] = []
  let begin: bigint | undefined
  let end = 0n
  let segmentCount = 0
  let segmentBytesOnDisk = 0
  for (const { kind, number, sizeBytes } of files) {
    if (kind !== 'segment') continue
    if (begin === undefined) begin = number
    else if (number > end + 1n) lost.push({ begin: end + 1n, end: number - 1n })
    end = number
    segmentCount++
    segmentBytesOnDisk += sizeBytes
  }
  return {
    timeline,
    files,
    segments: begin === undefined ? undefined : { begin, end },
    segmentCount,
    segmentBytesOnDisk,
    lost,
    history,
    parent: newest === undefined ? undefined : { timeline: newest.timeline, switchLsn: newest.switchLsn },
  }
}

async function listFiles(directory: string, signal: AbortSignal): Promise<readonly ListedFile[]> {
  const listed: ListedFile[] = []
  try {
    for (const [index, name] of readdirSync(directory).entries()) {
      if (index % FILES_PER_SLICE === FILES_PER_SLICE - 1) {
        await new Promise(setImmediate)
        signal.throwIfAborted()
      }
      if (name.startsWith('.')) continue
      const found = statIfReachable(path.join(directory, name))
      // Gone already: a temporary file that has got its name.
      if (found?.isFile() === true)
        listed.push({ name, sizeBytes: found.size, modifiedMs: Math.floor(found.mtimeMs) })
    }
  } catch (thrown) {
    throw signal.aborted ? thrown : mapFileError(thrown, directory, 'list')
  }
  return listed
}

/** Undefined for what is gone, and for a link that leads nowhere or in a circle. */
function statIfReachable(file: string): Stats | undefined {
  try {
    return statSync(file, { throwIfNoEntry: false })
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ELOOP') return undefined
    throw thrown
  }
}

function readHistories(directory: string, listed: readonly ListedFile[]): ReadHistories {
  const histories = new Map<Timeline, TimelineHistory | { readonly problem: string }>()
  for (const { name } of listed) {
    const found = archiveFileClass(name)
    if (found.kind === 'timeline-history')
      histories.set(found.timeline, readHistory(path.join(directory, name), found.timeline))
  }
  return histories
}

function readHistory(file: string, timeline: Timeline): TimelineHistory | { readonly problem: string } {
  try {
    const history = parseTimelineHistory(readSmallFile(file))
    const newest = history.at(-1)
    if (newest === undefined) return { problem: 'it names no ancestor' }
    if (newest.timeline >= timeline) return { problem: 'it names itself or a later timeline as an ancestor' }
    return history
  } catch (thrown) {
    if (thrown instanceof EngineError || (thrown instanceof Error && 'code' in thrown))
      return { problem: describeError(thrown) }
    throw thrown
  }
}

/** Whether a segment that starts a gap is there after all: it came while the names before and after it were read. */
function hasGrownMeanwhile({ directory, segmentBytes, timelines }: WalArchive): boolean {
  return timelines.some(({ timeline, lost }) =>
    lost.some(({ begin }) => {
      const file = path.join(directory, walSegmentName({ timeline, number: begin }, segmentBytes))
      return [file, `${file}.gz`].some((one) => statIfReachable(one)?.isFile() ?? false)
    }),
  )
}

const WAL_PAGE_BYTES = 8192n
const PAGE_HEADER_BYTES = 24n

/** Whether a record can be there: not unset, and not inside a page header. */
function isRecordLsn(lsn: Lsn): boolean {
  return lsn % WAL_PAGE_BYTES >= PAGE_HEADER_BYTES
}

/** By code units, as names in ASCII are sorted everywhere. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
