import { constants, createDeflate, createInflate, createZstdCompress, deflateSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { describePageCompression } from './compression.conformance.ts'
import { openCompression } from './compression.ts'
import { keepStream } from './kept-stream.ts'

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

describe('a kept stream', () => {
  const page = Uint8Array.from({ length: 8192 }, (_, at) => (at * at) >>> 7)

  test.each([
    [
      'zlib',
      () => keepStream(createDeflate({ level: 1 }), constants.Z_FINISH),
      deflateSync(page, { level: 1 }),
    ],
    ['zstd', () => keepStream(createZstdCompress(), constants.ZSTD_e_end), undefined],
  ])('of %s gives for every page what the function does', (_name, keep, expected) => {
    const stream = keep()
    if (stream === undefined) throw new Error('this runtime keeps its streams in another way')
    const output = new Uint8Array(9000)
    const first = stream.process(page, output)
    const bytes = Buffer.from(output.subarray(0, first))
    if (expected !== undefined) expect(bytes).toEqual(expected)
    // Too little room and another page in between change nothing for those that follow.
    expect(stream.process(page, output.subarray(0, 100))).toBeUndefined()
    expect(stream.process(new Uint8Array(8192), output)).toBeLessThan(100)
    expect(Buffer.from(output.subarray(0, stream.process(page, output)))).toEqual(bytes)
  })

  test('goes on after a stream that is damaged', () => {
    const stream = keepStream(createInflate(), constants.Z_FINISH)
    if (stream === undefined) throw new Error('this runtime keeps its streams in another way')
    const sound = deflateSync(page)
    const output = new Uint8Array(9000)
    const damaged = Buffer.from(sound)
    damaged[100] = (damaged[100] ?? 0) ^ 0xff
    const cut = sound.subarray(0, -1)
    for (const payload of [damaged, cut, new Uint8Array(0)]) {
      expect(stream.process(payload, output)).toBeUndefined()
      expect(stream.process(sound, output)).toBe(8192)
      expect(Buffer.compare(output.subarray(0, 8192), page)).toBe(0)
    }
  })

  test('is not made where streams work in another way', () => {
    const other = { flush: () => undefined } as unknown as ReturnType<typeof createDeflate>
    expect(keepStream(other, constants.Z_FINISH)).toBeUndefined()
  })
})
