import { type Lsn, lsnFromBigint } from '../base/lsn.ts'
import type { IndexedEnd } from './index-events.ts'

/**
 * The ends of transactions in a segment, in some ten bytes each: what differs from the one before, in bytes of seven bits,
 * and the counts that are not zero. Places are relative to the start of the segment; a record may have begun before it.
 */
export class CommitBlob {
  #bytes = new Uint8Array(4096)
  #length = 0
  readonly #origin: number
  #place = 0
  #time = 0
  #xid = 0

  constructor(segmentStart: Lsn) {
    this.#origin = Number(segmentStart)
  }

  /** One {@link IndexedEnd}, without an object for each of very many. LSNs are below 2^53. */
  put(
    isAborted: boolean,
    lsn: number,
    lengthBytes: number,
    time: number,
    xid: number,
    deleted: number,
    inserted: number,
    updated: number,
    dropped: number,
  ): void {
    if (this.#length + MOST_BYTES > this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 2)
      larger.set(this.#bytes)
      this.#bytes = larger
    }
    const place = lsn - this.#origin
    this.#putSigned(place - this.#place)
    this.#put(lengthBytes)
    const later = time - this.#time
    this.#put(Math.abs(later))
    this.#putSigned(xid - this.#xid)
    this.#put(
      (deleted > 0 ? FLAGS.deleted : 0) |
        (inserted > 0 ? FLAGS.inserted : 0) |
        (updated > 0 ? FLAGS.updated : 0) |
        (dropped > 0 ? FLAGS.dropped : 0) |
        (later < 0 ? FLAGS.earlier : 0) |
        (isAborted ? FLAGS.aborted : 0),
    )
    if (deleted > 0) this.#put(deleted)
    if (inserted > 0) this.#put(inserted)
    if (updated > 0) this.#put(updated)
    if (dropped > 0) this.#put(dropped)
    this.#place = place
    this.#time = time
    this.#xid = xid
  }

  /** The bytes so far, as a copy. */
  take(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  #putSigned(value: number): void {
    this.#put(value < 0 ? -value * 2 - 1 : value * 2)
  }

  /** By division what has more than 31 bits: up to 54. */
  #put(value: number): void {
    let rest = value
    for (; rest > 0x7fff_ffff; rest = Math.floor(rest / 128)) this.#bytes[this.#length++] = (rest % 128) + 128
    for (; rest >= 128; rest >>>= 7) this.#bytes[this.#length++] = (rest & 127) | 128
    this.#bytes[this.#length++] = rest
  }
}

/** Nine numbers of at most eight bytes. */
const MOST_BYTES = 72
/** Which counts follow, whether the clock went back, and whether the transaction came to nothing. */
const FLAGS = { deleted: 1, inserted: 2, updated: 4, dropped: 8, earlier: 16, aborted: 32 } as const

/** Reads what {@link CommitBlob} wrote, in its order. */
export function* readCommitBlob(blob: Uint8Array, segmentStart: Lsn): Generator<IndexedEnd, void, undefined> {
  let at = 0
  const take = (): number => {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = blob[at++] ?? 0
      value += (byte & 127) * factor
      if (byte < 128) return value
    }
  }
  const takeSigned = (): number => {
    const value = take()
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2
  }
  let place = 0
  let time = 0
  let xid = 0
  while (at < blob.length) {
    place += takeSigned()
    const length = take()
    const later = take()
    xid += takeSigned()
    const flags = take()
    time += (flags & FLAGS.earlier) !== 0 ? -later : later
    const deleted = (flags & FLAGS.deleted) !== 0 ? take() : 0
    const inserted = (flags & FLAGS.inserted) !== 0 ? take() : 0
    const updated = (flags & FLAGS.updated) !== 0 ? take() : 0
    const dropped = (flags & FLAGS.dropped) !== 0 ? take() : 0
    const lsn = lsnFromBigint(segmentStart + BigInt(place))
    const endLsn = lsnFromBigint(lsn + BigInt(length))
    const isAborted = (flags & FLAGS.aborted) !== 0
    yield { isAborted, lsn, endLsn, time, xid, deleted, inserted, updated, dropped }
  }
}
