import * as z from 'zod'
import type { LogEntry } from '../../base/log.ts'
import type { JobState, Snapshot } from '../../jobs/job-snapshot.ts'
import { command, query, stream } from '../define.ts'
import type { DrillRecord } from './drills.ts'
import type { RecoveryTargetInput } from './restore.ts'
import type { Severity } from './values.ts'

export type JobKind =
  | 'backup'
  | 'validate'
  | 'restore'
  | 'merge'
  | 'delete'
  | 'receive-wal'
  | 'index-wal'
  | 'retention'
  | 'drill'
  | 'scratch'
  | 'pull-table'

/** Something validation saw. */
export type Finding = {
  readonly severity: Severity
  /** `page-corrupt`, `file-missing`, `file-unlisted`, `file-crc`, `content-list`, `wal-missing`, … */
  readonly code: string
  readonly instance: string
  readonly backupId: string
  /** Path below the backup's directory, with the block for pages: `database/base/5/16384 block 12`. */
  readonly where: string
  readonly message: string
  /** What to do about it, where that can be said. */
  readonly hint?: string
}

/** What came of a job that succeeded or found something. */
export type JobResult =
  | {
      readonly kind: 'backup'
      readonly backupId: string
      readonly status: string
      readonly dataBytes: number
      readonly walBytes: number
    }
  | {
      readonly kind: 'validate'
      /** The verdict of each backup that was looked at, in that order. */
      readonly verdicts: readonly {
        readonly instance: string
        readonly backupId: string
        readonly status: string
      }[]
      readonly findings: readonly Finding[]
      readonly isSound: boolean
    }
  | {
      readonly kind: 'restore'
      readonly backupId: string
      readonly dataDirectory: string
      readonly fileCount: number
      readonly writtenBytes: number
      /** Bytes that were in the directories already and stayed. */
      readonly reusedBytes: number
      /** Files that were there and are not of the backup. */
      readonly deletedFiles: number
      /** Undefined where none was asked for; recovery stops just before it where it is not inclusive. */
      readonly target?: RecoveryTargetInput
      readonly isInclusive?: boolean
      /** What the server does when recovery has come to the target; undefined where none was given. */
      readonly targetAction?: 'pause' | 'promote' | 'shutdown'
      /** Where the WAL ends that leads to the target, if that was known when the restore was planned. */
      readonly replayEndLsn?: string
      readonly isReplica?: boolean
      /** It was restored unvalidated, whatever is wrong with the backup. */
      readonly isForced?: boolean
      /** Databases that were left out: to be dropped. */
      readonly excludedDatabases?: readonly string[]
    }
  | {
      readonly kind: 'merge'
      /** The name of the merged backup. */
      readonly backupId: string
      /** Backups that are no longer there under their names. */
      readonly vanishedIds: readonly string[]
      readonly writtenBytes: number
      readonly freedBytes: number
      /** Stored bytes of all that took part; undefined when an earlier merge was finished. */
      readonly memberBytes?: number
    }
  | {
      readonly kind: 'receive-wal'
      readonly segmentCount: number
      readonly receivedBytes: number
      /** Up to where WAL is safe. */
      readonly flushedLsn: string | undefined
    }
  | {
      readonly kind: 'index-wal'
      readonly readSegments: number
      readonly readBytes: number
      readonly removedSegments: number
      /** In the segments that were read. */
      readonly commits: number
      /** Missing and damaged segments, as far as they were counted: 100. */
      readonly findingCount: number
    }
  | { readonly kind: 'drill'; readonly drill: DrillRecord }
  | { readonly kind: 'scratch'; readonly scratchId: string; readonly deadline: string }
  | {
      readonly kind: 'pull-table'
      readonly database: string
      readonly schema: string
      readonly table: string
      readonly rows: number
      readonly copiedBytes: number
    }
  | {
      readonly kind: 'retention'
      readonly deletedIds: readonly string[]
      /** Names of the merged backups. */
      readonly mergedIds: readonly string[]
      /** Backups that stayed for now, since something used them. */
      readonly skippedIds: readonly string[]
      readonly walFiles: number
      readonly freedBytes: number
    }
  | { readonly kind: 'delete'; readonly backupIds: readonly string[]; readonly freedBytes: number }

/** A job as it is now. */
export type JobSnapshot = Snapshot<JobKind, JobResult>

export { hasEnded } from '../../jobs/job-snapshot.ts'
export { phaseMs } from '../../jobs/phase-times.ts'
export type { JobState }

export type LogPage = { readonly from: number; readonly total: number; readonly entries: readonly LogEntry[] }

const job = z.string().min(1).max(64)

export const jobs = {
  /** Running and queued first, then the newest; at most `limit` (default 200). */
  'jobs.list': query<readonly JobSnapshot[]>()(
    z.strictObject({ limit: z.number().int().min(1).max(1000).optional() }),
  ),
  'jobs.get': query<JobSnapshot>()(z.strictObject({ job })),
  /** Every change of one job, at most ten a second; ends with the job. */
  'jobs.watch': stream<JobSnapshot>()(z.strictObject({ job })),
  /** Every change of any job, at most ten a second for each. */
  'jobs.watch-all': stream<JobSnapshot>()(z.strictObject({})),
  'jobs.cancel': command<JobSnapshot>()(z.strictObject({ job })),
  /** Lines `from` … of the log, at most 2,000. */
  'jobs.log': query<LogPage>()(
    z.strictObject({
      job,
      from: z.number().int().min(0),
      limit: z.number().int().min(1).max(2000).optional(),
    }),
  ),
  /** Every log entry from the first to the last; ends with the job. For the command line. */
  'jobs.follow-log': stream<LogEntry>()(z.strictObject({ job })),
}
