import { crc32c } from '../format/crc32c.ts'
import { decodeWalPageHeader, WAL_PAGE_BYTES } from '../format/wal-page.ts'
import { WAL_RECORD_HEADER_BYTES } from '../format/wal-record.ts'
import {
  MOST_KEPT_BYTES,
  WAL_COUNTER_BYTES,
  WAL_OUTPUT_HEADER_BYTES,
  WAL_SCAN,
  WAL_SCAN_MODE,
  WAL_SCAN_PROBLEMS,
  WAL_SCAN_STATUS,
} from './wal-scan.ts'

const FIRST_NORMAL_OID = 16_384
const MOST_COUNTERS = 8192
const MOST_RECORDS_OF_PAGE = 512
const MOST_OF_PAGE = 20_480
const LONGEST_RECORD_BYTES = 0x3fff_ffff
const CRC_OFFSET = 20

type Problem = (typeof WAL_SCAN_PROBLEMS)[number]
type Headers = {
  readonly relation: number
  readonly main: number
  readonly mainBytes: number
  readonly blocks: number
}

/**
 * `scanWal` in plain TypeScript: what `assembly/scan-wal.ts` does, on the same area. Offsets of records are those in
 * `bytes`, which is the page, or what was kept of a record that goes over pages.
 */
export function twinScanWal(area: Uint8Array, pages: Uint8Array): number {
  const state = new DataView(area.buffer, area.byteOffset, area.length)
  const get = (at: number): number => state.getUint32(at, true)
  const set = (at: number, value: number): void => state.setUint32(at, value, true)
  const getLsn = (at: number): bigint => state.getBigUint64(at, true)
  const setLsn = (at: number, value: bigint): void => state.setBigUint64(at, value, true)
  const isFull = (): boolean =>
    WAL_SCAN.end - WAL_SCAN.output - get(WAL_SCAN.outputUsed) <
      MOST_KEPT_BYTES + WAL_OUTPUT_HEADER_BYTES + 8 + MOST_OF_PAGE ||
    get(WAL_SCAN.counterCount) > MOST_COUNTERS - MOST_RECORDS_OF_PAGE
  const fail = (problem: Problem, lsn: bigint): void => {
    set(WAL_SCAN.status, WAL_SCAN_STATUS.problem + WAL_SCAN_PROBLEMS.indexOf(problem))
    setLsn(WAL_SCAN.problem, lsn)
  }
  const isGoingOn = (): boolean => get(WAL_SCAN.status) === WAL_SCAN_STATUS.more

  const scanPage = (page: Uint8Array): void => {
    const view = new DataView(page.buffer, page.byteOffset, page.length)
    const address = getLsn(WAL_SCAN.nextPage)
    const start = get(WAL_SCAN.start)
    const isPending = get(WAL_SCAN.mode) === WAL_SCAN_MODE.pending
    const here = isPending ? getLsn(WAL_SCAN.pending) : address + BigInt(start)
    const header = decodeWalPageHeader(view, 0)
    const problem = judgePage(header, address)
    if (problem !== undefined) return fail(problem, here)
    set(WAL_SCAN.magic, header.magic)
    set(WAL_SCAN.pageTimeline, header.timeline)
    const rest = header.isContinuation ? header.remainingBytes : 0
    const room = WAL_PAGE_BYTES - header.headerBytes
    let at = header.headerBytes
    if (start !== 0) {
      if (start < at) return fail('bad-record', here)
      at = start
      set(WAL_SCAN.start, 0)
      set(WAL_SCAN.mode, WAL_SCAN_MODE.read)
    } else if (get(WAL_SCAN.mode) === WAL_SCAN_MODE.seek) {
      if (rest > room) return
      at += Math.min(align(rest), room)
      set(WAL_SCAN.mode, WAL_SCAN_MODE.read)
    } else if (!isPending) {
      if (header.isContinuation) return fail('bad-continuation', here)
    } else if (header.isOverwrite) {
      setLsn(WAL_SCAN.overwritten, here)
      set(WAL_SCAN.mode, WAL_SCAN_MODE.read)
    } else {
      const total = get(WAL_SCAN.pendingTotal)
      const missing = total - get(WAL_SCAN.pendingGot)
      if (!header.isContinuation || rest !== missing) return fail('bad-continuation', here)
      const taken = Math.min(missing, room)
      takePiece(page.subarray(at, at + taken))
      at = Math.min(at + align(taken), WAL_PAGE_BYTES)
      if (taken < missing) return
      set(WAL_SCAN.mode, WAL_SCAN_MODE.read)
      const kept = area.subarray(WAL_SCAN.kept, WAL_SCAN.kept + Math.min(total, MOST_KEPT_BYTES))
      const crc = crc32c(kept.subarray(0, CRC_OFFSET), get(WAL_SCAN.pendingCrc))
      finish(kept, total, here, address + BigInt(at), crc)
      if (!isGoingOn()) return
    }
    while (at < WAL_PAGE_BYTES && isGoingOn()) {
      const lsn = address + BigInt(at)
      const total = view.getUint32(at, true)
      if (total === 0) return fail('zeroed', lsn)
      if (total < WAL_RECORD_HEADER_BYTES || total > LONGEST_RECORD_BYTES) return fail('bad-record', lsn)
      const record = page.subarray(at, at + total)
      if (record.length < total) {
        set(WAL_SCAN.mode, WAL_SCAN_MODE.pending)
        setLsn(WAL_SCAN.pending, lsn)
        set(WAL_SCAN.pendingTotal, total)
        set(WAL_SCAN.pendingGot, 0)
        set(WAL_SCAN.pendingCrc, 0)
        return takePiece(record)
      }
      at += align(total)
      const crc = crc32c(record.subarray(0, CRC_OFFSET), crc32c(record.subarray(WAL_RECORD_HEADER_BYTES)))
      finish(record, total, lsn, address + BigInt(at), crc)
    }
  }

  const judgePage = (
    header: ReturnType<typeof decodeWalPageHeader>,
    address: bigint,
  ): Problem | undefined => {
    if (header.serverMajor === undefined) return header.magic === 0 ? 'zeroed' : 'bad-magic'
    const segmentBytes = get(WAL_SCAN.segmentBytes)
    const isFirst = address % BigInt(segmentBytes) === 0n
    if (header.hasUnknownFlags || isFirst !== (header.segment !== undefined)) return 'bad-page'
    if (header.segment !== undefined) {
      if (header.segment.systemIdentifier !== getLsn(WAL_SCAN.systemIdentifier)) return 'wrong-system'
      if (header.segment.segmentBytes !== segmentBytes || header.segment.walBlockBytes !== WAL_PAGE_BYTES)
        return 'bad-page'
    }
    if (header.address !== address) return 'wrong-address'
    const { timeline } = header
    return timeline > get(WAL_SCAN.timeline) || timeline < get(WAL_SCAN.pageTimeline)
      ? 'wrong-timeline'
      : undefined
  }

  const takePiece = (piece: Uint8Array): void => {
    const got = get(WAL_SCAN.pendingGot)
    if (got < MOST_KEPT_BYTES) area.set(piece.subarray(0, MOST_KEPT_BYTES - got), WAL_SCAN.kept + got)
    const data = piece.subarray(Math.max(0, WAL_RECORD_HEADER_BYTES - got))
    set(WAL_SCAN.pendingCrc, crc32c(data, get(WAL_SCAN.pendingCrc)))
    set(WAL_SCAN.pendingGot, got + piece.length)
  }

  const finish = (record: Uint8Array, total: number, lsn: bigint, endLsn: bigint, crc: number): void => {
    const view = new DataView(record.buffer, record.byteOffset, record.length)
    if (crc !== view.getUint32(CRC_OFFSET, true)) return fail('crc-mismatch', lsn)
    const previous = view.getBigUint64(8, true)
    const expected = getLsn(WAL_SCAN.previous)
    if (expected === 0n ? previous >= lsn : previous !== expected) return fail('bad-record', lsn)
    const info = record[16] ?? 0
    const rmgr = record[17] ?? 0
    const overwritten = getLsn(WAL_SCAN.overwritten)
    if (overwritten !== 0n) {
      const { main, mainBytes } = readHeaders(view, total)
      const isSo = rmgr === 0 && (info & 0xf0) === 0xd0 && mainBytes >= 8
      if (!isSo || view.getBigUint64(main, true) !== overwritten) return fail('bad-continuation', lsn)
      setLsn(WAL_SCAN.overwritten, 0n)
    }
    setLsn(WAL_SCAN.previous, lsn)
    setLsn(WAL_SCAN.recordCount, getLsn(WAL_SCAN.recordCount) + 1n)
    const xid = view.getUint32(4, true)
    const kind = info & 0xf0
    const opcode = info & 0x70
    if (rmgr === 0 && kind === 0x40) return set(WAL_SCAN.status, WAL_SCAN_STATUS.switched)
    if (rmgr === 2 && kind === 0x10) {
      const { main, mainBytes } = readHeaders(view, total)
      if (mainBytes >= 12) remember(view.getUint32(main + 8, true))
    }
    if (isWanted(rmgr, kind, opcode)) return give(record, lsn, endLsn)
    if (xid === 0) return
    if (rmgr === 10 && opcode <= 0x40) countRows(view, total, xid, opcode)
    if (rmgr === 9 && opcode === 0x50) countInserted(view, total, xid)
    if (rmgr === 15 || (rmgr === 0 && kind === 0xb0)) {
      const { relation, blocks } = readHeaders(view, total)
      if (relation !== 0) addPages(view, relation, xid, blocks)
    }
  }

  const countRows = (view: DataView, total: number, xid: number, opcode: number): void => {
    const at = firstRelation(view, total)
    if (at === 0 || view.getUint32(at + 8, true) < FIRST_NORMAL_OID) return
    if (opcode === 0x10) return add(counterOf(xid, view, at) + 16, 1)
    add(counterOf(xid, view, undefined) + (opcode === 0 ? 20 : 24), 1)
    if (opcode === 0) addPages(view, at, xid, 1)
  }

  const countInserted = (view: DataView, total: number, xid: number): void => {
    const { relation, main, mainBytes } = readHeaders(view, total)
    if (relation === 0 || mainBytes < 4 || view.getUint32(relation + 8, true) < FIRST_NORMAL_OID) return
    add(counterOf(xid, view, undefined) + 20, view.getUint16(main + 2, true))
    addPages(view, relation, xid, 1)
  }

  /** Only for a relation that was made not long ago. */
  const addPages = (view: DataView, at: number, xid: number, count: number): void => {
    const number = view.getUint32(at + 8, true)
    if (get(WAL_SCAN.created + (number & 1023) * 4) === number) add(counterOf(xid, view, at) + 28, count)
  }

  const add = (at: number, count: number): void => set(at, get(at) + count)
  const remember = (number: number): void => set(WAL_SCAN.created + (number & 1023) * 4, number)

  /** Where the counter of a transaction and a relation stands, or of the transaction alone. */
  const counterOf = (xid: number, view: DataView, at: number | undefined): number => {
    const oid = (offset: number): number => (at === undefined ? 0 : view.getUint32(at + offset, true))
    const key = [xid, oid(0), oid(4), oid(8)] as const
    const hash = Math.imul(xid, 0x9e3779b1) ^ Math.imul(key[3], 0x85ebca6b)
    for (let slot = hash >>> 18; ; slot = (slot + 1) & 16_383) {
      const place = WAL_SCAN.slots + slot * 2
      const index = state.getUint16(place, true)
      const known = WAL_SCAN.counters + (index - 1) * WAL_COUNTER_BYTES
      if (index !== 0) {
        if (get(known) === key[0] && get(known + 12) === key[3] && get(known + 8) === key[2]) return known
        continue
      }
      const count = get(WAL_SCAN.counterCount)
      const fresh = WAL_SCAN.counters + count * WAL_COUNTER_BYTES
      area.fill(0, fresh, fresh + WAL_COUNTER_BYTES)
      for (const [position, value] of key.entries()) set(fresh + position * 4, value)
      set(WAL_SCAN.counterCount, count + 1)
      state.setUint16(place, count + 1, true)
      return fresh
    }
  }

  const give = (record: Uint8Array, lsn: bigint, endLsn: bigint): void => {
    const used = get(WAL_SCAN.outputUsed)
    const at = WAL_SCAN.output + used
    const length = WAL_OUTPUT_HEADER_BYTES + align(record.length)
    set(at, length)
    set(at + 4, record.length)
    set(at + 8, get(WAL_SCAN.magic))
    set(at + 12, 0)
    setLsn(at + 16, lsn)
    setLsn(at + 24, endLsn)
    area.set(record, at + WAL_OUTPUT_HEADER_BYTES)
    set(WAL_SCAN.outputUsed, used + length)
  }

  const imageHeaderBytes = (view: DataView, image: number): number => {
    const info = view.getUint8(image + 4)
    const compressed = get(WAL_SCAN.magic) < 0xd110 ? 0x02 : 0x1c
    return (info & 1) !== 0 && (info & compressed) !== 0 ? 7 : 5
  }

  const firstRelation = (view: DataView, total: number): number => {
    const first = WAL_RECORD_HEADER_BYTES
    if (total < first + 20 || view.getUint8(first) !== 0) return 0
    const flags = view.getUint8(first + 1)
    if ((flags & 0x80) !== 0) return 0
    if ((flags & 0x10) === 0) return first + 4
    const at = first + 4 + imageHeaderBytes(view, first + 4)
    return at + 12 > total ? 0 : at
  }

  const readHeaders = (view: DataView, total: number): Headers => {
    const length = Math.min(total, MOST_KEPT_BYTES)
    let at = WAL_RECORD_HEADER_BYTES
    let relation = 0
    let blocks = 0
    let data = 0
    while (at + 8 <= length && total - at > data) {
      const id = view.getUint8(at)
      if (id === 255 || id === 254) {
        const bytes = id === 255 ? view.getUint8(at + 1) : view.getUint32(at + 1, true)
        if (bytes > total || total > length) break
        return { relation, main: total - bytes, mainBytes: bytes, blocks }
      }
      if (id === 253) at += 3
      else if (id === 252) at += 5
      else if (id > 32) break
      else {
        const flags = view.getUint8(at + 1)
        data += view.getUint16(at + 2, true)
        at += 4
        if (at + 24 > length) break
        if ((flags & 0x10) !== 0) {
          data += view.getUint16(at, true)
          at += imageHeaderBytes(view, at)
        }
        if ((flags & 0x80) === 0) {
          if (relation === 0) relation = at
          at += 12
        }
        at += 4
        blocks++
      }
    }
    return { relation, main: 0, mainBytes: 0, blocks }
  }

  if (get(WAL_SCAN.counterCount) === 0) area.fill(0, WAL_SCAN.slots, WAL_SCAN.counters)
  set(WAL_SCAN.status, WAL_SCAN_STATUS.more)
  const count = pages.length / WAL_PAGE_BYTES
  for (let index = 0; index < count; index++) {
    if (isFull()) {
      set(WAL_SCAN.status, WAL_SCAN_STATUS.full)
      return index
    }
    scanPage(pages.subarray(index * WAL_PAGE_BYTES, (index + 1) * WAL_PAGE_BYTES))
    if (!isGoingOn()) return index + 1
    setLsn(WAL_SCAN.nextPage, getLsn(WAL_SCAN.nextPage) + BigInt(WAL_PAGE_BYTES))
  }
  return count
}

/** Whether a record is handed over whole. */
function isWanted(rmgr: number, kind: number, opcode: number): boolean {
  switch (rmgr) {
    case 0:
      return kind === 0x00 || kind === 0x10 || kind === 0x70 || kind === 0x90
    case 1:
      return opcode === 0x00 || (opcode >= 0x20 && opcode <= 0x40)
    case 2:
    case 8:
      return kind === 0x10
    case 4:
      return true
    case 10:
      return opcode === 0x30
    default:
      return false
  }
}

function align(bytes: number): number {
  return Math.ceil(bytes / 8) * 8
}
