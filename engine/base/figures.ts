import type { BackupId } from './backup-id.ts'

export type BackupModeName = 'FULL' | 'DELTA' | 'PAGE' | 'PTRACK'

/** From the least to the greatest, both of them possible. */
export type Range = { readonly low: number; readonly high: number }

/** What a figure of an estimate rests on. */
export type FigureBasis =
  /** The files of the cluster as they are now. */
  | { readonly kind: 'listed' }
  /** The size of the cluster when that backup was taken. */
  | { readonly kind: 'backup'; readonly id: BackupId }
  /** The sizes that the server gives of its databases. */
  | { readonly kind: 'databases' }
  /** The WAL that a PAGE backup reads. */
  | { readonly kind: 'wal' }
  /** The changed pages as the server counted them. */
  | { readonly kind: 'counted' }
  /** How well the newest FULL backups could be compressed. */
  | { readonly kind: 'compression'; readonly count: number }
  /** What the newest increments stored, for the time since the parent; a mode when all of them are of it. */
  | { readonly kind: 'changes'; readonly mode: BackupModeName | undefined; readonly count: number }
  /** How long the newest backups of that mode and compression took. */
  | { readonly kind: 'durations'; readonly mode: BackupModeName; readonly count: number }
  /** The lists of files of so many backups. */
  | { readonly kind: 'lists'; readonly count: number }
  /** How long the newest merges in this catalog took. */
  | { readonly kind: 'merges'; readonly count: number }

/** A range, and what it rests on. */
export type KnownRange = Range & { readonly bases: readonly FigureBasis[] }

/** An amount of bytes or seconds, never a made-up one: `at-most` when nothing tells how much less it will be. */
export type Figure =
  | ({ readonly kind: 'about' } & KnownRange)
  | { readonly kind: 'at-most'; readonly high: number; readonly bases: readonly FigureBasis[] }
  | { readonly kind: 'unknown' }

/**
 * What was measured, for `factor` times as much of what it depends on. Pages that change again count once, and some work
 * is the same for any amount: so the result lies between standing still and growing by the factor.
 */
export function scaled(measured: number, factor: number): Range {
  return { low: measured * Math.min(1, factor), high: measured * Math.max(1, factor) }
}

/** From the least to the greatest; undefined when there are none. */
export function spanOf(ranges: readonly Range[]): Range | undefined {
  if (ranges.length === 0) return undefined
  return {
    low: Math.min(...ranges.map(({ low }) => low)),
    high: Math.max(...ranges.map(({ high }) => high)),
  }
}
