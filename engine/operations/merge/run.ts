import { rename } from 'node:fs/promises'
import path from 'node:path'
import type { BackupId } from '../../base/backup-id.ts'
import { secondsFromBackupId } from '../../base/backup-id.ts'
import { EngineError } from '../../base/engine-error.ts'
import type { Run } from '../../base/run.ts'
import { type Backup, changeStatus, readControl, writeBackupControl } from '../../catalog/backup.ts'
import { descendantsOf } from '../../catalog/chain.ts'
import { type Inventory, readInventory } from '../../catalog/inventory.ts'
import { lockAll, lockExclusive } from '../../catalog/lock.ts'
import { removeBackup } from '../../catalog/remove-backup.ts'
import { syncDirectory } from '../../host/durable-file.ts'
import { freeBytes } from '../../host/disk.ts'
import { mapFileError } from '../../host/file-error.ts'
import { checkBackupFiles } from '../steps/check-backup.ts'
import { ProgressTicker } from '../steps/progress-ticker.ts'
import { contentRoot, isDirectoryEntry } from '../steps/stored-versions.ts'
import { openWorkerPool, type WorkerPool } from '../steps/worker-pool.ts'
import { applyMerge } from './apply.ts'
import { checkResult } from './check-result.ts'
import { membersOf, readMember } from './members.ts'
import { judgeRoom, memberBytesOf, neededRoom } from './outlook.ts'
import { requireOwnDirectories } from './own-directories.ts'
import { type MergePlan, type MergeRequest, requireMergePlan } from './plan.ts'
import type { Member } from './work-list.ts'

export type MergeInput = {
  readonly catalog: string
  readonly instance: string
  readonly request: MergeRequest
  /** Of the plan to be carried out. */
  readonly hash: string
  readonly threads: number
  /** All files are checked before, what was written is read back, and the result is checked under its final name. */
  readonly isValidated: boolean
  readonly isSynced: boolean
  /** Written into the merged backup. */
  readonly programVersion: string
}

export type MergeOutcome = {
  /** The name of the merged backup. */
  readonly backupId: BackupId
  /** Backups that are no longer there under their names. */
  readonly vanishedIds: readonly BackupId[]
  /** Bytes that were stored anew; 0 when only the end of a merge was left. */
  readonly writtenBytes: number
  readonly freedBytes: number
  /** Stored bytes of all that took part; undefined when an earlier merge was finished. */
  readonly memberBytes?: number
}

/**
 * Merges a FULL with the increments up to one of them; the result bears the name of that one. Whatever ends it, the
 * same call takes it up again: until the FULL is MERGED all increments are there, from then on nothing is needed of
 * them. Source: `catalog-format.md` section 11.2.
 *
 * @throws {EngineError} `plan.stale` when the catalog has changed since the plan was made; `backup.damaged` when a
 * member is, with nothing changed; what {@link requireMergePlan} throws
 */
export async function mergeBackups(input: MergeInput, run: Run): Promise<MergeOutcome> {
  const read = async (): Promise<{ inventory: Inventory; plan: MergePlan }> => {
    const inventory = await readInventory(input.catalog, input.instance, run)
    return { inventory, plan: requireMergePlan(inventory, input.request) }
  }
  requireHash((await read()).plan, input.hash)
  const before = await read()
  const members = membersOf(before.inventory, before.plan)
  // What is left of a finished merge frees room, also on a full disk.
  const call = { ...run, isLax: before.plan.stage === 'finish' }
  await using _locks = await lockAll(members, 'exclusive', call)
  // Whoever held a lock until now may have changed something.
  const { inventory, plan } = await read()
  requireHash(plan, input.hash)

  run.log.info(
    `merging ${plan.members.map(({ id }) => id).join(', ')} into ${plan.destinationId}${plan.stage === 'start' ? '' : `: ${plan.stage} an earlier merge`}`,
  )
  const current = membersOf(inventory, plan)
  await using pool = openWorkerPool({ threads: input.threads, signal: run.signal })
  const writtenBytes = plan.stage === 'finish' ? 0 : await mergeMembers(current, plan, input, pool, run)
  const freedBytes = await finish(inventory, plan, input, pool, run)
  run.log.info(`backup ${plan.destinationId} is a FULL backup now; ${writtenBytes} bytes were stored anew`)
  return {
    backupId: plan.destinationId,
    vanishedIds: plan.vanishingIds,
    writtenBytes,
    freedBytes,
    ...(plan.stage === 'start' && { memberBytes: memberBytesOf(plan) }),
  }
}

function requireHash(plan: MergePlan, hash: string): void {
  if (plan.hash === hash) return
  throw new EngineError('plan.stale', 'the catalog changed after the merge was planned', {
    hint: 'Look at the new plan and confirm it again.',
  })
}

/** Ends with the FULL being MERGED. */
async function mergeMembers(
  backups: readonly Backup[],
  plan: MergePlan,
  input: MergeInput,
  pool: WorkerPool,
  run: Run,
): Promise<number> {
  const members: Member[] = []
  for (const backup of backups) members.push(await readMember(backup))
  const [full] = members
  if (full === undefined) throw new EngineError('backup.chain-broken', 'the chain is empty')
  await requireOwnDirectories(full.backup.directory, [
    'database',
    'external_directories',
    ...full.entries.filter(isDirectoryEntry).map((entry) => path.join(contentRoot(entry), entry.path)),
  ])
  await requireRoom(members, plan, input, run)
  if (input.isValidated) await requireSoundMembers(members, pool, run)
  run.signal.throwIfAborted()

  const begun = { ...full.control, status: 'MERGING', mergeDestinationId: plan.destinationId } as const
  await writeBackupControl(full.backup.directory, begun)
  try {
    for (const { backup } of members.slice(1)) await changeStatus(backup.directory, 'MERGING')
    const chain = [{ ...full, control: begun }, ...members.slice(1)].toReversed()
    const { isValidated, isSynced, programVersion } = input
    const options = { chain, isResumed: plan.stage === 'resume', isValidated, isSynced, programVersion }
    const applied = await applyMerge(options, pool, run)
    run.signal.throwIfAborted()
    // From here on the increments are not needed.
    await writeBackupControl(full.backup.directory, { ...applied.control, status: 'MERGED' })
    run.log.log(
      `${applied.fileCount} entries: ${applied.stayedCount} stay, ${applied.linkedCount} come whole from an increment, ${applied.writtenBytes} bytes were put together`,
    )
    return applied.writtenBytes
  } catch (thrown) {
    run.log.warning(
      `the merge into ${plan.destinationId} is not finished; until merge -i ${plan.destinationId} has finished it, its backups cannot be restored`,
    )
    throw thrown
  }
}

/** A merge that a full disk breaks off leaves a chain that nobody can restore before it is finished: better not to begin. */
async function requireRoom(
  members: readonly Member[],
  plan: MergePlan,
  { threads }: MergeInput,
  run: Run,
): Promise<void> {
  const [full] = members
  const free = full === undefined ? undefined : await freeBytes(full.backup.directory)
  const needed = neededRoom(members, plan, threads)
  const room = judgeRoom(needed, free)
  const text = `the merge needs ${needed.low === needed.high ? '' : `${needed.low} to `}${needed.high} bytes besides what is there, and ${free} are free`
  if (room === 'close') run.log.warning(text)
  if (room !== 'short') return
  throw new EngineError('storage.full', text, {
    hint: 'Nothing was changed. Make room on the disk of the catalog, or merge fewer increments at once.',
    facts: { backup: plan.destinationId },
  })
}

/** Checksums of all files; pages are not looked into. The files of a FULL that is half merged agree with no list. */
async function requireSoundMembers(members: readonly Member[], pool: WorkerPool, run: Run): Promise<void> {
  const checked = members.filter(({ control }) => control.mode !== 'FULL' || control.status !== 'MERGING')
  using ticker = new ProgressTicker({
    report: run.report,
    phase: 'validate',
    pool,
    totalBytes: checked.reduce((sum, { control }) => sum + (control.dataBytes ?? 0), 0),
    totalFiles: 0,
  })
  for (const { backup, control } of checked) {
    run.signal.throwIfAborted()
    run.log.info(`checking backup ${backup.id} before it is merged`)
    const messages: string[] = []
    const context = { checksBlocks: false, pool, ticker, run }
    await checkBackupFiles(backup, control, context, ({ severity, message }) => {
      if (severity === 'problem') messages.push(message)
    })
    for (const message of messages) run.log.error(message)
    if (messages.length === 0) continue
    throw new EngineError('backup.damaged', `backup ${backup.id} is damaged: ${messages[0]}`, {
      hint: 'Nothing was merged. Validate the instance to see all damage.',
      facts: { backup: backup.id },
    })
  }
}

/**
 * Deletes the increments, gives the FULL its new name, checks it and makes it OK. Gives the bytes that were freed.
 *
 * @throws {EngineError} `backup.damaged` when the check fails; the backup is CORRUPT then, and what needs it ORPHAN
 */
async function finish(
  inventory: Inventory,
  plan: MergePlan,
  { isValidated }: MergeInput,
  pool: WorkerPool,
  run: Run,
): Promise<number> {
  const [full, ...increments] = membersOf(inventory, plan)
  if (full === undefined) throw new EngineError('backup.chain-broken', 'the chain is empty')
  await orphan(inventory, plan.orphanedIds, `what it needs is merged into ${plan.destinationId}`, run)
  let freedBytes = 0
  for (const [count, increment] of increments.entries()) {
    run.signal.throwIfAborted()
    run.report({
      phase: 'delete',
      doneBytes: freedBytes,
      totalBytes: undefined,
      doneFiles: count,
      totalFiles: increments.length,
      currentFiles: [increment.id],
    })
    run.log.info(`deleting backup ${increment.id}, which is merged`)
    if (readControl(increment.directory).control !== undefined)
      await changeStatus(increment.directory, 'DELETING')
    freedBytes += (await removeBackup(increment.directory)).freedBytes
  }
  run.signal.throwIfAborted()
  const directory = path.join(path.dirname(full.directory), plan.destinationId)
  if (directory !== full.directory) await moveDirectory(full.directory, directory)
  // The lock on the increment of that name is on the directory that has the name now.
  const isLocked = plan.members.some(({ id }) => id === plan.destinationId)
  await using _lock = isLocked ? undefined : await lockExclusive(directory, { ...run, isLax: true })
  const { control, problem } = readControl(directory)
  if (control === undefined) throw new EngineError('format.damaged', `${directory}: ${problem}`)
  const merged = { ...full, id: plan.destinationId, directory }
  const readBefore = plan.stage === 'finish' ? 'nothing' : 'all'
  const [damage] = isValidated ? await checkResult(merged, readBefore, pool, run) : []
  await writeBackupControl(directory, {
    ...control,
    status: damage === undefined ? 'OK' : 'CORRUPT',
    startSeconds: secondsFromBackupId(plan.destinationId),
    mergeDestinationId: undefined,
  })
  if (damage === undefined) return freedBytes
  const children = descendantsOf(inventory, plan.destinationId).filter(
    ({ control: { status } = {} }) => status === 'OK' || status === 'DONE',
  )
  await orphan(
    inventory,
    children.map(({ id }) => id),
    `its parent ${plan.destinationId} is damaged`,
    run,
  )
  throw new EngineError('backup.damaged', `backup ${plan.destinationId} is merged, and damaged: ${damage}`, {
    hint: 'Check the disk of the catalog, take a new FULL backup, and validate the instance to see all damage.',
    facts: { backup: plan.destinationId },
  })
}

async function moveDirectory(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
    await syncDirectory(path.dirname(to))
  } catch (thrown) {
    throw mapFileError(thrown, to, 'rename to')
  }
}

/** Backups lose what they need; their status says so from now on. */
async function orphan(
  inventory: Inventory,
  ids: readonly BackupId[],
  reason: string,
  run: Run,
): Promise<void> {
  for (const id of ids) {
    const backup = inventory.backups.find((one) => one.id === id)
    if (backup === undefined) continue
    run.log.warning(`backup ${id} is orphaned: ${reason}`)
    await using _lock = await lockExclusive(backup.directory, { ...run, isLax: true })
    await changeStatus(backup.directory, 'ORPHAN')
  }
}
