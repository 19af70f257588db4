/** Stops on a broken assumption: our bug, never the user's mistake. */
export function assert(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(`bug: ${what}`)
}
