import { createHash } from 'node:crypto'
import type { BackupId } from '../../base/backup-id.ts'
import { EngineError } from '../../base/engine-error.ts'
import type { Backup } from '../../catalog/backup.ts'
import { descendantsOf } from '../../catalog/chain.ts'
import type { Inventory } from '../../catalog/inventory.ts'

/** What is to be deleted: one backup, or all with a status. Whatever hangs on it goes with it. */
export type DeleteRequest = { readonly id: BackupId | undefined; readonly status: string | undefined }

export type DeletePlan = {
  /** Stands for the backups as they were seen: carrying out another plan is refused. */
  readonly hash: string
  /** In the order of deletion: a backup before those that hang on it (catalog format 12.3). */
  readonly backups: readonly {
    readonly id: BackupId
    readonly reason: 'asked' | 'descendant'
    readonly dataBytes: number
  }[]
  readonly freedBytes: number
}

/**
 * Decides what a deletion takes with it. Pure.
 *
 * @throws {EngineError} `backup.not-found`, `usage.invalid`
 */
export function planDelete(inventory: Inventory, request: DeleteRequest): DeletePlan {
  const asked = askedBackups(inventory, request)
  const askedIds = new Set(asked.map(({ id }) => id))
  const all = new Map<BackupId, Backup>()
  for (const backup of asked) {
    all.set(backup.id, backup)
    for (const child of descendantsOf(inventory, backup.id)) all.set(child.id, child)
  }
  const order = inventory.backups.toReversed().filter(({ id }) => all.has(id))
  const backups = order.map(({ id, control }) => ({
    id,
    reason: askedIds.has(id) ? ('asked' as const) : ('descendant' as const),
    dataBytes: (control?.dataBytes ?? 0) + (control?.isStream === true ? (control.walBytes ?? 0) : 0),
  }))
  const seen = order.map(({ id, control }) => `${id} ${control?.parentId} ${control?.contentCrc}`)
  return {
    hash: createHash('sha256').update(seen.join('\n')).digest('hex'),
    backups,
    freedBytes: backups.reduce((sum, { dataBytes }) => sum + dataBytes, 0),
  }
}

function askedBackups({ backups, instance }: Inventory, { id, status }: DeleteRequest): readonly Backup[] {
  if ((id === undefined) === (status === undefined)) {
    throw new EngineError('usage.invalid', 'name either a backup or a status')
  }
  if (id !== undefined) {
    const backup = backups.find((one) => one.id === id)
    if (backup === undefined)
      throw new EngineError('backup.not-found', `instance "${instance}" has no backup ${id}`)
    return [backup]
  }
  const wanted = status?.toUpperCase()
  return backups.filter(({ control }) => (control?.status ?? 'UNKNOWN') === wanted)
}
