import { type KnownRange, type Range, scaled, spanOf } from '../../base/figures.ts'
import type { Backup } from '../../catalog/backup.ts'
import type { KnownBackup } from '../../catalog/parent.ts'
import type { BackupControl, BackupMode, CompressAlgorithm } from '../../format/backup-control.ts'

/** As many of the newest backups tell what the next one will be like. */
const HISTORY_LENGTH = 3

/** The backups that were completed, in the order given. */
export function completedOf(backups: readonly Backup[]): readonly KnownBackup[] {
  return backups.filter((backup): backup is KnownBackup => {
    const status = backup.control?.status
    return status === 'OK' || status === 'DONE'
  })
}

/**
 * Stored bytes for one byte read, as the newest FULL backups have it; undefined when none was compressed in this way.
 * `completed` is newest first, here and below.
 */
export function ratioOf(
  algorithm: CompressAlgorithm,
  completed: readonly KnownBackup[],
): KnownRange | undefined {
  const ratios = completed
    .filter(({ control }) => control.mode === 'FULL' && control.compressAlgorithm === algorithm)
    .flatMap(({ control: { dataBytes = 0, uncompressedBytes = 0 } }) =>
      dataBytes > 0 && uncompressedBytes > 0 ? [dataBytes / uncompressedBytes] : [],
    )
    .slice(0, HISTORY_LENGTH)
  const range = spanOf(ratios.map((value) => ({ low: value, high: value })))
  if (range !== undefined) return { ...range, bases: [{ kind: 'compression', count: ratios.length }] }
  return algorithm === 'none' ? { low: 1, high: 1, bases: [] } : undefined
}

/**
 * What has changed since a parent, in bytes before compression, as the newest increments of this mode stored it, or of
 * any mode when there are none of this; undefined when there are none at all.
 */
export function changesSince(
  parent: KnownBackup,
  mode: BackupMode,
  nowSeconds: number,
  completed: readonly KnownBackup[],
): KnownRange | undefined {
  const sinceParent = Math.max(1, nowSeconds - parent.control.startSeconds)
  const starts = new Map(completed.map(({ id, control }) => [id, control.startSeconds]))
  const algorithms = new Set(completed.map(({ control }) => control.compressAlgorithm))
  const ratios = new Map([...algorithms].map((algorithm) => [algorithm, ratioOf(algorithm, completed)]))
  const samples = completed.flatMap(({ control }): readonly { mode: BackupMode; range: Range }[] => {
    const began = control.parentId === undefined ? undefined : starts.get(control.parentId)
    const ratio = ratios.get(control.compressAlgorithm)
    const { dataBytes } = control
    if (control.mode === 'FULL' || began === undefined || ratio === undefined || dataBytes === undefined)
      return []
    const span = Math.max(1, control.startSeconds - began)
    const changedBytes = dataBytes / ((ratio.low + ratio.high) / 2)
    return [{ mode: control.mode, range: scaled(changedBytes, sinceParent / span) }]
  })
  const own = samples.filter((sample) => sample.mode === mode)
  const chosen = (own.length > 0 ? own : samples).slice(0, HISTORY_LENGTH)
  const range = spanOf(chosen.map((sample) => sample.range))
  const isOfOneMode = new Set(chosen.map((sample) => sample.mode)).size === 1
  return (
    range && {
      ...range,
      bases: [{ kind: 'changes', mode: isOfOneMode ? chosen[0]?.mode : undefined, count: chosen.length }],
    }
  )
}

/**
 * How long, in seconds, the newest backups of the mode took that were compressed in the same way; undefined when there
 * are none. One that was merged into says when that was done, not how long it took. `growthOf` is how much more there is
 * to do now.
 */
export function durationsOf(
  mode: BackupMode,
  { algorithm, level }: { readonly algorithm: CompressAlgorithm; readonly level: number },
  completed: readonly KnownBackup[],
  growthOf: (control: BackupControl) => Range,
): KnownRange | undefined {
  const hasLevels = algorithm === 'zlib' || algorithm === 'zstd'
  const ranges = completed
    .filter(
      ({ control }) =>
        control.mode === mode &&
        control.mergeSeconds === undefined &&
        control.compressAlgorithm === algorithm &&
        (!hasLevels || control.compressLevel === level),
    )
    .flatMap(({ control }) => {
      if (control.endSeconds === undefined || control.endSeconds < control.startSeconds) return []
      // Times are whole seconds.
      const took = Math.max(1, control.endSeconds - control.startSeconds)
      const { low, high } = growthOf(control)
      return [{ low: scaled(took, low).low, high: scaled(took, high).high }]
    })
    .slice(0, HISTORY_LENGTH)
  const range = spanOf(ranges)
  return range && { ...range, bases: [{ kind: 'durations', mode, count: ranges.length }] }
}
