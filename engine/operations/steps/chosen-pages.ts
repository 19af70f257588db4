import { readSync } from 'node:fs'
import { EngineError } from '../../base/engine-error.ts'
import type { HeaderTableReader } from '../../format/header-map.ts'
import { BLOCK_HEADER_BYTES, decodeBlockHeader } from '../../format/page-blocks.ts'
import { PAGE_BYTES } from '../../format/page-header.ts'

const BUFFER_BYTES = 1 << 20
/** Reading over a gap of this size costs less than another call. */
const LARGEST_GAP_BYTES = 64 << 10

let buffer: Uint8Array | undefined

/**
 * Reads some records of a stored data file, in as few large reads as their places allow. `chosen` are indexes of the
 * header table, ascending, the first `count` of which are meant. A payload is only good until the next page is read.
 * For files without padding.
 *
 * @throws {EngineError} `format.damaged` when a record is not the one that the header table names.
 */
export function readChosenPages(
  descriptor: number,
  table: HeaderTableReader,
  { chosen, count }: { readonly chosen: Int32Array; readonly count: number },
  onPage: (block: number, payload: Uint8Array) => void,
): void {
  buffer ??= new Uint8Array(BUFFER_BYTES)
  for (let from = 0; from < count;) {
    const start = table.positionAt(chosen[from] as number)
    let to = from
    let end = start
    for (; to < count; to++) {
      const index = chosen[to] as number
      const nextEnd = table.positionAt(index + 1)
      if (to > from && (nextEnd - start > BUFFER_BYTES || table.positionAt(index) - end > LARGEST_GAP_BYTES))
        break
      end = nextEnd
    }
    if (end - start > BUFFER_BYTES) throw damaged(start, 'a record that is too long')
    readFully(descriptor, buffer, end - start, start)
    for (; from < to; from++) {
      const index = chosen[from] as number
      const position = table.positionAt(index)
      const payloadBytes = table.positionAt(index + 1) - position - BLOCK_HEADER_BYTES
      const at = position - start
      const found = decodeBlockHeader(buffer, at)
      if (
        found.block !== table.blockAt(index) ||
        found.payloadBytes !== payloadBytes ||
        payloadBytes <= 0 ||
        payloadBytes > PAGE_BYTES
      ) {
        throw damaged(position, `another page record than the one of block ${table.blockAt(index)}`)
      }
      const payload = buffer.subarray(at + BLOCK_HEADER_BYTES, at + BLOCK_HEADER_BYTES + payloadBytes)
      onPage(found.block, payload)
    }
  }
}

function readFully(descriptor: number, target: Uint8Array, bytes: number, offset: number): void {
  for (let done = 0; done < bytes;) {
    const readBytes = readSync(descriptor, target, done, bytes - done, offset + done)
    if (readBytes === 0) throw damaged(offset + done, 'the end of the file, though records should follow,')
    done += readBytes
  }
}

function damaged(offset: number, what: string): EngineError {
  return new EngineError('format.damaged', `${what} at offset ${offset}`)
}
