import type { Figure, FigureBasis, KnownRange, Range } from '../../base/figures.ts'
import type { Backup } from '../../catalog/backup.ts'
import type { KnownBackup } from '../../catalog/parent.ts'
import type { BackupMode, CompressAlgorithm } from '../../format/backup-control.ts'
import { PAGE_BYTES } from '../../format/page-header.ts'
import { changesSince, completedOf, durationsOf, ratioOf } from './history.ts'

/** What taking a backup of one mode now would come to. */
export type ModeEstimate = {
  /** Bytes read of the cluster and of archived WAL. */
  readonly readBytes: Figure
  /** Bytes in the catalog, WAL of the backup apart: what becomes `data-bytes`. */
  readonly storedBytes: Figure
  /** Until the backup is complete; validating comes after that. */
  readonly seconds: Figure
}

/** How big the cluster is that would be backed up. */
export type ClusterSize = {
  readonly bytes: number
  /** Files that are no relations, and those of them that have changed since the parent; undefined when not listed. */
  readonly others: { readonly bytes: number; readonly changedBytes: number } | undefined
  readonly basis: FigureBasis
}

/** All that an estimate is made from. */
export type EstimateFacts = {
  readonly nowSeconds: number
  readonly compression: { readonly algorithm: CompressAlgorithm; readonly level: number }
  /** Newest first. */
  readonly backups: readonly Backup[]
  /** What an increment would be taken against. */
  readonly parent: KnownBackup | undefined
  readonly cluster: ClusterSize | undefined
  /** WAL since the parent's start that a PAGE backup would read. */
  readonly walBytes: number | undefined
  /** Pages changed since the parent's start, counted by the server. */
  readonly changedBlocks: number | undefined
}

/** A page that does not get smaller is stored as it is, and each has a header of this size. */
const BLOCK_HEADER_BYTES = 8

type Increment = Exclude<BackupMode, 'FULL'>

/** Estimates every mode, whether it is possible or not. */
export function estimateModes(facts: EstimateFacts): Readonly<Record<BackupMode, ModeEstimate>> {
  const completed = completedOf(facts.backups)
  return {
    FULL: estimateFull(facts, completed),
    DELTA: estimateIncrement('DELTA', facts, completed),
    PAGE: estimateIncrement('PAGE', facts, completed),
    PTRACK: estimateIncrement('PTRACK', facts, completed),
  }
}

function estimateFull(facts: EstimateFacts, completed: readonly KnownBackup[]): ModeEstimate {
  const { compression } = facts
  const cluster = rangeOf(facts.cluster)
  const durations = durationsOf('FULL', compression, completed, ({ pgdataBytes }) =>
    growth(cluster, pgdataBytes),
  )
  return {
    readBytes: about(cluster),
    storedBytes: compressed(cluster, ratioOf(compression.algorithm, completed)),
    seconds: about(durations),
  }
}

function estimateIncrement(
  mode: Increment,
  facts: EstimateFacts,
  completed: readonly KnownBackup[],
): ModeEstimate {
  const { compression } = facts
  const cluster = rangeOf(facts.cluster)
  const changed = changedRange(mode, facts, completed)
  const storedBytes =
    changed === undefined
      ? atMost(cluster)
      : facts.changedBlocks === undefined
        ? compressed(changed, ratioOf(compression.algorithm, completed))
        : storedOfCounted(changed, facts, ratioOf(compression.algorithm, completed))
  const durations = durationsOf(mode, compression, completed, ({ pgdataBytes, dataBytes }) => {
    if (mode === 'DELTA') return growth(cluster, pgdataBytes)
    return growth(storedBytes.kind === 'about' ? storedBytes : undefined, dataBytes)
  })
  return {
    readBytes: estimateRead(mode, facts, cluster, changed),
    storedBytes,
    seconds: about(durations),
  }
}

/**
 * The pages that were counted may be of a kind that gets smaller than others, or not at all. Other files are stored as
 * they are; what earlier increments stored has those in it.
 */
function storedOfCounted(
  pages: KnownRange,
  { cluster }: EstimateFacts,
  ratio: KnownRange | undefined,
): Figure {
  const stored = compressed(pages, ratio && { ...ratio, high: Math.max(1, ratio.high) })
  const others = cluster?.others?.changedBytes ?? 0
  if (stored.kind === 'unknown') return stored
  if (stored.kind === 'at-most') return { ...stored, high: stored.high + others }
  return { ...stored, low: stored.low + others, high: stored.high + others }
}

/** DELTA reads all; the others the changed pages and, to see which of them are as before, all files without pages. */
function estimateRead(
  mode: Increment,
  { walBytes, cluster: size }: EstimateFacts,
  cluster: KnownRange | undefined,
  changed: KnownRange | undefined,
): Figure {
  if (mode === 'DELTA') return about(cluster)
  if (mode === 'PAGE' && walBytes === undefined) return { kind: 'unknown' }
  const wal = mode === 'PAGE' ? (walBytes ?? 0) : 0
  const walBases: readonly FigureBasis[] = mode === 'PAGE' ? [{ kind: 'wal' }] : []
  const range = changed === undefined ? cluster : plus(changed, size?.others?.bytes ?? 0)
  const whole = range && { ...plus(range, wal), bases: [...walBases, ...range.bases] }
  return changed === undefined ? atMost(whole) : about(whole)
}

/** The changed pages before compression: as the server counted it, or else as earlier increments did. */
function changedRange(
  mode: Increment,
  { changedBlocks, parent, nowSeconds, cluster }: EstimateFacts,
  completed: readonly KnownBackup[],
): KnownRange | undefined {
  if (changedBlocks !== undefined) {
    const bytes = changedBlocks * PAGE_BYTES
    return { low: bytes, high: bytes, bases: [{ kind: 'counted' }] }
  }
  const range = parent && changesSince(parent, mode, nowSeconds, completed)
  const most = cluster?.bytes ?? Infinity
  return range && { ...range, low: Math.min(range.low, most), high: Math.min(range.high, most) }
}

function rangeOf(cluster: ClusterSize | undefined): KnownRange | undefined {
  return cluster && { low: cluster.bytes, high: cluster.bytes, bases: [cluster.basis] }
}

function compressed(range: KnownRange | undefined, ratio: KnownRange | undefined): Figure {
  if (range === undefined || ratio === undefined) return atMost(range)
  return about({
    low: range.low * ratio.low,
    high: range.high * ratio.high,
    bases: [...range.bases, ...ratio.bases],
  })
}

function plus(range: KnownRange, bytes: number): KnownRange {
  return { ...range, low: range.low + bytes, high: range.high + bytes }
}

/** How many times as much there is now; one where either is not known. */
function growth(now: Range | undefined, then: number | undefined): Range {
  if (now === undefined || then === undefined || then <= 0) return { low: 1, high: 1 }
  return { low: now.low / then, high: now.high / then }
}

function about(range: KnownRange | undefined): Figure {
  if (range === undefined) return { kind: 'unknown' }
  return { kind: 'about', low: Math.round(range.low), high: Math.round(range.high), bases: range.bases }
}

function atMost(range: KnownRange | undefined): Figure {
  if (range === undefined) return { kind: 'unknown' }
  const high = Math.ceil(range.high * (1 + BLOCK_HEADER_BYTES / PAGE_BYTES))
  return { kind: 'at-most', high, bases: range.bases }
}
