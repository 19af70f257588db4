import { MAGIC, KEPT_BYTES } from './wal-area'

/** The versions 12 to 18; up to 14 the bits of an image were others. */
const MAGIC_12: u32 = 0xd101
const MAGIC_13: u32 = 0xd106
const MAGIC_14: u32 = 0xd10d
const MAGIC_15: u32 = 0xd110
const MAGIC_16: u32 = 0xd113
const MAGIC_17: u32 = 0xd116
const MAGIC_18: u32 = 0xd118

/** Every record begins with so many bytes. */
export const RECORD_HEADER: u32 = 24

/** What `readHeaders` found. */
export let relation: usize = 0
export let mainData: usize = 0
export let mainBytes: u32 = 0
export let blockCount: u32 = 0

/** Whether the pages of a version begin with this. */
export function isKnown(magic: u32): bool {
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

/** Where the first block of a record names its relation; 0 when it has none. */
export function firstRelation(area: usize, record: usize, total: u32): usize {
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
export function readHeaders(area: usize, record: usize, total: u32): void {
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
