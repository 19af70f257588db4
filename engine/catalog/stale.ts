import type { BackupStatus } from '../format/backup-control.ts'
import { type Backup, readControl, writeLastControl } from './backup.ts'
import { lockOwner } from './lock.ts'

const BUSY: ReadonlySet<BackupStatus> = new Set(['RUNNING', 'MERGING', 'DELETING'])

/**
 * Whether somebody still works on a backup whose status says so. `stale`: the process that did it is gone. Nothing is
 * written: listing a catalog must not change it.
 */
export function staleness(backup: Pick<Backup, 'directory' | 'control'>): 'busy' | 'stale' | 'idle' {
  if (backup.control === undefined || !BUSY.has(backup.control.status)) return 'idle'
  return lockOwner(backup.directory) === 'alive' ? 'busy' : 'stale'
}

/** Turns a RUNNING backup that a dead process left into ERROR. The caller has seen that it is stale. */
export async function markStaleAsError(backup: Pick<Backup, 'directory'>, nowSeconds: number): Promise<void> {
  const { control } = readControl(backup.directory)
  if (control?.status !== 'RUNNING') return
  await writeLastControl(backup.directory, { ...control, status: 'ERROR', endSeconds: nowSeconds })
}
