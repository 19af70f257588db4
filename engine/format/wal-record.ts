import type { Lsn } from '../base/lsn.ts'

/** Bytes of the fixed start of a record, `XLogRecord`. */
export const WAL_RECORD_HEADER_BYTES = 24

/** Resource managers that the engine looks into. Source: PostgreSQL `src/include/access/rmgrlist.h`. */
export const RMGR_XLOG = 0
export const RMGR_XACT = 1

/** One whole record whose checksum holds. Source: PostgreSQL `src/include/access/xlogrecord.h`. */
export type WalRecord = {
  /** Where its first byte stands. */
  readonly lsn: Lsn
  /** Where it ends, rounded up to 8 bytes; after a switch record the end of the segment. */
  readonly endLsn: Lsn
  /** Where the record before it starts. */
  readonly previousLsn: Lsn
  /** 0 = written outside of a transaction. */
  readonly xid: number
  readonly rmgr: number
  /** High 4 bits belong to the resource manager. */
  readonly info: number
  /** Header included, page headers in between and padding not. */
  readonly totalBytes: number
  /** Of the server that wrote it: some bits changed their meaning in 15. */
  readonly serverMajor: number
  /** The record, header included. Mostly a view into the segment it was read from. */
  readonly bytes: Uint8Array
}

const HIGHEST_BLOCK_ID = 32
const ID_TOP_LEVEL_XID = 252
const ID_ORIGIN = 253
const ID_LONG_DATA = 254
const ID_SHORT_DATA = 255

const BLOCK_HAS_IMAGE = 0x10
const BLOCK_SAME_RELATION = 0x80
const IMAGE_HAS_HOLE = 0x01
const IMAGE_IS_COMPRESSED_TO_14 = 0x02
const IMAGE_IS_COMPRESSED_FROM_15 = 0x1c

/**
 * What the resource manager itself stored: the last bytes of the record. Empty when it stored nothing, and when the
 * headers make no sense, which a record whose checksum holds does not have.
 */
export function walRecordMainData(record: WalRecord): Uint8Array {
  const { bytes, totalBytes } = record
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const compressed = record.serverMajor < 15 ? IMAGE_IS_COMPRESSED_TO_14 : IMAGE_IS_COMPRESSED_FROM_15
  let at = WAL_RECORD_HEADER_BYTES
  while (at + 2 <= totalBytes) {
    const id = view.getUint8(at)
    if (id === ID_SHORT_DATA) return lastBytes(record, view.getUint8(at + 1))
    if (id === ID_LONG_DATA)
      return at + 5 > totalBytes ? NOTHING : lastBytes(record, view.getUint32(at + 1, true))
    if (id === ID_ORIGIN) at += 3
    else if (id === ID_TOP_LEVEL_XID) at += 5
    else if (id > HIGHEST_BLOCK_ID) return NOTHING
    else {
      const flags = view.getUint8(at + 1)
      at += 4
      if ((flags & BLOCK_HAS_IMAGE) !== 0) {
        if (at + 5 > totalBytes) return NOTHING
        const image = view.getUint8(at + 4)
        at += (image & IMAGE_HAS_HOLE) !== 0 && (image & compressed) !== 0 ? 7 : 5
      }
      at += (flags & BLOCK_SAME_RELATION) === 0 ? 16 : 4
    }
  }
  return NOTHING
}

const NOTHING = new Uint8Array(0)

function lastBytes({ bytes, totalBytes }: WalRecord, count: number): Uint8Array {
  return count > totalBytes - WAL_RECORD_HEADER_BYTES
    ? NOTHING
    : bytes.subarray(totalBytes - count, totalBytes)
}
