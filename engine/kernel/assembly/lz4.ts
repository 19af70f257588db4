/** How many bits of a position's hash are used: a table that stays in the first cache, cleared for every page. */
const HASH_BITS: u32 = 12
const TABLE_BYTES: usize = 2 << HASH_BITS
const SHORTEST_MATCH: usize = 4
/** What the format keeps as literals: the last bytes of a block, and the last place where a match may start. */
const LAST_LITERALS: usize = 5
const LAST_START: usize = 12
/** After this many places without a match the steps grow by one. */
const PATIENCE_BITS: u32 = 6

/** Where the last four bytes with a hash were, counted from the start of the block. */
const TABLE = memory.data(2 << 12, 16)
/** Room for a page that cannot be made smaller, and for copies of 16 bytes that go beyond their end. */
export const LZ4_OUTPUT = memory.data(8192 + 512, 16)

/** Packs up to 8192 bytes into `LZ4_OUTPUT` as `engine/format/lz4.ts` does it, and gives how many these are. */
export function lz4Compress(source: usize, length: usize): usize {
  memory.fill(TABLE, 0, TABLE_BYTES)
  const end = source + length
  let out: usize = LZ4_OUTPUT
  let anchor = source
  if (length > LAST_START) {
    const lastStart = end - LAST_START
    const matchEnd = end - LAST_LITERALS
    let at = source + 1
    let tries: u32 = 1 << PATIENCE_BITS
    while (at <= lastStart) {
      const word = load<u32>(at)
      const slot = TABLE + (hashOf(word) << 1)
      let candidate = source + load<u16>(slot)
      store<u16>(slot, u16(at - source))
      if (load<u32>(candidate) != word) {
        at += tries++ >>> PATIENCE_BITS
        continue
      }
      while (at > anchor && candidate > source && load<u8>(at - 1) == load<u8>(candidate - 1)) {
        at--
        candidate--
      }
      const matched = SHORTEST_MATCH + common(at + SHORTEST_MATCH, candidate + SHORTEST_MATCH, matchEnd)
      out = putLiterals(out, anchor, at - anchor, matched - SHORTEST_MATCH)
      store<u16>(out, u16(at - candidate))
      out = putRest(out + 2, matched - SHORTEST_MATCH)
      at += matched
      anchor = at
      tries = 1 << PATIENCE_BITS
      // What repeats soon repeats with what has just been passed.
      if (at <= lastStart) store<u16>(TABLE + (hashOf(load<u32>(at - 2)) << 1), u16(at - 2 - source))
    }
  }
  out = putLiterals(out, anchor, end - anchor, 0)
  return out - LZ4_OUTPUT
}

/** Fills `size` bytes at `target` from a block that holds just these. False for any other; nothing is touched beyond. */
export function lz4Decompress(source: usize, length: usize, target: usize, size: usize): bool {
  const end = source + length
  const targetEnd = target + size
  let at = source
  let out = target
  while (at < end) {
    const token: u32 = load<u8>(at++)
    let count: usize = token >>> 4
    if (count == 15) {
      let byte: u32 = 255
      while (byte == 255) {
        if (at == end) return false
        byte = load<u8>(at++)
        count += byte
      }
    }
    if (count > end - at || count > targetEnd - out) return false
    if (count <= 16 && end - at >= 16 && targetEnd - out >= 16) v128.store(out, v128.load(at))
    else memory.copy(out, at, count)
    at += count
    out += count
    if (at == end) return out == targetEnd
    if (end - at < 2) return false
    const distance: usize = load<u16>(at)
    at += 2
    if (distance == 0 || distance > out - target) return false
    count = token & 15
    if (count == 15) {
      let byte: u32 = 255
      while (byte == 255) {
        if (at == end) return false
        byte = load<u8>(at++)
        count += byte
      }
    }
    count += SHORTEST_MATCH
    if (count > targetEnd - out) return false
    repeat(out, distance, count, targetEnd)
    out += count
  }
  return false
}

/** Copies `count` bytes from `distance` before; what is copied may be what has just been written. */
function repeat(out: usize, distance: usize, count: usize, limit: usize): void {
  const end = out + count
  let from = out - distance
  if (distance >= 16 && limit - end >= 16) {
    for (; out < end; out += 16, from += 16) v128.store(out, v128.load(from))
  } else if (distance == 1) {
    memory.fill(out, load<u8>(from), count)
  } else if (distance >= 8 && limit - end >= 8) {
    for (; out < end; out += 8, from += 8) store<u64>(out, load<u64>(from))
  } else {
    for (; out < end; out++, from++) store<u8>(out, load<u8>(from))
  }
}

function hashOf(word: u32): usize {
  return (word * 2654435761) >>> (32 - HASH_BITS)
}

/** How many bytes are the same from both places on, up to `end` of the later one. */
function common(later: usize, earlier: usize, end: usize): usize {
  const start = later
  while (end - later >= 8) {
    const difference = load<u64>(later) ^ load<u64>(earlier)
    if (difference != 0) return later - start + usize(ctz(difference) >>> 3)
    later += 8
    earlier += 8
  }
  while (later < end && load<u8>(later) == load<u8>(earlier)) {
    later++
    earlier++
  }
  return later - start
}

/** The token, which also says how long the match behind is, then the literals. Gives where the output goes on. */
function putLiterals(out: usize, literals: usize, count: usize, matchRest: usize): usize {
  const low = u32(matchRest < 15 ? matchRest : 15)
  const high = u32(count < 15 ? count : 15)
  store<u8>(out, (high << 4) | low)
  out = putRest(out + 1, count)
  if (count > 16) memory.copy(out, literals, count)
  else v128.store(out, v128.load(literals))
  return out + count
}

/** What of a length does not fit into the token: bytes of 255 and the one below it that ends them. */
function putRest(out: usize, length: usize): usize {
  if (length < 15) return out
  let rest = length - 15
  for (; rest >= 255; rest -= 255) store<u8>(out++, 255)
  store<u8>(out++, u8(rest))
  return out
}
