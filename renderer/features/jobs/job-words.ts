import type { JobResult, JobSnapshot } from '../../../engine/api/contract/jobs.ts'
import { dotted, formatBytes, formatEta } from '../../lib/format.ts'
import type { Say } from '../../lib/i18n.ts'
import { targetWords } from '../../lib/target-words.ts'

/** `FULL backup main`: what a job is, in a few words. */
export function jobTitle(say: Say, job: JobSnapshot): string {
  const kind = say(`kind.${job.kind}`)
  return [job.instance, job.mode, kind].filter((word) => word !== undefined).join(' ')
}

/**
 * What is shown of how a job stands: one that did all of its work and found something wrong is done, but not well.
 * `unsound`: a backup or what was restored from it is bad; `noted`: something wants to be looked at.
 */
export function shownState({ state, result }: JobSnapshot): JobSnapshot['state'] | 'unsound' | 'noted' {
  if (state !== 'succeeded' || result === undefined) return state
  switch (result.kind) {
    case 'validate':
      if (!result.isSound) return 'unsound'
      return result.findings.length > 0 ? 'noted' : state
    case 'drill':
      return result.drill.isPassed ? state : 'unsound'
    case 'index-wal':
      return result.findingCount > 0 ? 'noted' : state
    case 'retention':
      return result.skippedIds.length > 0 ? 'noted' : state
    default:
      return state
  }
}

/** Whether it is a restore that ended before its time with files written: it can be taken up again. */
export function leavesUnfinished({ kind, state, phases }: JobSnapshot): boolean {
  const isBrokenOff = state === 'failed' || state === 'cancelled' || state === 'interrupted'
  return kind === 'restore' && isBrokenOff && phases.some(({ phase }) => phase === 'restore')
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
      return dotted([
        say('result.retention-deleted', { count: result.deletedIds.length }),
        // What was not asked for, or did not happen, is no news.
        counted(result.mergedIds, (count) => say('result.retention-merged', { count })),
        result.walFiles === 0 ? undefined : say('result.retention-wal', { count: result.walFiles }),
        counted(result.skippedIds, (count) => say('result.retention-skipped', { count })),
        say('result.retention-freed', { bytes: formatBytes(result.freedBytes) }),
      ])
    case 'delete':
      return say('result.delete', { count: result.backupIds.length, bytes: formatBytes(result.freedBytes) })
  }
}

function counted(ids: readonly string[], words: (count: number) => string): string | undefined {
  return ids.length === 0 ? undefined : words(ids.length)
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
