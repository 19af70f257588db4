import { EngineError } from '../base/engine-error.ts'
import { type Lsn, lsnFromBigint } from '../base/lsn.ts'

/** Bytes of one record of a header table. */
export const HEADER_RECORD_BYTES = 24

/** What `page_header_map` keeps of one stored page. Source: `catalog-format.md` section 5.4. */
export type PageHeaderEntry = {
  /** 0 for a zeroed page. */
  readonly lsn: Lsn
  /** Counted from the start of the segment file. */
  readonly block: number
  /** Offset of the page's record in the stored file. */
  readonly position: number
  /** As computed from the page, 0 for a zeroed page. */
  readonly checksum: number
}

/** The header table of one file while it grows: records of 24 bytes and no object for any of them. */
export class HeaderTable {
  #bytes: Uint8Array
  #view: DataView
  #count = 0

  /** Has room for `expectedCount` pages; more are welcome. */
  constructor(expectedCount = 64) {
    this.#bytes = new Uint8Array((expectedCount + 1) * HEADER_RECORD_BYTES)
    this.#view = new DataView(this.#bytes.buffer)
  }

  /** Forgets all pages and keeps the room for them: tables that {@link finish} has given are overwritten from now on. */
  clear(): void {
    this.#bytes.fill(0, 0, (this.#count + 1) * HEADER_RECORD_BYTES)
    this.#count = 0
  }

  /** Pages so far. */
  get count(): number {
    return this.#count
  }

  /** Adds a page; the LSN in halves, as it stands in the page's header. */
  add(block: number, position: number, lsnHigh: number, lsnLow: number, checksum: number): void {
    const at = this.#count++ * HEADER_RECORD_BYTES
    if (at + 2 * HEADER_RECORD_BYTES > this.#bytes.length) this.#grow()
    const view = this.#view
    view.setUint32(at, lsnLow, true)
    view.setUint32(at + 4, lsnHigh, true)
    view.setInt32(at + 8, block, true)
    view.setInt32(at + 12, position, true)
    view.setUint16(at + 16, checksum, true)
  }

  /**
   * The table, not yet compressed: a record per page and a last one that holds only where the stored file ends. Its
   * CRC-32C goes into the content list as it is here, padding included. Nothing can be added any more.
   */
  finish(endPosition: number): Uint8Array {
    const at = this.#count * HEADER_RECORD_BYTES
    this.#view.setInt32(at + 12, endPosition, true)
    return this.#bytes.subarray(0, at + HEADER_RECORD_BYTES)
  }

  #grow(): void {
    const grown = new Uint8Array(this.#bytes.length * 2)
    grown.set(this.#bytes)
    this.#bytes = grown
    this.#view = new DataView(grown.buffer)
  }
}

/** As {@link HeaderTable}, of pages that are known already. */
export function encodeHeaderTable(entries: readonly PageHeaderEntry[], endPosition: number): Uint8Array {
  const table = new HeaderTable(entries.length)
  for (const { lsn, block, position, checksum } of entries)
    table.add(block, position, Number(lsn >> 32n), Number(lsn & 0xffff_ffffn), checksum)
  return table.finish(endPosition)
}

/** An inflated header table for reading. Indexes run from 0 to `count` - 1. */
export class HeaderTableReader {
  readonly count: number
  readonly #view: DataView

  /** @internal The table has been checked: see {@link decodeHeaderTable}. */
  constructor(view: DataView, count: number) {
    this.#view = view
    this.count = count
  }

  blockAt(index: number): number {
    return this.#view.getInt32(index * HEADER_RECORD_BYTES + 8, true)
  }

  positionAt(index: number): number {
    return this.#view.getInt32(index * HEADER_RECORD_BYTES + 12, true)
  }

  /** As computed when the page was backed up; 0 for a zeroed page. */
  checksumAt(index: number): number {
    return this.#view.getUint16(index * HEADER_RECORD_BYTES + 16, true)
  }

  /** The lower half of the LSN: whoever compares many makes no big integers. */
  lsnLowAt(index: number): number {
    return this.#view.getUint32(index * HEADER_RECORD_BYTES, true)
  }

  lsnHighAt(index: number): number {
    return this.#view.getUint32(index * HEADER_RECORD_BYTES + 4, true)
  }

  /** Adds the page to a table for another file, in which its record lies at that position. */
  copyTo(table: HeaderTable, index: number, position: number): void {
    const at = index * HEADER_RECORD_BYTES
    const view = this.#view
    const low = view.getUint32(at, true)
    const high = view.getUint32(at + 4, true)
    table.add(view.getInt32(at + 8, true), position, high, low, view.getUint16(at + 16, true))
  }

  /** All pages, an object for each. */
  entries(): readonly PageHeaderEntry[] {
    return Array.from({ length: this.count }, (_, index) => ({
      lsn: lsnFromBigint(this.#view.getBigUint64(index * HEADER_RECORD_BYTES, true)),
      block: this.blockAt(index),
      position: this.positionAt(index),
      checksum: this.#view.getUint16(index * HEADER_RECORD_BYTES + 16, true),
    }))
  }
}

/**
 * Reads an inflated header table. Padding is not looked at: remote writers leave garbage there.
 *
 * @throws {EngineError} `format.damaged` when the size is not that of `headerCount` pages, or positions do not ascend.
 */
export function decodeHeaderTable(bytes: Uint8Array, headerCount: number): HeaderTableReader {
  if (bytes.length !== (headerCount + 1) * HEADER_RECORD_BYTES) {
    throw new EngineError(
      'format.damaged',
      `a header table of ${headerCount} pages has ${bytes.length} bytes`,
    )
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const table = new HeaderTableReader(view, headerCount)
  let lastPosition = -1
  // The last record has a position as well: the end of the stored file.
  for (let index = 0; index <= headerCount; index++) {
    const position = table.positionAt(index)
    if (position <= lastPosition) throw outOfOrder(position, lastPosition)
    lastPosition = position
  }
  return table
}

/** The size of the stored file as the last record of an inflated header table tells it. */
export function headerTableEnd(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return view.getInt32(bytes.length - HEADER_RECORD_BYTES + 12, true)
}

function outOfOrder(position: number, last: number): EngineError {
  return new EngineError('format.damaged', `a header table has position ${position} after ${last}`)
}
