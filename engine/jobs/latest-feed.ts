/**
 * Turns pushed values into an async sequence that any number of watchers follow, at most one value per `intervalMs`.
 * A watcher that is slower than the source sees the newest value, not every value; it always sees the last one.
 */
export class LatestFeed<Value> {
  readonly #intervalMs: number
  #latest: { readonly value: Value; readonly revision: number } | undefined
  #hasEnded = false
  #wake = Promise.withResolvers<void>()

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs
  }

  push(value: Value): void {
    this.#latest = { value, revision: (this.#latest?.revision ?? 0) + 1 }
    this.#wakeAll()
  }

  /** No more values will come; watchers end after they have seen the newest. */
  end(): void {
    this.#hasEnded = true
    this.#wakeAll()
  }

  /** Begins with the value that is there. Ends with the feed, or quietly when `signal` fires. */
  async *watch(signal: AbortSignal): AsyncGenerator<Value> {
    let seen = 0
    const left = Promise.withResolvers<void>()
    const leave = (): void => left.resolve()
    signal.addEventListener('abort', leave, { once: true })
    try {
      while (!signal.aborted) {
        if (this.#latest !== undefined && this.#latest.revision > seen) {
          seen = this.#latest.revision
          yield this.#latest.value
          if (!this.#hasEnded)
            await Promise.race([new Promise((done) => setTimeout(done, this.#intervalMs)), left.promise])
        } else if (this.#hasEnded) {
          return
        } else {
          await Promise.race([this.#wake.promise, left.promise])
        }
      }
    } finally {
      signal.removeEventListener('abort', leave)
    }
  }

  #wakeAll(): void {
    this.#wake.resolve()
    this.#wake = Promise.withResolvers()
  }
}
