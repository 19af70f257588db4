import { EngineError } from './engine-error.ts'

/** Where the time comes from, so that tests and rehearsals can hold it. */
export type Clock = {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number
}

export const SYSTEM_CLOCK: Clock = { nowMs: () => Date.now() }

/** The environment variable that says which time plans are made for. */
const PLAN_TIME = 'TIDEMARK_NOW'

/**
 * The clock that plans look at: it stands still at the ISO time of `TIDEMARK_NOW`, for rehearsals and tests, or else is
 * `clock`. Work itself goes on by the real time: a backup is never named after another.
 *
 * @throws {EngineError} `value.malformed`
 */
export function planClock(environment: Readonly<Record<string, string | undefined>>, clock: Clock): Clock {
  const text = environment[PLAN_TIME]
  if (text === undefined || text === '') return clock
  const atMs = Date.parse(text)
  if (Number.isNaN(atMs)) {
    throw new EngineError('value.malformed', `"${text}" in ${PLAN_TIME} is not a time`, {
      hint: 'Write it like 2026-11-21T00:30:20Z, or take the variable out of the environment.',
    })
  }
  return { nowMs: () => atMs }
}

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
