import { assert } from '../base/assert.ts'
import { formatLsn, type Lsn, lsnFromBigint } from '../base/lsn.ts'
import { type Timeline, walSegmentName, walSegmentNumber } from '../base/wal-segment.ts'
import { crc32c } from './crc32c.ts'
import { decodeWalPageHeader, WAL_LONG_HEADER_BYTES, WAL_PAGE_BYTES, type WalPageHeader } from './wal-page.ts'
import { RMGR_XLOG, WAL_RECORD_HEADER_BYTES, type WalRecord, walRecordMainData } from './wal-record.ts'
import { isSwitchRecord } from './wal-times.ts'

/** Why reading stopped. `zeroed` and `wrong-address` are also how WAL ends that is still being written. */
export type WalProblemKind =
  /** There is no such segment. */
  | 'missing'
  /** The file of the segment cannot be unpacked. */
  | 'unreadable'
  /** The file is shorter than a segment, or has another size where servers want that very size. */
  | 'truncated'
  /** Zeros stand where a record or a page should be. */
  | 'zeroed'
  /** The page belongs elsewhere: the segment was recycled and not written so far. */
  | 'wrong-address'
  | 'crc-mismatch'
  | 'bad-magic'
  /** The page header contradicts itself or the sizes expected. */
  | 'bad-page'
  /** The segment belongs to another cluster. */
  | 'wrong-system'
  | 'wrong-timeline'
  /** A page does not go on with the record that the page before began. */
  | 'bad-continuation'
  /** The record has an impossible length, or does not name the record before it. */
  | 'bad-record'

/** Where reading stopped and why. */
export type WalProblem = {
  readonly what: WalProblemKind
  /** Where the record starts that cannot be read, or should have. */
  readonly lsn: Lsn
  /** The name of the segment in which the trouble lies; for a long record not always the one of {@link lsn}. */
  readonly segment: string
  /** One fact, as in the messages of errors. */
  readonly message: string
}

export type WalStep =
  | { readonly kind: 'record'; readonly record: WalRecord }
  /** {@link WalCursor.feed} that segment, or say why not with {@link WalCursor.feedNothing}, and ask again. */
  | { readonly kind: 'need-segment'; readonly number: bigint }
  /** Final: every further call gives the same. */
  | { readonly kind: 'end'; readonly problem: WalProblem }

export type WalCursorOptions = {
  readonly start: Lsn
  /**
   * `record`: a record starts exactly there, and nothing before it is looked at. `at-or-after`: reads from the start of
   * the page, passes over the rest of an earlier record and gives the first record that starts there or later.
   */
  readonly from: 'record' | 'at-or-after'
  /** The timeline whose segments are read. Pages from before it branched off carry a lower number. */
  readonly timeline: Timeline
  readonly segmentBytes: number
  readonly systemIdentifier: bigint
}

/** The longest record any version writes: `MaxAllocSize`. A longer one is a damaged length. */
const LONGEST_RECORD_BYTES = 0x3fff_ffff
const XLOG_OVERWRITE_CONTRECORD = 0xd0
/** Bytes of a record header that its checksum covers after the data: all but the checksum itself. */
const CRC_OFFSET = 20

type Segment = { readonly number: bigint; readonly bytes: Uint8Array; readonly view: DataView }

/** A record of which more is on later pages. `bytes` is allotted when the second page confirmed the length. */
type Pending = { readonly lsn: Lsn; readonly totalBytes: number; gotBytes: number; bytes: Uint8Array }

/**
 * Reads the records of one timeline in order, from segments that the caller loads, and verifies pages and records as
 * recovery does. It holds one segment at a time; records may be views into it, so a buffer that was fed is not written
 * to again. Does no I/O and throws nothing for damage.
 *
 * Source: PostgreSQL `src/backend/access/transam/xlogreader.c`.
 */
export class WalCursor {
  readonly #options: WalCursorOptions
  readonly #segmentSize: bigint
  /** The segment being read, and the place in it. The segment itself is undefined until it is fed. */
  #number: bigint
  #offset: number
  #segment: Segment | undefined
  #serverMajor = 0
  #pageTimeline = 0
  #state: 'enter' | 'seek' | 'read' = 'enter'
  #pending: Pending | undefined
  /** Of the record given last; the next one must name it. */
  #previousLsn: Lsn | undefined
  /** Of the record that a crash cut off; the next one must say so. */
  #overwrittenLsn: Lsn | undefined
  #end: (WalStep & { kind: 'end' }) | undefined

  constructor(options: WalCursorOptions) {
    this.#options = options
    this.#segmentSize = BigInt(options.segmentBytes)
    this.#number = walSegmentNumber(options.start, options.segmentBytes)
    this.#offset = Number(options.start % this.#segmentSize)
  }

  /** Gives the segment that was asked for: its bytes as far as they exist. */
  feed(number: bigint, bytes: Uint8Array): void {
    assert(number === this.#number && this.#segment === undefined, 'a WAL cursor is fed what it asked for')
    this.#segment = { number, bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) }
    const problem = this.#checkFirstPage(this.#segment)
    if (problem !== undefined) this.#fail(...problem)
  }

  /** Ends reading because the segment that was asked for cannot be had. */
  feedNothing(number: bigint, what: 'missing' | 'unreadable' | 'truncated', why: string): void {
    assert(number === this.#number && this.#segment === undefined, 'a WAL cursor is fed what it asked for')
    this.#fail(what, why)
  }

  next(): WalStep {
    for (;;) {
      if (this.#end !== undefined) return this.#end
      if (this.#offset >= this.#options.segmentBytes) {
        this.#number += 1n
        this.#offset -= this.#options.segmentBytes
        this.#segment = undefined
      }
      if (this.#segment === undefined) return { kind: 'need-segment', number: this.#number }
      const record = this.#advance(this.#segment)
      if (record !== undefined) return { kind: 'record', record }
    }
  }

  /** One step: enters a page, or reads as much of a record as the page has. */
  #advance(segment: Segment): WalRecord | undefined {
    if (this.#state === 'enter') return this.#enterFirstPage(segment)
    if (this.#offset % WAL_PAGE_BYTES === 0) return this.#enterPage(segment)
    return this.#startRecord(segment)
  }

  /** Reading begins inside a page: its header must be looked at first, and may move the place. */
  #enterFirstPage(segment: Segment): undefined {
    const inPage = this.#offset % WAL_PAGE_BYTES
    const pageStart = this.#offset - inPage
    if (this.#options.from === 'at-or-after') {
      this.#offset = pageStart
      this.#state = 'seek'
      return
    }
    const header = this.#requirePage(segment, pageStart)
    if (header === undefined) return
    if (inPage < header.headerBytes || inPage % 8 !== 0) {
      return this.#fail('bad-record', `no record can start at ${formatLsn(this.#options.start)}`)
    }
    this.#state = 'read'
  }

  #enterPage(segment: Segment): WalRecord | undefined {
    const pageStart = this.#offset
    const header = this.#requirePage(segment, pageStart)
    if (header === undefined) return
    this.#offset += header.headerBytes
    const restBytes = header.isContinuation ? header.remainingBytes : 0
    if (this.#state === 'seek') {
      const room = WAL_PAGE_BYTES - header.headerBytes
      this.#offset += Math.min(align(restBytes), room)
      if (restBytes <= room) this.#state = 'read'
      return
    }
    const pending = this.#pending
    if (pending === undefined) {
      if (header.isContinuation)
        this.#fail('bad-continuation', 'a page goes on with a record that nothing began')
      return
    }
    if (header.isOverwrite) {
      this.#overwrittenLsn = pending.lsn
      this.#pending = undefined
      return
    }
    if (!header.isContinuation || restBytes !== pending.totalBytes - pending.gotBytes) {
      return this.#fail(
        'bad-continuation',
        `the record at ${formatLsn(pending.lsn)} lacks ${pending.totalBytes - pending.gotBytes} bytes, and the next page has ${restBytes} for it`,
      )
    }
    return this.#continueRecord(segment, pending)
  }

  #startRecord(segment: Segment): WalRecord | undefined {
    const at = this.#offset
    const lsn = this.#here()
    if (at + 4 > segment.bytes.length) return this.#failTruncated(segment)
    const totalBytes = segment.view.getUint32(at, true)
    if (totalBytes === 0) return this.#fail('zeroed', `no record has been written at ${formatLsn(lsn)}`)
    if (totalBytes < WAL_RECORD_HEADER_BYTES || totalBytes > LONGEST_RECORD_BYTES) {
      return this.#fail(
        'bad-record',
        `the record at ${formatLsn(lsn)} claims a length of ${totalBytes} bytes`,
      )
    }
    const pageEnd = at - (at % WAL_PAGE_BYTES) + WAL_PAGE_BYTES
    const hereBytes = Math.min(totalBytes, pageEnd - at)
    if (at + hereBytes > segment.bytes.length) return this.#failTruncated(segment)
    const bytes = segment.bytes.subarray(at, at + hereBytes)
    if (hereBytes === totalBytes) {
      this.#offset = Math.min(at + align(totalBytes), pageEnd)
      return this.#finish(lsn, bytes)
    }
    this.#pending = { lsn, totalBytes, gotBytes: hereBytes, bytes }
    this.#offset = pageEnd
    return undefined
  }

  #continueRecord(segment: Segment, pending: Pending): WalRecord | undefined {
    if (pending.bytes.length < pending.totalBytes) {
      const whole = new Uint8Array(pending.totalBytes)
      whole.set(pending.bytes)
      pending.bytes = whole
    }
    const at = this.#offset
    const pageEnd = at - (at % WAL_PAGE_BYTES) + WAL_PAGE_BYTES
    const hereBytes = Math.min(pending.totalBytes - pending.gotBytes, pageEnd - at)
    if (at + hereBytes > segment.bytes.length) return this.#failTruncated(segment)
    pending.bytes.set(segment.bytes.subarray(at, at + hereBytes), pending.gotBytes)
    pending.gotBytes += hereBytes
    this.#offset = Math.min(at + align(hereBytes), pageEnd)
    if (pending.gotBytes < pending.totalBytes) return undefined
    this.#pending = undefined
    return this.#finish(pending.lsn, pending.bytes)
  }

  /** Judges a record of which all bytes are there. */
  #finish(lsn: Lsn, bytes: Uint8Array): WalRecord | undefined {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const dataCrc = crc32c(bytes.subarray(WAL_RECORD_HEADER_BYTES))
    if (crc32c(bytes.subarray(0, CRC_OFFSET), dataCrc) !== view.getUint32(CRC_OFFSET, true)) {
      return this.#fail('crc-mismatch', `the record at ${formatLsn(lsn)} fails its checksum`, lsn)
    }
    const previousLsn = lsnFromBigint(view.getBigUint64(8, true))
    if (this.#previousLsn === undefined ? previousLsn >= lsn : previousLsn !== this.#previousLsn) {
      const told = `the record at ${formatLsn(lsn)} names ${formatLsn(previousLsn)} as the one before it`
      return this.#fail('bad-record', told, lsn)
    }
    const rmgr = bytes[17] ?? 0
    const info = bytes[16] ?? 0
    const isSwitch = isSwitchRecord({ rmgr, info })
    if (isSwitch) this.#offset = this.#options.segmentBytes
    const record: WalRecord = {
      lsn,
      endLsn: this.#here(),
      previousLsn,
      xid: view.getUint32(4, true),
      rmgr,
      info,
      totalBytes: bytes.length,
      serverMajor: this.#serverMajor,
      bytes,
    }
    if (this.#overwrittenLsn !== undefined && !replaces(record, this.#overwrittenLsn)) {
      const told = `the record at ${formatLsn(lsn)} does not replace the one cut off at ${formatLsn(this.#overwrittenLsn)}`
      return this.#fail('bad-continuation', told, lsn)
    }
    this.#overwrittenLsn = undefined
    this.#previousLsn = lsn
    return lsn < this.#options.start ? undefined : record
  }

  /** The header of the page at `pageStart` when it is what it must be; otherwise reading has ended. */
  #requirePage(segment: Segment, pageStart: number): WalPageHeader | undefined {
    if (pageStart + WAL_LONG_HEADER_BYTES > segment.bytes.length) return this.#failTruncated(segment)
    const header = decodeWalPageHeader(segment.view, pageStart)
    const problem = this.#checkPage(segment, pageStart, header)
    if (problem !== undefined) return this.#fail(...problem)
    this.#serverMajor = header.serverMajor ?? 0
    this.#pageTimeline = header.timeline
    return header
  }

  #checkPage(
    segment: Segment,
    pageStart: number,
    header: WalPageHeader,
  ): [WalProblemKind, string] | undefined {
    const address = segment.number * this.#segmentSize + BigInt(pageStart)
    const page = `the page at ${formatLsn(lsnFromBigint(address))}`
    if (header.serverMajor === undefined) {
      if (header.magic === 0) return ['zeroed', `${page} has not been written`]
      return ['bad-magic', `${page} has the unknown magic number ${header.magic.toString(16).toUpperCase()}`]
    }
    if (header.hasUnknownFlags || (pageStart === 0) !== (header.segment !== undefined)) {
      return ['bad-page', `${page} has a header that makes no sense`]
    }
    if (header.segment !== undefined) {
      const { systemIdentifier, segmentBytes, walBlockBytes } = header.segment
      if (systemIdentifier !== this.#options.systemIdentifier) {
        return [
          'wrong-system',
          `${page} belongs to the cluster ${systemIdentifier}, not ${this.#options.systemIdentifier}`,
        ]
      }
      if (segmentBytes !== this.#options.segmentBytes || walBlockBytes !== WAL_PAGE_BYTES) {
        return ['bad-page', `${page} is of segments of ${segmentBytes} and blocks of ${walBlockBytes} bytes`]
      }
    }
    if (header.address !== address)
      return ['wrong-address', `${page} holds the one of ${formatLsn(header.address)}`]
    if (header.timeline > this.#options.timeline || header.timeline < this.#pageTimeline) {
      return ['wrong-timeline', `${page} is of timeline ${header.timeline}, not ${this.#options.timeline}`]
    }
    return undefined
  }

  /** Only the first page of a segment says which cluster it belongs to, wherever in it reading begins. */
  #checkFirstPage(segment: Segment): [WalProblemKind, string] | undefined {
    if (segment.bytes.length < WAL_LONG_HEADER_BYTES) {
      return ['truncated', `the segment has only ${segment.bytes.length} bytes`]
    }
    return this.#checkPage(segment, 0, decodeWalPageHeader(segment.view, 0))
  }

  #here(): Lsn {
    return lsnFromBigint(this.#number * this.#segmentSize + BigInt(this.#offset))
  }

  #failTruncated(segment: Segment): undefined {
    const { segmentBytes } = this.#options
    return this.#fail('truncated', `the segment has only ${segment.bytes.length} of ${segmentBytes} bytes`)
  }

  #fail(what: WalProblemKind, why: string, lsn = this.#pending?.lsn ?? this.#here()): undefined {
    const { timeline, segmentBytes } = this.#options
    const segment = walSegmentName({ timeline, number: this.#number }, segmentBytes)
    this.#end = { kind: 'end', problem: { what, lsn, segment, message: `${why} (WAL segment ${segment})` } }
    return undefined
  }
}

/** After a crash that left half a record, the server starts the next page with a record that says so. */
function replaces(record: WalRecord, overwrittenLsn: Lsn): boolean {
  if (record.rmgr !== RMGR_XLOG || (record.info & 0xf0) !== XLOG_OVERWRITE_CONTRECORD) return false
  const data = walRecordMainData(record)
  return (
    data.length >= 8 && new DataView(data.buffer, data.byteOffset).getBigUint64(0, true) === overwrittenLsn
  )
}

function align(bytes: number): number {
  return Math.ceil(bytes / 8) * 8
}
