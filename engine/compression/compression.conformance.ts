import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PAGE_BYTES } from '../format/page-header.ts'
import type { PageCompression } from './page-compression.ts'

const filled = (length: number, byteAt: (at: number) => number): Uint8Array =>
  Uint8Array.from({ length }, (_, at) => byteAt(at))

/** A page as heaps have it: a header, a hole of zeroes, rows at the end that resemble one another. */
const heapPage = filled(PAGE_BYTES, (at) => (at < 200 ? at : at < 4000 ? 0 : (at % 61) * (at % 3)))

function noise(seed: number): Uint8Array {
  let state = seed | 1
  return filled(PAGE_BYTES, () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state
  })
}

const anyPage = fc.oneof(
  fc.nat().map(noise),
  fc.nat({ max: 255 }).map((byte) => new Uint8Array(PAGE_BYTES).fill(byte)),
  fc.tuple(fc.nat(), fc.nat({ max: PAGE_BYTES })).map(([seed, from]) => {
    const page = Uint8Array.from(heapPage)
    page.set(noise(seed).subarray(from), from)
    return page
  }),
)

/** What every way of compressing pages promises. `gains` says whether it makes anything smaller at all. */
export function describePageCompression(
  title: string,
  open: () => PageCompression,
  { gains }: { readonly gains: boolean },
): void {
  describe(`${title} pages`, () => {
    const fails = (payload: Uint8Array): void => {
      expect(() => open().decompressPage(payload, new Uint8Array(PAGE_BYTES))).toThrow(
        expect.objectContaining({ code: 'format.damaged' }),
      )
    }

    test('come back as they were and are never stored larger than a page', () => {
      const compression = open()
      const target = new Uint8Array(PAGE_BYTES)
      fc.assert(
        fc.property(anyPage, (page) => {
          const before = Uint8Array.from(page)
          const payload = compression.compressPage(page)
          expect(Buffer.compare(page, before)).toBe(0)
          if (payload === undefined) return
          expect(payload.length).toBeLessThan(PAGE_BYTES)
          target.fill(0xee)
          compression.decompressPage(payload, target)
          expect(Buffer.compare(target, page)).toBe(0)
        }),
        { numRuns: 60 },
      )
    })

    test('are stored as they are when nothing is gained', () => {
      expect(open().compressPage(noise(7))).toBeUndefined()
      expect(open().compressPage(heapPage) !== undefined).toBe(gains)
    })

    test('may lie anywhere in memory', () => {
      const memory = new Uint8Array(PAGE_BYTES + 3)
      memory.set(heapPage, 3)
      const payload = open().compressPage(memory.subarray(3))
      if (payload === undefined) return
      const target = new Uint8Array(PAGE_BYTES + 5)
      open().decompressPage(payload, target.subarray(5))
      expect(Buffer.compare(target.subarray(5), heapPage)).toBe(0)
    })

    test('that are damaged are refused', () => {
      fails(new Uint8Array(0))
      fails(new Uint8Array(100))
      const payload = open().compressPage(heapPage)
      if (payload === undefined) return
      fails(payload.subarray(0, -1))
      fails(payload.subarray(1))
    })
  })
}
