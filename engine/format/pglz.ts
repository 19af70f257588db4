import { EngineError } from '../base/engine-error.ts'

/**
 * PGLZ, the compression that PostgreSQL carries along. Source: `src/common/pg_lzcompress.c`; `catalog-format.md`
 * section 5.3. A raw stream holds neither its own length nor that of its content.
 */

const SHORTEST_MATCH = 3
const LONGEST_MATCH = 273
/** Tags hold 12 bits of distance; the encoder of PostgreSQL stops one short of it. */
const FARTHEST = 4095
const HISTORY = 4096
const GOOD_MATCH = 128

/** How quickly the wish for a good match sinks per candidate, in percent: the strategies of the C source. */
const DROP_PERCENT = { always: 6, default: 10 } as const

/**
 * Which settings of the encoder apply: `always` is what the backup tools use for pages, `default` what the server uses
 * for values (without its early giving up).
 */
export type PglzStrategy = keyof typeof DROP_PERCENT

/**
 * Unpacks a stream whose content has exactly `outputBytes` bytes.
 *
 * @throws {EngineError} `format.damaged` when it holds more or less, or points before its start.
 */
export function pglzDecompress(input: Uint8Array, outputBytes: number): Uint8Array {
  const output = new Uint8Array(outputBytes)
  pglzDecompressInto(input, output)
  return output
}

/** {@link pglzDecompress} into memory of the caller, which a failure leaves half written. */
export function pglzDecompressInto(input: Uint8Array, output: Uint8Array): void {
  const inputEnd = input.length
  const outputEnd = output.length
  let at = 0
  let out = 0
  while (at < inputEnd && out < outputEnd) {
    let control = input[at++] as number
    for (let item = 0; item < 8 && at < inputEnd && out < outputEnd; item++, control >>>= 1) {
      if ((control & 1) === 0) {
        output[out++] = input[at++] as number
        continue
      }
      if (at + 2 > inputEnd) throw damaged('a tag is cut off', at)
      const first = input[at] as number
      let length = (first & 0x0f) + SHORTEST_MATCH
      const distance = ((first & 0xf0) << 4) | (input[at + 1] as number)
      at += 2
      if (length === 18) {
        if (at >= inputEnd) throw damaged('a tag is cut off', at)
        length += input[at++] as number
      }
      if (distance === 0 || distance > out) throw damaged('a tag points before the start', at)
      // Byte by byte: source and target may overlap, and then the copy repeats itself.
      const end = Math.min(out + length, outputEnd)
      for (; out < end; out++) output[out] = output[out - distance] as number
    }
  }
  if (out !== outputEnd) throw damaged(`the content has ${out} bytes instead of ${outputEnd}`, at)
  if (at !== inputEnd) throw damaged(`${inputEnd - at} bytes are left over`, at)
}

/** The last `HISTORY` positions, linked per hash value, newest first; entry 0 means none. Reused: one thread, one page. */
const heads = new Uint16Array(8192)
const next = new Uint16Array(HISTORY + 1)
const previous = new Uint16Array(HISTORY + 1)
const hashes = new Uint16Array(HISTORY + 1)
const positions = new Int32Array(HISTORY + 1)

/**
 * Packs bytes as the C encoder does on x86, byte for byte. Undefined when the result would not be smaller.
 * The result is the caller's own.
 */
export function pglzCompress(input: Uint8Array, strategy: PglzStrategy = 'always'): Uint8Array | undefined {
  const end = input.length
  const drop = DROP_PERCENT[strategy]
  const mask = hashSlots(end) - 1
  heads.fill(0, 0, mask + 1)
  const output = new Uint8Array(end + 4)
  let out = 0
  let controlAt = 0
  let control = 0
  let controlBit = 0x100
  let entry = 1
  let isFull = false

  for (let at = 0; at < end;) {
    if (out >= end) return undefined
    if (controlBit === 0x100) {
      if (out > 0) output[controlAt] = control
      controlAt = out++
      control = 0
      controlBit = 1
    }

    const limit = Math.min(LONGEST_MATCH, end - at)
    const hash = hashAt(input, at, mask)
    let length = 0
    let distance = 0
    let goodMatch = GOOD_MATCH
    for (let candidate = heads[hash] as number; candidate !== 0;) {
      const position = positions[candidate] as number
      if (at - position >= FARTHEST) break
      // Only a longer match counts, and the byte that would make it longer tells most candidates apart.
      if (length < limit && input[position + length] === input[at + length]) {
        const common = commonLength(input, position, at, limit)
        if (common > length) {
          length = common
          distance = at - position
        }
      }
      candidate = next[candidate] as number
      if (candidate !== 0) {
        if (length >= goodMatch) break
        goodMatch -= Math.trunc((goodMatch * drop) / 100)
      }
    }

    let taken = 1
    if (length >= SHORTEST_MATCH) {
      control |= controlBit
      const high = (distance & 0xf00) >>> 4
      if (length > 17) {
        output[out++] = high | 0x0f
        output[out++] = distance
        output[out++] = length - 18
      } else {
        output[out++] = high | (length - SHORTEST_MATCH)
        output[out++] = distance
      }
      taken = length
    } else {
      output[out++] = input[at] as number
    }
    controlBit <<= 1

    for (; taken > 0; taken--, at++) {
      if (isFull) forget(entry)
      remember(entry, hashAt(input, at, mask), at)
      if (++entry > HISTORY) {
        entry = 1
        isFull = true
      }
    }
  }
  if (out > 0) output[controlAt] = control
  return out >= end ? undefined : output.slice(0, out)
}

function hashSlots(inputBytes: number): number {
  if (inputBytes < 128) return 512
  if (inputBytes < 256) return 1024
  if (inputBytes < 512) return 2048
  return inputBytes < 1024 ? 4096 : 8192
}

/** Bytes count as signed here, as `char` does on x86: it decides which positions share a chain, and so the result. */
function hashAt(input: Uint8Array, at: number, mask: number): number {
  const first = ((input[at] as number) << 24) >> 24
  if (input.length - at < 4) return first & mask
  const second = ((input[at + 1] as number) << 24) >> 24
  const third = ((input[at + 2] as number) << 24) >> 24
  const fourth = ((input[at + 3] as number) << 24) >> 24
  return ((first << 6) ^ (second << 4) ^ (third << 2) ^ fourth) & mask
}

/** How many bytes at both places agree, at most `limit`. */
function commonLength(input: Uint8Array, position: number, at: number, limit: number): number {
  let length = 0
  while (length < limit && input[position + length] === input[at + length]) length++
  return length
}

function remember(entry: number, hash: number, position: number): void {
  const head = heads[hash] as number
  next[entry] = head
  previous[entry] = 0
  hashes[entry] = hash
  positions[entry] = position
  if (head !== 0) previous[head] = entry
  heads[hash] = entry
}

/** Takes the oldest position out of its chain. */
function forget(entry: number): void {
  const after = next[entry] as number
  const before = previous[entry] as number
  if (before === 0) heads[hashes[entry] as number] = after
  else next[before] = after
  if (after !== 0) previous[after] = before
}

function damaged(what: string, offset: number): EngineError {
  return new EngineError('format.damaged', `a pglz stream is damaged: ${what} (offset ${offset})`)
}
