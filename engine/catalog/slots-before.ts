import type { BackupId } from '../base/backup-id.ts'
import type { Lsn } from '../base/lsn.ts'
import type { Backup } from './backup.ts'

/** A backup that was completed, and where it starts. */
export type NewestBackup = { readonly id: BackupId; readonly startLsn: Lsn }

/** The newest backup that was completed; `backups` are newest first. Pure. */
export function newestStart(backups: readonly Backup[]): NewestBackup | undefined {
  for (const { id, control } of backups) {
    if (control !== undefined && (control.status === 'OK' || control.status === 'DONE'))
      return { id, startLsn: control.startLsn }
  }
  return undefined
}

/**
 * Whether a slot holds WAL from before the newest backup starts. Nothing that was backed up needs that WAL any more: who
 * does is the one that the slot was made for, if it still exists. Pure.
 */
export function isBeforeNewest(restartLsn: Lsn | undefined, newest: NewestBackup | undefined): boolean {
  return restartLsn !== undefined && newest !== undefined && restartLsn < newest.startLsn
}
