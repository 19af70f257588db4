import { assert } from '../base/assert.ts'
import { type Lsn, lsnFromBigint } from '../base/lsn.ts'
import type { Timeline } from '../base/wal-segment.ts'
import type { WalProblemKind } from '../format/wal-cursor.ts'
import { WAL_PAGE_BYTES } from '../format/wal-page.ts'
import { RMGR_XACT } from '../format/wal-record.ts'

/**
 * The area of a scan: all that it knows and finds, at fixed offsets, so that both kernels and their caller see the same.
 * `assembly/wal-area.ts` has the same numbers.
 */
export const WAL_SCAN = {
  mode: 0,
  status: 4,
  timeline: 8,
  /** Of the page before: timelines only grow. */
  pageTimeline: 12,
  systemIdentifier: 16,
  /** The LSN of the page that is to come next. */
  nextPage: 24,
  /** Where the record before started; 0 = not known, and not judged. */
  previous: 32,
  /** The record that goes over pages: where it starts, its length, how much of it was there, its checksum so far. */
  pending: 40,
  pendingTotal: 48,
  pendingGot: 52,
  pendingCrc: 56,
  segmentBytes: 60,
  /** Where the record starts that a crash cut off; 0 = none. */
  overwritten: 64,
  problem: 72,
  magic: 80,
  /** Where on the first page a record starts; 0 = after its header. */
  start: 84,
  outputUsed: 88,
  counterCount: 92,
  recordCount: 96,
  /** The numbers of relations made lately, each in the place that its low bits say. */
  created: 128,
  /** Of each hash the number of its counter, from 1. */
  slots: 4224,
  counters: 36_992,
  /** The beginning of the record that goes over pages. */
  kept: 299_136,
  output: 561_280,
  end: 1_085_568,
} as const

export const WAL_SCAN_MODE = { seek: 0, read: 1, pending: 2 } as const
export const WAL_SCAN_STATUS = { more: 0, full: 1, switched: 2, problem: 16 } as const

/** In the order of their codes, from {@link WAL_SCAN_STATUS.problem} on. */
export const WAL_SCAN_PROBLEMS = [
  'zeroed',
  'wrong-address',
  'crc-mismatch',
  'bad-magic',
  'bad-page',
  'wrong-system',
  'wrong-timeline',
  'bad-continuation',
  'bad-record',
] as const satisfies readonly WalProblemKind[]

/** Of a very long record so many bytes are kept. */
export const MOST_KEPT_BYTES = 256 << 10
export const WAL_OUTPUT_HEADER_BYTES = 32
export const WAL_COUNTER_BYTES = 32

/** Source: PostgreSQL `src/include/access/xact.h`: without `XLOG_XACT_HAS_INFO` there is a time and nothing else. */
const PLAIN_COMMIT = 0x00 | (RMGR_XACT << 8)
const PLAIN_ABORT = 0x20 | (RMGR_XACT << 8)
const PLAIN_END_BYTES = 34
/** A short header of main data, 255, and its length. */
const PLAIN_END_DATA = 255 | (8 << 8)
const HIGH = 2 ** 32
/** Of the upper half of 64 bits; below, a number is exact. */
const MOST_HIGH = 2 ** 20

/** Where a scan starts. */
export type WalScanStart = {
  readonly systemIdentifier: bigint
  readonly segmentBytes: number
  /** Pages may be of an earlier one, from before it branched off. */
  readonly timeline: Timeline
  /** The start of a segment, or with `record` any place. */
  readonly lsn: Lsn
  /**
   * `first`: the first record that starts there or later; `record`: a record starts exactly there, and `previous` before
   * it.
   */
  readonly from: 'first' | 'record'
  readonly previous?: Lsn | undefined
}

/** What a transaction did to rows, as far as pages seen since the last drain tell. Good until the call returns. */
export type WalCounter = {
  xid: number
  /** 0 in all three for what is counted of the transaction alone: inserted and updated rows. */
  tablespaceOid: number
  databaseOid: number
  relationNumber: number
  deleted: number
  inserted: number
  updated: number
  /** Pages written into the relation, if it was made not long ago. At most what a full relation has, and often less. */
  pages: number
}

/**
 * Told of the end of a transaction whose record says nothing but its number and its time, which most do. `time` is in
 * microseconds since 2000, and the places are exact. False: the record is to be handed over as others are.
 */
export type OnPlainEnd = (
  isCommit: boolean,
  xid: number,
  time: number,
  lsn: number,
  lengthBytes: number,
) => boolean

/** A record that was handed over. The bytes are good until the next call of the scan. */
export type GivenRecord = {
  lsn: Lsn
  endLsn: Lsn
  magic: number
  /** The record from its header on; only the first {@link MOST_KEPT_BYTES} of a longer one. */
  bytes: Uint8Array
}

/** A view of the area for the one who calls the kernel. */
export type WalScan = {
  readonly area: Uint8Array
  begin(start: WalScanStart): void
  /** Goes on with the segment after: its timeline may be a later one. */
  enterSegment(lsn: Lsn, timeline: Timeline): void
  /** How the last call ended. */
  readonly status: 'more' | 'full' | 'switched' | (typeof WAL_SCAN_PROBLEMS)[number]
  /** Where the record starts that cannot be read, after a problem. */
  readonly problemLsn: Lsn
  /** Where the record starts of which the rest is on pages to come; otherwise where the next page starts. */
  readonly resumeLsn: Lsn
  readonly isInsideRecord: boolean
  readonly previousLsn: Lsn
  readonly recordCount: bigint
  /** Calls back for all that was found, which is forgotten then. */
  drain(
    onCounter: (counter: WalCounter) => void,
    onRecord: (record: GivenRecord) => void,
    onPlainEnd?: OnPlainEnd,
  ): void
  /** Makes known a relation that was made before the pages to come. */
  remember(relationNumber: number): void
}

/** Lays a scan over an area of {@link WAL_SCAN.end} bytes, for `kernel.scanWal` a reserved one. */
export function openWalScan(area: Uint8Array<ArrayBuffer>): WalScan {
  assert(area.length === WAL_SCAN.end, 'the area of a scan has its size')
  const view = new DataView(area.buffer, area.byteOffset, area.length)
  const u32 = (at: number): number => view.getUint32(at, true)
  // Little-endian as the area, like every machine that this runs on; by far faster than the view before it is compiled.
  const words = new Uint32Array(area.buffer, area.byteOffset, area.length >>> 2)
  const word = (index: number): number => words[index] ?? 0
  const lsnAt = (at: number): Lsn => lsnFromBigint(view.getBigUint64(at, true))
  const counter: WalCounter = {
    xid: 0,
    tablespaceOid: 0,
    databaseOid: 0,
    relationNumber: 0,
    deleted: 0,
    inserted: 0,
    updated: 0,
    pages: 0,
  }
  /** Objects and big integers for each of a million small transactions would take longer than to read them. */
  const isPlainEndTaken = (at: number, from: number, onPlainEnd: OnPlainEnd): boolean => {
    const record = from >>> 2
    // The byte of the flags, and the one of the resource manager behind it.
    const flags = word(record + 4) & 0xffff
    const isCommit = flags === PLAIN_COMMIT
    if ((!isCommit && flags !== PLAIN_ABORT) || word(record) !== PLAIN_END_BYTES) return false
    const data = word(record + 6)
    const middle = word(record + 7)
    const last = word(record + 8)
    if ((data & 0xffff) !== PLAIN_END_DATA) return false
    const entry = at >>> 2
    const lsn = word(entry + 5) * HIGH + word(entry + 4)
    const endHigh = word(entry + 7)
    // The time stands two bytes into its word.
    const timeHigh = (last << 16) | (middle >>> 16)
    if (endHigh >= MOST_HIGH || timeHigh >= MOST_HIGH || timeHigh < -MOST_HIGH) return false
    const lengthBytes = endHigh * HIGH + word(entry + 6) - lsn
    const timeLow = ((middle << 16) | (data >>> 16)) >>> 0
    return onPlainEnd(isCommit, word(record + 1), timeHigh * HIGH + timeLow, lsn, lengthBytes)
  }
  return {
    area,
    begin({ systemIdentifier, segmentBytes, timeline, lsn, from, previous }) {
      area.fill(0, 0, WAL_SCAN.slots)
      const inPage = Number(lsn % BigInt(WAL_PAGE_BYTES))
      assert(from === 'record' || inPage === 0, 'a search for records begins with a page')
      view.setUint32(WAL_SCAN.timeline, timeline, true)
      view.setBigUint64(WAL_SCAN.systemIdentifier, systemIdentifier, true)
      view.setUint32(WAL_SCAN.segmentBytes, segmentBytes, true)
      view.setBigUint64(WAL_SCAN.nextPage, lsn - BigInt(inPage), true)
      view.setUint32(WAL_SCAN.start, inPage, true)
      view.setBigUint64(WAL_SCAN.previous, previous ?? 0n, true)
      view.setUint32(WAL_SCAN.mode, from === 'first' ? WAL_SCAN_MODE.seek : WAL_SCAN_MODE.read, true)
    },
    enterSegment(lsn, timeline) {
      view.setBigUint64(WAL_SCAN.nextPage, lsn, true)
      view.setUint32(WAL_SCAN.timeline, timeline, true)
    },
    get status() {
      const code = u32(WAL_SCAN.status)
      if (code === WAL_SCAN_STATUS.more) return 'more'
      if (code === WAL_SCAN_STATUS.full) return 'full'
      if (code === WAL_SCAN_STATUS.switched) return 'switched'
      const problem = WAL_SCAN_PROBLEMS[code - WAL_SCAN_STATUS.problem]
      assert(problem !== undefined, 'a scan ends in one of the known ways')
      return problem
    },
    get problemLsn() {
      return lsnAt(WAL_SCAN.problem)
    },
    get resumeLsn() {
      return lsnAt(this.isInsideRecord ? WAL_SCAN.pending : WAL_SCAN.nextPage)
    },
    get isInsideRecord() {
      return u32(WAL_SCAN.mode) === WAL_SCAN_MODE.pending
    },
    get previousLsn() {
      return lsnAt(WAL_SCAN.previous)
    },
    get recordCount() {
      return view.getBigUint64(WAL_SCAN.recordCount, true)
    },
    drain(onCounter, onRecord, onPlainEnd) {
      const counters = u32(WAL_SCAN.counterCount)
      for (let index = 0; index < counters; index++) {
        const at = (WAL_SCAN.counters + index * WAL_COUNTER_BYTES) >>> 2
        counter.xid = word(at)
        counter.tablespaceOid = word(at + 1)
        counter.databaseOid = word(at + 2)
        counter.relationNumber = word(at + 3)
        counter.deleted = word(at + 4)
        counter.inserted = word(at + 5)
        counter.updated = word(at + 6)
        counter.pages = word(at + 7)
        onCounter(counter)
      }
      const used = u32(WAL_SCAN.outputUsed)
      for (let offset = 0; offset < used;) {
        const at = WAL_SCAN.output + offset
        const from = at + WAL_OUTPUT_HEADER_BYTES
        offset += u32(at)
        if (onPlainEnd !== undefined && isPlainEndTaken(at, from, onPlainEnd)) continue
        onRecord({
          lsn: lsnAt(at + 16),
          endLsn: lsnAt(at + 24),
          magic: u32(at + 8),
          bytes: area.subarray(from, from + u32(at + 4)),
        })
      }
      view.setUint32(WAL_SCAN.counterCount, 0, true)
      view.setUint32(WAL_SCAN.outputUsed, 0, true)
    },
    remember(relationNumber) {
      view.setUint32(WAL_SCAN.created + (relationNumber & 1023) * 4, relationNumber, true)
    },
  }
}
