import { EngineError } from '../base/engine-error.ts'
import type { Log } from '../base/log.ts'
import { waitUntilOpen } from './promote.ts'
import type { ScratchServer } from './scratch-server.ts'

/** Nobody else is connected to the server, so that such a lock is the replay's. */
const LOCKED = `
  select pg_catalog.count(distinct (database, relation))::int as locked
    from pg_catalog.pg_locks
   where locktype = 'relation' and mode = 'AccessExclusiveLock' and granted
     and pid is distinct from pg_catalog.pg_backend_pid()`

/**
 * Ends the recovery of a scratch server that is paused at its target where the target cuts off a transaction that had
 * locked tables, as one just before a DROP or TRUNCATE does: replay holds the locks for as long as it is paused, and whoever
 * reads these tables waits. The transaction counts as aborted then. Otherwise the server stays paused. Source: PostgreSQL
 * manual, "Hot Standby": replay takes the AccessExclusiveLocks of the primary; `pg_wal_replay_resume` at a target ends
 * recovery.
 *
 * @returns how many tables were locked
 * @throws {EngineError} `run.timeout` after a minute, `server.*`; when the signal fires. A role that may not end recovery
 * leaves the server paused, with a warning in the log.
 */
export async function freeReplayLocks(
  server: Pick<ScratchServer, 'session'>,
  { signal, log }: { readonly signal: AbortSignal; readonly log: Log },
): Promise<number> {
  await using session = await server.session('postgres', { signal })
  const { rows } = await session.query(LOCKED, [], { signal })
  const locked = Number(rows[0]?.['locked'])
  if (locked === 0) return 0
  try {
    await session.query('select pg_catalog.pg_wal_replay_resume()', [], { signal })
  } catch (thrown) {
    if (!(thrown instanceof EngineError) || thrown.code !== 'server.denied') throw thrown
    log.warning(`${locked} tables stay locked: the role may not end recovery (${thrown.message})`)
    return locked
  }
  await waitUntilOpen(session, signal)
  log.info(`recovery was ended at the target: what it cuts off had locked ${locked} tables`)
  return locked
}
