import type { Given } from './given.ts'

/** Note and pin as `backup` and `set-backup` take them. An empty note removes it, 0 seconds unpin. */
export type Pin = {
  readonly note?: string
  readonly ttlSeconds?: number
  readonly expireTime?: string
}

/** @throws {EngineError} `usage.invalid` when a duration and a moment were given. */
export function readPin(given: Given): Pin {
  given.refuseTogether('ttl', 'expire-time')
  const note = given.text('note')
  const ttlMs = given.durationMs('ttl')
  const expireTime = given.moment('expire-time')
  return {
    ...(note !== undefined && { note: note.toLowerCase() === 'none' ? '' : note }),
    // Rounded up: a part of a second must not turn into 0, which unpins.
    ...(ttlMs !== undefined && { ttlSeconds: Math.ceil(ttlMs / 1000) }),
    ...(expireTime !== undefined && { expireTime: expireTime.iso }),
  }
}
