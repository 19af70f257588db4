const PAGE_BYTES: usize = 8192
/** A row of the sum: 32 words, one for each lane. */
const ROW_BYTES: usize = 128
const PRIME: i32 = 16777619

// prettier-ignore
const BASES = memory.data<u32>([
  0x5b1f36e9, 0xb8525960, 0x02ab50aa, 0x1de66d2a, 0x79ff467a, 0x9bb9f8a3, 0x217e7cd2, 0x83e13d2c,
  0xf8d4474f, 0xe39eb970, 0x42c6ae16, 0x993216fa, 0x7b093b5d, 0x98daff3c, 0xf718902a, 0x0b1c9cdb,
  0xe58f764b, 0x187636bc, 0x5d7b3bb1, 0xe73de7de, 0x92bec979, 0xcca6c0b2, 0x304a0979, 0x85aa43d4,
  0x783125bb, 0x6ca8eaa2, 0xe407eac6, 0x4b5cfc3e, 0x9fbf8c76, 0x15ca20be, 0xf2ca9fd3, 0x959bd756,
], 16)

/** The data checksum of a page, 1 to 65535, as `engine/format/page-checksum.ts` has it: 32 lanes in eight vectors. */
export function pageChecksum(page: usize, blockNumber: u32): u32 {
  // The stored checksum counts as zero: the low half of word 2 of the first row.
  const first = v128.and(v128.load(page), i32x4(-1, -1, 0xffff0000, -1))
  let a = mix(v128.load(BASES), first)
  let b = mix(v128.load(BASES, 16), v128.load(page, 16))
  let c = mix(v128.load(BASES, 32), v128.load(page, 32))
  let d = mix(v128.load(BASES, 48), v128.load(page, 48))
  let e = mix(v128.load(BASES, 64), v128.load(page, 64))
  let f = mix(v128.load(BASES, 80), v128.load(page, 80))
  let g = mix(v128.load(BASES, 96), v128.load(page, 96))
  let h = mix(v128.load(BASES, 112), v128.load(page, 112))
  const end = page + PAGE_BYTES
  for (let row = page + ROW_BYTES; row < end; row += ROW_BYTES) {
    a = mix(a, v128.load(row))
    b = mix(b, v128.load(row, 16))
    c = mix(c, v128.load(row, 32))
    d = mix(d, v128.load(row, 48))
    e = mix(e, v128.load(row, 64))
    f = mix(f, v128.load(row, 80))
    g = mix(g, v128.load(row, 96))
    h = mix(h, v128.load(row, 112))
  }
  const left = v128.xor(v128.xor(close(a), close(b)), v128.xor(close(c), close(d)))
  const right = v128.xor(v128.xor(close(e), close(f)), v128.xor(close(g), close(h)))
  const all = v128.xor(left, right)
  const folded: u32 =
    i32x4.extract_lane(all, 0) ^
    i32x4.extract_lane(all, 1) ^
    i32x4.extract_lane(all, 2) ^
    i32x4.extract_lane(all, 3)
  return ((folded ^ blockNumber) % 65535) + 1
}

function mix(lanes: v128, words: v128): v128 {
  const mixed = v128.xor(lanes, words)
  return v128.xor(i32x4.mul(mixed, i32x4.splat(PRIME)), i32x4.shr_u(mixed, 17))
}

/** Two rounds of zeroes, so that the last row is mixed as well as the others. */
function close(lanes: v128): v128 {
  const none = i32x4.splat(0)
  return mix(mix(lanes, none), none)
}
