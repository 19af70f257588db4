import type { JobSnapshot } from '../api/contract/jobs.ts'
import type { Phase } from '../base/progress.ts'
import { prettyDuration, prettySize } from './pretty.ts'

const PHASES: Readonly<Record<Phase, string>> = {
  connect: 'connecting',
  checkpoint: 'waiting for the checkpoint',
  'list-files': 'listing files',
  'read-wal': 'reading archived WAL',
  copy: 'copying',
  'stop-backup': 'stopping the backup',
  'wait-for-wal': 'waiting for WAL',
  sync: 'syncing to disk',
  validate: 'validating',
  'validate-wal': 'validating WAL',
  restore: 'restoring',
  'copy-wal': 'copying WAL',
  'recovery-settings': 'writing recovery settings',
  merge: 'merging',
  delete: 'deleting',
  'receive-wal': 'receiving WAL',
  'start-server': 'starting a scratch server',
  replay: 'waiting for recovery',
  'check-data': 'checking the data',
  'copy-table': 'copying the table',
  done: 'done',
}

/** One line about how far a job is: `copying 45%, 1200MB of 2648MB, 340 of 1200 files, 118MB/s, 10s to 14s left`. */
export function formatProgress(job: JobSnapshot): string {
  const { progress } = job
  if (progress === undefined) return job.state === 'queued' ? 'waiting for another job' : 'starting'
  const { doneBytes, totalBytes, doneFiles, totalFiles, reason } = progress
  const percent =
    totalBytes === undefined || totalBytes === 0
      ? ''
      : ` ${Math.min(100, Math.floor((doneBytes / totalBytes) * 100))}%`
  const parts = [
    `${PHASES[progress.phase]}${percent}`,
    totalBytes !== undefined && totalBytes > 0
      ? `${prettySize(doneBytes)} of ${prettySize(totalBytes)}`
      : doneBytes > 0
        ? prettySize(doneBytes)
        : '',
    totalFiles !== undefined && totalFiles > 0
      ? `${doneFiles} of ${totalFiles} files`
      : doneFiles > 0
        ? `${doneFiles} files`
        : '',
    job.rateBytesPerSecond === undefined ? '' : formatRate(Math.round(job.rateBytesPerSecond)),
    job.etaSeconds === undefined ? '' : formatEta(job.etaSeconds),
    reason ?? '',
  ]
  return parts.filter((part) => part !== '').join(', ')
}

function formatRate(bytesPerSecond: number): string {
  return bytesPerSecond <= 0 ? '0B/s' : `${prettySize(bytesPerSecond)}/s`
}

function formatEta([from, to]: readonly [number, number]): string {
  const [least, most] = [prettyDuration(Math.round(from)), prettyDuration(Math.round(to))]
  return least === most ? `${most} left` : `${least} to ${most} left`
}
