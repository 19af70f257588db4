import { EngineError } from '../base/engine-error.ts'
import { PAGE_BYTES } from '../format/page-header.ts'
import { kernel } from '../kernel/kernel.ts'
import type { PageCompression } from './page-compression.ts'

/** An LZ4 block per page, as gs_probackup stores it. Only for catalogs that Tidemark alone reads. */
export const lz4Pages: PageCompression = {
  name: 'lz4',
  compressPage: (page) => {
    const payload = kernel.compressLz4(page)
    return payload.length < PAGE_BYTES ? payload : undefined
  },
  decompressPage: (payload, target) => {
    if (!kernel.decompressLz4(payload, target))
      throw new EngineError('format.damaged', 'a compressed page cannot be unpacked')
  },
}
