import { EngineError } from '../base/engine-error.ts'
import type { CompressAlgorithm } from '../format/backup-control.ts'
import { nonePages } from './none.ts'
import type { PageCompression } from './page-compression.ts'
import { pglzPages } from './pglz.ts'
import { zlibPages } from './zlib.ts'

export type { PageCompression }

/**
 * Makes an algorithm ready; cheap enough to call per file. `level` is 0 to 9 and counts for zlib only.
 *
 * @throws {EngineError} `format.unsupported` for lz4 and zstd; `value.malformed` for a level out of range.
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
    case 'zstd':
      throw new EngineError('format.unsupported', `${algorithm} pages cannot be read or written`, {
        hint: 'Use the program that wrote the backup, or take backups with zlib.',
      })
  }
}
