import type { BackupId } from '../../base/backup-id.ts'
import { EngineError } from '../../base/engine-error.ts'
import type { Run } from '../../base/run.ts'
import { hasNewChild, type Inventory, readInventory } from '../../catalog/inventory.ts'
import { lockAll, type LockPatience } from '../../catalog/lock.ts'
import { deleteLocked } from '../steps/delete-locked.ts'
import { measurePlan } from './measure.ts'
import { type DeletePlan, type DeleteRequest, planDelete } from './plan.ts'

export type DeleteOutcome = { readonly backupIds: readonly BackupId[]; readonly freedBytes: number }

/**
 * Deletes exactly what was planned. All of it is locked first: while one of them is in use nothing goes. Each backup is
 * marked DELETING before its first file goes, so a crash leaves a backup that says so and that the next delete finishes.
 *
 * @throws {EngineError} `plan.stale` when the catalog has changed since the plan was made; also half-way, before a backup that
 * one needs which came meanwhile; `catalog.locked` with nothing deleted
 */
export async function deleteBackups(
  input: {
    readonly catalog: string
    readonly instance: string
    readonly request: DeleteRequest
    readonly hash: string
    /** How patient to be with backups that are in use. */
    readonly patience?: LockPatience
  },
  run: Run,
): Promise<DeleteOutcome> {
  const read = async (): Promise<{ inventory: Inventory; plan: DeletePlan }> => {
    const inventory = await readInventory(input.catalog, input.instance, run)
    const plan = planDelete(inventory, input.request)
    if (plan.hash !== input.hash) throw staleDeletion()
    return { inventory, plan }
  }
  const before = await read()
  const { freedBytes: totalBytes } = await measurePlan(before.inventory, before.plan, run.signal)
  const deleted: BackupId[] = []
  let freedBytes = 0
  const report = (currentFiles: readonly string[]): void =>
    run.report({
      phase: 'delete',
      doneBytes: freedBytes,
      totalBytes: Math.max(totalBytes, freedBytes),
      doneFiles: deleted.length,
      totalFiles: before.plan.backups.length,
      currentFiles,
    })
  report([])
  const named = new Set(before.plan.backups.map(({ id }) => id))
  const call = { ...run, isLax: true, ...(input.patience && { patience: input.patience }) }
  await using _locks = await lockAll(
    before.inventory.backups.filter(({ id }) => named.has(id)),
    'exclusive',
    call,
  )
  // Whoever held a lock until now may have changed something: a merge makes another backup of it.
  const { inventory, plan } = await read()
  for (const { id } of plan.backups) {
    run.signal.throwIfAborted()
    const backup = inventory.backups.find((one) => one.id === id)
    if (backup === undefined) continue
    report([id])
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
