import type { BackupId } from '../../base/backup-id.ts'
import { EngineError } from '../../base/engine-error.ts'
import type { Run } from '../../base/run.ts'
import { hasNewChild, readInventory } from '../../catalog/inventory.ts'
import { lockExclusive } from '../../catalog/lock.ts'
import { deleteLocked } from '../steps/delete-locked.ts'
import { type DeleteRequest, planDelete } from './plan.ts'

export type DeleteOutcome = { readonly backupIds: readonly BackupId[]; readonly freedBytes: number }

/**
 * Deletes exactly what was planned. Each backup is marked DELETING before its first file goes, so a crash leaves a
 * backup that says so and that the next delete finishes.
 *
 * @throws {EngineError} `plan.stale` when the catalog has changed since the plan was made; also half-way, before a backup that
 * one needs which came meanwhile
 */
export async function deleteBackups(
  input: {
    readonly catalog: string
    readonly instance: string
    readonly request: DeleteRequest
    readonly hash: string
  },
  run: Run,
): Promise<DeleteOutcome> {
  const inventory = await readInventory(input.catalog, input.instance, run)
  const plan = planDelete(inventory, input.request)
  if (plan.hash !== input.hash) throw staleDeletion()
  const deleted: BackupId[] = []
  let freedBytes = 0
  for (const { id } of plan.backups) {
    run.signal.throwIfAborted()
    const backup = inventory.backups.find((one) => one.id === id)
    if (backup === undefined) continue
    run.report({
      phase: 'delete',
      doneBytes: freedBytes,
      totalBytes: plan.freedBytes,
      doneFiles: deleted.length,
      totalFiles: plan.backups.length,
      currentFiles: [id],
    })
    await using _lock = await lockExclusive(backup.directory, { ...run, isLax: true })
    if (hasNewChild(inventory, id)) throw staleDeletion()
    freedBytes += await deleteLocked(backup, run)
    deleted.push(id)
  }
  run.log.info(`deleted ${deleted.length} backups, ${freedBytes} bytes`)
  return { backupIds: deleted, freedBytes }
}

function staleDeletion(): EngineError {
  return new EngineError('plan.stale', 'the catalog changed after the deletion was planned', {
    hint: 'Look at the new plan and confirm it again.',
  })
}
