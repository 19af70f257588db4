import { chmod, chown, mkdir, open, rename, stat, symlink } from 'node:fs/promises'
import path from 'node:path'
import { runFromBothEnds } from '../../base/concurrency.ts'
import { EngineError } from '../../base/engine-error.ts'
import type { Run } from '../../base/run.ts'
import { lockAll } from '../../catalog/lock.ts'
import { syncDirectory } from '../../host/durable-file.ts'
import { mapFileError } from '../../host/file-error.ts'
import { toBatches, writingLanes } from '../steps/batches.ts'
import { ProgressTicker } from '../steps/progress-ticker.ts'
import { syncTree } from '../steps/sync-tree.ts'
import { openWorkerPool, type WorkerPool } from '../steps/worker-pool.ts'
import { gatherRestoreFacts } from './gather.ts'
import { planRestore, type RestoreFacts, type RestoreInput, type RestorePlan } from './plan.ts'
import { rebuildFiles } from './rebuild-files.ts'
import { writeRecoverySettings } from './recovery.ts'
import { planWork, type WorkList } from './work-list.ts'

export type RestoreOutcome = {
  readonly backupId: string
  readonly dataDirectory: string
  readonly fileCount: number
  readonly writtenBytes: number
}

type Owner = { readonly uid: number; readonly gid: number } | undefined

const PERMISSION_BITS = 0o7777

/**
 * Restores a backup and everything it needs into empty directories. `pg_control` comes last: whatever ends a restore
 * half-way leaves files on which no server can start, and says so.
 *
 * @throws {EngineError} `plan.stale` when `hash` is given and the catalog has changed since; `plan.refused` when
 * something stands in the way.
 */
export async function restoreBackup(
  input: RestoreInput,
  hash: string | undefined,
  run: Run,
): Promise<RestoreOutcome> {
  const before = await gatherRestoreFacts(input, run)
  const planned = planRestore(input, before)
  requireHash(planned, hash)
  requireNotBlocked(planned)
  await using _locks = await lockAll(
    before.chain.map(({ backup }) => backup),
    'shared',
    run,
  )
  // Until the locks were held somebody may have merged or deleted.
  const facts = await gatherRestoreFacts(input, run)
  const plan = planRestore(input, facts)
  requireHash(plan, planned.hash)
  requireNotBlocked(plan)

  const work = planWork(facts.chain, {
    dataDirectory: input.dataDirectory,
    tablespaces: plan.tablespaces,
    externalDirs: plan.externalDirs,
  })
  run.log.info(
    `restoring backup ${facts.backup.id} (${facts.chain.length} in its chain) into "${input.dataDirectory}"`,
  )
  const owner = await futureOwner(input.dataDirectory)
  const writtenBytes = await fillDirectories({ input, plan, work, facts, owner, run })
  run.log.info(`restored backup ${facts.backup.id}: ${work.files.length + 1} files, ${writtenBytes} bytes`)
  return {
    backupId: facts.backup.id,
    dataDirectory: input.dataDirectory,
    fileCount: work.files.length + 1,
    writtenBytes,
  }
}

function requireHash(plan: RestorePlan, hash: string | undefined): void {
  if (hash === undefined || hash === plan.hash) return
  throw new EngineError('plan.stale', 'the catalog or the request changed after the restore was planned', {
    hint: 'Look at the new plan and start it again.',
  })
}

function requireNotBlocked(plan: RestorePlan): void {
  const line = plan.preflight.find(({ state }) => state === 'blocked')
  if (line === undefined) return
  const values = Object.entries(line.sentence.values).map(([name, value]) => `${name} ${value}`)
  const code =
    line.sentence.code === 'target-running'
      ? 'server.running'
      : line.sentence.code === 'target-occupied'
        ? 'storage.not-empty'
        : line.sentence.code === 'space-short'
          ? 'storage.full'
          : 'plan.refused'
  const what: Readonly<Record<string, string>> = {
    'target-occupied': `the directory "${line.sentence.values['path']}" is not empty`,
    'target-running': `a server with pid ${line.sentence.values['pid']} runs in "${line.sentence.values['path']}"`,
    'space-short': `the restore needs ${line.sentence.values['need']} bytes, ${line.sentence.values['free']} are free`,
  }
  throw new EngineError(
    code,
    what[line.sentence.code] ?? `${line.sentence.code.replaceAll('-', ' ')}: ${values.join(', ')}`,
    {
      hint: line.hint?.text,
    },
  )
}

/** Only root may give files away; they go to whom the directory belongs that they are put into. */
async function futureOwner(dataDirectory: string): Promise<Owner> {
  if (process.getuid?.() !== 0) return undefined
  for (let at = dataDirectory; ; at = path.dirname(at)) {
    const found = await stat(at).catch(() => undefined)
    if (found !== undefined) return { uid: found.uid, gid: found.gid }
  }
}

async function makeDirectories(dataDirectory: string, work: WorkList, owner: Owner): Promise<void> {
  await makeDirectory(dataDirectory, 0o700, owner)
  for (const { path: directory, mode, link } of work.directories) {
    await makeDirectory(directory, mode, owner)
    if (link === undefined) continue
    try {
      await symlink(directory, link)
    } catch (thrown) {
      throw mapFileError(thrown, link, 'link')
    }
  }
}

async function makeDirectory(directory: string, mode: number, owner: Owner): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    if (owner !== undefined) await chown(directory, owner.uid, owner.gid)
    await chmod(directory, mode & PERMISSION_BITS)
  } catch (thrown) {
    throw mapFileError(thrown, directory, 'create')
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
async function fillDirectories(filling: Filling): Promise<number> {
  const { input, work, facts, owner, run } = filling
  await using pool = openWorkerPool({ threads: input.threads, signal: run.signal })
  try {
    await makeDirectories(input.dataDirectory, work, owner)
    const writtenBytes = await writeFiles(filling, pool)
    await writeRecoverySettings(input, facts.backup.id, facts.backup.control, owner, run)
    if (input.isSynced) await syncTargets(filling)
    return writtenBytes + (await writeControlFile(filling, pool))
  } catch (thrown) {
    run.log.warning(
      `"${input.dataDirectory}" holds an unfinished restore without pg_control; no server can start on it. Empty it before restoring again.`,
    )
    throw thrown
  }
}

/** Gives the bytes that were written. */
async function writeFiles({ input, plan, work, owner, run }: Filling, pool: WorkerPool): Promise<number> {
  const options = { checksCrc: !input.isForced, owner, reuse: undefined }
  using ticker = new ProgressTicker({
    report: run.report,
    phase: 'restore',
    pool,
    totalBytes: plan.readBytes,
    totalFiles: work.files.length + 1,
  })
  let writtenBytes = 0
  await runFromBothEnds(
    toBatches(work.files),
    writingLanes(pool.threads),
    async (batch) => {
      const done = ticker.begin(batch.map(({ name }) => name))
      const rebuilt = await pool.run(rebuildFiles, { ...options, files: batch })
      done(batch.length)
      writtenBytes += rebuilt.writtenBytes
    },
    run.signal,
  )
  return writtenBytes
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
  ]
  for (const root of roots) await syncTree(root, run.signal)
}

/** Under another name first, so that a part of it is never taken for the whole. Gives the bytes that were written. */
async function writeControlFile({ input, work, owner, run }: Filling, pool: WorkerPool): Promise<number> {
  run.signal.throwIfAborted()
  const { targetPath } = work.controlFile
  const draft = `${targetPath}.tmp`
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
