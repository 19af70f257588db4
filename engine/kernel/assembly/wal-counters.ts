import { COUNTER_COUNT, CREATED, SLOTS, COUNTERS, SLOT_MASK, COUNTER_BYTES, CREATED_MASK } from './wal-area'
import { relation, mainData, mainBytes, blockCount, firstRelation, readHeaders } from './wal-headers'

/** Relations of the system have smaller numbers, unless they were written anew. */
const FIRST_NORMAL: u32 = 16384

/** Rows of a relation of users that a record inserts, deletes or updates: one each. */
export function countRows(area: usize, record: usize, total: u32, xid: u32, opcode: u32): void {
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

export function countInserted(area: usize, record: usize, total: u32, xid: u32): void {
  readHeaders(area, record, total)
  if (relation == 0 || mainBytes < 4) return
  const number = load<u32>(relation, 8)
  if (number < FIRST_NORMAL) return
  const counter = counterOf(area, xid, 0)
  store<u32>(counter, load<u32>(counter, 20) + load<u16>(mainData, 2), 20)
  if (isRemembered(area, number)) addPages(area, xid, relation, 1)
}

/** Pages that are written whole into a relation made not long ago. */
export function countPages(area: usize, record: usize, total: u32, xid: u32): void {
  readHeaders(area, record, total)
  if (relation != 0 && isRemembered(area, load<u32>(relation, 8))) addPages(area, xid, relation, blockCount)
}

function addPages(area: usize, xid: u32, at: usize, count: u32): void {
  const counter = counterOf(area, xid, at)
  store<u32>(counter, load<u32>(counter, 28) + count, 28)
}

export function remember(area: usize, number: u32): void {
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
