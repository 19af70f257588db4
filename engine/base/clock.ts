/** Where the time comes from, so that tests and rehearsals can hold it. */
export type Clock = {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number
}

export const SYSTEM_CLOCK: Clock = { nowMs: () => Date.now() }

/** A clock that stands still at an ISO time, until it is set again. */
export function heldClock(isoTime: string): Clock & { set(isoTime: string): void } {
  let atMs = Date.parse(isoTime)
  return {
    nowMs: () => atMs,
    set: (next) => {
      atMs = Date.parse(next)
    },
  }
}
