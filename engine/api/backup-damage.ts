import path from 'node:path'
import type { BackupId } from '../base/backup-id.ts'
import type { Run } from '../base/run.ts'
import { requireWalSegmentBytes } from '../base/wal-segment.ts'
import { backupNotFound } from '../catalog/backup-not-found.ts'
import { chainOf } from '../catalog/chain.ts'
import { readInventory } from '../catalog/inventory.ts'
import { configNumber, configSystemId } from '../format/instance-config.ts'
import {
  checkBackup,
  checkBackupFiles,
  type CheckContext,
  type Finding,
} from '../operations/steps/check-backup.ts'
import { ProgressTicker } from '../operations/steps/progress-ticker.ts'
import { openWorkerPool } from '../operations/steps/worker-pool.ts'
import type { JobSnapshot } from './contract/jobs.ts'
import type { BackupDamage } from './contract/restore.ts'
import type { InstanceRef } from './contract/values.ts'

/** So long the files are read; what is not read by then is known from earlier validations only. */
export const DAMAGE_MS = 15_000
/** What is listed; the count goes on. */
const MOST_FINDINGS = 200

type Options = {
  /** Jobs of this application, the newest first. */
  readonly jobs: readonly JobSnapshot[]
  readonly limitMs?: number
}

/**
 * What is known to be wrong with a backup and what it needs, FULL first: its files are read for a while, and where time
 * runs out the last validation tells. Changes nothing, no status either.
 *
 * @throws {EngineError} `backup.not-found`; `storage.*` when files cannot be read for another reason than being missing
 */
export async function findDamage(
  { catalog, instance, id }: InstanceRef & { readonly id: BackupId },
  run: Run,
  { jobs, limitMs = DAMAGE_MS }: Options,
): Promise<BackupDamage> {
  const inventory = await readInventory(catalog, instance, run)
  const chain = chainOf(inventory, id).backups
  if (!chain.some((backup) => backup.id === id)) throw backupNotFound(inventory, id)
  const limit = AbortSignal.timeout(limitMs)
  const signal = AbortSignal.any([run.signal, limit])
  await using pool = openWorkerPool({ threads: 2, signal })
  using ticker = new ProgressTicker({
    report: run.report,
    phase: 'validate',
    pool,
    totalBytes: 0,
    totalFiles: 0,
  })
  const context: Omit<CheckContext, 'systemIdentifier'> = {
    archiveDirectory: path.join(catalog, 'wal', instance),
    walSegmentBytes: requireWalSegmentBytes(configNumber(inventory.config, 'xlog-seg-size') ?? 16 << 20),
    checksBlocks: true,
    pool,
    ticker,
    run: { ...run, signal },
  }
  const systemIdentifier = configSystemId(inventory.config)
  const found: Finding[] = []
  const unread: string[] = []
  for (const backup of chain) {
    const { control } = backup
    if (control === undefined) {
      const message = backup.problem ?? 'backup.control cannot be read'
      const where = 'backup.control'
      found.push({ severity: 'problem', code: 'control-file', instance, backupId: backup.id, where, message })
      continue
    }
    if (limit.aborted) {
      unread.push(backup.id)
      continue
    }
    try {
      if (systemIdentifier === undefined)
        await checkBackupFiles(backup, control, context, (one) =>
          found.push({ ...one, instance, backupId: backup.id }),
        )
      else found.push(...(await checkBackup(backup, control, { ...context, systemIdentifier })))
    } catch (thrown) {
      run.signal.throwIfAborted()
      if (!limit.aborted) throw thrown
      unread.push(backup.id)
    }
  }
  const told = unread.flatMap((one) => lastFindings(jobs, { catalog, instance, id: one }))
  const problems = [...found, ...told].filter(({ severity }) => severity === 'problem')
  const findings = problems
    .slice(0, MOST_FINDINGS)
    .map(({ code, backupId, where, message }) => ({ code, backupId, where, message }))
  return { findings, count: problems.length, unreadIds: unread }
}

/** What the newest validation that judged a backup said of it. */
function lastFindings(
  jobs: readonly JobSnapshot[],
  { catalog, instance, id }: InstanceRef & { readonly id: string },
): readonly Finding[] {
  for (const job of jobs) {
    const { result } = job
    if (job.catalog !== catalog || result?.kind !== 'validate') continue
    if (!result.verdicts.some((one) => one.instance === instance && one.backupId === id)) continue
    return result.findings.filter((one) => one.instance === instance && one.backupId === id)
  }
  return []
}
