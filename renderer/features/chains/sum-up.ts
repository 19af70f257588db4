import type { BackupRecord } from '../../../engine/api/contract/backups.ts'
import { statusWord } from './backup-state.ts'

/** What is said of several backups at once. */
export type Summary = {
  /** Pages, as they are stored. */
  readonly dataBytes: number
  /** WAL that the backups carry themselves; what lies in the archive belongs to nobody alone. */
  readonly walBytes: number
  readonly chainCount: number
  /** Each state with how many are in it, the most frequent first. */
  readonly statuses: readonly { readonly sample: BackupRecord; readonly count: number }[]
  readonly first: BackupRecord
  readonly last: BackupRecord
}

/** Sums up some backups, newest first. There is at least one. */
export function sumUp(backups: readonly BackupRecord[]): Summary {
  const [last, first] = [backups[0], backups.at(-1)]
  if (last === undefined || first === undefined) throw new RangeError('nothing to sum up')
  return {
    dataBytes: sum(backups, ({ dataBytes }) => dataBytes),
    walBytes: sum(backups, ({ isStream, walBytes }) => (isStream ? walBytes : 0)),
    chainCount: new Set(backups.map(({ id, fullId }) => fullId ?? id)).size,
    statuses: [...Map.groupBy(backups, statusWord).values()]
      .flatMap((group) => group.slice(0, 1).map((sample) => ({ sample, count: group.length })))
      .toSorted((a, b) => b.count - a.count),
    first,
    last,
  }
}

function sum(
  backups: readonly BackupRecord[],
  bytesOf: (backup: BackupRecord) => number | undefined,
): number {
  return backups.reduce((total, backup) => total + (bytesOf(backup) ?? 0), 0)
}
