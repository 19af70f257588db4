import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { pageChecksum } from './page-checksum.ts'

/** `checksum_impl.h` word for word in its slow form: 32 lanes, row by row. Real pages are checked in catalog-fixtures. */
function plainChecksum(page: Uint8Array, blockNumber: number): number {
  // prettier-ignore
  const lanes = [
    0x5b1f36e9, 0xb8525960, 0x02ab50aa, 0x1de66d2a, 0x79ff467a, 0x9bb9f8a3, 0x217e7cd2, 0x83e13d2c,
    0xf8d4474f, 0xe39eb970, 0x42c6ae16, 0x993216fa, 0x7b093b5d, 0x98daff3c, 0xf718902a, 0x0b1c9cdb,
    0xe58f764b, 0x187636bc, 0x5d7b3bb1, 0xe73de7de, 0x92bec979, 0xcca6c0b2, 0x304a0979, 0x85aa43d4,
    0x783125bb, 0x6ca8eaa2, 0xe407eac6, 0x4b5cfc3e, 0x9fbf8c76, 0x15ca20be, 0xf2ca9fd3, 0x959bd756,
  ]
  const copy = Uint8Array.from(page)
  copy[8] = 0
  copy[9] = 0
  const view = new DataView(copy.buffer)
  const mix = (lane: number, value: number): number => {
    const mixed = (lane ^ value) >>> 0
    return Number((BigInt(mixed) * 16777619n) & 0xffff_ffffn) ^ (mixed >>> 17)
  }
  let folded = 0
  for (const [column, start] of lanes.entries()) {
    let lane = start
    for (let row = 0; row < 64; row++) lane = mix(lane, view.getUint32((row * 32 + column) * 4, true))
    folded ^= mix(mix(lane, 0), 0)
  }
  return (((folded ^ blockNumber) >>> 0) % 65535) + 1
}

const anyPage = fc
  .uint8Array({ minLength: 64, maxLength: 64 })
  .map((seed) => Uint8Array.from({ length: 8192 }, (_, at) => (seed[at % 64] ?? 0) * (1 + (at >>> 6))))

test('a page checksum equals the slow form, wherever the page lies in memory', () => {
  fc.assert(
    fc.property(anyPage, fc.nat({ max: 0xffff_fffe }), fc.nat({ max: 7 }), (page, block, offset) => {
      const memory = new Uint8Array(8192 + 8)
      memory.set(page, offset)
      const placed = memory.subarray(offset, offset + 8192)
      expect(pageChecksum(placed, block)).toBe(plainChecksum(page, block))
      expect(Buffer.compare(placed, page)).toBe(0)
    }),
    { numRuns: 40 },
  )
})

test('a page checksum does not depend on the checksum that is stored, but on every other byte', () => {
  const page = Uint8Array.from({ length: 8192 }, (_, at) => at * 7)
  const before = pageChecksum(page, 3)
  page[8] = 0xaa
  page[9] = 0x55
  expect(pageChecksum(page, 3)).toBe(before)
  for (const at of [0, 7, 10, 11, 136, 4000, 8191]) {
    page[at] = (page[at] ?? 0) ^ 1
    expect(pageChecksum(page, 3)).not.toBe(before)
    page[at] = (page[at] ?? 0) ^ 1
  }
  expect(pageChecksum(page, 4)).not.toBe(before)
})
