import { type Lsn, lsnFromBigint } from '../base/lsn.ts'
import { type Timeline, walSegmentName } from '../base/wal-segment.ts'
import { crc32c } from '../format/crc32c.ts'

const PAGE_BYTES = 8192
const MAGIC_15 = 0xd110
const FIRST_IS_CONTINUATION = 1
const LONG_HEADER = 2
const FIRST_IS_OVERWRITE = 8

/** What a record is to hold besides what follows from its place. */
export type MadeRecord = {
  readonly rmgr?: number
  readonly info?: number
  readonly xid?: number
  readonly mainData?: Uint8Array
  /** What it names as the record before it, when that is to be wrong. */
  readonly previous?: bigint
}

/**
 * Writes WAL as PostgreSQL 15 would, for tests that need records in chosen places. Segments are 1 MiB and filled with
 * zeros behind the last record.
 */
export class MadeWal {
  readonly segmentBytes = 1 << 20
  readonly timeline: Timeline
  readonly systemIdentifier: bigint
  readonly segments = new Map<bigint, Uint8Array>()
  #position: bigint
  #previous: bigint

  constructor(options: { timeline?: Timeline; systemIdentifier?: bigint; firstSegment?: bigint } = {}) {
    this.timeline = options.timeline ?? 1
    this.systemIdentifier = options.systemIdentifier ?? 7_710_421_429_158_343_052n
    this.#position = (options.firstSegment ?? 1n) * BigInt(this.segmentBytes)
    this.#previous = this.#position - 8n
    this.#skipHeader(0, 0)
  }

  /** Where the next record would start; the edge of a page when the last one filled its page. */
  get end(): Lsn {
    return lsnFromBigint(this.#position)
  }

  append(record: MadeRecord = {}): Lsn {
    this.#skipHeader(0, 0)
    const lsn = this.#position
    this.#write(this.#encode(record))
    this.#previous = lsn
    this.#align()
    return lsnFromBigint(lsn)
  }

  /** Leaves the rest of the segment unused. */
  switchSegment(): Lsn {
    const lsn = this.append({ rmgr: 0, info: 0x40 })
    const size = BigInt(this.segmentBytes)
    if (this.#position % size !== 0n) this.#position += size - (this.#position % size)
    return lsn
  }

  /** Begins a record that goes beyond its page, crashes, and goes on as the server does after that. */
  appendTorn(record: MadeRecord, overwritten?: bigint): { readonly torn: Lsn; readonly next: Lsn } {
    this.#skipHeader(0, 0)
    const torn = this.#position
    const room = PAGE_BYTES - Number(torn % BigInt(PAGE_BYTES))
    this.#write(this.#encode(record).subarray(0, room))
    this.#skipHeader(FIRST_IS_OVERWRITE, 0)
    const mainData = new Uint8Array(16)
    new DataView(mainData.buffer).setBigUint64(0, overwritten ?? torn, true)
    return { torn: lsnFromBigint(torn), next: this.append({ rmgr: 0, info: 0xd0, mainData }) }
  }

  /** Moves on until exactly `roomBytes` are left on the page, by a record of fitting length. */
  fillPageTo(roomBytes: number): Lsn {
    this.#skipHeader(0, 0)
    const room = PAGE_BYTES - Number(this.#position % BigInt(PAGE_BYTES))
    return this.append({ rmgr: 10, mainData: new Uint8Array(room - roomBytes - 24 - 5) })
  }

  segment(lsn: bigint): Uint8Array {
    const number = lsn / BigInt(this.segmentBytes)
    const known = this.segments.get(number) ?? new Uint8Array(this.segmentBytes)
    this.segments.set(number, known)
    return known
  }

  nameOf(number: bigint): string {
    return walSegmentName({ timeline: this.timeline, number }, this.segmentBytes)
  }

  #encode({ rmgr = 10, info = 0, xid = 0, mainData = new Uint8Array(0), previous }: MadeRecord): Uint8Array {
    const isLong = mainData.length > 255
    const headBytes = mainData.length === 0 ? 24 : isLong ? 29 : 26
    const bytes = new Uint8Array(headBytes + mainData.length)
    const view = new DataView(bytes.buffer)
    view.setUint32(0, bytes.length, true)
    view.setUint32(4, xid, true)
    view.setBigUint64(8, previous ?? this.#previous, true)
    bytes[16] = info
    bytes[17] = rmgr
    if (isLong) {
      bytes[24] = 254
      view.setUint32(25, mainData.length, true)
    } else if (mainData.length > 0) {
      bytes[24] = 255
      bytes[25] = mainData.length
    }
    bytes.set(mainData, headBytes)
    view.setUint32(20, crc32c(bytes.subarray(0, 20), crc32c(bytes.subarray(24))), true)
    return bytes
  }

  #write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      this.#skipHeader(at === 0 ? 0 : FIRST_IS_CONTINUATION, bytes.length - at)
      const inSegment = Number(this.#position % BigInt(this.segmentBytes))
      const room = PAGE_BYTES - (inSegment % PAGE_BYTES)
      const piece = bytes.subarray(at, at + room)
      this.segment(this.#position).set(piece, inSegment)
      at += piece.length
      this.#position += BigInt(piece.length)
    }
  }

  #skipHeader(flags: number, remainingBytes: number): void {
    if (this.#position % BigInt(PAGE_BYTES) !== 0n) return
    const inSegment = Number(this.#position % BigInt(this.segmentBytes))
    const view = new DataView(this.segment(this.#position).buffer, inSegment)
    view.setUint16(0, MAGIC_15, true)
    view.setUint16(2, flags | (inSegment === 0 ? LONG_HEADER : 0), true)
    view.setUint32(4, this.timeline, true)
    view.setBigUint64(8, this.#position, true)
    view.setUint32(16, remainingBytes, true)
    if (inSegment === 0) {
      view.setBigUint64(24, this.systemIdentifier, true)
      view.setUint32(32, this.segmentBytes, true)
      view.setUint32(36, PAGE_BYTES, true)
    }
    this.#position += inSegment === 0 ? 40n : 24n
  }

  #align(): void {
    this.#position = (this.#position + 7n) & ~7n
  }
}

/** The main data of a commit or a restore point: a time in Unix microseconds, and a name. */
export function timedData(unixMicros: bigint, name = ''): Uint8Array {
  const text = new TextEncoder().encode(name)
  const data = new Uint8Array(name === '' ? 8 : 72)
  new DataView(data.buffer).setBigInt64(0, unixMicros - 946_684_800_000_000n, true)
  data.set(text, 8)
  return data
}
