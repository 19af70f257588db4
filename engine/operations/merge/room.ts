import type { Range } from '../../base/figures.ts'
import type { CompressAlgorithm } from '../../format/backup-control.ts'
import type { ContentEntry } from '../../format/content-list.ts'
import { HEADER_RECORD_BYTES } from '../../format/header-map.ts'
import { BLOCK_HEADER_BYTES } from '../../format/page-blocks.ts'
import { PAGE_BYTES } from '../../format/page-header.ts'
import type { StoredVersion } from '../steps/stored-versions.ts'

/** What one file of the merged backup takes, in bytes. */
export type FileRoom = {
  /** By how much it becomes longer than what the FULL has of it now; less than 0 where it becomes shorter. */
  readonly growth: Range
  /** What may lie beside the old file until it takes its place. */
  readonly draftBytes: number
}

type FileFacts = {
  readonly entry: ContentEntry
  /** Newest first. */
  readonly versions: readonly StoredVersion[]
  /** Whether the last of them is that of the FULL. */
  readonly endsInFull: boolean
  /** What the FULL has under this name now. */
  readonly oldBytes: number
  /** How the destination stores pages. */
  readonly compressAlgorithm: CompressAlgorithm
  readonly isPaged: boolean
  readonly mayStay: boolean
  readonly isResumed: boolean
}

/** A file of which less than a quarter stays is written anew, which costs little more. */
const LEAST_STAYING_SHARE = 4
const RECORD_BYTES = BLOCK_HEADER_BYTES + PAGE_BYTES
/** A line of the content list is shorter. */
const LINE_BYTES = 400
/** The usual block of a file system: one that is begun is taken. */
const BLOCK_BYTES = 4096

/** Bounds of what a file takes. A file that comes whole from an increment is linked, and costs nothing. Pure. */
export function roomOfFile(facts: FileFacts): FileRoom {
  const { entry, versions, oldBytes, compressAlgorithm } = facts
  const [newest] = versions
  const linked = { growth: { low: 0 - oldBytes, high: 0 }, draftBytes: 0 }
  if (newest === undefined || !facts.isPaged) return linked
  const isAlike = versions.every((one) => one.entry.compressAlgorithm === compressAlgorithm)
  if (versions.length === 1 && isAlike) {
    if (facts.endsInFull && facts.mayStay) return { growth: { low: 0, high: 0 }, draftBytes: 0 }
    if (!facts.endsInFull && newest.entry.headers?.headerCount === entry.blockCount) return linked
  }
  // Before 2.4.0 lists had no number of blocks.
  const blockCount =
    entry.blockCount > 0
      ? entry.blockCount
      : Math.max(...versions.map((one) => Math.ceil(one.entry.fullBytes / PAGE_BYTES)))
  const plainBytes = blockCount * RECORD_BYTES
  const storedBytes = versions.reduce((sum, one) => sum + one.entry.sizeBytes, 0)
  const storedCount = versions.reduce((sum, one) => sum + (one.entry.headers?.headerCount ?? 0), 0)
  const isExact = compressAlgorithm === 'none' && entry.blockCount > 0
  const high =
    isExact || !isAlike
      ? plainBytes
      : Math.min(plainBytes, storedBytes + Math.max(0, blockCount - storedCount) * RECORD_BYTES)
  return {
    growth: { low: (isExact ? plainBytes : 0) - oldBytes, high: high - oldBytes },
    draftBytes: isExact && isAlike && isPatched(facts, storedCount) ? 0 : high,
  }
}

/**
 * Bytes of room that a merge needs at its fullest, besides what is taken already: at least, and at most. Only deleting
 * the increments gives room back, and that comes last. Pure.
 *
 * `blockCount` is that of all relations, whose headers are written anew with the list of `entryCount` lines.
 */
export function roomOfMerge(
  files: readonly FileRoom[],
  counts: { readonly entryCount: number; readonly blockCount: number },
  { threads, isResumed }: { readonly threads: number; readonly isResumed: boolean },
): Range {
  const low = files.reduce((sum, { growth }) => sum + growth.low, 0)
  const high = files.reduce((sum, { growth }) => sum + Math.max(0, growth.high), 0)
  const drafts = files
    .map(({ draftBytes }) => draftBytes)
    .toSorted((a, b) => b - a)
    .slice(0, threads)
  const lists = counts.entryCount * LINE_BYTES + counts.blockCount * HEADER_RECORD_BYTES
  const begun = files.length * BLOCK_BYTES
  return {
    // What an unfinished merge has done already is not known.
    low: isResumed ? 0 : Math.max(0, low),
    high: high + drafts.reduce((sum, bytes) => sum + bytes, 0) + lists + begun,
  }
}

/** Whether enough stays of a file that is to have `blockCount` blocks, given how many have changed and how many it has. */
export function isWorthPatching(changedCount: number, fullBlocks: number, blockCount: number): boolean {
  const writtenCount = changedCount + blockCount - fullBlocks
  return writtenCount * LEAST_STAYING_SHARE <= blockCount * (LEAST_STAYING_SHARE - 1)
}

function isPatched({ entry, versions, endsInFull, isResumed }: FileFacts, storedCount: number): boolean {
  const full = versions.at(-1)?.entry.headers
  if (isResumed || !endsInFull || versions.length < 2 || full === undefined) return false
  if (versions.some((one) => one.entry.headers === undefined) || entry.blockCount < full.headerCount)
    return false
  return isWorthPatching(storedCount - full.headerCount, full.headerCount, entry.blockCount)
}
