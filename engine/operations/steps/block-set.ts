/** Blocks of a segment: one bit each, grown as needed. */
export class BlockSet {
  #bits = new Uint8Array(1024)

  has(block: number): boolean {
    return ((this.#bits[block >>> 3] ?? 0) & (1 << (block & 7))) !== 0
  }

  add(block: number): void {
    const index = block >>> 3
    if (index >= this.#bits.length) {
      const grown = new Uint8Array(Math.max(index + 1, this.#bits.length * 2))
      grown.set(this.#bits)
      this.#bits = grown
    }
    this.#bits[index] = (this.#bits[index] ?? 0) | (1 << (block & 7))
  }
}
