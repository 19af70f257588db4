import { open, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { runFromBothEnds } from '../../base/concurrency.ts'
import { formatLocalMs } from '../../base/local-time.ts'
import type { Run } from '../../base/run.ts'
import { lockAll } from '../../catalog/lock.ts'
import { syncDirectory } from '../../host/durable-file.ts'
import { mapFileError } from '../../host/file-error.ts'
import { toBatches, writingLanes } from '../steps/batches.ts'
import { ProgressTicker } from '../steps/progress-ticker.ts'
import { syncTree } from '../steps/sync-tree.ts'
import { openWorkerPool, type WorkerPool } from '../steps/worker-pool.ts'
import { excludedDatabases } from './databases.ts'
import { KEPT_CONTROL_FILE } from './destination.ts'
import { gatherRestoreFacts } from './gather.ts'
import { decideIncremental } from './incremental.ts'
import { leaveBehind, type RestoreStage } from './left-behind.ts'
import type { Reuse } from './pages-there.ts'
import { moveAside } from './move-aside.ts'
import { copyWal } from './copy-wal.ts'
import { clearingOf, planRestore, type RestorePlan } from './plan.ts'
import type { RestoreFacts, RestoreInput } from './restore-facts.ts'
import { hasKeptControlFile, makeDirectories, type Owner, release, takeOver } from './prepare.ts'
import { rebuildFiles, type RebuiltFiles } from './rebuild-files.ts'
import { writeRecoverySettings } from './recovery.ts'
import { refuseVanished, requireChainUnchanged, requireNotBlocked, requireUnchanged } from './refuse.ts'
import type { WalCopy } from './wal-copy.ts'
import { planWork, type WorkList } from './work-list.ts'

export type RestoreOutcome = {
  readonly backupId: string
  readonly dataDirectory: string
  readonly fileCount: number
  readonly writtenBytes: number
  /** Bytes that were in the directories already and stayed. */
  readonly reusedBytes: number
  /** Files that were in the directories and are not of the backup. */
  readonly deletedFiles: number
}

/** What the caller has seen; the hash of a plan goes with the state of the catalog, the other one with the directory. */
type Expected = { readonly hash?: string | undefined; readonly destinationHash?: string | undefined }

/**
 * Restores a backup and everything it needs, into empty directories or over what is there. `pg_control` comes last:
 * whatever ends a restore half-way leaves files on which no server can start. The same restore, started again, takes it
 * up.
 *
 * @throws {EngineError} `plan.stale` when what is expected has changed; `plan.refused`, `storage.not-empty`,
 * `server.running` and others when something stands in the way; `restore.diverged`, see {@link rebuildFiles}.
 */
export async function restoreBackup(
  input: RestoreInput,
  expected: Expected | undefined,
  run: Run,
): Promise<RestoreOutcome> {
  const before = await gatherRestoreFacts(input, run)
  const planned = planRestore(input, before)
  requireUnchanged(planned, expected ?? {})
  requireNotBlocked(planned)
  await using _locks = await lockAll(
    before.chain.map(({ backup }) => backup),
    'shared',
    { ...run, onlyReads: true },
  ).catch(refuseVanished)
  // Until the locks were held somebody may have merged or deleted.
  const facts = await gatherRestoreFacts(input, run)
  const plan = planRestore(input, facts)
  requireUnchanged(plan, planned)
  requireNotBlocked(plan)

  const shift = decideIncremental(input, facts)?.shift?.control
  const excluded = excludedDatabases(input.databases, facts.databaseMap)
  const work = planWork(
    facts.chain,
    {
      dataDirectory: input.dataDirectory,
      tablespaces: plan.tablespaces,
      externalDirs: plan.externalDirs,
      walDirectory: input.walDirectory,
    },
    {
      excludedDatabases: new Set(excluded.map(({ oid }) => oid)),
      ...(shift !== undefined && { shiftLsn: shift.stopLsn }),
    },
  )
  run.log.info(
    `restoring backup ${facts.backup.id} (${facts.chain.length} in its chain) into "${input.dataDirectory}"`,
  )
  logScope(plan, facts, run)
  logReuse(plan, run)
  const owner = await futureOwner(input.dataDirectory)
  const done = await fillDirectories({ input, plan, work, facts, owner, run })
  const fileCount = work.files.length + 1
  const kept = plan.incremental === undefined ? '' : `, ${done.reusedBytes} bytes stayed`
  run.log.info(
    `restored backup ${facts.backup.id}: ${fileCount} files, ${done.writtenBytes} bytes written${kept}`,
  )
  return {
    backupId: facts.backup.id,
    dataDirectory: input.dataDirectory,
    fileCount,
    ...done,
    deletedFiles: plan.incremental?.deletedFiles ?? 0,
  }
}

/** The moment that the backup stands for, how much is written, and what goes elsewhere. */
function logScope(plan: RestorePlan, { backup }: RestoreFacts, run: Run): void {
  const { recoverySeconds } = backup.control
  const moment = recoverySeconds === undefined ? 'unknown' : formatLocalMs(recoverySeconds * 1000)
  run.log.info(`recovery time ${moment}; ${plan.fileCount} files, ${plan.writeBytes} bytes to write`)
  for (const { from, to } of plan.tablespaces) run.log.info(`tablespace "${from}" goes to "${to}"`)
  for (const { from, to } of plan.externalDirs) run.log.info(`external directory "${from}" goes to "${to}"`)
}

function logReuse({ incremental }: RestorePlan, run: Run): void {
  if (incremental === undefined) return
  const { mode, isWiped, continues, shiftLsn, deletedFiles, deletedBytes } = incremental
  if (continues !== undefined)
    run.log.info(
      `taking up the restore of backup ${continues.backupId} of ${formatLocalMs(Date.parse(continues.startedAt))}`,
    )
  const at = shiftLsn === undefined ? '' : `, shift LSN ${shiftLsn}`
  run.log.info(
    isWiped
      ? `emptying the directory first: ${deletedFiles} files, ${deletedBytes} bytes`
      : `incremental mode ${mode}${at}; deleting ${deletedFiles} files, ${deletedBytes} bytes`,
  )
}

/** How files that are there are compared; undefined where there are none. */
function reuseOf(input: RestoreInput, facts: RestoreFacts, { incremental }: RestorePlan): Reuse | undefined {
  if (incremental === undefined || incremental.mode === 'none') return undefined
  const shift = decideIncremental(input, facts)?.shift?.control
  return shift === undefined
    ? { mode: 'checksum', hasChecksums: facts.backup.control.checksumVersion !== 0 }
    : { mode: 'lsn', shiftLsn: shift.stopLsn, shiftStartLsn: shift.startLsn }
}

/** Only root may give files away; they go to whom the directory belongs that they are put into. */
async function futureOwner(dataDirectory: string): Promise<Owner> {
  if (process.getuid?.() !== 0) return undefined
  for (let at = dataDirectory; ; at = path.dirname(at)) {
    const found = await stat(at).catch(() => undefined)
    if (found !== undefined) return { uid: found.uid, gid: found.gid }
  }
}

type Filling = {
  readonly input: RestoreInput
  readonly plan: RestorePlan
  readonly work: WorkList
  readonly facts: RestoreFacts
  readonly owner: Owner
  readonly run: Run
}

/**
 * Settings and syncing come before `pg_control`: a server that could start without them would recover to another
 * point than the one that was asked for, or on files that a power cut may still take away.
 */
async function fillDirectories(filling: Filling): Promise<RebuiltFiles> {
  const { input, plan, work, facts, owner, run } = filling
  await using pool = openWorkerPool({ threads: input.threads, signal: run.signal })
  const there = facts.targets.get(input.dataDirectory)
  let stage: RestoreStage = 'before'
  try {
    if (there?.kind === 'moved') await moveAside(input.dataDirectory, there.to, run)
    await takeOver(input, plan, facts, clearingOf(input, facts), owner, run)
    stage = 'filling'
    await makeDirectories(work, owner)
    await keepIdentity(filling, pool)
    const startedMs = performance.now()
    const done = await writeFiles(filling, pool)
    run.log.info(`files written in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`)
    if (plan.walCopy !== undefined) await supplyWal(plan.walCopy, filling)
    await writeRecoverySettings(input, facts.backup.id, facts.backup.control, owner, run)
    const beganMs = performance.now()
    if (input.isSynced) await syncTargets(filling)
    else run.log.warning('nothing is synced: a power cut may take restored files away')
    if (input.isSynced) run.log.info(`synced in ${((performance.now() - beganMs) / 1000).toFixed(1)} s`)
    requireChainUnchanged(facts)
    stage = 'finishing'
    const last = await writeControlFile(filling, pool)
    stage = 'releasing'
    await release(input.dataDirectory, input.isSynced)
    return { writtenBytes: done.writtenBytes + last, reusedBytes: done.reusedBytes }
  } catch (thrown) {
    run.log.warning(await leaveBehind(input.dataDirectory, stage, there))
    throw thrown
  }
}

/** By this copy any tool of the family that is asked to go on, by checksums, knows which cluster it is. */
async function keepIdentity({ input, work, owner }: Filling, pool: WorkerPool): Promise<void> {
  if (await hasKeptControlFile(input.dataDirectory)) return
  const targetPath = path.join(input.dataDirectory, KEPT_CONTROL_FILE)
  const files = [{ ...work.controlFile, targetPath }]
  await pool.run(rebuildFiles, { checksCrc: false, owner, reuse: undefined, files })
}

async function writeFiles(
  { input, plan, work, facts, owner, run }: Filling,
  pool: WorkerPool,
): Promise<RebuiltFiles> {
  const options = { checksCrc: !input.isForced, owner, reuse: reuseOf(input, facts, plan) }
  using ticker = new ProgressTicker({
    report: run.report,
    phase: 'restore',
    pool,
    totalBytes: plan.readBytes,
    totalFiles: work.files.length + 1,
  })
  let writtenBytes = 0
  let reusedBytes = 0
  await runFromBothEnds(
    toBatches(work.files),
    writingLanes(pool.threads),
    async (batch) => {
      const done = ticker.begin(batch.map(({ name }) => name))
      const rebuilt = await pool.run(rebuildFiles, { ...options, files: batch })
      done(batch.length)
      writtenBytes += rebuilt.writtenBytes
      reusedBytes += rebuilt.reusedBytes
    },
    run.signal,
  )
  return { writtenBytes, reusedBytes }
}

async function supplyWal(copy: WalCopy, filling: Filling): Promise<void> {
  const { log } = filling.run
  const startedMs = performance.now()
  await copyWal(copy, filling)
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  log.info(`${copy.segments.length} WAL segments copied in ${seconds} s, up to ${copy.last ?? 'none'}`)
}

async function syncTargets({ input, plan, run }: Filling): Promise<void> {
  run.report({
    phase: 'sync',
    doneBytes: 0,
    totalBytes: undefined,
    doneFiles: 0,
    totalFiles: undefined,
    currentFiles: [],
    reason: 'the disk decides',
  })
  const roots = [
    input.dataDirectory,
    ...plan.tablespaces.map(({ to }) => to),
    ...plan.externalDirs.map(({ to }) => to),
    ...(input.walDirectory === undefined ? [] : [input.walDirectory]),
  ]
  for (const root of roots) await syncTree(root, run.signal)
}

/** Under another name first, so that a part of it is never taken for the whole. Gives the bytes that were written. */
async function writeControlFile({ input, work, owner, run }: Filling, pool: WorkerPool): Promise<number> {
  run.signal.throwIfAborted()
  const { targetPath } = work.controlFile
  const draft = `${targetPath}.tmp`
  await rm(draft, { force: true })
  const files = [{ ...work.controlFile, targetPath: draft }]
  const { writtenBytes } = await pool.run(rebuildFiles, { checksCrc: false, owner, reuse: undefined, files })
  try {
    if (input.isSynced) await syncFile(draft)
    await rename(draft, targetPath)
    if (input.isSynced) await syncDirectory(path.dirname(targetPath))
  } catch (thrown) {
    throw mapFileError(thrown, targetPath, 'write')
  }
  return writtenBytes
}

async function syncFile(file: string): Promise<void> {
  const handle = await open(file, 'r+')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
