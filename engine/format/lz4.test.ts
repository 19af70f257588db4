import { expect, test } from 'vitest'
import { lz4Compress, lz4DecompressInto } from './lz4.ts'

/** Hex digits, spaced as the format is. */
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))
const unpack = (hex: string, length: number): Uint8Array => {
  const output = new Uint8Array(length)
  lz4DecompressInto(bytes(hex), output)
  return output
}

/** The page of heaps that the conformance of compressions uses, as the library liblz4 1.10 packs it. */
const heapPage = Uint8Array.from({ length: 8192 }, (_, at) =>
  at < 200 ? at : at < 4000 ? 0 : (at % 61) * (at % 3),
)
const FROM_LIBRARY = Uint8Array.from(
  Buffer.from(
    '/70AAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywtLi8wMTIzNDU2Nzg5Ojs8PT4/QEFCQ0RFRkdISUpL' +
      'TE1OT1BRUlNUVVZXWFlaW1xdXl9gYWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1+f4CBgoOEhYaHiImKi4yNjo+QkZKTlJWWl5iZ' +
      'mpucnZ6foKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr/AwcLDxMXGxwAAAAAEAP//////////////////z/+nI0gAJk4AKVQA' +
      'LFoAL2AAMmYANWwAOHIAO3gAAQQABAoABxAAChYADRwAECIAEygAFi4AGTQAHDoAH0AAIkYAJUwAKFIAK1gALl4AMWQANGoAN3AAOnYA' +
      'AAIAAwgABg4ACRQADBoADyAAEiYAFSwAGDIAGzgAHj4AIUQAJEoAJ1AAKlYALVwAMGIAM2gANm4AOXQAPAAAAgYABQwACBIACxgADh4A' +
      'ESQAFCoAFzAAGjYAHTwAIEK3AP///////////////////6BgGAAOHgAR',
    'base64',
  ),
)

test('a block of the library is unpacked', () => {
  const output = new Uint8Array(8192)
  lz4DecompressInto(FROM_LIBRARY, output)
  expect(Buffer.compare(output, heapPage)).toBe(0)
})

test('sequences of the format are read as it says', () => {
  expect(Buffer.from(unpack('00', 0))).toEqual(Buffer.alloc(0))
  expect(Buffer.from(unpack('50 6162636465', 5)).toString()).toBe('abcde')
  // Three literals, a match of 9 from 3 before, which reaches into itself, and five literals at the end.
  expect(Buffer.from(unpack('35 616263 0300 50 7677787970', 17)).toString()).toBe('abcabcabcabcvwxyp')
  // Lengths of 15 + 255 + 0 literals, and of 15 + 3 + 4 for a match.
  const long = unpack(`ff${'ff'}${'00'}${'61'.repeat(270)}${'0100'}${'03'}${'50'}${'6263646566'}`, 297)
  expect(Buffer.from(long).toString()).toBe(`${'a'.repeat(292)}bcdef`)
})

test.each([
  ['nothing at all', '', 8],
  ['literals that are cut off', '5061626364', 5],
  ['a length that is cut off', 'ffff', 600],
  ['a distance that is cut off', '1561 01', 20],
  ['a distance of 0', '1561 0000 50 6263646566', 15],
  ['a distance before the start', '1561 0200 50 6263646566', 15],
  ['more than asked for', '50 6162636465', 4],
  ['a match that is too long', '1f61 0100 f0', 30],
  ['less than asked for', '50 6162636465', 6],
  ['bytes behind the end', '50 6162636465 00', 5],
  ['a match at the end', '1561 0100', 10],
])('%s is refused', (_what, hex, length) => {
  expect(() => unpack(hex, length)).toThrow(expect.objectContaining({ code: 'format.damaged' }))
})

test('what is packed ends in literals, and gains on what repeats', () => {
  expect(lz4Compress(heapPage).length).toBeLessThan(450)
  expect(Buffer.from(lz4Compress(bytes('616263')))).toEqual(Buffer.from(bytes('30616263')))
  expect(Buffer.from(lz4Compress(new Uint8Array(0)))).toEqual(Buffer.from(bytes('00')))
  // 13 bytes are the fewest that hold a match; of 12 none is made.
  expect(lz4Compress(new Uint8Array(12))).toHaveLength(13)
  expect(Buffer.from(lz4Compress(new Uint8Array(20)))).toEqual(Buffer.from(bytes('1a00 0100 500000000000')))
  expect(() => lz4Compress(new Uint8Array(65_536))).toThrow(RangeError)
})
