import type { BackupId } from '../base/backup-id.ts'
import { EngineError } from '../base/engine-error.ts'
import { findNearest } from '../base/nearest.ts'
import type { Inventory } from './inventory.ts'

/** Of `ids` none is a backup of the instance: says which one may have been meant, and where they are listed. */
export function backupNotFound(
  { instance, backups }: Pick<Inventory, 'instance' | 'backups'>,
  ...ids: readonly BackupId[]
): EngineError {
  return new EngineError('backup.not-found', `instance "${instance}" has no backup ${ids.join(', ')}`, {
    hint: missingBackupHint({ backups }, ids),
    facts: { backup: ids.join(',') },
  })
}

/** The hint of {@link backupNotFound}, for refusals that are values. */
export function missingBackupHint(
  { backups }: Pick<Inventory, 'backups'>,
  [wanted, ...others]: readonly BackupId[],
): string {
  const [newest] = backups
  if (newest === undefined) return 'It has none; take a backup first.'
  const near =
    wanted === undefined || others.length > 0
      ? undefined
      : findNearest(
          wanted,
          backups.map(({ id }) => id),
        )
  const meant = near === undefined ? `The newest one is ${newest.id}.` : `Did you mean ${near}?`
  return `${meant} "tidemark show" lists the backups of the instance.`
}
