const SLICES = 16
const CASTAGNOLI = 0x82f63b78
const ZLIB = 0xedb88320

/** Below this many bytes the set-up of the word loop costs more than it saves. */
const SHORT_BYTES = 64

/**
 * CRC-32C (Castagnoli) as an unsigned number; pass the previous result to go on with the next piece, from 0.
 * Source: `catalog-format.md` section 0; PostgreSQL `src/port/pg_crc32c_sb8.c`.
 */
export function crc32c(bytes: Uint8Array, crc = 0): number {
  return update(castagnoliTable, bytes, crc)
}

/**
 * PostgreSQL's traditional CRC-32, the one of zlib: what program versions 2.0.22 to 2.0.24 wrote into their lists.
 * Chained like {@link crc32c}.
 */
export function legacyCrc32(bytes: Uint8Array, crc = 0): number {
  return update(zlibTable, bytes, crc)
}

/** Whether backups of that version carry the traditional CRC-32; `version` as of `versionNumber`. */
export function hasLegacyCrc(version: number): boolean {
  return version > 20021 && version < 20025
}

const castagnoliTable = makeTable(CASTAGNOLI)
const zlibTable = makeTable(ZLIB)

/** Row k holds what a byte contributes when k more bytes follow it within one step of the word loop. */
function makeTable(polynomial: number): Int32Array {
  const table = new Int32Array(SLICES * 256)
  for (let byte = 0; byte < 256; byte++) {
    let value = byte
    for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ polynomial : value >>> 1
    table[byte] = value
  }
  for (let index = 256; index < table.length; index++) {
    const before = table[index - 256] as number
    table[index] = (before >>> 8) ^ (table[before & 0xff] as number)
  }
  return table
}

/** The casts say what the loops guarantee: every index is inside. A check per byte would cost a third of the speed. */
function update(table: Int32Array, bytes: Uint8Array, previous: number): number {
  let crc = ~previous
  let at = 0
  const end = bytes.length
  if (end >= SHORT_BYTES) {
    for (; ((bytes.byteOffset + at) & 3) !== 0; at++) {
      crc = (table[(crc ^ (bytes[at] as number)) & 0xff] as number) ^ (crc >>> 8)
    }
    const words = new Int32Array(bytes.buffer, bytes.byteOffset + at, (end - at) >>> 2)
    const lastWord = words.length & ~3
    for (let word = 0; word < lastWord; word += 4) {
      const a = (words[word] as number) ^ crc
      const b = words[word + 1] as number
      const c = words[word + 2] as number
      const d = words[word + 3] as number
      crc =
        (table[3840 | (a & 0xff)] as number) ^
        (table[3584 | ((a >>> 8) & 0xff)] as number) ^
        (table[3328 | ((a >>> 16) & 0xff)] as number) ^
        (table[3072 | (a >>> 24)] as number) ^
        (table[2816 | (b & 0xff)] as number) ^
        (table[2560 | ((b >>> 8) & 0xff)] as number) ^
        (table[2304 | ((b >>> 16) & 0xff)] as number) ^
        (table[2048 | (b >>> 24)] as number) ^
        (table[1792 | (c & 0xff)] as number) ^
        (table[1536 | ((c >>> 8) & 0xff)] as number) ^
        (table[1280 | ((c >>> 16) & 0xff)] as number) ^
        (table[1024 | (c >>> 24)] as number) ^
        (table[768 | (d & 0xff)] as number) ^
        (table[512 | ((d >>> 8) & 0xff)] as number) ^
        (table[256 | ((d >>> 16) & 0xff)] as number) ^
        (table[d >>> 24] as number)
    }
    at += lastWord * 4
  }
  for (; at < end; at++) crc = (table[(crc ^ (bytes[at] as number)) & 0xff] as number) ^ (crc >>> 8)
  return ~crc >>> 0
}

/**
 * The register of a CRC-32C after `count` more bytes of zero, without going through them. A register is a checksum
 * before its last step, which turns all bits; one that begins with 0 stays 0. `count` is up to 2^53.
 */
export function crc32cOfZeros(register: number, count: number): number {
  let result = register
  let power = 0
  for (let left = count; left > 0 && result !== 0; left = Math.floor(left / 2), power++) {
    zeroPowers[power] ??= timesModulo(zeroPowers[power - 1] ?? ONE_BYTE, zeroPowers[power - 1] ?? ONE_BYTE)
    if (left % 2 === 1) result = timesModulo(zeroPowers[power] ?? ONE_BYTE, result)
  }
  return result
}

/** x^8 and 1 in reflected order: the highest bit is the coefficient of x^0. */
const ONE_BYTE = 0x0080_0000
/** x^(8 * 2^k). */
const zeroPowers: number[] = [ONE_BYTE]

/** The product of two polynomials modulo the one of the CRC. */
function timesModulo(a: number, b: number): number {
  let product = 0
  let shifted = b
  for (let bit = 31; bit >= 0; bit--) {
    if ((a >>> bit) & 1) product ^= shifted
    shifted = shifted & 1 ? (shifted >>> 1) ^ CASTAGNOLI : shifted >>> 1
  }
  return product
}
