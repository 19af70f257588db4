import type { JobResult, JobSnapshot } from '../../../engine/api/contract/jobs.ts'
import { formatBytes, formatEta } from '../../lib/format.ts'
import type { Say } from '../../lib/i18n.ts'
import { targetWords } from '../../lib/target-words.ts'

/** `FULL backup main`: what a job is, in a few words. */
export function jobTitle(say: Say, job: JobSnapshot): string {
  const kind = say(`kind.${job.kind}`)
  return [job.instance, job.mode, kind].filter((word) => word !== undefined).join(' ')
}

/** How much of the phase is done, 0 to 1; undefined where the total is not known. */
export function doneShare({ progress }: Pick<JobSnapshot, 'progress'>): number | undefined {
  if (progress?.totalBytes === undefined || progress.totalBytes === 0) return undefined
  return Math.min(1, progress.doneBytes / progress.totalBytes)
}

/** Bytes, files, rate and what is left, as far as they are known. */
export function progressWords(say: Say, job: JobSnapshot): readonly string[] {
  const { progress } = job
  if (progress === undefined) return []
  const words: string[] = []
  if (progress.totalBytes !== undefined && progress.totalBytes > 0) {
    words.push(
      say('jobs.bytes', { done: formatBytes(progress.doneBytes), total: formatBytes(progress.totalBytes) }),
    )
  } else if (progress.doneBytes > 0) words.push(formatBytes(progress.doneBytes))
  if (progress.totalFiles !== undefined && progress.totalFiles > 0) {
    words.push(say('jobs.files', { done: progress.doneFiles, total: progress.totalFiles }))
  }
  if (job.rateBytesPerSecond !== undefined && job.rateBytesPerSecond > 0) {
    words.push(say('jobs.rate', { rate: formatBytes(job.rateBytesPerSecond) }))
  }
  const eta = formatEta(job.etaSeconds)
  if (eta !== undefined) words.push(say(`jobs.${eta.code}`, { text: eta.text }))
  return words
}

/** What came of a job, in one sentence. */
export function resultWords(say: Say, result: JobResult): string {
  switch (result.kind) {
    case 'backup':
      return say('result.backup', {
        id: result.backupId,
        status: result.status,
        data: formatBytes(result.dataBytes),
        wal: formatBytes(result.walBytes),
      })
    case 'validate':
      return result.isSound
        ? say('result.validate-sound', { count: result.verdicts.length })
        : say('result.validate-damaged', {
            count: result.findings.filter(({ severity }) => severity === 'problem').length,
          })
    case 'restore':
      return say('result.restore', {
        files: result.fileCount,
        bytes: formatBytes(result.writtenBytes),
        directory: result.dataDirectory,
      })
    case 'merge':
      return say('result.merge', {
        id: result.backupId,
        bytes: formatBytes(result.writtenBytes),
        freed: formatBytes(result.freedBytes),
      })
    case 'receive-wal':
      return say('result.receive-wal', {
        count: result.segmentCount,
        bytes: formatBytes(result.receivedBytes),
      })
    case 'index-wal':
      return say(result.findingCount > 0 ? 'result.index-wal-damaged' : 'result.index-wal', {
        count: result.readSegments,
        commits: result.commits,
        findings: result.findingCount,
      })
    case 'drill': {
      const failed = result.drill.checks.filter(({ state }) => state === 'failed').length
      return failed === 0 ? say('result.drill-passed') : say('result.drill-failed', { count: failed })
    }
    case 'scratch':
      return say('result.scratch')
    case 'pull-table':
      return say('result.pull-table', {
        count: result.rows,
        table: `${result.schema}.${result.table}`,
        database: result.database,
      })
    case 'retention':
      return say('result.retention', {
        count: result.deletedIds.length,
        merged: result.mergedIds.length,
        wal: result.walFiles,
        bytes: formatBytes(result.freedBytes),
      })
    case 'delete':
      return say('result.delete', { count: result.backupIds.length, bytes: formatBytes(result.freedBytes) })
  }
}

/** To which moment it restored, so that one of several restores can be told from the others; undefined without one. */
export function restoredTo(
  say: Say,
  { result }: Pick<JobSnapshot, 'result'>,
  zone: string,
): string | undefined {
  if (result?.kind !== 'restore' || result.target === undefined) return undefined
  return targetWords(say, result.target, result.isInclusive ?? true, zone)
}

/** How long a job ran or has run so far, in seconds; undefined before it started. */
export function jobSeconds({ startedAt, endedAt }: JobSnapshot, nowMs: number): number | undefined {
  if (startedAt === undefined) return undefined
  return ((endedAt === undefined ? nowMs : Date.parse(endedAt)) - Date.parse(startedAt)) / 1000
}
