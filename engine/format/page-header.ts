import { assert } from '../base/assert.ts'
import { LSN_NONE, type Lsn, lsnFromHalves } from '../base/lsn.ts'
import { pageChecksum } from './page-checksum.ts'

/** Bytes of a page, `BLCKSZ`. Other block sizes are refused. */
export const PAGE_BYTES = 8192
/** Pages in a full segment file of a relation, `RELSEG_SIZE`: 1 GiB. */
export const SEGMENT_BLOCKS = 131072

const HEADER_BYTES = 24
const KNOWN_FLAGS = 0x0007

/** The fixed start of every page. Source: PostgreSQL `src/include/storage/bufpage.h`, `PageHeaderData`. */
export type PageHeader = {
  readonly lsn: Lsn
  /** As stored; whether it is right is another matter. */
  readonly checksum: number
  readonly flags: number
  readonly lower: number
  readonly upper: number
  readonly special: number
  readonly pageBytes: number
  readonly layoutVersion: number
  readonly pruneXid: number
}

/** What looking at one page found out. `zeroed` is a sound page that nobody has filled yet. */
export type PageVerdict = {
  readonly verdict: 'valid' | 'zeroed' | 'header-invalid' | 'checksum-mismatch' | 'lsn-from-future'
  /** 0 for a zeroed page. */
  readonly lsn: Lsn
  /** As computed, also where the cluster has no checksums; 0 for a zeroed page and for an invalid header. */
  readonly checksum: number
}

export type PageExpectations = {
  /** Counted from the start of the relation: segment number * {@link SEGMENT_BLOCKS} + block. */
  readonly blockNumber: number
  /** Whether a checksum that differs counts: the cluster has data checksums and nobody waived the check. */
  readonly hasChecksums: boolean
  /** Pages newer than this come from the future; left out or 0 = not to be checked. */
  readonly stopLsn?: Lsn | undefined
}

/** Reads the header of a page without judging it. */
export function decodePageHeader(page: Uint8Array): PageHeader {
  assert(page.length >= HEADER_BYTES, 'a page header has 24 bytes')
  const sizeAndVersion = u16(page, 18)
  return {
    lsn: pageLsn(page),
    checksum: u16(page, 8),
    flags: u16(page, 10),
    lower: u16(page, 12),
    upper: u16(page, 14),
    special: u16(page, 16),
    pageBytes: sizeAndVersion & 0xff00,
    layoutVersion: sizeAndVersion & 0xff,
    pruneXid: u32(page, 20),
  }
}

/** The LSN of the last change of a page: two halves, high first, each of them little-endian. */
export function pageLsn(page: Uint8Array): Lsn {
  return lsnFromHalves(u32(page, 0), u32(page, 4))
}

/** Judges a page of 8192 bytes by the rules of the catalog format, section 6.2. Does not touch the page. */
export function examinePage(page: Uint8Array, expected: PageExpectations): PageVerdict {
  if (!isHeaderSane(page)) return isZeroed(page) ? ZEROED : HEADER_INVALID
  const checksum = pageChecksum(page, expected.blockNumber)
  const lsn = pageLsn(page)
  if (expected.hasChecksums && checksum !== u16(page, 8))
    return { verdict: 'checksum-mismatch', lsn, checksum }
  const stopLsn = expected.stopLsn ?? LSN_NONE
  if (stopLsn !== LSN_NONE && lsn > stopLsn) return { verdict: 'lsn-from-future', lsn, checksum }
  return { verdict: 'valid', lsn, checksum }
}

const ZEROED: PageVerdict = { verdict: 'zeroed', lsn: LSN_NONE, checksum: 0 }
const HEADER_INVALID: PageVerdict = { verdict: 'header-invalid', lsn: LSN_NONE, checksum: 0 }

function isHeaderSane(page: Uint8Array): boolean {
  const lower = u16(page, 12)
  const upper = u16(page, 14)
  const special = u16(page, 16)
  return (
    page[19] === PAGE_BYTES >>> 8 &&
    (u16(page, 10) & ~KNOWN_FLAGS) === 0 &&
    lower >= HEADER_BYTES &&
    lower <= upper &&
    upper <= special &&
    special <= PAGE_BYTES &&
    (special & 7) === 0
  )
}

function isZeroed(page: Uint8Array): boolean {
  for (let at = 0; at < page.length; at++) if (page[at] !== 0) return false
  return true
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8)
}

function u32(bytes: Uint8Array, at: number): number {
  return (u16(bytes, at) | (u16(bytes, at + 2) << 16)) >>> 0
}
