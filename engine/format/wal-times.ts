import { RMGR_XACT, RMGR_XLOG, type WalRecord, walRecordMainData } from './wal-record.ts'

/** 2000-01-01 00:00 UTC, from which PostgreSQL counts, in Unix microseconds. */
export const POSTGRES_EPOCH_MICROS = 946_684_800_000_000n

const XLOG_INFO_MASK = 0xf0
const XLOG_SWITCH = 0x40
const XLOG_RESTORE_POINT = 0x70

const XACT_OPCODE_MASK = 0x70
const XACT_COMMIT = 0x00
const XACT_ABORT = 0x20
const XACT_COMMIT_PREPARED = 0x30
const XACT_ABORT_PREPARED = 0x40
const XACT_ENDS: ReadonlySet<number> = new Set([
  XACT_COMMIT,
  XACT_ABORT,
  XACT_COMMIT_PREPARED,
  XACT_ABORT_PREPARED,
])

/**
 * When the transaction ended or the restore point was made, in Unix microseconds; undefined for every other record.
 * Source: `catalog-format.md` section 7.8; PostgreSQL `src/include/access/xact.h`, `xl_xact_commit`, `xl_xact_abort`.
 */
export function recordTimestampMicros(record: WalRecord): bigint | undefined {
  const isTimed =
    record.rmgr === RMGR_XACT ? XACT_ENDS.has(record.info & XACT_OPCODE_MASK) : isRestorePoint(record)
  if (!isTimed) return undefined
  const data = walRecordMainData(record)
  if (data.length < 8) return undefined
  return new DataView(data.buffer, data.byteOffset).getBigInt64(0, true) + POSTGRES_EPOCH_MICROS
}

/** The name given to `pg_create_restore_point`; undefined for every other record. */
export function restorePointName(record: WalRecord): string | undefined {
  if (!isRestorePoint(record)) return undefined
  const data = walRecordMainData(record)
  const end = data.indexOf(0, 8)
  return new TextDecoder().decode(data.subarray(8, end === -1 ? data.length : end))
}

/** Whether the rest of the segment after this record is unused. */
export function isSwitchRecord(record: Pick<WalRecord, 'rmgr' | 'info'>): boolean {
  return record.rmgr === RMGR_XLOG && (record.info & XLOG_INFO_MASK) === XLOG_SWITCH
}

function isRestorePoint(record: WalRecord): boolean {
  return record.rmgr === RMGR_XLOG && (record.info & XLOG_INFO_MASK) === XLOG_RESTORE_POINT
}
