import { type Backup, readControl } from '../../catalog/backup.ts'
import type { Run } from '../../base/run.ts'
import { checkBackupFiles } from '../steps/check-backup.ts'
import { ProgressTicker } from '../steps/progress-ticker.ts'
import type { WorkerPool } from '../steps/worker-pool.ts'

/**
 * Whether what a merge has read is known. `all`: the chain was read before it and what was written since, so that it is
 * enough that every file is there in its size, and has its page headers. `nothing`: the merge was begun by another process.
 */
export type ReadBefore = 'all' | 'nothing'

/**
 * Checks the merged backup as it lies in the catalog under its final name. Changes nothing.
 *
 * @returns what is wrong with it; empty when it is sound
 */
export async function checkResult(
  backup: Pick<Backup, 'id' | 'instance' | 'directory'>,
  readBefore: ReadBefore,
  pool: WorkerPool,
  run: Run,
): Promise<readonly string[]> {
  const { control, problem } = readControl(backup.directory)
  if (control === undefined) return [problem ?? 'backup.control cannot be read']
  run.log.info(`checking backup ${backup.id}, which is merged`)
  const isQuick = readBefore === 'all'
  using ticker = new ProgressTicker({
    report: run.report,
    phase: 'validate',
    pool,
    totalBytes: isQuick ? 0 : (control.dataBytes ?? 0) + (control.isStream ? (control.walBytes ?? 0) : 0),
    totalFiles: 0,
  })
  const messages: string[] = []
  const context = { checksBlocks: !isQuick, isQuick, pool, ticker, run }
  await checkBackupFiles({ ...backup, control, problem }, control, context, ({ severity, message }) => {
    if (severity === 'problem') messages.push(message)
  })
  return messages
}
