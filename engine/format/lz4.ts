import { EngineError } from '../base/engine-error.ts'

/**
 * LZ4 blocks without a frame. A block is a row of sequences: a token (four bits for the number of literals, four for the
 * length of a match less 4, where 15 goes on in bytes that are added until one is below 255), the literals, the distance
 * of the match in two bytes, the lower one first. The last sequence has literals only: at least the last 5 bytes, and no
 * match starts within the last 12. Source: `doc/lz4_Block_format.md` of the LZ4 project.
 */

const HASH_BITS = 12
const SHORTEST_MATCH = 4
const LAST_LITERALS = 5
const LAST_START = 12
/** After 64 places without a match the steps grow by one. */
const PATIENCE_BITS = 6
/** Distances have two bytes. */
const MOST_BYTES = 65_535

/**
 * Packs up to 65,535 bytes; greedy, each place looked up once. The kernel gives the same bytes
 * (`engine/kernel/assembly/lz4.ts`). The result may be longer than the input, by one byte in 255.
 */
export function lz4Compress(input: Uint8Array): Uint8Array {
  if (input.length > MOST_BYTES) throw new RangeError(`a block holds up to ${MOST_BYTES} bytes`)
  const end = input.length
  const output = new Uint8Array(end + Math.floor(end / 255) + 16)
  const view = new DataView(input.buffer, input.byteOffset, end)
  const places = new Uint16Array(1 << HASH_BITS)
  let out = 0
  let anchor = 0

  const put = (from: number, to: number, matchRest: number): void => {
    const count = to - from
    output[out++] = (Math.min(count, 15) << 4) | Math.min(matchRest, 15)
    putRest(count)
    output.set(input.subarray(from, to), out)
    out += count
  }
  const putRest = (length: number): void => {
    if (length < 15) return
    let rest = length - 15
    for (; rest >= 255; rest -= 255) output[out++] = 255
    output[out++] = rest
  }

  let tries = 1 << PATIENCE_BITS
  for (let at = 1; at <= end - LAST_START;) {
    const word = view.getUint32(at, true)
    const hash = hashOf(word)
    let candidate = places[hash] as number
    places[hash] = at
    if (view.getUint32(candidate, true) !== word) {
      at += tries++ >>> PATIENCE_BITS
      continue
    }
    while (at > anchor && candidate > 0 && input[at - 1] === input[candidate - 1]) {
      at--
      candidate--
    }
    let length = SHORTEST_MATCH
    while (at + length < end - LAST_LITERALS && input[at + length] === input[candidate + length]) length++
    put(anchor, at, length - SHORTEST_MATCH)
    output[out++] = at - candidate
    output[out++] = (at - candidate) >>> 8
    putRest(length - SHORTEST_MATCH)
    at += length
    anchor = at
    tries = 1 << PATIENCE_BITS
    if (at <= end - LAST_START) places[hashOf(view.getUint32(at - 2, true))] = at - 2
  }
  put(anchor, end, 0)
  return output.slice(0, out)
}

/**
 * Fills `output` from a block that holds just as many bytes. A failure leaves it half written.
 *
 * @throws {EngineError} `format.damaged` when it holds more or less, or points before its start.
 */
export function lz4DecompressInto(input: Uint8Array, output: Uint8Array): void {
  let at = 0
  let out = 0
  const lengthFrom = (nibble: number): number => {
    if (nibble < 15) return nibble
    let length = nibble
    for (let byte = 255; byte === 255;) {
      if (at === input.length) throw damaged('a length is cut off')
      byte = input[at++] as number
      length += byte
    }
    return length
  }
  while (at < input.length) {
    const token = input[at++] as number
    const count = lengthFrom(token >>> 4)
    if (count > input.length - at) throw damaged('literals are cut off')
    if (count > output.length - out) throw damaged('it holds too much')
    output.set(input.subarray(at, at + count), out)
    at += count
    out += count
    if (at === input.length && out === output.length) return
    if (input.length - at < 2) throw damaged('a match is cut off')
    const distance = (input[at] as number) | ((input[at + 1] as number) << 8)
    at += 2
    if (distance === 0 || distance > out) throw damaged('a match points before the start')
    const length = SHORTEST_MATCH + lengthFrom(token & 15)
    if (length > output.length - out) throw damaged('it holds too much')
    // Byte by byte: a match may reach into what it writes.
    for (const matchEnd = out + length; out < matchEnd; out++) output[out] = output[out - distance] as number
  }
  throw damaged('it holds too little')
}

function hashOf(word: number): number {
  return Math.imul(word, 2654435761) >>> (32 - HASH_BITS)
}

function damaged(problem: string): EngineError {
  return new EngineError('format.damaged', `an LZ4 block cannot be unpacked: ${problem}`)
}
