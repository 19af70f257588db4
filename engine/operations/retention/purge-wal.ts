import { unlink } from 'node:fs/promises'
import path from 'node:path'
import type { Run } from '../../base/run.ts'
import { readInventory } from '../../catalog/inventory.ts'
import { archiveOf } from '../../catalog/retention-archive.ts'
import { planWalPurge } from '../../catalog/wal-retention.ts'
import { syncDirectory } from '../../host/durable-file.ts'
import { isMissing, mapFileError } from '../../host/file-error.ts'
import type { RetentionPlan } from './plan.ts'

/**
 * Deletes the WAL of a plan, oldest first: broken off anywhere, what is left has no new gap. The catalog is looked at once
 * more before, and a file that some backup needs after all stays. Cancelling stops between two files.
 */
export async function purgeWal(
  { catalog, instance }: { readonly catalog: string; readonly instance: string },
  { wal, request }: Pick<RetentionPlan, 'wal' | 'request'>,
  run: Run,
): Promise<{ readonly files: number; readonly freedBytes: number }> {
  const planned = wal.flatMap(({ files }) => files)
  if (planned.length === 0) return { files: 0, freedBytes: 0 }
  const inventory = await readInventory(catalog, instance, run)
  const archive = await archiveOf(inventory, run)
  const { policy, nowSeconds } = request
  const unneeded = new Set(
    planWalPurge(archive, inventory.backups, policy.walDepth, nowSeconds).flatMap(({ files }) =>
      files.map(({ name }) => name),
    ),
  )
  const totalBytes = planned.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  let files = 0
  let freedBytes = 0
  try {
    for (const { name, sizeBytes } of planned) {
      run.signal.throwIfAborted()
      if (!unneeded.has(name)) continue
      await unlink(path.join(archive.directory, name)).catch((thrown: unknown) => {
        if (!isMissing(thrown)) throw mapFileError(thrown, name, 'delete')
      })
      files++
      freedBytes += sizeBytes
      run.report({
        phase: 'delete',
        doneBytes: freedBytes,
        totalBytes,
        doneFiles: files,
        totalFiles: planned.length,
        currentFiles: [name],
      })
    }
  } finally {
    if (files > 0) await syncDirectory(archive.directory)
  }
  run.log.info(`purged ${files} files of the WAL archive, ${freedBytes} bytes`)
  return { files, freedBytes }
}
