import { SEGMENT_BLOCKS } from './page-header.ts'

/**
 * Blocks of one segment file of a relation: bit `block & 7` of byte `block >> 3`, the layout that `ptrack` uses.
 * Blocks beyond its end are not in it.
 */
export class PageMap {
  #bits: Uint8Array
  #count = 0

  constructor(bits: Uint8Array = new Uint8Array(64)) {
    this.#bits = bits
    for (let byte of bits) for (; byte !== 0; byte &= byte - 1) this.#count++
  }

  /** How many blocks are in it. */
  get count(): number {
    return this.#count
  }

  has(block: number): boolean {
    return ((this.#bits[block >>> 3] ?? 0) & (1 << (block & 7))) !== 0
  }

  /** `block` counts within the segment file, 0 to 131,071. */
  add(block: number): void {
    if (this.has(block)) return
    const index = block >>> 3
    if (index >= this.#bits.length) {
      const grown = new Uint8Array(Math.min(SEGMENT_BLOCKS / 8, Math.max(index + 1, this.#bits.length * 2)))
      grown.set(this.#bits)
      this.#bits = grown
    }
    this.#bits[index] = (this.#bits[index] ?? 0) | (1 << (block & 7))
    this.#count++
  }

  /** The blocks below `blockCount`, ascending. */
  *blocksBelow(blockCount: number): Generator<number> {
    const end = Math.min(blockCount, this.#bits.length * 8)
    for (let block = 0; block < end; block++) {
      if (this.#bits[block >>> 3] === 0) block |= 7
      else if (this.has(block)) yield block
    }
  }

  /** The bits, for a message to another thread; without trailing zeros. */
  toBytes(): Uint8Array {
    let end = this.#bits.length
    while (end > 0 && this.#bits[end - 1] === 0) end--
    return this.#bits.slice(0, end)
  }
}

/** Changed blocks by the path of the segment file, `base/5/16384.1`; a file that is not in it has not changed. */
export type ChangedPages = ReadonlyMap<string, PageMap>
