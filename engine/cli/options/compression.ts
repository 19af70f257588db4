import type { OptionSpec } from './option.ts'
import { FLAG, SAVES } from './shared.ts'

/** How pages are stored. */
export const COMPRESSION_OPTIONS: readonly OptionSpec[] = [
  {
    long: 'compress',
    value: FLAG,
    group: 'Compression',
    commands: ['backup', 'archive-push', 'receive-wal'],
    meaning: 'The same as --compress-algorithm=zlib --compress-level=1.',
  },
  {
    long: 'compress-algorithm',
    value: { kind: 'choice', name: 'NAME', choices: ['none', 'zlib', 'pglz', 'lz4', 'zstd'] },
    group: 'Compression',
    commands: ['backup', 'archive-push', ...SAVES],
    meaning:
      'How pages are compressed: zlib is small, pglz needs no library, none is plain. WAL is archived with zlib or none. lz4 (fastest) and zstd (small and fast) make backups that only Tidemark can read; they cannot be saved as a setting.',
    default: 'none',
    isSetting: true,
  },
  {
    long: 'compress-level',
    value: { kind: 'integer', name: 'LEVEL', min: 0, max: 22 },
    group: 'Compression',
    commands: ['backup', 'archive-push', 'receive-wal', ...SAVES],
    meaning: 'How hard zlib tries, from 1 (fast) to 9 (small), 0 only stores; for zstd from 1 to 22.',
    default: '1',
    isSetting: true,
  },
]
