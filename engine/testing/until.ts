import { setTimeout as sleep } from 'node:timers/promises'

/** Nothing that a test waits for takes nearly as long. */
const LIMIT_MS = 60_000
const POLL_MS = 25

/**
 * Looks again and again until what is seen is so, or just something, and gives it. A look that fails saw nothing yet. For
 * what runs outside of tests as well, where `expect.poll` does not.
 *
 * @throws {Error} after a minute, with what was seen last
 */
export async function until<Seen>(
  look: () => Seen | Promise<Seen>,
  isSo: (seen: Seen) => boolean = Boolean,
): Promise<Seen> {
  const limit = performance.now() + LIMIT_MS
  for (;;) {
    const seen = await Promise.resolve()
      .then(look)
      .then(
        (value) => ({ value }),
        (cause: unknown) => ({ cause }),
      )
    if ('value' in seen && isSo(seen.value)) return seen.value
    if (performance.now() > limit) {
      const last = 'value' in seen ? JSON.stringify(seen.value, plain) : String(seen.cause)
      throw new Error(`it has not come to that within a minute; the last that was seen: ${last}`)
    }
    await sleep(POLL_MS)
  }
}

function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
