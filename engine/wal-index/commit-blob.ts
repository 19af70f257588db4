import { type Lsn, lsnFromBigint } from '../base/lsn.ts'
import type { IndexedCommit } from './index-events.ts'

/**
 * The commits of a segment in some ten bytes each: what differs from the commit before, in bytes of seven bits, and the
 * counts that are not zero. Places are relative to the start of the segment; a record may have begun before it.
 */
export class CommitBlob {
  #bytes = new Uint8Array(4096)
  #length = 0
  #count = 0
  readonly #origin: bigint
  #place = 0
  #time = 0
  #xid = 0

  constructor(segmentStart: Lsn) {
    this.#origin = segmentStart
  }

  get count(): number {
    return this.#count
  }

  add(commit: IndexedCommit): void {
    if (this.#length + MOST_BYTES > this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 2)
      larger.set(this.#bytes)
      this.#bytes = larger
    }
    const place = Number(commit.lsn - this.#origin)
    const { time, xid, deleted, inserted, updated, dropped } = commit
    this.#putSigned(place - this.#place)
    this.#put(Number(commit.endLsn - commit.lsn))
    const later = time - this.#time
    this.#put(Math.abs(later))
    this.#putSigned(xid - this.#xid)
    const flags = [deleted > 0, inserted > 0, updated > 0, dropped > 0, later < 0]
    this.#put(flags.reduce((sum, flag, bit) => sum + (flag ? 1 << bit : 0), 0))
    if (deleted > 0) this.#put(deleted)
    if (inserted > 0) this.#put(inserted)
    if (updated > 0) this.#put(updated)
    if (dropped > 0) this.#put(dropped)
    this.#place = place
    this.#time = time
    this.#xid = xid
    this.#count++
  }

  /** The bytes so far, as a copy. */
  take(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  #putSigned(value: number): void {
    this.#put(value < 0 ? -value * 2 - 1 : value * 2)
  }

  /** By division: the values have up to 54 bits. */
  #put(value: number): void {
    let rest = value
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.#bytes[this.#length++] = (rest % 128) + 128
    this.#bytes[this.#length++] = rest
  }
}

/** Nine numbers of at most eight bytes. */
const MOST_BYTES = 72

/** Reads what {@link CommitBlob} wrote, in its order. */
export function* readCommitBlob(
  blob: Uint8Array,
  segmentStart: Lsn,
): Generator<IndexedCommit, void, undefined> {
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
    time += (flags & 16) !== 0 ? -later : later
    const deleted = (flags & 1) !== 0 ? take() : 0
    const inserted = (flags & 2) !== 0 ? take() : 0
    const updated = (flags & 4) !== 0 ? take() : 0
    const dropped = (flags & 8) !== 0 ? take() : 0
    const lsn = lsnFromBigint(segmentStart + BigInt(place))
    yield { lsn, endLsn: lsnFromBigint(lsn + BigInt(length)), time, xid, deleted, inserted, updated, dropped }
  }
}
