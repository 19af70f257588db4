const POLYNOMIAL: u32 = 0x82f63b78

/** What one step of the fold takes in: four vectors. */
const FOLD_BYTES: usize = 64
/** How far ahead of a step its vectors are carried: the seven vectors behind it. */
const CARRIED_BYTES: usize = 112
/** Below this many bytes the fold costs more than it saves. */
const SHORT_BYTES: usize = 384

/**
 * A byte of the stream may be left out of the sum when four other bytes are changed in its place: those in the same lane
 * of the vectors four, five, six and seven further on. What to change them by is linear in the byte, so there are two rows
 * for each of the four: one for either nibble, indexed by it. They solve a linear system over single bits, which
 * `kernel.test.ts` checks against the polynomial.
 */
// prettier-ignore
const FOLD = memory.data<u8>([
  0x00, 0xeb, 0x45, 0xae, 0x8a, 0x61, 0xcf, 0x24, 0x6c, 0x87, 0x29, 0xc2, 0xe6, 0x0d, 0xa3, 0x48, // plane 0, low nibble
  0x00, 0xd8, 0xc8, 0x10, 0xe8, 0x30, 0x20, 0xf8, 0xa8, 0x70, 0x60, 0xb8, 0x40, 0x98, 0x88, 0x50, // plane 0, high nibble
  0x00, 0xf8, 0x4b, 0xb3, 0x96, 0x6e, 0xdd, 0x25, 0x6c, 0x94, 0x27, 0xdf, 0xfa, 0x02, 0xb1, 0x49, // plane 1, low nibble
  0x00, 0xd8, 0xf0, 0x28, 0xa0, 0x78, 0x50, 0x88, 0x00, 0xd8, 0xf0, 0x28, 0xa0, 0x78, 0x50, 0x88, // plane 1, high nibble
  0x00, 0xad, 0x32, 0x9f, 0x64, 0xc9, 0x56, 0xfb, 0x2b, 0x86, 0x19, 0xb4, 0x4f, 0xe2, 0x7d, 0xd0, // plane 2, low nibble
  0x00, 0x56, 0x4f, 0x19, 0x7d, 0x2b, 0x32, 0x64, 0x19, 0x4f, 0x56, 0x00, 0x64, 0x32, 0x2b, 0x7d, // plane 2, high nibble
  0x00, 0x5e, 0x04, 0x5a, 0x08, 0x56, 0x0c, 0x52, 0x02, 0x5c, 0x06, 0x58, 0x0a, 0x54, 0x0e, 0x50, // plane 3, low nibble
  0x00, 0x04, 0x1a, 0x1e, 0x26, 0x22, 0x3c, 0x38, 0x5e, 0x5a, 0x44, 0x40, 0x78, 0x7c, 0x62, 0x66, // plane 3, high nibble
], 16)

/** Eight rows of 256 words: row k holds what a byte contributes when k more bytes follow it within one step. */
const SLICES = memory.data(8 * 256 * 4, 16)
/** The end of a folded stream, with what is carried into it. */
const TAIL = memory.data(256, 16)

fillSlices()

/** CRC-32C of `length` bytes, going on from the one before, as `engine/format/crc32c.ts` has it. */
export function crc32c(bytes: usize, length: usize, previous: u32): u32 {
  if (length < SHORT_BYTES) return ~slice(bytes, length, ~previous)

  const end = bytes + length
  let at = bytes
  let a = i32x4.replace_lane(i32x4.splat(0), 0, ~previous)
  let b = i32x4.splat(0)
  let c = b
  let d = b
  let e = b
  let f = b
  let g = b
  do {
    const first = v128.xor(v128.load(at), a)
    const second = v128.xor(v128.load(at, 16), b)
    const third = v128.xor(v128.load(at, 32), c)
    const fourth = v128.xor(v128.load(at, 48), d)
    const firstHigh = highNibbles(first)
    const secondHigh = highNibbles(second)
    const thirdHigh = highNibbles(third)
    const fourthHigh = highNibbles(fourth)
    const firstLow = lowNibbles(first)
    const secondLow = lowNibbles(second)
    const thirdLow = lowNibbles(third)
    const fourthLow = lowNibbles(fourth)

    let low = v128.load(FOLD)
    let high = v128.load(FOLD, 16)
    a = v128.xor(e, pick(low, high, firstLow, firstHigh))
    b = v128.xor(f, pick(low, high, secondLow, secondHigh))
    c = v128.xor(g, pick(low, high, thirdLow, thirdHigh))
    d = pick(low, high, fourthLow, fourthHigh)
    low = v128.load(FOLD, 32)
    high = v128.load(FOLD, 48)
    b = v128.xor(b, pick(low, high, firstLow, firstHigh))
    c = v128.xor(c, pick(low, high, secondLow, secondHigh))
    d = v128.xor(d, pick(low, high, thirdLow, thirdHigh))
    e = pick(low, high, fourthLow, fourthHigh)
    low = v128.load(FOLD, 64)
    high = v128.load(FOLD, 80)
    c = v128.xor(c, pick(low, high, firstLow, firstHigh))
    d = v128.xor(d, pick(low, high, secondLow, secondHigh))
    e = v128.xor(e, pick(low, high, thirdLow, thirdHigh))
    f = pick(low, high, fourthLow, fourthHigh)
    low = v128.load(FOLD, 96)
    high = v128.load(FOLD, 112)
    d = v128.xor(d, pick(low, high, firstLow, firstHigh))
    e = v128.xor(e, pick(low, high, secondLow, secondHigh))
    f = v128.xor(f, pick(low, high, thirdLow, thirdHigh))
    g = pick(low, high, fourthLow, fourthHigh)
    at += FOLD_BYTES
  } while (end - at >= FOLD_BYTES + CARRIED_BYTES)

  const left = end - at
  memory.copy(TAIL, at, left)
  carry(0, a)
  carry(16, b)
  carry(32, c)
  carry(48, d)
  carry(64, e)
  carry(80, f)
  carry(96, g)
  return ~slice(TAIL, left, 0)
}

function lowNibbles(bytes: v128): v128 {
  return v128.and(bytes, i8x16.splat(15))
}

function highNibbles(bytes: v128): v128 {
  return v128.and(i16x8.shr_u(bytes, 4), i8x16.splat(15))
}

/** Sixteen look-ups in either row. Every index is below 16, where the relaxed form is the same on every processor. */
function pick(low: v128, high: v128, lowNibble: v128, highNibble: v128): v128 {
  return v128.xor(i8x16.relaxed_swizzle(low, lowNibble), i8x16.relaxed_swizzle(high, highNibble))
}

function carry(offset: usize, carried: v128): void {
  v128.store(TAIL + offset, v128.xor(v128.load(TAIL + offset), carried))
}

/** Eight bytes a step by table. Takes and gives the register, not the checksum. */
function slice(bytes: usize, length: usize, register: u32): u32 {
  const end = bytes + length
  let crc = register
  let at = bytes
  for (; end - at >= 8; at += 8) {
    const low = load<u32>(at) ^ crc
    const high = load<u32>(at, 4)
    crc =
      entry(7, low & 255) ^
      entry(6, (low >>> 8) & 255) ^
      entry(5, (low >>> 16) & 255) ^
      entry(4, low >>> 24) ^
      entry(3, high & 255) ^
      entry(2, (high >>> 8) & 255) ^
      entry(1, (high >>> 16) & 255) ^
      entry(0, high >>> 24)
  }
  for (; at < end; at++) crc = entry(0, (crc ^ load<u8>(at)) & 255) ^ (crc >>> 8)
  return crc
}

function entry(row: u32, byte: u32): u32 {
  return load<u32>(SLICES + ((row << 8) | byte) * 4)
}

function fillSlices(): void {
  for (let byte: u32 = 0; byte < 256; byte++) {
    let value = byte
    for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? POLYNOMIAL : 0)
    store<u32>(SLICES + byte * 4, value)
  }
  for (let index: u32 = 256; index < 8 * 256; index++) {
    const before = load<u32>(SLICES + (index - 256) * 4)
    store<u32>(SLICES + index * 4, (before >>> 8) ^ entry(0, before & 255))
  }
}
