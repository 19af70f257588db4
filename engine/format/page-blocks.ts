import { assert } from '../base/assert.ts'
import { EngineError } from '../base/engine-error.ts'
import { PAGE_BYTES } from './page-header.ts'

/** Bytes before each payload: block number and payload length. */
export const BLOCK_HEADER_BYTES = 8
/** Payloads of versions before 2.4.0 are padded to a multiple of this. */
const PADDING_BYTES = 8
/** In place of a length: the relation was truncated here. Only versions before 2.3 stored it. */
const TRUNCATED = -2

/** One page as it is stored in a data file of a backup. */
export type StoredBlock = {
  /** Counted from the start of the segment file. */
  readonly block: number
  /** Offset of the record, header included, in the stored file. */
  readonly position: number
  /** A view of the file's bytes: 8192 of them are the page itself, fewer are compressed. */
  readonly payload: Uint8Array
}

/** Writes the header of a record. `payloadBytes` is 1 to 8192. Source: `catalog-format.md` section 5.1. */
export function encodeBlockHeader(
  target: Uint8Array,
  offset: number,
  block: number,
  payloadBytes: number,
): void {
  assert(payloadBytes > 0 && payloadBytes <= PAGE_BYTES, 'a payload has 1 to 8192 bytes')
  putU32(target, offset, block)
  putU32(target, offset + 4, payloadBytes)
}

/** Reads the header of a record as it stands; the caller checks that `payloadBytes` makes sense. */
export function decodeBlockHeader(
  bytes: Uint8Array,
  offset: number,
): { readonly block: number; readonly payloadBytes: number } {
  assert(offset >= 0 && offset + BLOCK_HEADER_BYTES <= bytes.length, 'a record header lies inside the bytes')
  return { block: i32(bytes, offset) >>> 0, payloadBytes: i32(bytes, offset + 4) }
}

/**
 * Walks the records of a whole stored data file. `isPadded` is for backups of versions before 2.4.0.
 * Returns, when it is through, the block at which the relation was truncated (old backups only): its file ends there.
 *
 * @throws {EngineError} `format.damaged` naming the offset, after the sound records before it were given.
 */
export function* storedBlocks(
  bytes: Uint8Array,
  { isPadded = false }: { readonly isPadded?: boolean } = {},
): Generator<StoredBlock, number | undefined, void> {
  let lastBlock = -1
  for (let at = 0; at < bytes.length;) {
    if (bytes.length - at < BLOCK_HEADER_BYTES) throw damaged(at, 'the header of a page record is cut off')
    const { block, payloadBytes } = decodeBlockHeader(bytes, at)
    if (payloadBytes === TRUNCATED) return block
    if (payloadBytes <= 0 || payloadBytes > PAGE_BYTES) {
      throw damaged(at, `the record of block ${block} claims ${payloadBytes} bytes`)
    }
    if (block <= lastBlock) throw damaged(at, `block ${block} follows block ${lastBlock}`)
    const start = at + BLOCK_HEADER_BYTES
    const next = start + storedPayloadBytes(payloadBytes, isPadded)
    if (next > bytes.length) throw damaged(at, `the record of block ${block} is cut off`)
    yield { block, position: at, payload: bytes.subarray(start, start + payloadBytes) }
    lastBlock = block
    at = next
  }
  return undefined
}

/** The room a payload takes in the file. */
export function storedPayloadBytes(payloadBytes: number, isPadded: boolean): number {
  return isPadded ? Math.ceil(payloadBytes / PADDING_BYTES) * PADDING_BYTES : payloadBytes
}

function damaged(offset: number, what: string): EngineError {
  return new EngineError('format.damaged', `${what} (offset ${offset})`, {
    facts: { offset: String(offset) },
  })
}

function putU32(target: Uint8Array, at: number, value: number): void {
  target[at] = value
  target[at + 1] = value >>> 8
  target[at + 2] = value >>> 16
  target[at + 3] = value >>> 24
}

function i32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  )
}
