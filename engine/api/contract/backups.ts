import * as z from 'zod'
import type { BackupId } from '../../base/backup-id.ts'
import type { WireError } from '../../base/engine-error.ts'
import type { BackupModeName, Figure } from '../../base/figures.ts'
import type { IsoTime } from '../../base/iso-time.ts'
import type { Lsn } from '../../base/lsn.ts'
import type { ModeAdvice, ModeReason } from '../../base/mode-reasons.ts'
import { command, query } from '../define.ts'
import { backupId, instanceName, instanceRef, pathText, planHash, recoveryTarget } from './values.ts'

/** One backup as the catalog knows it. Sizes are bytes; what is not known (yet) is undefined. */
export type BackupRecord = {
  readonly id: BackupId
  readonly parentId: BackupId | undefined
  readonly mode: 'FULL' | 'PAGE' | 'DELTA' | 'PTRACK' | ''
  readonly status:
    | 'UNKNOWN'
    | 'OK'
    | 'ERROR'
    | 'RUNNING'
    | 'MERGING'
    | 'MERGED'
    | 'DELETING'
    | 'DELETED'
    | 'DONE'
    | 'ORPHAN'
    | 'CORRUPT'
  /** Its control file is there and cannot be read. */
  readonly isUnread?: boolean
  /** RUNNING, MERGING or DELETING, but the process that did it is gone. */
  readonly isStale: boolean
  readonly isStream: boolean
  readonly compressAlgorithm: string
  readonly compressLevel: number
  readonly isFromReplica: boolean
  readonly blockBytes: number
  readonly walBlockBytes: number
  readonly checksumVersion: number
  readonly programVersion: string | undefined
  readonly serverVersion: string | undefined
  readonly timeline: number
  /** The timeline of the parent; 0 for a FULL or when the parent is missing. */
  readonly parentTimeline: number
  readonly startLsn: Lsn
  readonly stopLsn: Lsn
  readonly startTime: IsoTime
  readonly mergeTime: IsoTime | undefined
  readonly endTime: IsoTime | undefined
  readonly recoveryTime: IsoTime | undefined
  readonly recoveryXid: bigint
  readonly expireTime: IsoTime | undefined
  readonly dataBytes: number | undefined
  readonly walBytes: number | undefined
  readonly uncompressedBytes: number | undefined
  readonly pgdataBytes: number | undefined
  readonly primaryConninfo: string | undefined
  /** As written, joined by `:`. */
  readonly externalDirs: string | undefined
  readonly note: string | undefined
  readonly contentCrc: number | undefined
  /** Bytes that a restore of this backup reads: its own data and its ancestors'. */
  readonly restoreBytes: number
  /** The FULL at the root of its chain; undefined when the chain is broken. */
  readonly fullId: BackupId | undefined
  /** Backups that a restore reads, this one included; 0 when the chain is broken. */
  readonly chainLength: number
  /** OK or DONE, and every ancestor as well. */
  readonly isRestorable: boolean
}

/** The backups of one instance, newest first. */
export type BackupList = {
  readonly instance: string
  /** Changes whenever a backup appears, vanishes or changes; plans carry it. */
  readonly revision: string
  readonly backups: readonly BackupRecord[]
  /** Control files that could not be read, and what is wrong with them. */
  readonly problems: readonly { readonly id: string; readonly message: string }[]
  /** Whose arithmetic retention goes by where nobody says: that of the tool that wrote the newest backup. */
  readonly retentionRule: 'probackup' | 'gs'
}

/** A tablespace of a backup: where it was. */
export type BackupTablespace = { readonly oid: number; readonly path: string }

export type BackupDetail = {
  readonly backup: BackupRecord
  readonly tablespaces: readonly BackupTablespace[]
  readonly databases: readonly { readonly oid: number; readonly name: string }[]
  readonly fileCount: number | undefined
  /** The text of `backup.control`, times in UTC. */
  readonly controlText: string
  /** Directory of the backup in the catalog. */
  readonly directory: string
}

/** What deleting would do; nothing has been done yet. */
export type DeletePlan = {
  readonly hash: string
  /** In the order of deletion. */
  readonly backups: readonly {
    readonly id: BackupId
    readonly reason: 'asked' | 'descendant'
    /** Where the backup says nothing of its size, its files were counted, for a few seconds at most. */
    readonly dataBytes: number
  }[]
  readonly freedBytes: number
  /** Newer backups that may need what goes: their control file cannot be read. Left out where there are none. */
  readonly mayBeNeededBy?: readonly BackupId[]
}

/** What merging would do; nothing has been done yet. */
export type MergePlan = {
  readonly hash: string
  /** `resume`: a merge was begun and no increment is gone; `finish`: only deleting and renaming are left. */
  readonly stage: 'start' | 'resume' | 'finish'
  /** The FULL that everything is merged into. */
  readonly fullId: BackupId
  /** The increment that the FULL is brought up to, and whose name it gets. */
  readonly destinationId: BackupId
  /** What takes part and is there, the FULL first, the destination last. */
  readonly members: readonly {
    readonly id: BackupId
    readonly mode: BackupRecord['mode']
    readonly dataBytes: number
  }[]
  /** Those of them that nobody can restore afterwards. */
  readonly vanishingIds: readonly BackupId[]
  /** Backups on other branches, which lose the parent that they need. */
  readonly orphanedIds: readonly BackupId[]
  /** Newer backups that may need what goes: their control file cannot be read. Left out where there are none. */
  readonly mayBeNeededBy?: readonly BackupId[]
  /** Bytes of the increments. */
  readonly incrementBytes: number
}

/** What carrying out the plan of a merge would come to. */
export type MergeEstimate = {
  /** Of the plan that it is about. */
  readonly hash: string
  /** Bytes that are free for Tidemark on the disk of the catalog; undefined where that cannot be told. */
  readonly freeBytes: number | undefined
  /** Bytes that the merge takes at its fullest besides what is there, before it deletes the increments. */
  readonly neededBytes: Figure
  /** `short`: there is certainly too little, and the merge will refuse to begin; `close`: there may be too little. */
  readonly room: 'enough' | 'close' | 'short' | 'unknown'
  readonly seconds: Figure
}

/** One mode, before anything starts. */
export type ModeOutlook = {
  readonly mode: BackupModeName
  /** `unknown` where the server could not be asked. */
  readonly possibility: 'possible' | 'impossible' | 'unknown'
  /** Why it is impossible, all of which holds; and what makes it possible another time. */
  readonly reasons: readonly ModeReason[]
  readonly advice: ModeAdvice | undefined
  /** Bytes read of the cluster and of archived WAL. */
  readonly readBytes: Figure
  /** Bytes in the catalog, without the WAL of the backup. */
  readonly storedBytes: Figure
  /** Until the backup is complete; checking it comes after that. */
  readonly seconds: Figure
}

/** What `AUTO` stands for: what speaks for it, and what speaks against each mode that is cheaper. */
export type ModeChoice = {
  readonly mode: BackupModeName
  readonly reasons: readonly ModeReason[]
  readonly passedOver: readonly { readonly mode: BackupModeName; readonly reasons: readonly ModeReason[] }[]
}

/** A logical replication slot that nobody uses and that makes the server keep WAL, more than a segment of it. */
export type IdleSlotRecord = {
  readonly name: string
  readonly database: string | undefined
  readonly restartLsn: Lsn
  readonly keptBytes: number
  /** Undefined before PostgreSQL 17, which does not tell. */
  readonly inactiveSince: IsoTime | undefined
  /** It holds WAL from before the newest backup starts. */
  readonly isBeforeNewest: boolean
}

/** What a backup of each mode would be like if it were taken now; nothing has been started. */
export type BackupEstimate = {
  /** FULL, DELTA, PAGE, PTRACK. */
  readonly modes: readonly ModeOutlook[]
  /** What `AUTO` stands for, and why; undefined where the server could not be asked. */
  readonly auto: ModeChoice | undefined
  readonly parentId: BackupId | undefined
  /** Logical replication slots that make the server keep WAL for nobody; they stop no backup. */
  readonly idleSlots: readonly IdleSlotRecord[]
  /** Why server or data directory could not be looked at; the figures then rest on the catalog alone. */
  readonly problem: WireError | undefined
}

/** Several backups of one instance. */
const backupIds = z.array(backupId).min(1).max(50_000)

const threads = z.number().int().min(1).max(64).optional()

const compression = {
  /** `lz4` and `zstd` make backups that only Tidemark reads. */
  compressAlgorithm: z.enum(['none', 'zlib', 'pglz', 'lz4', 'zstd']).optional(),
  compressLevel: z.number().int().min(0).max(22).optional(),
}

/** What one backup run may be asked to do; what is left out follows the instance's configuration. */
export const backupRequest = z.strictObject({
  ...instanceRef,
  /** `AUTO` is the cheapest mode that is possible. */
  mode: z.enum(['FULL', 'DELTA', 'PAGE', 'PTRACK', 'AUTO']),
  isStream: z.boolean().optional(),
  /** Overrides the configured data directory. */
  dataDirectory: pathText.optional(),
  threads,
  ...compression,
  isSmoothCheckpoint: z.boolean().optional(),
  slot: z.string().max(63).optional(),
  isTemporarySlot: z.boolean().optional(),
  withServerLog: z.boolean().optional(),
  /** Takes logical replication slots as well; without it their directory is backed up empty. */
  withSlots: z.boolean().optional(),
  /** Absolute paths; an empty list means none, absent means as configured. */
  externalDirs: z.array(pathText).optional(),
  isValidated: z.boolean().optional(),
  checksBlocks: z.boolean().optional(),
  isSynced: z.boolean().optional(),
  note: z.string().max(1024).optional(),
  ttlSeconds: z.number().int().min(0).optional(),
  expireTime: z.iso.datetime({ offset: true }).optional(),
  archiveTimeoutSeconds: z.number().int().min(1).optional(),
  /** Forces the start time and so the id (`--start-time`). */
  startSeconds: z.number().int().positive().optional(),
  /** DELTA, or AUTO that becomes DELTA: files whose size and times prove them unchanged are not read. */
  trustsFileTimes: z.boolean().optional(),
  connection: z
    .strictObject({
      host: z.string().optional(),
      port: z.string().optional(),
      user: z.string().optional(),
      database: z.string().optional(),
    })
    .optional(),
  password: z.string().max(4096).optional(),
})

export type BackupRequest = z.output<typeof backupRequest>

export const backups = {
  'backups.list': query<BackupList>()(z.strictObject(instanceRef)),
  'backups.detail': query<BackupDetail>()(z.strictObject({ ...instanceRef, id: backupId })),
  /** The tablespaces of every backup that has some, by id: for the JSON list. */
  'backups.tablespaces': query<Readonly<Record<string, readonly BackupTablespace[]>>>()(
    z.strictObject(instanceRef),
  ),
  /**
   * Asks the server and lists the data directory, some seconds at most. Compression as configured where it is left out.
   */
  'backups.estimate': query<BackupEstimate>()(z.strictObject({ ...instanceRef, ...compression })),
  'backups.start': command<{ readonly job: string }>()(backupRequest),
  /** Note (empty text removes it) and pin (`ttlSeconds` 0 or `expireTime` null remove it). */
  'backups.annotate': command<BackupRecord>()(
    z.strictObject({
      ...instanceRef,
      id: backupId,
      note: z.string().optional(),
      ttlSeconds: z.number().int().min(0).optional(),
      expireTime: z.iso.datetime({ offset: true }).nullable().optional(),
    }),
  ),
  /** Gives a backup that was left RUNNING by a process that is gone the status ERROR; anything else is refused. */
  'backups.mark-failed': command<BackupRecord>()(z.strictObject({ ...instanceRef, id: backupId })),
  /** Names one backup, several, or all with a status. */
  'backups.plan-delete': query<DeletePlan>()(
    z.strictObject({
      ...instanceRef,
      id: backupId.optional(),
      ids: backupIds.optional(),
      status: z.string().optional(),
    }),
  ),
  /** Carries out exactly the plan of that hash, or refuses with `plan.stale`. */
  'backups.delete': command<{ readonly job: string }>()(
    z.strictObject({
      ...instanceRef,
      id: backupId.optional(),
      ids: backupIds.optional(),
      status: z.string().optional(),
      hash: planHash,
    }),
  ),
  /** `id` is an increment, or a FULL with one child. Refused with a reason when there is nothing to merge. */
  'backups.plan-merge': query<MergePlan>()(z.strictObject({ ...instanceRef, id: backupId })),
  /** Reads the lists of files of all that takes part: some seconds where there are many. */
  'backups.estimate-merge': query<MergeEstimate>()(z.strictObject({ ...instanceRef, id: backupId, threads })),
  /** Carries out exactly the plan of that hash, or refuses with `plan.stale`. Also finishes a merge. */
  'backups.merge': command<{ readonly job: string }>()(
    z.strictObject({
      ...instanceRef,
      id: backupId,
      hash: planHash,
      threads,
      isValidated: z.boolean().optional(),
      isSynced: z.boolean().optional(),
    }),
  ),
  /** Without an instance every instance of the catalog, without ids every backup of the instance. */
  'backups.validate': command<{ readonly job: string }>()(
    z.strictObject({
      catalog: pathText,
      instance: instanceName.optional(),
      id: backupId.optional(),
      ids: backupIds.optional(),
      threads,
      checksBlocks: z.boolean().optional(),
      /**
       * Validates the backup that a restore to this target takes (or the one of `id`), and whether WAL leads there. That it
       * does not is a finding `target-unreachable`.
       */
      target: recoveryTarget.optional(),
      isInclusive: z.boolean().optional(),
      /** A number, `current` or `latest`; without a target the backup is validated that a restore to it takes. */
      targetTimeline: z.string().max(10).optional(),
    }),
  ),
  'catalog.instances': query<readonly string[]>()(z.strictObject({ catalog: pathText })),
}
