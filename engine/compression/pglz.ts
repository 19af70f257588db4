import { pglzCompress, pglzDecompressInto } from '../format/pglz.ts'
import type { PageCompression } from './page-compression.ts'

/** PostgreSQL's own compression: a bare stream per page, with the settings that the backup tools use. */
export const pglzPages: PageCompression = {
  name: 'pglz',
  compressPage: (page) => pglzCompress(page),
  decompressPage: pglzDecompressInto,
}
