import { expect, test } from 'vitest'
import { knowsCompression } from './tidemark.ts'

const HELP = `Compression:
      --compress              The same as --compress-algorithm=zlib --compress-level=1.
      --compress-algorithm=NAME
                              How pages are compressed: zlib is smaller, pglz needs no library.
      --compress-level=LEVEL  How hard zlib or lz4 tries.

WAL:
      --archive-timeout=TIME  How long.
`

test.each([
  ['zlib', true],
  ['pglz', true],
  ['lz4', false],
  ['zstd', false],
  ['lib', false],
])('of this help %s is known: %s', (algorithm, isKnown) => {
  expect(knowsCompression(HELP, algorithm)).toBe(isKnown)
})

test('help without compression knows none', () =>
  expect(knowsCompression('Usage: tidemark', 'zlib')).toBe(false))
