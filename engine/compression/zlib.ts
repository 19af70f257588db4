import { constants, createDeflate, createInflate, deflateSync, inflateSync } from 'node:zlib'
import { EngineError } from '../base/engine-error.ts'
import { PAGE_BYTES } from '../format/page-header.ts'
import { type KeptStream, keepStream } from './kept-stream.ts'
import type { PageCompression } from './page-compression.ts'

/** Room for any result in one piece; the default of twice a page costs memory per page for nothing. */
const CHUNK_BYTES = PAGE_BYTES + 128

const packed = new Uint8Array(CHUNK_BYTES)
/** With room beyond a page, so that the end of every stream is reached. */
const unpacked = new Uint8Array(CHUNK_BYTES)
const deflates = new Map<number, KeptStream | undefined>()
let inflate: { readonly kept: KeptStream | undefined } | undefined

/**
 * A zlib stream per page. Level 0 gains nothing and stores every page as it is.
 *
 * @throws {EngineError} `value.malformed` for a level other than 0 to 9.
 */
export function zlibPages(level: number): PageCompression {
  if (!Number.isInteger(level) || level < 0 || level > 9) {
    throw new EngineError('value.malformed', `${level} is not a compression level`, {
      hint: 'Choose a level from 0 to 9; 1 is quick and good.',
    })
  }
  const options = { level, chunkSize: CHUNK_BYTES }
  if (!deflates.has(level)) deflates.set(level, keepStream(createDeflate(options), constants.Z_FINISH))
  const deflate = deflates.get(level)
  return {
    name: 'zlib',
    compressPage: (page) => {
      const payload = deflate === undefined ? deflateSync(page, options) : through(deflate, page, packed)
      return payload !== undefined && payload.length < PAGE_BYTES ? payload : undefined
    },
    decompressPage,
  }
}

function decompressPage(payload: Uint8Array, target: Uint8Array): void {
  inflate ??= { kept: keepStream(createInflate(), constants.Z_FINISH) }
  const page = inflate.kept === undefined ? inflated(payload) : through(inflate.kept, payload, unpacked)
  if (page === undefined) throw new EngineError('format.damaged', 'a compressed page cannot be unpacked')
  if (page.length !== PAGE_BYTES) {
    throw new EngineError('format.damaged', `a compressed page holds ${page.length} bytes`)
  }
  target.set(page)
}

/** The result is good until the next page. */
function through(stream: KeptStream, input: Uint8Array, output: Uint8Array): Uint8Array | undefined {
  const length = stream.process(input, output)
  return length === undefined ? undefined : output.subarray(0, length)
}

function inflated(payload: Uint8Array): Uint8Array | undefined {
  try {
    return inflateSync(payload, { chunkSize: CHUNK_BYTES, maxOutputLength: CHUNK_BYTES })
  } catch {
    return undefined
  }
}
