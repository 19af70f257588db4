import { setTimeout as sleep } from 'node:timers/promises'
import { type Lsn, parseLsn } from '../base/lsn.ts'
import type { Session } from '../server/connection.ts'
import type { Dice } from './random-world.ts'
import type { TestServer } from './servers.ts'

/** The table that the load fills: a value for each transaction. */
export const PAYMENT_STATEMENTS: readonly string[] = [
  'create table payment (value int primary key, note text not null)',
  'create table account (id int primary key, balance bigint not null)',
  'insert into account select n, 0 from generate_series(1, 20) n',
]

/**
 * One transaction, as the client that ran it saw it from outside: its end lies between the two moments, by the clock and
 * in the WAL.
 */
export type RecordedEnd = {
  readonly value: number
  readonly isCommitted: boolean
  /** With its epoch. */
  readonly xid: bigint
  readonly before: Moment
  readonly after: Moment
}

/** The server's clock in microseconds since the Unix epoch, and where its WAL was. */
export type Moment = { readonly micros: bigint; readonly lsn: Lsn }

/** Transactions over several connections until it is stopped or disposed of. */
export type CommitLoad = AsyncDisposable & {
  /** In the order in which clients learnt of them. */
  readonly ends: readonly RecordedEnd[]
  /** Waits until that many have ended since the start. */
  reach(count: number): Promise<void>
  /** Ends the load and throws what it failed with, if it did. */
  stop(): Promise<void>
}

const CONNECTIONS = 3
const ABORTED_PER_TEN = 1
const POLL_MS = 5

/** Starts payments: values count up from `firstValue`, each connection has its own. */
export async function startCommitLoad(
  server: TestServer,
  database: string,
  { firstValue, dice }: { readonly firstValue: number; readonly dice: Dice },
): Promise<CommitLoad> {
  await using cleanUp = new AsyncDisposableStack()
  const ends: RecordedEnd[] = []
  const end = new AbortController()
  let value = firstValue
  const sessions: Session[] = []
  for (let number = 0; number < CONNECTIONS; number++)
    sessions.push(cleanUp.use(await server.session(database)))
  const running = Promise.all(
    sessions.map(async (session) => {
      while (!end.signal.aborted) ends.push(await pay(session, value++, dice))
    }),
  )
  // Told by stop(); until somebody calls it, it must not count as unhandled.
  running.catch(() => undefined)
  const kept = cleanUp.move()
  const stop = async (): Promise<void> => {
    end.abort()
    await running
  }
  return {
    ends,
    stop,
    async reach(count) {
      while (ends.length < count) await Promise.race([running, sleep(POLL_MS)])
    },
    async [Symbol.asyncDispose]() {
      await stop().catch(() => undefined)
      await kept.disposeAsync()
    },
  }
}

async function pay(session: Session, value: number, dice: Dice): Promise<RecordedEnd> {
  const isCommitted = dice.roll(10) >= ABORTED_PER_TEN
  await session.query('begin')
  await session.query('insert into payment values ($1, repeat(md5($2), $3))', [
    value,
    String(value),
    1 + dice.roll(20),
  ])
  await session.query('update account set balance = balance + $1 where id = $2', [value, 1 + dice.roll(20)])
  const { rows } = await session.query('select pg_current_xact_id()::text as xid')
  const before = await momentOf(session)
  await session.query(isCommitted ? 'commit' : 'rollback')
  const after = await momentOf(session)
  return { value, isCommitted, xid: BigInt(String(rows[0]?.['xid'])), before, after }
}

/**
 * Every record written so far ends at `lsn` or before. By the clock that stamps commits: two clocks of one machine may be
 * apart, and further with every minute.
 */
export async function momentOf(session: Session): Promise<Moment> {
  const { rows } = await session.query(
    `select pg_current_wal_insert_lsn()::text as lsn,
            (extract(epoch from clock_timestamp()) * 1000000)::bigint::text as micros`,
  )
  return { micros: BigInt(String(rows[0]?.['micros'])), lsn: parseLsn(String(rows[0]?.['lsn'])) }
}
