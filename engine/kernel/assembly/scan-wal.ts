import { crc32c } from './crc32c'
import {
  MODE,
  STATUS,
  TIMELINE,
  PAGE_TIMELINE,
  SYSTEM,
  NEXT_PAGE,
  PREVIOUS,
  PENDING,
  PENDING_TOTAL,
  PENDING_GOT,
  PENDING_CRC,
  SEGMENT_BYTES,
  OVERWRITTEN,
  PROBLEM,
  MAGIC,
  START,
  OUTPUT_USED,
  COUNTER_COUNT,
  RECORD_COUNT,
  SLOTS,
  KEPT,
  OUTPUT,
  AREA_END,
  SLOTS_BYTES,
  MOST_COUNTERS,
  KEPT_BYTES,
  OUTPUT_HEADER,
  MOST_OF_PAGE,
  MOST_RECORDS_OF_PAGE,
  MODE_SEEK,
  MODE_READ,
  MODE_PENDING,
  STATUS_MORE,
  STATUS_FULL,
  STATUS_SWITCHED,
  ZEROED,
  WRONG_ADDRESS,
  CRC_MISMATCH,
  BAD_MAGIC,
  BAD_PAGE,
  WRONG_SYSTEM,
  WRONG_TIMELINE,
  BAD_CONTINUATION,
  BAD_RECORD,
} from './wal-area'
import { countRows, countInserted, countPages, remember } from './wal-counters'
import { RECORD_HEADER, mainData, mainBytes, isKnown, readHeaders } from './wal-headers'

const PAGE_BYTES: u32 = 8192
const HEADER_BYTES: u32 = 24
const LONG_HEADER_BYTES: u32 = 40
const FIRST_IS_CONTINUATION: u32 = 1
const LONG_HEADER: u32 = 2
const FIRST_IS_OVERWRITE: u32 = 8
const KNOWN_FLAGS: u32 = 15
const LONGEST_RECORD: u32 = 0x3fffffff
const CRC_OFFSET: u32 = 20
/** Goes over `count` whole pages and gives how many of them it is done with. What it found is in the area. */
export function scanWal(area: usize, pages: usize, count: u32): u32 {
  if (load<u32>(area, COUNTER_COUNT) == 0) memory.fill(area + SLOTS, 0, SLOTS_BYTES)
  store<u32>(area, STATUS_MORE, STATUS)
  for (let index: u32 = 0; index < count; index++) {
    const room = u32(AREA_END - OUTPUT) - load<u32>(area, OUTPUT_USED)
    if (
      room < KEPT_BYTES + OUTPUT_HEADER + 8 + MOST_OF_PAGE ||
      load<u32>(area, COUNTER_COUNT) > MOST_COUNTERS - MOST_RECORDS_OF_PAGE
    ) {
      store<u32>(area, STATUS_FULL, STATUS)
      return index
    }
    scanPage(area, pages + index * PAGE_BYTES)
    if (load<u32>(area, STATUS) != STATUS_MORE) return index + 1
    store<u64>(area, load<u64>(area, NEXT_PAGE) + PAGE_BYTES, NEXT_PAGE)
  }
  return count
}

function fail(area: usize, status: u32, lsn: u64): void {
  store<u32>(area, status, STATUS)
  store<u64>(area, lsn, PROBLEM)
}

function scanPage(area: usize, page: usize): void {
  const address = load<u64>(area, NEXT_PAGE)
  const start = load<u32>(area, START)
  const isPending = load<u32>(area, MODE) == MODE_PENDING
  const here = isPending ? load<u64>(area, PENDING) : start != 0 ? address + start : address
  const problem = judgePage(area, page, address)
  if (problem != 0) return fail(area, problem, here)
  store<u32>(area, load<u16>(page), MAGIC)
  store<u32>(area, load<u32>(page, 4), PAGE_TIMELINE)

  const flags: u32 = load<u16>(page, 2)
  const rest = flags & FIRST_IS_CONTINUATION ? load<u32>(page, 16) : 0
  let at = flags & LONG_HEADER ? LONG_HEADER_BYTES : HEADER_BYTES
  if (start != 0) {
    if (start < at) return fail(area, BAD_RECORD, here)
    at = start
    store<u32>(area, 0, START)
    store<u32>(area, MODE_READ, MODE)
  } else if (load<u32>(area, MODE) == MODE_SEEK) {
    const room = PAGE_BYTES - at
    if (rest > room) return
    at += min(align(rest), room)
    store<u32>(area, MODE_READ, MODE)
  } else if (!isPending) {
    if (flags & FIRST_IS_CONTINUATION) return fail(area, BAD_CONTINUATION, here)
  } else if (flags & FIRST_IS_OVERWRITE) {
    store<u64>(area, here, OVERWRITTEN)
    store<u32>(area, MODE_READ, MODE)
  } else {
    const missing = load<u32>(area, PENDING_TOTAL) - load<u32>(area, PENDING_GOT)
    if (!(flags & FIRST_IS_CONTINUATION) || rest != missing) return fail(area, BAD_CONTINUATION, here)
    const taken = min(missing, PAGE_BYTES - at)
    takePiece(area, page + at, taken)
    at = min(at + align(taken), PAGE_BYTES)
    if (taken < missing) return
    store<u32>(area, MODE_READ, MODE)
    const total = load<u32>(area, PENDING_TOTAL)
    const crc = crc32c(area + KEPT, CRC_OFFSET, load<u32>(area, PENDING_CRC))
    finish(area, area + KEPT, total, here, address + at, crc)
    if (load<u32>(area, STATUS) != STATUS_MORE) return
  }
  scanRecords(area, page, address, at)
}

/** The records that start on a page, from `at` on. */
function scanRecords(area: usize, page: usize, address: u64, at: u32): void {
  while (at < PAGE_BYTES) {
    const record = page + at
    const lsn = address + at
    const total = load<u32>(record)
    if (total == 0) return fail(area, ZEROED, lsn)
    if (total < RECORD_HEADER || total > LONGEST_RECORD) return fail(area, BAD_RECORD, lsn)
    if (total > PAGE_BYTES - at) {
      store<u32>(area, MODE_PENDING, MODE)
      store<u64>(area, lsn, PENDING)
      store<u32>(area, total, PENDING_TOTAL)
      store<u32>(area, 0, PENDING_GOT)
      store<u32>(area, 0, PENDING_CRC)
      takePiece(area, record, PAGE_BYTES - at)
      return
    }
    const crc = crc32c(record + RECORD_HEADER, total - RECORD_HEADER, 0)
    at += align(total)
    finish(area, record, total, lsn, address + at, crc32c(record, CRC_OFFSET, crc))
    if (load<u32>(area, STATUS) != STATUS_MORE) return
  }
}

/** Adds to the record that goes over pages: to its beginning, which is kept, and to the checksum of all of it. */
function takePiece(area: usize, piece: usize, length: u32): void {
  const got = load<u32>(area, PENDING_GOT)
  if (got < KEPT_BYTES) memory.copy(area + KEPT + got, piece, min(length, KEPT_BYTES - got))
  const head = got < RECORD_HEADER ? min(RECORD_HEADER - got, length) : 0
  if (length > head) {
    const crc = crc32c(piece + head, length - head, load<u32>(area, PENDING_CRC))
    store<u32>(area, crc, PENDING_CRC)
  }
  store<u32>(area, got + length, PENDING_GOT)
}

function judgePage(area: usize, page: usize, address: u64): u32 {
  const magic: u32 = load<u16>(page)
  const flags: u32 = load<u16>(page, 2)
  if (!isKnown(magic)) return magic == 0 ? ZEROED : BAD_MAGIC
  const segmentBytes = load<u32>(area, SEGMENT_BYTES)
  const isLong = (flags & LONG_HEADER) != 0
  const isFirst = address % segmentBytes == 0
  if ((flags & ~KNOWN_FLAGS) != 0 || isLong != isFirst) return BAD_PAGE
  if (isLong) {
    if (load<u64>(page, 24) != load<u64>(area, SYSTEM)) return WRONG_SYSTEM
    if (load<u32>(page, 32) != segmentBytes || load<u32>(page, 36) != PAGE_BYTES) return BAD_PAGE
  }
  if (load<u64>(page, 8) != address) return WRONG_ADDRESS
  const timeline = load<u32>(page, 4)
  if (timeline > load<u32>(area, TIMELINE) || timeline < load<u32>(area, PAGE_TIMELINE)) return WRONG_TIMELINE
  return 0
}

/** Judges a whole record and takes from it what is wanted. Of a very long one only the beginning is at `record`. */
function finish(area: usize, record: usize, total: u32, lsn: u64, endLsn: u64, crc: u32): void {
  if (crc != load<u32>(record, CRC_OFFSET)) return fail(area, CRC_MISMATCH, lsn)
  const previous = load<u64>(record, 8)
  const expected = load<u64>(area, PREVIOUS)
  if (expected == 0 ? previous >= lsn : previous != expected) return fail(area, BAD_RECORD, lsn)
  const info: u32 = load<u8>(record, 16)
  const rmgr: u32 = load<u8>(record, 17)
  const overwritten = load<u64>(area, OVERWRITTEN)
  if (overwritten != 0) {
    if (rmgr != 0 || (info & 0xf0) != 0xd0) return fail(area, BAD_CONTINUATION, lsn)
    readHeaders(area, record, total)
    if (mainBytes < 8 || load<u64>(mainData) != overwritten) return fail(area, BAD_CONTINUATION, lsn)
    store<u64>(area, 0, OVERWRITTEN)
  }
  store<u64>(area, lsn, PREVIOUS)
  store<u64>(area, load<u64>(area, RECORD_COUNT) + 1, RECORD_COUNT)
  const xid = load<u32>(record, 4)
  const opcode = info & 0x70
  if (rmgr == 10) {
    if (opcode == 0x30) return give(area, record, total, lsn, endLsn)
    if (xid != 0 && opcode <= 0x40) countRows(area, record, total, xid, opcode)
    return
  }
  if (rmgr == 1) {
    if (opcode == 0x00 || (opcode >= 0x20 && opcode <= 0x40)) give(area, record, total, lsn, endLsn)
    return
  }
  if (rmgr == 0) return takeXlog(area, record, total, lsn, endLsn, xid, info & 0xf0)
  if (rmgr == 2) {
    if ((info & 0xf0) != 0x10) return
    readHeaders(area, record, total)
    if (mainBytes >= 12) remember(area, load<u32>(mainData, 8))
    return give(area, record, total, lsn, endLsn)
  }
  if (rmgr == 4) return give(area, record, total, lsn, endLsn)
  if (rmgr == 8) {
    if ((info & 0xf0) == 0x10) give(area, record, total, lsn, endLsn)
    return
  }
  if (xid == 0) return
  if (rmgr == 9) {
    if (opcode == 0x50) countInserted(area, record, total, xid)
    return
  }
  if (rmgr == 15) countPages(area, record, total, xid)
}

function takeXlog(
  area: usize,
  record: usize,
  total: u32,
  lsn: u64,
  endLsn: u64,
  xid: u32,
  opcode: u32,
): void {
  if (opcode == 0x40) {
    store<u32>(area, STATUS_SWITCHED, STATUS)
    return
  }
  if (opcode == 0xb0) {
    if (xid != 0) countPages(area, record, total, xid)
    return
  }
  if (opcode == 0x00 || opcode == 0x10 || opcode == 0x70 || opcode == 0x90)
    give(area, record, total, lsn, endLsn)
}

/** Hands a record over: its beginning, where it stands, and by which version it was written. */
function give(area: usize, record: usize, total: u32, lsn: u64, endLsn: u64): void {
  const used = load<u32>(area, OUTPUT_USED)
  const kept = min(total, KEPT_BYTES)
  const at = area + OUTPUT + used
  const length = OUTPUT_HEADER + align(kept)
  store<u32>(at, length)
  store<u32>(at, kept, 4)
  store<u32>(at, load<u32>(area, MAGIC), 8)
  store<u32>(at, 0, 12)
  store<u64>(at, lsn, 16)
  store<u64>(at, endLsn, 24)
  memory.copy(at + OUTPUT_HEADER, record, kept)
  store<u32>(area, used + length, OUTPUT_USED)
}

function align(bytes: u32): u32 {
  return (bytes + 7) & ~7
}
