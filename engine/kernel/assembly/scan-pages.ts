import { pageChecksum } from './page-checksum'

const PAGE_BYTES: usize = 8192
const HEADER_BYTES: u32 = 24
/** Of a record in a stored file: block number and length, then the page. */
const RECORD_HEADER_BYTES: usize = 8
const SEGMENT_BLOCKS: i32 = 131072
const RECORD_BYTES: usize = RECORD_HEADER_BYTES + PAGE_BYTES
const KNOWN_FLAGS: u32 = 0x0007
/** As many pages as one call may look at: 1 MiB. */
const MOST_PAGES = 128

/** The answers of the last call, one place for each page. `engine/kernel/page-kernel.ts` names the verdicts. */
export const VERDICTS = memory.data(MOST_PAGES, 16)
export const CHECKSUMS = memory.data(MOST_PAGES * 2, 16)
export const LSNS = memory.data(MOST_PAGES * 8, 16)

const VALID: u8 = 0
const ZEROED: u8 = 1
const HEADER_INVALID: u8 = 2
const CHECKSUM_MISMATCH: u8 = 3
const LSN_FROM_FUTURE: u8 = 4
const UNCHANGED: u8 = 5

/** What `judge` found out beside its verdict. */
let checksum: u32 = 0
let lsn: u64 = 0

/** Judges `count` pages that lie one after the other, as `examinePage` does it. `horizon` and `stopLsn` may be 0. */
export function scanPages(
  pages: usize,
  count: usize,
  firstBlock: u32,
  hasChecksums: bool,
  horizon: u64,
  stopLsn: u64,
): void {
  for (let index: usize = 0; index < count; index++) {
    let verdict = judge(pages + index * PAGE_BYTES, firstBlock + u32(index), hasChecksums, stopLsn)
    if (verdict == VALID && lsn != 0 && lsn < horizon) verdict = UNCHANGED
    store<u8>(VERDICTS + index, verdict)
    store<u16>(CHECKSUMS + index * 2, <u16>checksum)
    store<u64>(LSNS + index * 8, lsn)
  }
}

/**
 * How many of the records between `records` and `end` are whole, ascend after `lastBlock` (-1 = none yet), and hold a
 * sound page that is not compressed: all up to the first that is not so. `firstBlock` is that of the segment.
 */
export function scanRecords(
  records: usize,
  end: usize,
  firstBlock: u32,
  lastBlock: i32,
  hasChecksums: bool,
  stopLsn: u64,
): u32 {
  let count: u32 = 0
  for (let at = records; end - at >= RECORD_BYTES; at += RECORD_BYTES) {
    const block = load<i32>(at)
    if (load<u32>(at, 4) != u32(PAGE_BYTES) || block <= lastBlock || block >= SEGMENT_BLOCKS) break
    if (judge(at + RECORD_HEADER_BYTES, firstBlock + u32(block), hasChecksums, stopLsn) > ZEROED) break
    lastBlock = block
    count++
  }
  return count
}

function judge(page: usize, block: u32, hasChecksums: bool, stopLsn: u64): u8 {
  checksum = 0
  lsn = 0
  if (!isHeaderSane(page)) return isZeroed(page) ? ZEROED : HEADER_INVALID
  checksum = pageChecksum(page, block)
  lsn = (u64(load<u32>(page)) << 32) | u64(load<u32>(page, 4))
  if (hasChecksums && checksum != load<u16>(page, 8)) return CHECKSUM_MISMATCH
  return stopLsn != 0 && lsn > stopLsn ? LSN_FROM_FUTURE : VALID
}

function isHeaderSane(page: usize): bool {
  const flags: u32 = load<u16>(page, 10)
  const lower: u32 = load<u16>(page, 12)
  const upper: u32 = load<u16>(page, 14)
  const special: u32 = load<u16>(page, 16)
  return (
    load<u8>(page, 19) == PAGE_BYTES >>> 8 &&
    (flags & ~KNOWN_FLAGS) == 0 &&
    lower >= HEADER_BYTES &&
    lower <= upper &&
    upper <= special &&
    special <= <u32>PAGE_BYTES &&
    (special & 7) == 0
  )
}

function isZeroed(page: usize): bool {
  for (let at = page; at < page + PAGE_BYTES; at += 64) {
    const left = v128.or(v128.load(at), v128.load(at, 16))
    const right = v128.or(v128.load(at, 32), v128.load(at, 48))
    if (v128.any_true(v128.or(left, right))) return false
  }
  return true
}
