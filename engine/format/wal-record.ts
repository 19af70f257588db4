import type { Lsn } from '../base/lsn.ts'

/** Bytes of the fixed start of a record, `XLogRecord`. */
export const WAL_RECORD_HEADER_BYTES = 24

/** Resource managers that the engine looks into. Source: PostgreSQL `src/include/access/rmgrlist.h`. */
export const RMGR_XLOG = 0
export const RMGR_XACT = 1
export const RMGR_SMGR = 2
export const RMGR_DBASE = 4
export const RMGR_STANDBY = 8
export const RMGR_HEAP = 10

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

const BLOCK_FORK_MASK = 0x0f
const BLOCK_HAS_IMAGE = 0x10
const BLOCK_SAME_RELATION = 0x80
const IMAGE_HAS_HOLE = 0x01
const IMAGE_IS_COMPRESSED_TO_14 = 0x02
const IMAGE_IS_COMPRESSED_FROM_15 = 0x1c

/** A block that a record touches, as its header names it. */
export type RecordBlock = {
  readonly fork: number
  readonly hasImage: boolean
  /** Where the three OIDs of the relation stand in the record: those of an earlier block when they are the same. */
  readonly relationOffset: number
  /** Counts within the fork of the relation. */
  readonly block: number
}

/** What the headers of a record say that follow its fixed start. */
export type RecordHeaders = {
  readonly blocks: readonly RecordBlock[]
  /** Bytes at the end of the record that the resource manager itself stored. */
  readonly mainDataBytes: number
}

/**
 * Reads the headers between the fixed start of a record and its data. Undefined when they make no sense, which a record
 * whose checksum holds has only if a version wrote it that is not known here.
 *
 * Source: PostgreSQL `src/backend/access/transam/xlogreader.c`, `DecodeXLogRecord`.
 */
export function decodeRecordHeaders({ bytes, serverMajor }: WalRecord): RecordHeaders | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const compressed = serverMajor < 15 ? IMAGE_IS_COMPRESSED_TO_14 : IMAGE_IS_COMPRESSED_FROM_15
  const blocks: RecordBlock[] = []
  let at = WAL_RECORD_HEADER_BYTES
  let highestId = -1
  let relationOffset: number | undefined
  /** Bytes that the headers read so far announce: the headers end where just these are left. */
  let dataBytes = 0
  let mainDataBytes = 0
  const hasRoom = (count: number): boolean => at + count <= bytes.length

  while (bytes.length - at > dataBytes) {
    const id = view.getUint8(at)
    if (id === ID_SHORT_DATA || id === ID_LONG_DATA) {
      const headerBytes = id === ID_SHORT_DATA ? 2 : 5
      if (!hasRoom(headerBytes)) return undefined
      mainDataBytes = id === ID_SHORT_DATA ? view.getUint8(at + 1) : view.getUint32(at + 1, true)
      dataBytes += mainDataBytes
      at += headerBytes
      break // It is always the last one.
    }
    if (id === ID_ORIGIN) at += 3
    else if (id === ID_TOP_LEVEL_XID) at += 5
    else if (id > HIGHEST_BLOCK_ID || id <= highestId || !hasRoom(4)) return undefined
    else {
      highestId = id
      const flags = view.getUint8(at + 1)
      dataBytes += view.getUint16(at + 2, true)
      at += 4
      const hasImage = (flags & BLOCK_HAS_IMAGE) !== 0
      if (hasImage) {
        if (!hasRoom(5)) return undefined
        dataBytes += view.getUint16(at, true)
        const image = view.getUint8(at + 4)
        at += (image & IMAGE_HAS_HOLE) !== 0 && (image & compressed) !== 0 ? 7 : 5
      }
      if ((flags & BLOCK_SAME_RELATION) === 0) {
        relationOffset = at
        at += 12
      }
      if (relationOffset === undefined || !hasRoom(4)) return undefined
      blocks.push({
        fork: flags & BLOCK_FORK_MASK,
        hasImage,
        relationOffset,
        block: view.getUint32(at, true),
      })
      at += 4
    }
  }
  return at + dataBytes === bytes.length ? { blocks, mainDataBytes } : undefined
}

/**
 * What the resource manager itself stored: the last bytes of the record. Empty when it stored nothing, and when the
 * headers make no sense.
 */
export function walRecordMainData(record: WalRecord): Uint8Array {
  const count = decodeRecordHeaders(record)?.mainDataBytes ?? 0
  return record.bytes.subarray(record.totalBytes - count, record.totalBytes)
}
