import { createRequire } from 'node:module'
import type * as Lz4 from 'lz4-napi'
import { EngineError } from '../base/engine-error.ts'
import { PAGE_BYTES } from '../format/page-header.ts'
import type { PageCompression } from './page-compression.ts'

/** The library puts the size of the page before its block; the catalog knows it and does not store it. */
const SIZE_BYTES = 4

const framed = Buffer.alloc(SIZE_BYTES + PAGE_BYTES)
framed.writeUInt32LE(PAGE_BYTES)

let loaded: typeof Lz4 | undefined
/** Every thread would load the native library, and few ever need it. */
const lz4 = (): typeof Lz4 => (loaded ??= createRequire(import.meta.url)('lz4-napi') as typeof Lz4)

/** An LZ4 block per page, as gs_probackup stores it. Only for catalogs that Tidemark alone reads. */
export const lz4Pages: PageCompression = {
  name: 'lz4',
  compressPage: (page) => {
    const payload = lz4()
      .compressSync(Buffer.from(page.buffer, page.byteOffset, page.byteLength))
      .subarray(SIZE_BYTES)
    return payload.length < PAGE_BYTES ? payload : undefined
  },
  decompressPage: (payload, target) => {
    let page: Uint8Array
    try {
      framed.set(payload, SIZE_BYTES)
      page = lz4().uncompressSync(framed.subarray(0, SIZE_BYTES + payload.length))
    } catch (cause) {
      throw new EngineError('format.damaged', 'a compressed page cannot be unpacked', { cause })
    }
    if (page.length !== PAGE_BYTES) {
      throw new EngineError('format.damaged', `a compressed page holds ${page.length} bytes`)
    }
    target.set(page)
  },
}
