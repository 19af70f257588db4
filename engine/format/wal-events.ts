import { type Lsn, lsnFromBigint } from '../base/lsn.ts'
import type { Timeline } from '../base/wal-segment.ts'
import { MAIN_FORK } from './wal-blocks.ts'
import { RMGR_DBASE, RMGR_HEAP, RMGR_SMGR, RMGR_STANDBY, RMGR_XLOG } from './wal-record.ts'
import { POSTGRES_EPOCH_MICROS } from './wal-times.ts'
import {
  decodeTransactionEnd,
  type RecordHead,
  type RelationStorage,
  relationStorageAt,
  type TransactionEnd,
} from './wal-transactions.ts'

/** What a record says about the history of a cluster. Times are Unix microseconds. */
export type WalEvent =
  | TransactionEnd
  | { readonly kind: 'restore-point'; readonly name: string; readonly micros: bigint }
  | {
      readonly kind: 'checkpoint'
      /** Whether the server stopped with it, or went on from recovery. */
      readonly isShutdown: boolean
      /** Where recovery from it starts to replay. */
      readonly redoLsn: Lsn
      readonly timeline: Timeline
      readonly previousTimeline: Timeline
      /** Whole seconds. */
      readonly micros: bigint
    }
  /** Recovery ended, and a timeline began. */
  | {
      readonly kind: 'end-of-recovery'
      readonly timeline: Timeline
      readonly previousTimeline: Timeline
      readonly micros: bigint
    }
  /** A relation got an empty file; `isMain` is false for the one an unlogged relation is reset to. */
  | { readonly kind: 'storage-created'; readonly relation: RelationStorage; readonly isMain: boolean }
  | { readonly kind: 'database-created'; readonly databaseOid: number }
  | { readonly kind: 'database-dropped'; readonly databaseOid: number }
  /** Tables were emptied, by OID. Only written at `wal_level = logical`. */
  | {
      readonly kind: 'truncate'
      readonly databaseOid: number
      readonly relationOids: readonly number[]
    }
  /** No transaction before that number is under way any longer. */
  | { readonly kind: 'running'; readonly oldestXid: number }

const INFO_MASK = 0xf0
const HEAP_OPCODE_MASK = 0x70

/**
 * Reads what a record has to say; undefined for the many that have nothing to say here, and for those whose data are too
 * short. `data` is what the resource manager stored.
 */
export function decodeWalEvent(head: RecordHead, data: Uint8Array): WalEvent | undefined {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  switch (head.rmgr) {
    case RMGR_XLOG:
      return decodeXlogEvent(head.info & INFO_MASK, view)
    case RMGR_SMGR:
      return decodeStorageEvent(head.info & INFO_MASK, view)
    case RMGR_DBASE:
      return decodeDatabaseEvent(head, view)
    case RMGR_STANDBY:
      return (head.info & INFO_MASK) === STANDBY_RUNNING && data.length >= 24
        ? { kind: 'running', oldestXid: view.getUint32(16, true) }
        : undefined
    case RMGR_HEAP:
      return (head.info & HEAP_OPCODE_MASK) === HEAP_TRUNCATE ? decodeTruncate(view) : undefined
    default:
      return decodeTransactionEnd(head, data)
  }
}

const XLOG_CHECKPOINT_SHUTDOWN = 0x00
const XLOG_CHECKPOINT_ONLINE = 0x10
const XLOG_RESTORE_POINT = 0x70
const XLOG_END_OF_RECOVERY = 0x90

/**
 * Source: PostgreSQL `src/include/catalog/pg_control.h`, `CheckPoint`; `src/include/access/xlog_internal.h`,
 * `xl_restore_point` and `xl_end_of_recovery`. What later versions added stands behind or in gaps.
 */
function decodeXlogEvent(opcode: number, view: DataView): WalEvent | undefined {
  const time = (at: number): bigint => view.getBigInt64(at, true) + POSTGRES_EPOCH_MICROS
  switch (opcode) {
    case XLOG_CHECKPOINT_SHUTDOWN:
    case XLOG_CHECKPOINT_ONLINE:
      if (view.byteLength < 72) return undefined
      return {
        kind: 'checkpoint',
        isShutdown: opcode === XLOG_CHECKPOINT_SHUTDOWN,
        redoLsn: lsnFromBigint(view.getBigUint64(0, true)),
        timeline: view.getUint32(8, true),
        previousTimeline: view.getUint32(12, true),
        micros: view.getBigInt64(64, true) * 1_000_000n,
      }
    case XLOG_RESTORE_POINT:
      if (view.byteLength < 9) return undefined
      return { kind: 'restore-point', name: textAt(view, 8), micros: time(0) }
    case XLOG_END_OF_RECOVERY:
      if (view.byteLength < 16) return undefined
      return {
        kind: 'end-of-recovery',
        timeline: view.getUint32(8, true),
        previousTimeline: view.getUint32(12, true),
        micros: time(0),
      }
    default:
      return undefined
  }
}

const SMGR_CREATE = 0x10
const INIT_FORK = 3

/** Source: PostgreSQL `src/include/catalog/storage_xlog.h`, `xl_smgr_create`. */
function decodeStorageEvent(opcode: number, view: DataView): WalEvent | undefined {
  if (opcode !== SMGR_CREATE || view.byteLength < 16) return undefined
  const fork = view.getUint32(12, true)
  if (fork !== MAIN_FORK && fork !== INIT_FORK) return undefined
  return { kind: 'storage-created', relation: relationStorageAt(view, 0), isMain: fork === MAIN_FORK }
}

const DBASE_CREATE = 0x00
const DBASE_CREATE_LOGGED_FROM_15 = 0x10
const DBASE_DROP_TO_14 = 0x10
const DBASE_DROP_FROM_15 = 0x20

/** The database comes first in all of them. Source: PostgreSQL `src/include/commands/dbcommands_xlog.h`. */
function decodeDatabaseEvent({ info, serverMajor }: RecordHead, view: DataView): WalEvent | undefined {
  if (view.byteLength < 8) return undefined
  const opcode = info & INFO_MASK
  const databaseOid = view.getUint32(0, true)
  if (opcode === (serverMajor < 15 ? DBASE_DROP_TO_14 : DBASE_DROP_FROM_15))
    return { kind: 'database-dropped', databaseOid }
  return opcode === DBASE_CREATE || opcode === DBASE_CREATE_LOGGED_FROM_15
    ? { kind: 'database-created', databaseOid }
    : undefined
}

const STANDBY_RUNNING = 0x10
const HEAP_TRUNCATE = 0x30

/** Source: PostgreSQL `src/include/access/heapam_xlog.h`, `xl_heap_truncate`. */
function decodeTruncate(view: DataView): WalEvent | undefined {
  if (view.byteLength < 12) return undefined
  const count = Math.min(view.getUint32(4, true), Math.floor((view.byteLength - 12) / 4))
  return {
    kind: 'truncate',
    databaseOid: view.getUint32(0, true),
    relationOids: Array.from({ length: count }, (_, index) => view.getUint32(12 + index * 4, true)),
  }
}

/** Up to the first zero, or to the end. */
function textAt(view: DataView, at: number): string {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + at, view.byteLength - at)
  const end = bytes.indexOf(0)
  return new TextDecoder().decode(bytes.subarray(0, end === -1 ? bytes.length : end))
}
