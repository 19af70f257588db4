import type { BackupId } from '../../base/backup-id.ts'
import { EngineError } from '../../base/engine-error.ts'
import type { Run } from '../../base/run.ts'
import { type Backup, readControl } from '../../catalog/backup.ts'
import { readInventory } from '../../catalog/inventory.ts'
import { type LockPatience, lockExclusive } from '../../catalog/lock.ts'
import { markStaleAsError, staleness } from '../../catalog/stale.ts'

export type MarkFailedInput = {
  readonly catalog: string
  readonly instance: string
  readonly id: BackupId
}

/** Nobody works on a stale backup: whoever holds it for a moment is about to mark or delete it as well. */
const PATIENCE: LockPatience = { tries: 15, betweenMs: 100, emptyMs: 1500 }

/**
 * Gives a backup that was left RUNNING by a process that is gone the status ERROR. No file of it but `backup.control`
 * is touched, and a refusal touches nothing.
 *
 * @throws {EngineError} `backup.not-found`; `catalog.locked` while its process lives; `backup.not-restorable` when its
 *   status is not RUNNING; `storage.*`
 */
export async function markFailed(input: MarkFailedInput, run: Run): Promise<void> {
  const { instance, id } = input
  const inventory = await readInventory(input.catalog, instance, run)
  const backup = inventory.backups.find((one) => one.id === id)
  if (backup?.control === undefined) {
    throw new EngineError('backup.not-found', `instance "${instance}" has no readable backup ${id}`, {
      hint: 'Look at the list of backups again.',
      facts: { backup: id },
    })
  }
  requireRunning(backup)
  if (staleness(backup) === 'busy') {
    throw new EngineError('catalog.locked', `backup ${id} is still being written`, {
      hint: 'Wait for its job, or cancel it. Only a backup whose process is gone can be marked as failed.',
      facts: { backup: id },
    })
  }
  await using _lock = await lockExclusive(backup.directory, { ...run, patience: PATIENCE })
  // Somebody may have marked or begun to delete it before the lock was ours.
  requireRunning({ ...backup, ...readControl(backup.directory) })
  await markStaleAsError(backup, Math.floor(run.clock.nowMs() / 1000))
  run.log.info(`backup ${id} was left by a process that is gone; its status is now ERROR`)
}

function requireRunning({ id, control }: Backup): void {
  if (control?.status === 'RUNNING') return
  throw new EngineError(
    'backup.not-restorable',
    `backup ${id} is ${control?.status ?? 'unreadable'}, not RUNNING: it is not marked as failed`,
    {
      hint: 'Only a backup that its process left unfinished can be marked as failed.',
      facts: { backup: id },
    },
  )
}
