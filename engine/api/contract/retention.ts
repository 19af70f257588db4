import * as z from 'zod'
import type { BackupId } from '../../base/backup-id.ts'
import type { IsoTime } from '../../base/iso-time.ts'
import type { RetentionVerdict } from '../../base/retention.ts'
import type { RetentionReason } from '../../base/retention-reasons.ts'
import { command, query } from '../define.ts'
import { instanceRef, planHash } from './values.ts'

// A picture that is dragged does not ask: `backupFates`, `verdictAt`, `reasonAt` and `expiredChains` in `engine/base` are
// pure, take what `backups.list` gives, and say for each backup when it goes. `retention.plan` is asked when the hand
// rests, for what only the engine knows: WAL, refused merges, the promise.

/** One backup under the policy. Times are the first moment at which it is so; absent is never. */
export type RetainedRecord = {
  readonly id: BackupId
  readonly verdict: RetentionVerdict
  readonly reason: RetentionReason
  readonly mode: string
  readonly status: string
  /** Neither policy nor pin keep it. */
  readonly isExpired: boolean
  readonly policyEnds: IsoTime | undefined
  readonly pinEnds: IsoTime | undefined
  readonly goesAt: IsoTime | undefined
  /** Usable FULL backups that are newer, and one. */
  readonly fullNumber: number
  readonly ageDays: number
  /** Days of its pin, or of the window. */
  readonly keptDays: number
  /** Bytes that deleting it frees. */
  readonly sizeBytes: number
}

export type RetentionMerge = {
  readonly destinationId: BackupId
  /** The FULL first, the destination last; of a merge that was begun the FULL alone. */
  readonly ids: readonly BackupId[]
  /** Why it is not merged. */
  readonly refusal: { readonly code: string; readonly message: string } | undefined
}

/** What is purged of one timeline. Its history file always stays. */
export type TimelinePurgeRecord = {
  readonly timeline: number
  readonly reason: 'oldest-backup' | 'wal-depth' | 'reachable' | 'no-backup' | 'unread'
  /** Names, oldest first. */
  readonly files: readonly string[]
  readonly sizeBytes: number
  /** The name of the segment from which on all stay. */
  readonly keepsFrom: string | undefined
  /** Older segments that stay: the first and the last name of each run. */
  readonly keeps: readonly { readonly begin: string; readonly end: string }[]
}

/** What can be reached now and not after the plan. */
export type LostReach = {
  readonly timeline: number
  readonly fromLsn: string
  readonly toLsn: string
  readonly from: IsoTime | undefined
  readonly to: IsoTime | undefined
}

export type PromiseRecord = {
  /** `no-backup`: nothing restorable is left; `below-window`: the reachable past begins after the window does. */
  readonly broken: readonly ('no-backup' | 'below-window')[]
  /** Since when the window promises every moment. */
  readonly promised: IsoTime | undefined
  readonly earliestBefore: IsoTime | undefined
  readonly earliestAfter: IsoTime | undefined
  /** At most 200, and how many there are. */
  readonly lost: readonly LostReach[]
  readonly lostCount: number
  /** Backups that stay and can no longer be restored for want of WAL. */
  readonly strandedIds: readonly BackupId[]
}

/** What a policy would do; nothing has been done yet. */
export type RetentionPlanRecord = {
  readonly hash: string
  readonly now: IsoTime
  readonly policy: { readonly redundancy: number; readonly windowDays: number; readonly walDepth: number }
  readonly rule: 'probackup' | 'gs'
  /** Newest first; none in a brief answer. */
  readonly backups: readonly RetainedRecord[]
  /** In the order of deletion. */
  readonly deletes: readonly BackupId[]
  readonly freedBytes: number
  readonly merges: readonly RetentionMerge[]
  /** Expired chains that stay as they are since several branches of them are kept. */
  readonly unmerged: readonly { readonly fullId: BackupId; readonly keptIds: readonly BackupId[] }[]
  readonly wal: readonly TimelinePurgeRecord[]
  readonly walBytes: number
  readonly promise: PromiseRecord
}

/** Room for what comes. Undefined is not known. */
export type StorageRecord = {
  /** Bytes that an ordinary user may still write where the catalog is. */
  readonly freeBytes: number | undefined
}

const count = z.number().int().min(0).max(0xffff_ffff).optional()

/**
 * What is left out of the policy follows the configuration of the instance, the rule the tool that wrote its newest
 * backup.
 */
const request = {
  ...instanceRef,
  policy: z.strictObject({ redundancy: count, windowDays: count, walDepth: count }).optional(),
  rule: z.enum(['probackup', 'gs']).optional(),
  deletesExpired: z.boolean().optional(),
  mergesExpired: z.boolean().optional(),
  purgesWal: z.boolean().optional(),
}

export const retention = {
  /**
   * `asOf` asks for another day; only a plan as of now can be applied. Brief leaves out what a window works out itself:
   * the verdict of each backup. Changes nothing.
   */
  'retention.plan': query<RetentionPlanRecord>()(
    z.strictObject({
      ...request,
      asOf: z.iso.datetime({ offset: true }).optional(),
      isBrief: z.boolean().optional(),
    }),
  ),
  /** Asks the file system of the catalog, not the catalog. Changes nothing. */
  'retention.storage': query<StorageRecord>()(z.strictObject(instanceRef)),
  /**
   * Carries out exactly the plan of that hash, or refuses with `plan.stale`. One that breaks a promise is refused with
   * `plan.refused` unless `confirm` is the name of the instance.
   */
  'retention.apply': command<{ readonly job: string }>()(
    z.strictObject({
      ...request,
      hash: planHash,
      confirm: z.string().max(255).optional(),
      threads: z.number().int().min(1).max(64).optional(),
      isValidated: z.boolean().optional(),
      isSynced: z.boolean().optional(),
    }),
  ),
}
