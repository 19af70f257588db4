import type { BackupId } from '../base/backup-id.ts'
import { isUnread } from './backup.ts'
import type { Inventory } from './inventory.ts'

/**
 * Backups whose control file cannot be read and that may need one of these: those that are newer than the oldest of them.
 * Nobody knows their parent; what is not there when the file can be read again is lost to them. Newest first. Pure.
 */
export function mayNeed(
  { backups }: Pick<Inventory, 'backups'>,
  ids: readonly BackupId[],
): readonly BackupId[] {
  const gone = new Set(ids)
  const oldest = backups.findLastIndex(({ id }) => gone.has(id))
  return backups
    .filter((backup, index) => index < oldest && isUnread(backup) && !gone.has(backup.id))
    .map(({ id }) => id)
}
