import * as z from 'zod'
import type { BackupId } from '../../base/backup-id.ts'
import type { IsoTime } from '../../base/iso-time.ts'
import type { Lsn } from '../../base/lsn.ts'
import { command, query } from '../define.ts'
import { instanceRef, serverAddress } from './values.ts'

/** A replication slot of the server: as long as it is there, the server keeps all WAL from `restartLsn` on. */
export type SlotRecord = {
  readonly name: string
  readonly kind: 'physical' | 'logical'
  /** The output plugin; logical slots alone have one. */
  readonly plugin: string | undefined
  readonly database: string | undefined
  readonly isActive: boolean
  readonly isTemporary: boolean
  /** What uses it, as it calls itself; undefined when nothing does, or the role may not see it. */
  readonly client: string | undefined
  /** The process of the server that uses it. */
  readonly activePid: number | undefined
  readonly restartLsn: Lsn | undefined
  /** How much WAL the server keeps for it now. */
  readonly behindBytes: number | undefined
  /** `reserved`, `extended`, `unreserved` or `lost`; undefined before PostgreSQL 13. */
  readonly walStatus: string | undefined
  /** What can be written before the slot may lose WAL; undefined = no limit. */
  readonly safeWalBytes: number | undefined
  /** Since when nothing uses it; undefined before PostgreSQL 17, which does not tell. */
  readonly inactiveSince: IsoTime | undefined
  /** How many transactions ago those began whose rows it keeps from being vacuumed; undefined = it keeps none. */
  readonly xidAge: number | undefined
  /** The slot of the WAL receiver of the instance, or the one that it would take. */
  readonly isOfReceiver: boolean
  /** It holds WAL from before `newestBackup` starts. */
  readonly isBeforeNewest: boolean
}

export type SlotList = {
  readonly nowLsn: Lsn
  readonly maxSlots: number
  /** The newest backup that was completed; undefined when there is none. */
  readonly newestBackup: { readonly id: BackupId; readonly startLsn: Lsn } | undefined
  /** Those that are furthest behind come first, those without a place last. */
  readonly slots: readonly SlotRecord[]
}

/** What became of one slot. Only `dropped` has changed anything. */
export type SlotDropOutcome =
  | { readonly name: string; readonly outcome: 'dropped' | 'gone' }
  | {
      readonly name: string
      readonly outcome: 'in-use'
      /** The process of the server that uses it, and how its client calls itself; undefined when it has ended since. */
      readonly pid: number | undefined
      readonly client: string | undefined
    }
  | { readonly name: string; readonly outcome: 'failed'; readonly reason: string }

const asked = {
  ...instanceRef,
  connection: serverAddress.optional(),
  password: z.string().max(4096).optional(),
}

export const slots = {
  /** The replication slots of the server. Fails within half a minute when that does not answer. */
  'wal.slots': query<SlotList>()(z.strictObject(asked)),
  /**
   * Drops slots of the server by name and tells of each what became of it, in the order of the names. A slot that is in use
   * stays. Fails as a whole only where the server cannot be asked or belongs to another instance
   * (`instance.identity-mismatch`); nothing is dropped then.
   */
  'wal.drop-slots': command<readonly SlotDropOutcome[]>()(
    z.strictObject({
      ...asked,
      names: z
        .array(z.string().regex(/^[a-z0-9_]{1,63}$/, 'is not a name for a replication slot'))
        .min(1)
        .max(1000),
    }),
  ),
}
