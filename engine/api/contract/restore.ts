import * as z from 'zod'
import { command, query } from '../define.ts'
import type { BackupRecord } from './backups.ts'
import { backupId, instanceRef, pathText, type Sentence } from './values.ts'

/** Where recovery is to stop. Times carry their offset; `immediate` is the end of the backup itself. */
export const recoveryTarget = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('immediate') }),
  z.strictObject({ kind: z.literal('latest') }),
  z.strictObject({ kind: z.literal('time'), at: z.string().min(1).max(64) }),
  z.strictObject({ kind: z.literal('xid'), xid: z.string().regex(/^[0-9]{1,20}$/) }),
  z.strictObject({ kind: z.literal('lsn'), lsn: z.string().max(20) }),
  z.strictObject({ kind: z.literal('name'), name: z.string().min(1).max(63) }),
])

export type RecoveryTargetInput = z.output<typeof recoveryTarget>

const mapping = z.array(z.strictObject({ from: z.string().min(1), to: pathText }))

/** One restore into an empty directory. What is left out has pg_probackup's default. */
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
  tablespaceMapping: mapping.optional(),
  externalMapping: mapping.optional(),
  skipsExternal: z.boolean().optional(),
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

/** One thing that was looked at before anything is written. `blocked` stops the restore, `warning` wants a look. */
export type PreflightLine = {
  readonly code:
    | 'chain'
    | 'status'
    | 'content'
    | 'wal'
    | 'target-directory'
    | 'server-stopped'
    | 'tablespaces'
    | 'external-dirs'
    | 'free-space'
    | 'version'
    | 'owner'
  readonly state: 'ok' | 'warning' | 'blocked'
  readonly sentence: Sentence
  /** What to do about it. */
  readonly hint: Sentence | undefined
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
  readonly fileCount: number
  readonly readBytes: number
  readonly writeBytes: number
  readonly freeBytes: number | undefined
  readonly preflight: readonly PreflightLine[]
  readonly isBlocked: boolean
  /** What will be appended to the server's configuration; empty when nothing is. */
  readonly recoverySettings: string
  /** The same restore as a command line. */
  readonly command: string
}

export const restore = {
  /** A fresh directory to restore into, for looking at the past without touching anything. */
  'restore.scratch-directory': query<{ readonly path: string }>()(
    z.strictObject({ ...instanceRef, id: backupId }),
  ),
  'restore.plan': query<RestorePlan>()(restoreRequest),
  /** With a hash: carries out exactly that plan, or refuses with `plan.stale`. */
  'restore.start': command<{ readonly job: string }>()(
    restoreRequest.extend({ hash: z.string().optional() }),
  ),
}
