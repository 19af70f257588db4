/** Samples older than this no longer count. */
const WINDOW_MS = 12_000
/** Two samples closer than this say nothing about a rate. */
const SAMPLE_MS = 500
/** Before this share of the work, and this long, a remaining time would be a guess. */
const FIRST_SHARE = 0.05
const FIRST_MS = 20_000

/** How fast a phase goes and how long it may still take. Feed it every report; it thins them out itself. */
export class RateMeter {
  #samples: { readonly atMs: number; readonly bytes: number }[] = []
  #startedMs: number | undefined

  /** Starts anew: another phase has another pace. */
  reset(): void {
    this.#samples = []
    this.#startedMs = undefined
  }

  add(atMs: number, bytes: number): void {
    this.#startedMs ??= atMs
    const last = this.#samples.at(-1)
    if (last !== undefined && atMs - last.atMs < SAMPLE_MS) return
    this.#samples.push({ atMs, bytes })
    const first = this.#samples.findIndex((sample) => atMs - sample.atMs <= WINDOW_MS)
    if (first > 0) this.#samples.splice(0, first)
  }

  /** Bytes per second over the window. */
  rate(): number | undefined {
    const first = this.#samples[0]
    const last = this.#samples.at(-1)
    if (first === undefined || last === undefined || last.atMs === first.atMs) return undefined
    return ((last.bytes - first.bytes) * 1000) / (last.atMs - first.atMs)
  }

  /**
   * Seconds that may remain, from the fastest and the slowest stretch of the window.
   * Undefined before 5 % and 20 s, while nothing moves, and without a total.
   */
  remainingSeconds(totalBytes: number | undefined): readonly [number, number] | undefined {
    const last = this.#samples.at(-1)
    if (last === undefined || totalBytes === undefined || totalBytes <= 0 || this.#startedMs === undefined)
      return undefined
    if (last.bytes / totalBytes < FIRST_SHARE || last.atMs - this.#startedMs < FIRST_MS) return undefined
    const rates = this.#samples
      .slice(1)
      .map((sample, index) => {
        const before = this.#samples[index]
        return before === undefined ? 0 : ((sample.bytes - before.bytes) * 1000) / (sample.atMs - before.atMs)
      })
      .filter((rate) => rate > 0)
      .sort((a, b) => a - b)
    // The slowest and the fastest tenth are hiccups of one sample, not paces.
    const slow = rates[Math.floor(rates.length * 0.1)]
    const fast = rates[Math.ceil(rates.length * 0.9) - 1]
    if (slow === undefined || fast === undefined) return undefined
    const left = Math.max(0, totalBytes - last.bytes)
    return [Math.round(left / fast), Math.round(left / slow)]
  }
}
