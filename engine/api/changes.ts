import type { Change } from './contract/app.ts'

/** More than this many changes that nobody has read yet are one: everything. */
const MOST_UNREAD = 256

/** Tells every window what has changed, so that it asks again. */
export class Changes {
  readonly #listeners = new Set<(change: Change) => void>()

  tell(subject: Change['subject'], catalog?: string, instance?: string): void {
    for (const listener of this.#listeners) listener({ subject, catalog, instance })
  }

  /** Every change from now on; ends quietly when `signal` fires. */
  async *watch(signal: AbortSignal): AsyncGenerator<Change> {
    let unread: Change[] = []
    let wake = Promise.withResolvers<void>()
    const listen = (change: Change): void => {
      const isKnown = unread.some(
        (one) =>
          one.subject === change.subject &&
          one.catalog === change.catalog &&
          one.instance === change.instance,
      )
      if (!isKnown) unread.push(change)
      if (unread.length > MOST_UNREAD)
        unread = [{ subject: 'fleet', catalog: undefined, instance: undefined }]
      wake.resolve()
    }
    const leave = (): void => wake.resolve()
    this.#listeners.add(listen)
    signal.addEventListener('abort', leave, { once: true })
    try {
      while (!signal.aborted) {
        yield* unread.splice(0)
        await wake.promise
        wake = Promise.withResolvers()
      }
    } finally {
      this.#listeners.delete(listen)
      signal.removeEventListener('abort', leave)
    }
  }
}
