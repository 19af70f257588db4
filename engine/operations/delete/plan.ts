import { createHash } from 'node:crypto'
import type { BackupId } from '../../base/backup-id.ts'
import { EngineError } from '../../base/engine-error.ts'
import { backupNotFound } from '../../catalog/backup-not-found.ts'
import type { Backup } from '../../catalog/backup.ts'
import { descendantsOf } from '../../catalog/chain.ts'
import type { Inventory } from '../../catalog/inventory.ts'
import { mayNeed } from '../../catalog/may-need.ts'
import { storedBytes } from '../../catalog/stored-bytes.ts'

/** What is to be deleted: some backups, or all with a status. Whatever hangs on them goes with them. */
export type DeleteRequest = {
  readonly ids: readonly BackupId[] | undefined
  readonly status: string | undefined
}

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
  /** Newer backups that may need what goes: their control file cannot be read. Left out where there are none. */
  readonly mayBeNeededBy?: readonly BackupId[]
}

/**
 * Decides what a deletion takes with it. Pure.
 *
 * @throws {EngineError} `backup.not-found`, `usage.invalid`
 */
export function planDelete(inventory: Inventory, request: DeleteRequest): DeletePlan {
  const asked = askedBackups(inventory, request)
  const askedIds = new Set(asked.map(({ id }) => id))
  const descendantIds = new Set(descendantsOf(inventory, ...askedIds).map(({ id }) => id))
  const order = inventory.backups.toReversed().filter(({ id }) => askedIds.has(id) || descendantIds.has(id))
  const backups = order.map((backup) => ({
    id: backup.id,
    reason: askedIds.has(backup.id) ? ('asked' as const) : ('descendant' as const),
    dataBytes: storedBytes(backup),
  }))
  const seen = order.map(({ id, control }) => `${id} ${control?.parentId} ${control?.contentCrc}`)
  const needy = mayNeed(
    inventory,
    order.map(({ id }) => id),
  )
  return {
    ...(needy.length > 0 && { mayBeNeededBy: needy }),
    hash: createHash('sha256').update(seen.join('\n')).digest('hex'),
    backups,
    freedBytes: backups.reduce((sum, { dataBytes }) => sum + dataBytes, 0),
  }
}

function askedBackups({ backups, instance }: Inventory, { ids, status }: DeleteRequest): readonly Backup[] {
  if ((ids === undefined) === (status === undefined)) {
    throw new EngineError('usage.invalid', 'name either backups or a status', {
      hint: 'Give IDs with -i, or a status with --status.',
    })
  }
  if (ids !== undefined) {
    const wanted = new Set(ids)
    const missing = [...wanted.difference(new Set(backups.map(({ id }) => id)))]
    if (missing.length > 0) throw backupNotFound({ instance, backups }, ...missing)
    return backups.filter(({ id }) => wanted.has(id))
  }
  const wanted = status?.toUpperCase()
  return backups.filter(({ control }) => (control?.status ?? 'UNKNOWN') === wanted)
}
