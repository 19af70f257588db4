import { setTimeout as sleep } from 'node:timers/promises'
import { EngineError } from '../base/engine-error.ts'
import type { Session } from './connection.ts'

const POLL_MS = 50
const LIMIT_MS = 60_000
/** Before it a server that is paused does not look whether it is to be promoted. Source: `xlog.c`, `recoveryPausesHere`. */
const FIRST_THAT_LOOKS = 13

/**
 * Ends the recovery of a server that is paused at its target, so that it opens for writing on a new timeline. Nothing is
 * done to one that is open already. `major` is the version of the server.
 *
 * @throws {EngineError} `server.denied` when the role may not; `run.timeout` after a minute, when the server may still be
 * about to open; when the signal fires
 */
export async function promote(session: Session, major: number, signal: AbortSignal): Promise<void> {
  if (!(await isInRecovery(session, signal))) return
  await session.query(
    major < FIRST_THAT_LOOKS
      ? 'select pg_catalog.pg_wal_replay_resume()'
      : 'select pg_catalog.pg_promote(wait => false)',
    [],
    { signal },
  )
  await waitUntilOpen(session, signal)
}

/** @throws {EngineError} `run.timeout` after a minute; when the signal fires */
export async function waitUntilOpen(session: Session, signal: AbortSignal): Promise<void> {
  const endMs = performance.now() + LIMIT_MS
  while (performance.now() < endMs) {
    if (!(await isInRecovery(session, signal))) return
    await sleep(POLL_MS, undefined, { signal })
  }
  throw new EngineError('run.timeout', `recovery did not end within ${LIMIT_MS / 1000} s of being told to`, {
    hint: 'What the server wrote to its log tells why.',
  })
}

export async function isInRecovery(session: Session, signal: AbortSignal): Promise<boolean> {
  const { rows } = await session.query('select pg_catalog.pg_is_in_recovery() as recovering', [], { signal })
  return rows[0]?.['recovering'] === true
}
