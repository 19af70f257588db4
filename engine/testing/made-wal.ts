import { type Lsn, lsnFromBigint } from '../base/lsn.ts'
import { type Timeline, walSegmentName } from '../base/wal-segment.ts'
import { crc32c } from '../format/crc32c.ts'

const PAGE_BYTES = 8192
const MAGIC_15 = 0xd110
const FIRST_IS_CONTINUATION = 1
const LONG_HEADER = 2
const FIRST_IS_OVERWRITE = 8

/** A block that a record is to name. Without a relation it is of the one before it. */
export type MadeBlock = {
  readonly relation?: readonly [tablespaceOid: number, databaseOid: number, relationNumber: number]
  readonly block: number
  readonly fork?: number
  readonly data?: Uint8Array
  readonly image?: {
    readonly bytes: Uint8Array
    readonly method: 'none' | 'pglz' | 'lz4' | 'zstd'
    readonly hasHole: boolean
  }
}

/** What a record is to hold besides what follows from its place. */
export type MadeRecord = {
  readonly rmgr?: number
  readonly info?: number
  readonly xid?: number
  readonly blocks?: readonly MadeBlock[]
  /** Headers of another kind before those of the blocks, as they are. */
  readonly otherHeaders?: Uint8Array
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
    this.#write(encodeRecord(record, this.#previous, 15))
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
    this.#write(encodeRecord(record, this.#previous, 15).subarray(0, room))
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

  /** Goes on here on a timeline of its own, in a copy of the segment, as a server does that is promoted. */
  branch(timeline: Timeline): MadeWal {
    const { systemIdentifier } = this
    const branched = new MadeWal({ timeline, systemIdentifier })
    branched.segments.clear()
    const number = this.#position / BigInt(this.segmentBytes)
    const own = this.segments.get(number)
    if (own !== undefined) branched.segments.set(number, own.slice())
    branched.#position = this.#position
    branched.#previous = this.#previous
    return branched
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

/** The bytes of a record as that version writes it. */
export function encodeRecord(record: MadeRecord, previous: bigint, serverMajor: number): Uint8Array {
  const { rmgr = 10, info = 0, xid = 0, blocks = [], mainData = new Uint8Array(0) } = record
  const headers = blocks.flatMap((block, id) => blockHeader(block, id, serverMajor))
  const blockData = blocks.flatMap(({ image, data }) => [...(image?.bytes ?? []), ...(data ?? [])])
  const isLong = mainData.length > 255
  const mainHeader = new Uint8Array(mainData.length === 0 ? 0 : isLong ? 5 : 2)
  if (isLong) {
    mainHeader[0] = 254
    new DataView(mainHeader.buffer).setUint32(1, mainData.length, true)
  } else mainHeader.set([255, mainData.length].slice(0, mainHeader.length))
  const parts = [Uint8Array.from(headers), mainHeader, Uint8Array.from(blockData), mainData]
  const body = Buffer.concat([record.otherHeaders ?? new Uint8Array(0), ...parts])
  const bytes = new Uint8Array(24 + body.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, bytes.length, true)
  view.setUint32(4, xid, true)
  view.setBigUint64(8, record.previous ?? previous, true)
  bytes[16] = info
  bytes[17] = rmgr
  bytes.set(body, 24)
  view.setUint32(20, crc32c(bytes.subarray(0, 20), crc32c(body)), true)
  return bytes
}

/** Source: PostgreSQL `src/include/access/xlogrecord.h`; the bits of an image got other meanings in 15. */
function blockHeader(made: MadeBlock, id: number, serverMajor: number): readonly number[] {
  const { relation, block, fork = 0, data, image } = made
  const flags = (image ? 0x10 : 0) | (data ? 0x20 : 0) | (relation ? 0 : 0x80)
  const header = [id, fork | flags, ...littleEndian(data?.length ?? 0, 2)]
  if (image !== undefined) {
    const { bytes, method, hasHole } = image
    const isCompressed = method !== 'none'
    const methods = { none: 0, pglz: 0x04, lz4: 0x08, zstd: 0x10 }
    // The other bit says whether recovery is to use the image: 0x04 up to 14, 0x02 since.
    const bits = serverMajor < 15 ? (isCompressed ? 0x02 : 0) | 0x04 : methods[method] | 0x02
    header.push(...littleEndian(bytes.length, 2), ...littleEndian(100, 2), bits | (hasHole ? 0x01 : 0))
    if (isCompressed && hasHole) header.push(...littleEndian(200, 2))
  }
  return [...header, ...(relation ?? []).flatMap((oid) => littleEndian(oid, 4)), ...littleEndian(block, 4)]
}

function littleEndian(value: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => Math.floor(value / 256 ** index) % 256)
}

/** The main data of a commit or a restore point: a time in Unix microseconds, and a name. */
export function timedData(unixMicros: bigint, name = ''): Uint8Array {
  const text = new TextEncoder().encode(name)
  const data = new Uint8Array(name === '' ? 8 : 72)
  new DataView(data.buffer).setBigInt64(0, unixMicros - 946_684_800_000_000n, true)
  data.set(text, 8)
  return data
}
