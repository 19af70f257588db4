import { crc32c } from './crc32c'

/** Where what stands in the area of a scan; `engine/kernel/wal-scan.ts` says what it is, and has the same numbers. */
const MODE: usize = 0
const STATUS: usize = 4
const TIMELINE: usize = 8
const PAGE_TIMELINE: usize = 12
const SYSTEM: usize = 16
const NEXT_PAGE: usize = 24
const PREVIOUS: usize = 32
const PENDING: usize = 40
const PENDING_TOTAL: usize = 48
const PENDING_GOT: usize = 52
const PENDING_CRC: usize = 56
const SEGMENT_BYTES: usize = 60
const OVERWRITTEN: usize = 64
const PROBLEM: usize = 72
const MAGIC: usize = 80
const START: usize = 84
const OUTPUT_USED: usize = 88
const COUNTER_COUNT: usize = 92
const RECORD_COUNT: usize = 96
const CREATED: usize = 128
const SLOTS: usize = 4224
const COUNTERS: usize = 36992
const KEPT: usize = 299136
const OUTPUT: usize = 561280
const AREA_END: usize = 1085568

const SLOTS_BYTES: usize = COUNTERS - SLOTS
const SLOT_MASK: u32 = 16383
const COUNTER_BYTES: usize = 32
const MOST_COUNTERS: u32 = 8192
const KEPT_BYTES: u32 = 262144
const OUTPUT_HEADER: u32 = 32
const CREATED_MASK: u32 = 1023
/** What one page can give beside a record that began before it. */
const MOST_OF_PAGE: u32 = 20480
const MOST_RECORDS_OF_PAGE: u32 = 512

const MODE_SEEK: u32 = 0
const MODE_READ: u32 = 1
const MODE_PENDING: u32 = 2

const STATUS_MORE: u32 = 0
const STATUS_FULL: u32 = 1
const STATUS_SWITCHED: u32 = 2
const ZEROED: u32 = 16
const WRONG_ADDRESS: u32 = 17
const CRC_MISMATCH: u32 = 18
const BAD_MAGIC: u32 = 19
const BAD_PAGE: u32 = 20
const WRONG_SYSTEM: u32 = 21
const WRONG_TIMELINE: u32 = 22
const BAD_CONTINUATION: u32 = 23
const BAD_RECORD: u32 = 24

const PAGE_BYTES: u32 = 8192
const HEADER_BYTES: u32 = 24
const LONG_HEADER_BYTES: u32 = 40
const FIRST_IS_CONTINUATION: u32 = 1
const LONG_HEADER: u32 = 2
const FIRST_IS_OVERWRITE: u32 = 8
const KNOWN_FLAGS: u32 = 15
const LONGEST_RECORD: u32 = 0x3fffffff
const RECORD_HEADER: u32 = 24
const CRC_OFFSET: u32 = 20
/** The versions 12 to 18; up to 14 the bits of an image were others. */
const MAGIC_12: u32 = 0xd101
const MAGIC_13: u32 = 0xd106
const MAGIC_14: u32 = 0xd10d
const MAGIC_15: u32 = 0xd110
const MAGIC_16: u32 = 0xd113
const MAGIC_17: u32 = 0xd116
const MAGIC_18: u32 = 0xd118

/** Relations of the system have smaller numbers, unless they were written anew. */
const FIRST_NORMAL: u32 = 16384

/** What `readHeaders` found. */
let relation: usize = 0
let mainData: usize = 0
let mainBytes: u32 = 0
let blockCount: u32 = 0

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

function isKnown(magic: u32): bool {
  return (
    magic == MAGIC_15 ||
    magic == MAGIC_16 ||
    magic == MAGIC_17 ||
    magic == MAGIC_18 ||
    magic == MAGIC_14 ||
    magic == MAGIC_13 ||
    magic == MAGIC_12
  )
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

/** Rows of a relation of users that a record inserts, deletes or updates: one each. */
function countRows(area: usize, record: usize, total: u32, xid: u32, opcode: u32): void {
  const at = firstRelation(area, record, total)
  if (at == 0) return
  const number = load<u32>(at, 8)
  if (number < FIRST_NORMAL) return
  if (opcode == 0x10) {
    const counter = counterOf(area, xid, at)
    store<u32>(counter, load<u32>(counter, 16) + 1, 16)
    return
  }
  const counter = counterOf(area, xid, 0)
  const offset: usize = opcode == 0x00 ? 20 : 24
  store<u32>(counter + offset, load<u32>(counter + offset) + 1)
  if (opcode == 0x00 && isRemembered(area, number)) addPages(area, xid, at, 1)
}

function countInserted(area: usize, record: usize, total: u32, xid: u32): void {
  readHeaders(area, record, total)
  if (relation == 0 || mainBytes < 4) return
  const number = load<u32>(relation, 8)
  if (number < FIRST_NORMAL) return
  const counter = counterOf(area, xid, 0)
  store<u32>(counter, load<u32>(counter, 20) + load<u16>(mainData, 2), 20)
  if (isRemembered(area, number)) addPages(area, xid, relation, 1)
}

/** Pages that are written whole into a relation made not long ago. */
function countPages(area: usize, record: usize, total: u32, xid: u32): void {
  readHeaders(area, record, total)
  if (relation != 0 && isRemembered(area, load<u32>(relation, 8))) addPages(area, xid, relation, blockCount)
}

function addPages(area: usize, xid: u32, at: usize, count: u32): void {
  const counter = counterOf(area, xid, at)
  store<u32>(counter, load<u32>(counter, 28) + count, 28)
}

function remember(area: usize, number: u32): void {
  store<u32>(area + CREATED + ((number & CREATED_MASK) << 2), number)
}

function isRemembered(area: usize, number: u32): bool {
  return load<u32>(area + CREATED + ((number & CREATED_MASK) << 2)) == number
}

/** The counter of a transaction and a relation, or of the transaction alone when `at` is 0. */
function counterOf(area: usize, xid: u32, at: usize): usize {
  const number = at == 0 ? 0 : load<u32>(at, 8)
  const database = at == 0 ? 0 : load<u32>(at, 4)
  let slot = ((xid * 0x9e3779b1) ^ (number * 0x85ebca6b)) >>> 18
  for (;;) {
    const index = u32(load<u16>(area + SLOTS + (slot << 1)))
    if (index == 0) break
    const known = area + COUNTERS + (index - 1) * COUNTER_BYTES
    if (load<u32>(known) == xid && load<u32>(known, 12) == number && load<u32>(known, 8) == database)
      return known
    slot = (slot + 1) & SLOT_MASK
  }
  const count = load<u32>(area, COUNTER_COUNT)
  const fresh = area + COUNTERS + count * COUNTER_BYTES
  memory.fill(fresh, 0, COUNTER_BYTES)
  store<u32>(fresh, xid)
  if (at != 0) memory.copy(fresh + 4, at, 12)
  store<u32>(area, count + 1, COUNTER_COUNT)
  store<u16>(area + SLOTS + (slot << 1), <u16>(count + 1))
  return fresh
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

/** Where the first block of a record names its relation; 0 when it has none. */
function firstRelation(area: usize, record: usize, total: u32): usize {
  if (total < RECORD_HEADER + 20 || load<u8>(record, RECORD_HEADER) != 0) return 0
  const flags: u32 = load<u8>(record, RECORD_HEADER + 1)
  if (flags & 0x80) return 0
  if (!(flags & 0x10)) return record + RECORD_HEADER + 4
  const at = RECORD_HEADER + 4 + imageHeaderBytes(area, record + RECORD_HEADER + 4)
  return at + 12 > total ? 0 : record + at
}

function imageHeaderBytes(area: usize, image: usize): u32 {
  const info: u32 = load<u8>(image, 4)
  const compressed: u32 = load<u32>(area, MAGIC) < MAGIC_15 ? 0x02 : 0x1c
  return (info & 1) != 0 && (info & compressed) != 0 ? 7 : 5
}

/**
 * Finds the first relation, the number of blocks and the data of the resource manager; 0 for what is not there. Those
 * who ask have records with more behind the headers than the longest header is.
 */
function readHeaders(area: usize, record: usize, total: u32): void {
  relation = 0
  mainData = 0
  mainBytes = 0
  blockCount = 0
  const length = min(total, KEPT_BYTES)
  let at = RECORD_HEADER
  let data: u32 = 0
  while (at + 8 <= length && total - at > data) {
    const id: u32 = load<u8>(record + at)
    if (id == 255 || id == 254) {
      const bytes = id == 255 ? load<u8>(record + at, 1) : load<u32>(record + at, 1)
      // What is kept of a very long record ends before them.
      if (bytes > total || total > length) return
      mainData = record + (total - bytes)
      mainBytes = bytes
      return
    }
    if (id == 253) at += 3
    else if (id == 252) at += 5
    else if (id > 32) return
    else {
      const flags: u32 = load<u8>(record + at, 1)
      data += load<u16>(record + at, 2)
      at += 4
      if (at + 24 > length) return
      if (flags & 0x10) {
        data += load<u16>(record + at)
        at += imageHeaderBytes(area, record + at)
      }
      if (!(flags & 0x80)) {
        if (relation == 0) relation = record + at
        at += 12
      }
      at += 4
      blockCount++
    }
  }
}

function align(bytes: u32): u32 {
  return (bytes + 7) & ~7
}
