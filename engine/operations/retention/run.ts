import type { BackupId } from '../../base/backup-id.ts'
import { EngineError } from '../../base/engine-error.ts'
import type { Run } from '../../base/run.ts'
import { type Backup, isUnread, readControl } from '../../catalog/backup.ts'
import { hasNewChild, type Inventory, readInventory } from '../../catalog/inventory.ts'
import { lockExclusive, type LockPatience } from '../../catalog/lock.ts'
import { archiveOf } from '../../catalog/retention-archive.ts'
import { deleteLocked } from '../steps/delete-locked.ts'
import {
  type PlannedMerge,
  planRetention,
  type RetentionFacts,
  type RetentionPlan,
  type RetentionRequest,
} from './plan.ts'
import { purgeWal } from './purge-wal.ts'

export type RetentionInput = {
  readonly catalog: string
  readonly instance: string
  readonly request: RetentionRequest
  /** Of the plan to be carried out. */
  readonly hash: string
  /** The name of the instance, where a plan that breaks a promise is wanted all the same. */
  readonly confirm: string | undefined
  /** How patient to be with backups that are in use. */
  readonly patience?: LockPatience
}

/** What retention needs of other verbs: one never imports another. */
export type RetentionVerbs = Pick<RetentionFacts, 'planMerge'> & {
  merge(
    ref: { readonly catalog: string; readonly instance: string },
    asked: { readonly id: BackupId; readonly hash: string },
    run: Run,
  ): Promise<{ readonly vanishedIds: readonly BackupId[]; readonly freedBytes: number }>
}

export type RetentionOutcome = {
  readonly deletedIds: readonly BackupId[]
  /** Names of the merged backups. */
  readonly mergedIds: readonly BackupId[]
  /** Backups that stayed for now, since something used them or what they hold. */
  readonly skippedIds: readonly BackupId[]
  readonly walFiles: number
  readonly freedBytes: number
}

/**
 * Carries out exactly the plan of that hash: deletes, then merges, for which deleting makes room, then purges WAL. Whatever
 * ends it, what is left is a catalog of which the next plan does the rest. A backup that is in use is left alone, and so
 * is what it needs.
 *
 * @throws {EngineError} `plan.stale` when the catalog or the time asks for another plan; `plan.refused` for one that breaks
 * a promise and was not confirmed; what merging throws
 */
export async function applyRetention(
  input: RetentionInput,
  verbs: RetentionVerbs,
  run: Run,
): Promise<RetentionOutcome> {
  const { inventory, plan } = await readPlan(input, verbs, run)
  if (plan.hash !== input.hash) throw staleRetention()
  requirePromise(plan, input)
  const deleted = await deletePlanned(inventory, plan, input, run)
  const merged = await mergePlanned(plan, input, verbs, run)
  const purged = await purgeWal(input, plan, run)
  const freedBytes = deleted.freedBytes + merged.freedBytes + purged.freedBytes
  run.log.info(
    `retention: ${deleted.ids.length} backups deleted, ${merged.ids.length} chains merged, ${purged.files} files of WAL purged; ${freedBytes} bytes freed`,
  )
  return {
    deletedIds: deleted.ids,
    mergedIds: merged.ids,
    skippedIds: deleted.skippedIds,
    walFiles: purged.files,
    freedBytes,
  }
}

/** Refuses a plan that breaks a promise, unless the name of the instance confirms it. */
export function requirePromise(
  { promise }: Pick<RetentionPlan, 'promise'>,
  { instance, confirm }: { readonly instance: string; readonly confirm: string | undefined },
): void {
  if (promise.broken.length === 0 || confirm === instance) return
  const text = promise.broken.includes('no-backup')
    ? `no backup of instance "${instance}" would be left that can be restored`
    : `what can be reached of instance "${instance}" would begin after what the retention window promises`
  throw new EngineError('plan.refused', text, {
    hint: 'Nothing was changed. Take a new backup first, keep more, or confirm with the name of the instance; on the command line --accept-broken-promise does that.',
  })
}

function staleRetention(): EngineError {
  return new EngineError('plan.stale', 'the catalog changed after retention was planned', {
    hint: 'Look at the new plan and confirm it again.',
  })
}

async function readPlan(
  { catalog, instance, request }: RetentionInput,
  { planMerge }: RetentionVerbs,
  run: Run,
): Promise<{ readonly inventory: Inventory; readonly plan: RetentionPlan }> {
  const inventory = await readInventory(catalog, instance, run)
  const archive = await archiveOf(inventory, run)
  return { inventory, plan: planRetention({ inventory, archive, planMerge }, request) }
}

async function deletePlanned(
  inventory: Inventory,
  plan: RetentionPlan,
  { patience }: RetentionInput,
  run: Run,
): Promise<{
  readonly ids: readonly BackupId[]
  readonly skippedIds: readonly BackupId[]
  readonly freedBytes: number
}> {
  const byId = new Map(inventory.backups.map((backup) => [backup.id, backup]))
  const needed = new Set<BackupId>()
  const ids: BackupId[] = []
  const skippedIds: BackupId[] = []
  let freedBytes = 0
  for (const id of plan.deletes) {
    run.signal.throwIfAborted()
    const backup = byId.get(id)
    if (backup === undefined) continue
    run.report({
      phase: 'delete',
      doneBytes: freedBytes,
      totalBytes: plan.freedBytes,
      doneFiles: ids.length,
      totalFiles: plan.deletes.length,
      currentFiles: [id],
    })
    const freed = needed.has(id)
      ? undefined
      : await deleteUnused(backup, () => hasNewChild(inventory, id), {
          ...run,
          ...(patience && { patience }),
        })
    if (freed !== undefined) {
      freedBytes += freed
      ids.push(id)
      continue
    }
    // What a backup that stays needs has to stay with it.
    skippedIds.push(id)
    if (backup.control?.parentId !== undefined) needed.add(backup.control.parentId)
  }
  return { ids, skippedIds, freedBytes }
}

/** Gives the bytes that were freed; undefined for one that is in use, cannot be read, changed meanwhile, or is needed by now. */
async function deleteUnused(
  backup: Backup,
  isNeeded: () => boolean,
  call: Run & { readonly patience?: LockPatience },
): Promise<number | undefined> {
  const { id, directory } = backup
  try {
    await using _lock = await lockExclusive(directory, { ...call, isLax: true })
    const read = readControl(directory)
    if (isUnread(read)) {
      call.log.warning(`backup ${id} stays, for it may be pinned: ${read.problem}. Delete it by its name.`)
      return undefined
    }
    if (seen(read.control) !== seen(backup.control) || isNeeded()) {
      call.log.warning(`backup ${id} was pinned, merged, or is needed by now; it stays`)
      return undefined
    }
    return await deleteLocked(backup, call)
  } catch (thrown) {
    if (!(thrown instanceof EngineError) || thrown.code !== 'catalog.locked') throw thrown
    call.log.warning(`backup ${id} is in use and stays for now: ${thrown.message}`)
    return undefined
  }
}

/** What made a backup one to let go. */
function seen(control: Backup['control']): string {
  const { expireSeconds, mode, parentId, contentCrc, mergeDestinationId } = control ?? {}
  return [expireSeconds, mode, parentId, contentCrc, mergeDestinationId].join()
}

async function mergePlanned(
  plan: RetentionPlan,
  { catalog, instance }: RetentionInput,
  verbs: RetentionVerbs,
  run: Run,
): Promise<{ readonly ids: readonly BackupId[]; readonly freedBytes: number }> {
  const ids: BackupId[] = []
  let freedBytes = 0
  for (const merge of plan.merges) {
    run.signal.throwIfAborted()
    if (merge.refusal !== undefined) {
      run.log.warning(`the chain up to ${merge.destinationId} is not merged: ${merge.refusal.message}`)
      continue
    }
    // Deleting has changed what hangs on the chain, so the merge is planned anew; it must be of the same backups.
    const inventory = await readInventory(catalog, instance, run)
    const asked = verbs.planMerge(inventory, merge.destinationId)
    if (asked.kind === 'refused' || !hasSameMembers(asked.members, merge)) throw staleRetention()
    const done = await verbs.merge({ catalog, instance }, { id: merge.destinationId, hash: asked.hash }, run)
    ids.push(merge.destinationId)
    freedBytes += done.freedBytes
  }
  return { ids, freedBytes }
}

function hasSameMembers(members: readonly { readonly id: BackupId }[], { ids }: PlannedMerge): boolean {
  // Of a merge that was begun only the FULL was named.
  return ids.length === 1 || members.map(({ id }) => id).join() === ids.join()
}
