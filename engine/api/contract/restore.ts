import * as z from 'zod'
import { command, query } from '../define.ts'
import type { BackupRecord } from './backups.ts'
import { backupId, instanceRef, pathText, planHash, recoveryTarget, type Sentence } from './values.ts'

export type RecoveryTargetInput = z.output<typeof recoveryTarget>

const mapping = z.array(z.strictObject({ from: z.string().min(1), to: pathText }))

/** One restore. What is left out has pg_probackup's default. */
export const restoreRequest = z.strictObject({
  ...instanceRef,
  /** The newest usable backup that reaches the target, when left out. */
  id: backupId.optional(),
  dataDirectory: pathText,
  target: recoveryTarget.optional(),
  isInclusive: z.boolean().optional(),
  /** A number, `current` or `latest`. */
  targetTimeline: z.string().max(10).optional(),
  targetAction: z.enum(['pause', 'promote', 'shutdown']).optional(),
  restoreCommand: z.string().max(4096).optional(),
  /** Copies the WAL that recovery needs out of the archive, so that the server fetches none. Not with a `restoreCommand`. */
  copiesWal: z.boolean().optional(),
  tablespaceMapping: mapping.optional(),
  externalMapping: mapping.optional(),
  skipsExternal: z.boolean().optional(),
  /**
   * What becomes of a data directory that is not empty: `none` refuses it, unless it holds an interrupted restore, which
   * is continued; the others bring it to the state of the backup and keep pages that are the same.
   */
  incrementalMode: z.enum(['none', 'checksum', 'lsn']).optional(),
  /**
   * Renames a data directory that is not empty, unless it holds an interrupted restore, which is continued. What was in it
   * stays as it is. Not together with an incremental mode.
   */
  movesAside: z.boolean().optional(),
  /** Databases to restore, by the names that they had: only these, or all but these. The templates always are. */
  databases: z
    .strictObject({ kind: z.enum(['include', 'exclude']), names: z.array(z.string().min(1).max(63)).min(1) })
    .optional(),
  /** Lets a partial restore go into a directory that is not empty, where it destroys the other databases. */
  destroysOtherDatabases: z.boolean().optional(),
  /** An empty directory for the WAL; `pg_wal` becomes a link to it. */
  walDirectory: pathText.optional(),
  threads: z.number().int().min(1).max(64).optional(),
  isValidated: z.boolean().optional(),
  checksBlocks: z.boolean().optional(),
  isSynced: z.boolean().optional(),
  /** Restores a CORRUPT or ORPHAN backup, unvalidated. */
  isForced: z.boolean().optional(),
  isReplica: z.boolean().optional(),
  primaryConninfo: z.string().max(4096).optional(),
  primarySlotName: z.string().max(63).optional(),
})

export type RestoreRequest = z.output<typeof restoreRequest>

/**
 * One thing that was looked at before anything is written. `blocked` stops the restore, `warning` wants a look, `unknown`
 * could not be looked at and is no obstacle.
 */
export type PreflightLine = {
  readonly code:
    | 'chain'
    | 'status'
    | 'content'
    | 'wal'
    | 'wal-copy'
    | 'target-directory'
    | 'server-stopped'
    | 'tablespaces'
    | 'external-dirs'
    | 'free-space'
    | 'version'
    | 'owner'
    | 'clock'
    | 'standby'
    | 'configuration'
    | 'time-zone'
  readonly state: 'ok' | 'unknown' | 'warning' | 'blocked'
  readonly sentence: Sentence
  /** What to do about it. */
  readonly hint: Sentence | undefined
}

/** What a restore does with a data directory that is not empty. */
export type IncrementalPlan = {
  /** `none`: it is refused, or everything is deleted first. */
  readonly mode: 'none' | 'checksum' | 'lsn'
  /** It holds another cluster, and the restore is forced. */
  readonly isWiped: boolean
  /** The restore that was interrupted in it and is continued. */
  readonly continues:
    { readonly backupId: string; readonly instance: string; readonly startedAt: string } | undefined
  /** The modes there are, and why one is not possible. */
  readonly modes: readonly {
    readonly mode: 'checksum' | 'lsn'
    readonly isPossible: boolean
    readonly reason: Sentence | undefined
  }[]
  /** Of the `lsn` mode: up to here the directory followed the backups. */
  readonly shiftLsn: string | undefined
  readonly deletedFiles: number
  readonly deletedBytes: number
  /** How many of the deleted files are WAL. */
  readonly deletedWalFiles: number
  /** Up to twenty of the files that are deleted. */
  readonly deletedSample: readonly string[]
  /** An upper bound of what stays. */
  readonly reusableBytes: number
}

/** Everything a restore would do. Carrying it out is refused when the catalog has changed since. */
export type RestorePlan = {
  readonly hash: string
  readonly backup: BackupRecord
  /** FULL first. */
  readonly chain: readonly BackupRecord[]
  readonly dataDirectory: string
  readonly tablespaces: readonly { readonly oid: number; readonly from: string; readonly to: string }[]
  readonly externalDirs: readonly { readonly number: number; readonly from: string; readonly to: string }[]
  readonly walDirectory: string | undefined
  /** WAL that is copied out of the archive; undefined when none is. */
  readonly walCopy:
    | {
        /** Names, in the order in which recovery reads them. */
        readonly segments: readonly string[]
        readonly bytes: number
        /** The last segment that recovery finds, copied or of the backup. */
        readonly last: string | undefined
        /** Up to where recovery stops; the most that it can be, as long as WAL is unread; or whatever there is. */
        readonly extent: 'target' | 'at-most' | 'archive'
      }
    | undefined
  /** Databases that are left out: their files are made empty. */
  readonly excludedDatabases: readonly string[]
  /** What becomes of a data directory that is not empty. */
  readonly incremental: IncrementalPlan | undefined
  /** Stands for what is in the data directory now. The job refuses when it has changed by then. */
  readonly destinationHash: string
  readonly fileCount: number
  readonly readBytes: number
  readonly writeBytes: number
  readonly freeBytes: number | undefined
  /** What each place needs, the data directory first, and what is free there; places on one disk share that. */
  readonly rooms: readonly {
    readonly path: string
    readonly needBytes: number
    readonly freeBytes: number | undefined
  }[]
  readonly preflight: readonly PreflightLine[]
  readonly isBlocked: boolean
  /** What will be appended to the server's configuration; empty when nothing is. */
  readonly recoverySettings: string
  /** The same restore as a command line. */
  readonly command: string
}

/** What is known to be wrong with a backup and with what it needs, for whoever would restore it all the same. */
export type BackupDamage = {
  /** Problems only, at most 200; `where` and `message` as validation has them. */
  readonly findings: readonly {
    readonly code: string
    readonly backupId: string
    readonly where: string
    readonly message: string
  }[]
  readonly count: number
  /** Of these not everything could be read in the time that there was: there may be more. */
  readonly unreadIds: readonly string[]
}

export const restore = {
  /** A fresh directory to restore into, for looking at the past without touching anything. */
  'restore.scratch-directory': query<{ readonly path: string }>()(
    z.strictObject({ ...instanceRef, id: backupId }),
  ),
  'restore.plan': query<RestorePlan>()(restoreRequest),
  /** Reads the files for fifteen seconds at most. Changes no status. */
  'restore.damage': query<BackupDamage>()(z.strictObject({ ...instanceRef, id: backupId })),
  /** With a hash: carries out exactly that plan, or refuses with `plan.stale`. */
  'restore.start': command<{ readonly job: string }>()(restoreRequest.extend({ hash: planHash.optional() })),
}
