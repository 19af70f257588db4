import { assert } from '../base/assert.ts'

const PAGE_BYTES = 8192
const COLUMNS = 32
const PRIME = 16777619
/** The word whose low half is `pd_checksum`. */
const CHECKSUM_WORD = 2

// prettier-ignore
const BASES = new Int32Array([
  0x5b1f36e9, 0xb8525960, 0x02ab50aa, 0x1de66d2a, 0x79ff467a, 0x9bb9f8a3, 0x217e7cd2, 0x83e13d2c,
  0xf8d4474f, 0xe39eb970, 0x42c6ae16, 0x993216fa, 0x7b093b5d, 0x98daff3c, 0xf718902a, 0x0b1c9cdb,
  0xe58f764b, 0x187636bc, 0x5d7b3bb1, 0xe73de7de, 0x92bec979, 0xcca6c0b2, 0x304a0979, 0x85aa43d4,
  0x783125bb, 0x6ca8eaa2, 0xe407eac6, 0x4b5cfc3e, 0x9fbf8c76, 0x15ca20be, 0xf2ca9fd3, 0x959bd756,
])

const scratch = new Uint8Array(PAGE_BYTES)
const scratchWords = new Int32Array(scratch.buffer)

/**
 * The data checksum of an 8192-byte page: 1 to 65535. The stored `pd_checksum` is left out and the page is not touched.
 * `blockNumber` counts from the start of the relation, not of its segment file.
 * Source: PostgreSQL `src/include/storage/checksum_impl.h`, `pg_checksum_page`.
 */
export function pageChecksum(page: Uint8Array, blockNumber: number): number {
  assert(page.length === PAGE_BYTES, 'a page has 8192 bytes')
  let words: Int32Array = scratchWords
  if ((page.byteOffset & 3) === 0) words = new Int32Array(page.buffer, page.byteOffset, PAGE_BYTES / 4)
  else scratch.set(page)

  let folded = 0
  for (let column = 0; column < COLUMNS; column += 8) folded ^= foldEightColumns(words, column)
  return (((folded ^ blockNumber) >>> 0) % 65535) + 1
}

/** Eight of the 32 lanes at once: as many as fit into registers. The casts say what the loop guarantees. */
function foldEightColumns(words: Int32Array, column: number): number {
  let a = BASES[column] as number
  let b = BASES[column + 1] as number
  let c = BASES[column + 2] as number
  let d = BASES[column + 3] as number
  let e = BASES[column + 4] as number
  let f = BASES[column + 5] as number
  let g = BASES[column + 6] as number
  let h = BASES[column + 7] as number
  let t = 0
  // Only here can the checksum itself be met: row 0 of column 2.
  let third = words[column + CHECKSUM_WORD] as number
  if (column === 0) third &= 0xffff0000 | 0
  for (let row = column; row < PAGE_BYTES / 4; row += COLUMNS) {
    t = a ^ (words[row] as number)
    a = Math.imul(t, PRIME) ^ (t >>> 17)
    t = b ^ (words[row + 1] as number)
    b = Math.imul(t, PRIME) ^ (t >>> 17)
    t = c ^ third
    c = Math.imul(t, PRIME) ^ (t >>> 17)
    t = d ^ (words[row + 3] as number)
    d = Math.imul(t, PRIME) ^ (t >>> 17)
    t = e ^ (words[row + 4] as number)
    e = Math.imul(t, PRIME) ^ (t >>> 17)
    t = f ^ (words[row + 5] as number)
    f = Math.imul(t, PRIME) ^ (t >>> 17)
    t = g ^ (words[row + 6] as number)
    g = Math.imul(t, PRIME) ^ (t >>> 17)
    t = h ^ (words[row + 7] as number)
    h = Math.imul(t, PRIME) ^ (t >>> 17)
    // The index stays inside the page in the last row too; the value is not used then.
    third = words[(row + COLUMNS + CHECKSUM_WORD) & (PAGE_BYTES / 4 - 1)] as number
  }
  return close(a) ^ close(b) ^ close(c) ^ close(d) ^ close(e) ^ close(f) ^ close(g) ^ close(h)
}

/** Two rounds of zeroes, so that the last row is mixed as well as the others. */
function close(lane: number): number {
  const once = Math.imul(lane, PRIME) ^ (lane >>> 17)
  return Math.imul(once, PRIME) ^ (once >>> 17)
}
