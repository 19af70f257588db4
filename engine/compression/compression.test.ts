import { deflateSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { describePageCompression } from './compression.conformance.ts'
import { openCompression } from './compression.ts'

describePageCompression('plain', () => openCompression('none', 1), { gains: false })
describePageCompression('zlib level 0', () => openCompression('zlib', 0), { gains: false })
describePageCompression('zlib level 1', () => openCompression('zlib', 1), { gains: true })
describePageCompression('zlib level 9', () => openCompression('zlib', 9), { gains: true })
describePageCompression('pglz', () => openCompression('pglz', 1), { gains: true })
describePageCompression('lz4', () => openCompression('lz4', 1), { gains: true })
describePageCompression('zstd level 1', () => openCompression('zstd', 1), { gains: true })
describePageCompression('zstd level 19', () => openCompression('zstd', 19), { gains: true })

describe('opening a compression', () => {
  test.each([-1, 23, 1.5])('refuses zstd level %d', (level) => {
    expect(() => openCompression('zstd', level)).toThrow('not a compression level')
  })

  test.each([-1, 10, 1.5])('refuses level %d', (level) => {
    expect(() => openCompression('zlib', level)).toThrow('not a compression level')
  })
})

test.each([8191, 8193, 100_000])('a zlib stream of %d bytes is no page', (length) => {
  const payload = deflateSync(new Uint8Array(length))
  expect(() => openCompression('zlib', 1).decompressPage(payload, new Uint8Array(8192))).toThrow(
    expect.objectContaining({ code: 'format.damaged' }),
  )
})
