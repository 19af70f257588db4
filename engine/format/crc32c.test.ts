import { crc32 } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { crc32c, crc32cOfZeros, hasLegacyCrc, legacyCrc32 } from './crc32c.ts'

const CHECK = new TextEncoder().encode('123456789')

/** One bit at a time, from the definition. */
function plainCrc(bytes: Uint8Array, polynomial: number): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ polynomial : crc >>> 1
  }
  return ~crc >>> 0
}

describe('the CRC-32C', () => {
  test('has the check value of the catalogue of CRCs', () => {
    expect(crc32c(CHECK)).toBe(0xe3069283)
    expect(crc32c(new Uint8Array(0))).toBe(0)
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa)
  })

  test('equals the definition at every length and alignment', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat({ max: 20 }), (bytes, skip) => {
        const part = bytes.subarray(skip)
        expect(crc32c(part)).toBe(plainCrc(part, 0x82f63b78))
      }),
    )
  })

  test('goes on from where the last piece ended', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat({ max: 400 }), (bytes, cut) => {
        expect(crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut)))).toBe(crc32c(bytes))
      }),
    )
  })
})

describe('the traditional CRC-32', () => {
  test('is the one of zlib, in pieces too', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat({ max: 400 }), (bytes, cut) => {
        expect(legacyCrc32(bytes.subarray(cut), legacyCrc32(bytes.subarray(0, cut)))).toBe(crc32(bytes))
      }),
    )
  })

  test('belongs to versions 2.0.22 to 2.0.24', () => {
    expect([20021, 20022, 20024, 20025].map(hasLegacyCrc)).toEqual([false, true, true, false])
  })
})

test('zeros are skipped as if they had been gone through', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), fc.nat({ max: 70_000 }), (register, count) => {
      // A checksum is the register with all bits turned.
      expect(~crc32cOfZeros(register, count) >>> 0).toBe(crc32c(new Uint8Array(count), ~register >>> 0))
    }),
    { numRuns: 50 },
  )
  expect(crc32cOfZeros(0, 2 ** 40)).toBe(0)
  const far = crc32cOfZeros(crc32cOfZeros(12345, 2 ** 35), 2 ** 35 + 7)
  expect(far >>> 0).toBe(crc32cOfZeros(12345, 2 ** 36 + 7) >>> 0)
})
