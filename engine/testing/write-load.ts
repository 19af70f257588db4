import { setTimeout as sleep } from 'node:timers/promises'
import { type Lsn, parseLsn } from '../base/lsn.ts'
import type { TestServer } from './servers.ts'

/** A bookkeeping that a restored server can be held to: every entry is sealed, whole, and agrees with the accounts. */
export const LEDGER_STATEMENTS: readonly string[] = [
  'create table account (id int primary key, balance bigint not null)',
  'insert into account select n, 0 from generate_series(0, 49) n',
  `create table ledger (
     entry bigint, account int, amount int not null, note text not null, seal text not null, primary key (entry, account))`,
  'create index on ledger (account, amount)',
  'create index on ledger using hash (note)',
  `create function seal_of(entry bigint, account int, amount int, note text) returns text language sql immutable
     return md5(entry || '/' || account || '/' || amount || '/' || note)`,
  // One entry changes four pages and more: half of it would be seen.
  `create function post(which bigint) returns void language plpgsql set search_path = public as $$
   declare
     taken int := which % 50; given int := (which * 7 + 1) % 50; amount int := 1 + which % 900;
   begin
     if taken = given then given := (given + 1) % 50; end if;
     insert into ledger
       select which, a, v, n, seal_of(which, a, v, n)
         from (values (taken, -amount), (given, amount)) as side (a, v), repeat(md5(which::text), 6) as n;
     update account set balance = balance - amount where id = taken;
     update account set balance = balance + amount where id = given;
   end $$`,
]

/** One committed transaction: its commit record ends at or before `lsn`. */
export type Committed = { readonly entry: number; readonly lsn: Lsn }

/** Transactions one after the other until it is disposed of. */
export type WriteLoad = AsyncDisposable & {
  readonly committed: readonly Committed[]
  /** Ends the load and throws what it failed with, if it did. */
  stop(): Promise<void>
}

/**
 * Posts entries to the ledger of `database`, over a session of its own, as fast as the server takes them; with `restMs`
 * between two of them, where an archiver has to keep up however busy the machine is.
 */
export async function startWriteLoad(
  server: TestServer,
  database: string,
  { restMs = 0 }: { readonly restMs?: number } = {},
): Promise<WriteLoad> {
  const session = await server.session(database)
  const committed: Committed[] = []
  const end = new AbortController()
  const running = (async () => {
    for (let entry = 1; !end.signal.aborted; entry++) {
      await session.query('select post($1)', [entry])
      const { rows } = await session.query('select pg_current_wal_flush_lsn()::text as lsn')
      committed.push({ entry, lsn: parseLsn(String(rows[0]?.['lsn'])) })
      if (restMs > 0) await sleep(restMs)
    }
  })()
  // Told by stop(); until somebody calls it, it must not count as unhandled.
  running.catch(() => undefined)
  const stop = async (): Promise<void> => {
    end.abort()
    await running
  }
  return {
    committed,
    stop,
    async [Symbol.asyncDispose]() {
      await stop().catch(() => undefined)
      await session[Symbol.asyncDispose]()
    },
  }
}

/** What is wrong with a ledger; empty when nothing is. `entries` must be there, others may. */
export async function findLedgerFaults(
  server: TestServer,
  database: string,
  entries: readonly number[],
): Promise<readonly string[]> {
  await using session = await server.session(database)
  const faults: string[] = []
  const checks: Readonly<Record<string, string>> = {
    'rows with a broken seal':
      'select count(*)::int as n from ledger where seal <> seal_of(entry, account, amount, note)',
    'entries that are not whole':
      'select count(*)::int as n from (select from ledger group by entry having count(*) <> 2 or sum(amount) <> 0) broken',
    'accounts that disagree with the ledger': `select count(*)::int as n from account a
        where balance <> (select coalesce(sum(amount), 0) from ledger l where l.account = a.id)`,
    'gaps between the entries':
      'select (coalesce(max(entry), 0) - count(distinct entry))::int as n from ledger',
  }
  for (const [what, sql] of Object.entries(checks)) {
    const { rows } = await session.query(sql)
    if (rows[0]?.['n'] !== 0) faults.push(`${rows[0]?.['n']} ${what}`)
  }
  const { rows } = await session.query(
    'select count(*)::int as n from unnest($1::bigint[]) wanted where not exists (select from ledger where entry = wanted)',
    [entries],
  )
  if (rows[0]?.['n'] !== 0) faults.push(`${rows[0]?.['n']} committed entries are missing`)
  return faults
}
