import { type Lsn, lsnFromBigint } from '../base/lsn.ts'
import type { Timeline } from '../base/wal-segment.ts'

/** Bytes of a WAL page, `XLOG_BLCKSZ`. Other sizes are refused. */
export const WAL_PAGE_BYTES = 8192
/** Bytes of the header of every page but the first of a segment. */
const WAL_PAGE_HEADER_BYTES = 24
/** Bytes of the header of the first page of a segment. */
export const WAL_LONG_HEADER_BYTES = 40

/** The magic number of WAL pages by server version. Source: `src/include/access/xlog_internal.h` of each release. */
const MAJOR_BY_MAGIC = new Map([
  [0xd101, 12],
  [0xd106, 13],
  [0xd10d, 14],
  [0xd110, 15],
  [0xd113, 16],
  [0xd116, 17],
  [0xd118, 18],
])

/** The version of the server that writes pages with that magic number; undefined for one not known here. */
export function serverMajorOfMagic(magic: number): number | undefined {
  return MAJOR_BY_MAGIC.get(magic)
}

const FIRST_IS_CONTINUATION = 0x0001
const LONG_HEADER = 0x0002
const FIRST_IS_OVERWRITE = 0x0008
const KNOWN_FLAGS = 0x000f

/** The start of a WAL page. Source: PostgreSQL `xlog_internal.h`, `XLogPageHeaderData`, `XLogLongPageHeaderData`. */
export type WalPageHeader = {
  readonly magic: number
  /** Of the server that wrote it; undefined for a magic number not known here. */
  readonly serverMajor: number | undefined
  readonly timeline: Timeline
  /** Where the page belongs. A segment that was recycled still holds pages of an earlier place. */
  readonly address: Lsn
  /** Whether the page starts with the rest of a record of an earlier page. */
  readonly isContinuation: boolean
  /** Whether the record that an earlier page began was given up after a crash, and reading goes on here. */
  readonly isOverwrite: boolean
  readonly hasUnknownFlags: boolean
  /** Bytes of that record still to come, counted from this page on. */
  readonly remainingBytes: number
  readonly headerBytes: number
  /** What only the first page of a segment has. */
  readonly segment:
    | { readonly systemIdentifier: bigint; readonly segmentBytes: number; readonly walBlockBytes: number }
    | undefined
}

/** Reads the page header at `at` without judging it. 40 bytes must be there. */
export function decodeWalPageHeader(view: DataView, at: number): WalPageHeader {
  const magic = view.getUint16(at, true)
  const flags = view.getUint16(at + 2, true)
  const isLong = (flags & LONG_HEADER) !== 0
  return {
    magic,
    serverMajor: MAJOR_BY_MAGIC.get(magic),
    timeline: view.getUint32(at + 4, true),
    address: lsnFromBigint(view.getBigUint64(at + 8, true)),
    isContinuation: (flags & FIRST_IS_CONTINUATION) !== 0,
    isOverwrite: (flags & FIRST_IS_OVERWRITE) !== 0,
    hasUnknownFlags: (flags & ~KNOWN_FLAGS) !== 0,
    remainingBytes: view.getUint32(at + 16, true),
    headerBytes: isLong ? WAL_LONG_HEADER_BYTES : WAL_PAGE_HEADER_BYTES,
    segment: isLong
      ? {
          systemIdentifier: view.getBigUint64(at + 24, true),
          segmentBytes: view.getUint32(at + 32, true),
          walBlockBytes: view.getUint32(at + 36, true),
        }
      : undefined,
  }
}

/** Where the first record could start on the page that holds `lsn`: after its header. */
function firstRecordLsnOfPage(lsn: Lsn, segmentBytes: number): Lsn {
  const page = lsn - (lsn % BigInt(WAL_PAGE_BYTES))
  const isFirst = page % BigInt(segmentBytes) === 0n
  return lsnFromBigint(page + BigInt(isFirst ? WAL_LONG_HEADER_BYTES : WAL_PAGE_HEADER_BYTES))
}

/**
 * Where the next record starts when the one before ended at `lsn`: the same place, or behind the header when that is
 * the edge of a page.
 */
export function recordStartAt(lsn: Lsn, segmentBytes: number): Lsn {
  return lsn % BigInt(WAL_PAGE_BYTES) === 0n ? firstRecordLsnOfPage(lsn, segmentBytes) : lsn
}

/** Whether a record can start there: 8-aligned and behind the header of the page. */
export function isRecordPlace(lsn: Lsn, segmentBytes: number): boolean {
  return lsn % 8n === 0n && lsn >= firstRecordLsnOfPage(lsn, segmentBytes)
}
