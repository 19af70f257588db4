/**
 * Runs `work` over `items`, at most `limit` at a time, and gives the results in the order of the items.
 * The first failure stops further items from starting, and is thrown after those under way have ended.
 */
export async function mapConcurrently<Item, Result>(
  items: readonly Item[],
  limit: number,
  work: (item: Item, index: number) => Promise<Result>,
  signal: AbortSignal,
): Promise<Result[]> {
  const results: Result[] = Array.from({ length: items.length })
  let next = 0
  let failed = false
  const lane = async (): Promise<void> => {
    while (!failed && next < items.length) {
      const index = next++
      try {
        signal.throwIfAborted()
        results[index] = await work(items[index] as Item, index)
      } catch (thrown) {
        failed = true
        throw thrown
      }
    }
  }
  const lanes = Array.from({ length: Math.max(1, Math.min(limit, items.length)) }, lane)
  const outcomes = await Promise.allSettled(lanes)
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  return results
}

/**
 * Runs `work` over `items` from both ends: `first` at a time from the beginning, `last` from the end, until they meet.
 * Which results come when does not matter. Failures are as with {@link mapConcurrently}.
 */
export async function runFromBothEnds<Item>(
  items: readonly Item[],
  atATime: { readonly first: number; readonly last: number },
  work: (item: Item) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  let begin = 0
  let end = items.length
  let failed = false
  const lane = async (next: () => number): Promise<void> => {
    for (;;) {
      if (failed || begin >= end) return
      const index = next()
      try {
        signal.throwIfAborted()
        await work(items[index] as Item)
      } catch (thrown) {
        failed = true
        throw thrown
      }
    }
  }
  const lanes = [
    ...Array.from({ length: Math.max(1, atATime.first) }, () => lane(() => begin++)),
    ...Array.from({ length: atATime.last }, () => lane(() => --end)),
  ]
  const outcomes = await Promise.allSettled(lanes)
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
}

/**
 * Resolves after `ms`, or rejects with the signal's reason as soon as it fires.
 */
export function delay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const onAbort = (): void => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal.addEventListener('abort', onAbort, { once: true })
  })
}
