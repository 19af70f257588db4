import { readSync } from 'node:fs'
import { EngineError } from '../../base/engine-error.ts'
import { BLOCK_HEADER_BYTES, decodeBlockHeader } from '../../format/page-blocks.ts'
import { PAGE_BYTES } from '../../format/page-header.ts'
import { kernel } from '../../kernel/kernel.ts'

const BUFFER_BYTES = 1 << 20
const ALIGNMENT = 8

/** In the kernel's memory: payloads are checked where they lie. */
const buffer = kernel.reserve(BUFFER_BYTES)

/** One page as it is stored. The payload is only good until the next page is read. */
export type StoredPage = {
  readonly block: number
  /** Offset of the record in the stored file. */
  readonly position: number
  readonly payload: Uint8Array
}

/** Told of each page in ascending order; `stop` ends the reading. */
type OnPage = (page: StoredPage) => 'stop' | undefined

/**
 * Given the records that have been read from `position` on, says how many of the first ones it has dealt with: only such
 * as hold a page that is not compressed, and ascend after `lastBlock`, -1 at first.
 */
type Skim = (records: Uint8Array, position: number, lastBlock: number) => number

const WHOLE_RECORD_BYTES = BLOCK_HEADER_BYTES + PAGE_BYTES

/**
 * Reads the page records of a stored data file in one pass of large reads.
 *
 * `onBytes` sees every byte of the file once and in order, for a checksum and for progress; after `stop` it sees no more.
 * What `skim` deals with, many records at a time, is not shown to `onPage`.
 * `isPadded` is for backups of versions before 2.4.0, whose payloads are padded to eight bytes.
 * Only one file at a time can be read in a thread: the buffer is shared.
 *
 * @throws {EngineError} `format.damaged` naming the offset.
 */
export function readStoredPages(
  descriptor: number,
  options: {
    readonly isPadded: boolean
    readonly onBytes?: (bytes: Uint8Array) => void
    readonly skim?: Skim
  },
  onPage: OnPage,
): void {
  let filled = 0
  let fileOffset = 0
  let lastBlock = -1
  for (;;) {
    const readBytes = readSync(descriptor, buffer, filled, BUFFER_BYTES - filled, fileOffset + filled)
    if (readBytes > 0) options.onBytes?.(buffer.subarray(filled, filled + readBytes))
    filled += readBytes
    let at = 0
    while (filled - at >= BLOCK_HEADER_BYTES) {
      const skimmed = options.skim?.(buffer.subarray(at, filled), fileOffset + at, lastBlock) ?? 0
      if (skimmed > 0) {
        at += skimmed * WHOLE_RECORD_BYTES
        lastBlock = decodeBlockHeader(buffer, at - WHOLE_RECORD_BYTES).block
        continue
      }
      const { block, payloadBytes } = decodeBlockHeader(buffer, at)
      if (payloadBytes === TRUNCATED) return
      if (payloadBytes <= 0 || payloadBytes > PAGE_BYTES || block <= lastBlock) {
        throw damaged(fileOffset + at, `a page record for block ${block} of ${payloadBytes} bytes`)
      }
      const storedBytes = options.isPadded ? Math.ceil(payloadBytes / ALIGNMENT) * ALIGNMENT : payloadBytes
      if (filled - at < BLOCK_HEADER_BYTES + storedBytes) break
      const start = at + BLOCK_HEADER_BYTES
      const payload = buffer.subarray(start, start + payloadBytes)
      if (onPage({ block, position: fileOffset + at, payload }) === 'stop') return
      lastBlock = block
      at = start + storedBytes
    }
    if (readBytes === 0) {
      if (at !== filled) throw damaged(fileOffset + at, 'a page record that is cut off')
      return
    }
    buffer.copyWithin(0, at, filled)
    filled -= at
    fileOffset += at
  }
}

/** Marks that the relation was truncated here. Only backups before version 2.3.0 have it. */
const TRUNCATED = -2

function damaged(offset: number, what: string): EngineError {
  return new EngineError('format.damaged', `${what} at offset ${offset}`)
}
