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

/**
 * The header table of one file, not yet compressed: a record per page and a last one that holds only where the stored
 * file ends. Its CRC-32C goes into the content list as it is here, padding included.
 */
export function encodeHeaderTable(entries: readonly PageHeaderEntry[], endPosition: number): Uint8Array {
  const bytes = new Uint8Array((entries.length + 1) * HEADER_RECORD_BYTES)
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const { lsn, block, position, checksum } of entries) {
    view.setBigUint64(at, lsn, true)
    view.setInt32(at + 8, block, true)
    view.setInt32(at + 12, position, true)
    view.setUint16(at + 16, checksum, true)
    at += HEADER_RECORD_BYTES
  }
  view.setInt32(at + 12, endPosition, true)
  return bytes
}

/**
 * Reads an inflated header table. Padding is not looked at: remote writers leave garbage there.
 *
 * @throws {EngineError} `format.damaged` when the size is not that of `headerCount` pages, or positions do not ascend.
 */
export function decodeHeaderTable(bytes: Uint8Array, headerCount: number): readonly PageHeaderEntry[] {
  if (bytes.length !== (headerCount + 1) * HEADER_RECORD_BYTES) {
    throw new EngineError(
      'format.damaged',
      `a header table of ${headerCount} pages has ${bytes.length} bytes`,
    )
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const entries: PageHeaderEntry[] = []
  let lastPosition = -1
  for (let at = 0; entries.length < headerCount; at += HEADER_RECORD_BYTES) {
    const position = view.getInt32(at + 12, true)
    if (position <= lastPosition) throw outOfOrder(position, lastPosition)
    lastPosition = position
    entries.push({
      lsn: lsnFromBigint(view.getBigUint64(at, true)),
      block: view.getInt32(at + 8, true),
      position,
      checksum: view.getUint16(at + 16, true),
    })
  }
  const end = headerTableEnd(bytes)
  if (end <= lastPosition) throw outOfOrder(end, lastPosition)
  return entries
}

/** The size of the stored file as the last record of an inflated header table tells it. */
export function headerTableEnd(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return view.getInt32(bytes.length - HEADER_RECORD_BYTES + 12, true)
}

function outOfOrder(position: number, last: number): EngineError {
  return new EngineError('format.damaged', `a header table has position ${position} after ${last}`)
}
