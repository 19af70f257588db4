import { constants, createZstdCompress, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { EngineError } from '../base/engine-error.ts'
import { PAGE_BYTES } from '../format/page-header.ts'
import { type KeptStream, keepStream } from './kept-stream.ts'
import type { PageCompression } from './page-compression.ts'

const MOST_LEVEL = 22
/** Room for any result in one piece. */
const CHUNK_BYTES = PAGE_BYTES + 128

const output = new Uint8Array(CHUNK_BYTES)
const streams = new Map<number, KeptStream | undefined>()

/**
 * A zstd frame per page. Only for catalogs that Tidemark alone reads.
 *
 * @throws {EngineError} `value.malformed` for a level other than 1 to 22; 0 stands for 1.
 */
export function zstdPages(level: number): PageCompression {
  if (!Number.isInteger(level) || level < 0 || level > MOST_LEVEL) {
    throw new EngineError('value.malformed', `${level} is not a compression level`, {
      hint: `Choose a level from 1 to ${MOST_LEVEL}; 1 is quick and good.`,
    })
  }
  const options = {
    chunkSize: CHUNK_BYTES,
    params: { [constants.ZSTD_c_compressionLevel]: Math.max(1, level) },
  }
  if (!streams.has(level)) streams.set(level, keepStream(createZstdCompress(options), constants.ZSTD_e_end))
  const stream = streams.get(level)
  return {
    name: 'zstd',
    compressPage: (page) => {
      if (stream === undefined) {
        const payload = zstdCompressSync(page, options)
        return payload.length < PAGE_BYTES ? payload : undefined
      }
      const length = stream.process(page, output)
      return length !== undefined && length < PAGE_BYTES ? output.subarray(0, length) : undefined
    },
    decompressPage,
  }
}

function decompressPage(payload: Uint8Array, target: Uint8Array): void {
  let page: Uint8Array
  try {
    page = zstdDecompressSync(payload, { maxOutputLength: PAGE_BYTES })
  } catch (cause) {
    throw new EngineError('format.damaged', 'a compressed page cannot be unpacked', { cause })
  }
  if (page.length !== PAGE_BYTES) {
    throw new EngineError('format.damaged', `a compressed page holds ${page.length} bytes`)
  }
  target.set(page)
}
