import type { CompressAlgorithm } from '../format/backup-control.ts'
import { lz4Pages } from './lz4.ts'
import { nonePages } from './none.ts'
import type { PageCompression } from './page-compression.ts'
import { pglzPages } from './pglz.ts'
import { zlibPages } from './zlib.ts'
import { zstdPages } from './zstd.ts'

export type { PageCompression }

/**
 * Makes an algorithm ready; cheap enough to call per file. `level` is 0 to 9 for zlib, 1 to 22 for zstd, and counts for
 * no other.
 *
 * @throws {EngineError} `value.malformed` for a level out of range.
 */
export function openCompression(algorithm: CompressAlgorithm, level: number): PageCompression {
  switch (algorithm) {
    case 'none':
      return nonePages
    case 'zlib':
      return zlibPages(level)
    case 'pglz':
      return pglzPages
    case 'lz4':
      return lz4Pages
    case 'zstd':
      return zstdPages(level)
  }
}
