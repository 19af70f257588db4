import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { crc32c } from './crc32c.ts'
import { pglzCompress, pglzDecompress } from './pglz.ts'

/** 8192 bytes of pieces that come again and again, half of them with a byte changed. */
function repetitive(seed: number): Uint8Array {
  let state = seed
  const random = (below: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return (state >>> 8) % below
  }
  const symbols = Array.from({ length: 2 + random(30) }, () => random(256))
  const base = Array.from({ length: 300 + random(300) }, () => symbols[random(symbols.length)] ?? 0)
  const bytes: number[] = []
  while (bytes.length < 8192) {
    const start = random(base.length - 80)
    const piece = base.slice(start, start + 20 + random(200))
    if (random(2) === 1) piece[random(piece.length)] = random(256)
    bytes.push(...piece)
  }
  return Uint8Array.from(bytes.slice(0, 8192))
}

const anyInput = fc.oneof(
  fc.uint8Array({ maxLength: 600 }),
  fc
    .array(fc.integer({ min: 0, max: 2 }), { maxLength: 3000, size: 'max' })
    .map((bytes) => Uint8Array.from(bytes)),
  fc.nat().map((seed) => repetitive(seed)),
)

describe('pglz', () => {
  test('gives back what was compressed, and only keeps what became smaller', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const packed = pglzCompress(input)
        if (packed === undefined) return
        expect(packed.length).toBeLessThan(input.length)
        expect(Buffer.compare(pglzDecompress(packed, input.length), input)).toBe(0)
      }),
      { numRuns: 200 },
    )
  })

  // What PostgreSQL 15 on x86-64 stored for these values: chunks of a TOAST table, read back with SQL. The inputs are
  // chosen so that an encoder with another hash (unsigned bytes) arrives at other streams.
  test.each([
    [2, 920, 4141919171],
    [5, 820, 2285192504],
    [6, 1050, 3515791597],
    [7, 934, 3916773727],
    [8, 988, 1375050824],
    [10, 830, 1303047684],
  ])('writes value %d as the server does, byte for byte', (seed, bytes, crc) => {
    const packed = pglzCompress(repetitive(seed), 'default')
    expect(packed && { bytes: packed.length, crc: crc32c(packed) }).toEqual({ bytes, crc })
  })

  test('looks for matches with the patience of the backup tools unless told otherwise', () => {
    expect([2, 10].map((seed) => pglzCompress(repetitive(seed))?.length)).toEqual([913, 820])
  })

  test('looks back 4094 bytes and no further, as the C source does', () => {
    const packedBytes = (distance: number): number => {
      const input = new Uint8Array(8192)
      let state = 1
      for (let at = 0; at < distance; at++) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0
        input[at] = state >>> 24
      }
      input.copyWithin(distance, 0, 200)
      return pglzCompress(input)?.length ?? 8192
    }
    expect(packedBytes(4095) - packedBytes(4094)).toBeGreaterThan(150)
  })

  test('does not remember one page while it compresses the next', () => {
    const first = pglzCompress(repetitive(5))
    pglzCompress(repetitive(6))
    expect(pglzCompress(repetitive(5))).toEqual(first)
  })

  test('writes a page of zeroes as a literal and long tags', () => {
    const packed = pglzCompress(new Uint8Array(8192))
    expect(packed?.length).toBe(96)
    expect(Array.from(packed?.subarray(0, 5) ?? [])).toEqual([0xfe, 0x00, 0x0f, 0x01, 0xff])
  })

  test('calls a stream damaged that is cut off, too long, or points before its start', () => {
    const packed = pglzCompress(repetitive(5)) ?? new Uint8Array(0)
    expect(() => pglzDecompress(packed.subarray(0, -1), 8192)).toThrow('damaged')
    expect(() => pglzDecompress(Buffer.concat([packed, Uint8Array.of(0)]), 8192)).toThrow('left over')
    expect(() => pglzDecompress(packed, 4096)).toThrow('left over')
    expect(() => pglzDecompress(packed, 8193)).toThrow('damaged')
    expect(() => pglzDecompress(Uint8Array.of(0x02, 0x41, 0x00, 0x02), 4)).toThrow('before the start')
    expect(() => pglzDecompress(Uint8Array.of(0x02, 0x41, 0x00, 0x00), 4)).toThrow('before the start')
  })

  test('never does worse than refuse, whatever bytes it is given', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          expect(pglzDecompress(bytes, 64)).toHaveLength(64)
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: 'format.damaged' })
        }
      }),
    )
  })
})
