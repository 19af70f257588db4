import { deflateSync, inflateSync } from 'node:zlib'
import { EngineError } from '../base/engine-error.ts'
import { PAGE_BYTES } from '../format/page-header.ts'
import type { PageCompression } from './page-compression.ts'

/** Room for any result in one piece; the default of twice a page costs memory per page for nothing. */
const CHUNK_BYTES = PAGE_BYTES + 128

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
  return {
    name: 'zlib',
    compressPage: (page) => {
      const payload = deflateSync(page, options)
      return payload.length < PAGE_BYTES ? payload : undefined
    },
    decompressPage,
  }
}

function decompressPage(payload: Uint8Array, target: Uint8Array): void {
  let page: Uint8Array
  try {
    page = inflateSync(payload, { chunkSize: CHUNK_BYTES, maxOutputLength: PAGE_BYTES })
  } catch (cause) {
    throw new EngineError('format.damaged', 'a compressed page cannot be unpacked', { cause })
  }
  if (page.length !== PAGE_BYTES) {
    throw new EngineError('format.damaged', `a compressed page holds ${page.length} bytes`)
  }
  target.set(page)
}
