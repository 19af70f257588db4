import { EngineError } from '../../base/engine-error.ts'
import type { Session } from '../connection.ts'

/** What became of one slot. Only `dropped` has changed anything. */
export type SlotDrop =
  | { readonly name: string; readonly outcome: 'dropped' | 'gone' }
  | {
      readonly name: string
      readonly outcome: 'in-use'
      /** The process of the server that uses it, and how its client calls itself; undefined when it has ended since. */
      readonly pid: number | undefined
      readonly client: string | undefined
    }
  | { readonly name: string; readonly outcome: 'failed'; readonly reason: string }

/** Source: PostgreSQL manual, "Error codes": object_in_use and undefined_object. */
const IN_USE = '55006'
const NO_SUCH_SLOT = '42704'

/**
 * Drops slots by name, one after the other; one that cannot be dropped stops none of the others. The server itself refuses
 * a slot that is in use. `timeoutMs` bounds each statement. A signal that fires ends it: what was dropped stays dropped.
 */
export async function dropReplicationSlots(
  session: Session,
  names: readonly string[],
  { signal, timeoutMs }: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<readonly SlotDrop[]> {
  const outcomes: SlotDrop[] = []
  for (const name of names) {
    try {
      await session.query('select pg_catalog.pg_drop_replication_slot($1)', [name], { signal, timeoutMs })
      outcomes.push({ name, outcome: 'dropped' })
    } catch (thrown) {
      if (signal.aborted || !(thrown instanceof EngineError)) throw thrown
      outcomes.push(await explain(session, name, thrown, { signal, timeoutMs }))
    }
  }
  return outcomes
}

async function explain(
  session: Session,
  name: string,
  failure: EngineError,
  call: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<SlotDrop> {
  const { sqlState } = failure.facts
  if (sqlState === NO_SUCH_SLOT) return { name, outcome: 'gone' }
  if (sqlState !== IN_USE) return { name, outcome: 'failed', reason: failure.message }
  const asking = session.query(
    `select s.active_pid, r.application_name
       from pg_catalog.pg_replication_slots s
       left join pg_catalog.pg_stat_replication r on r.pid = s.active_pid
      where s.slot_name = $1`,
    [name],
    call,
  )
  // Who it is may not be known; that it is in use is.
  const row = await asking.then(({ rows }) => rows[0]).catch(() => undefined)
  const { active_pid: pid, application_name: client } = row ?? {}
  return {
    name,
    outcome: 'in-use',
    pid: pid == null ? undefined : Number(pid),
    client: client == null || client === '' ? undefined : String(client),
  }
}
