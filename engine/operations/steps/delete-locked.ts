import type { Run } from '../../base/run.ts'
import { type Backup, changeStatus } from '../../catalog/backup.ts'
import { removeBackup } from '../../catalog/remove-backup.ts'

/**
 * Deletes a backup whose exclusive lock the caller holds, and gives the bytes that were freed. It is marked DELETING
 * before its first file goes: whatever ends this leaves a backup that says so.
 */
export async function deleteLocked(backup: Backup, run: Pick<Run, 'log'>): Promise<number> {
  if (backup.control !== undefined) await changeStatus(backup.directory, 'DELETING')
  run.log.info(`deleting backup ${backup.id}`)
  return (await removeBackup(backup.directory)).freedBytes
}
