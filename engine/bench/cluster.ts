import { readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { SILENT_LOG } from '../base/log.ts'
import { fingerprintQueries } from '../demo/sample-database.ts'
import { openSession, type Session } from '../server/connection.ts'
import { startServer, type TestServer } from '../testing/servers.ts'
import { changeStatements, fillStatements, type Workload } from './workload.ts'

export const MAJOR = 17
const DATABASE = 'bench'
const LONGEST_STATEMENT_MS = 1_800_000
/** What a backup leaves out, and copies of the data directory leave out with it. */
const NOT_COPIED: ReadonlySet<string> = new Set(['pg_wal', 'postmaster.pid', 'postmaster.opts'])

/** A server with a workload, made for the run. Disposing stops it. */
export type BenchCluster = AsyncDisposable & {
  readonly server: TestServer
  /** Names in the data directory, without `pg_wal` and what belongs to the running server alone. */
  entries(): readonly string[]
  /** What libpq programs and the command line find server and password by. */
  readonly env: Readonly<Record<string, string>>
  /** Where the server's own programs lie. */
  readonly binDirectory: string
  /** Changes rows in 2 % of the pages, and writes them out. */
  change(signal: AbortSignal): Promise<void>
  /** Starts a backup on the server and stops it, without copying. */
  startAndStopBackup(signal: AbortSignal): Promise<void>
}

/** Makes a cluster below `directory` and fills it. At scale 1 that takes minutes. */
export async function startCluster(
  directory: string,
  workload: Workload,
  signal: AbortSignal,
): Promise<BenchCluster> {
  await using starting = new AsyncDisposableStack()
  const server = starting.use(
    await startServer(directory, {
      major: MAJOR,
      settings: {
        // Not minimal: pages that were filled without WAL have no LSN, and increments store them again and again.
        wal_level: 'replica',
        full_page_writes: 'off',
        shared_buffers: "'256MB'",
        maintenance_work_mem: "'128MB'",
        max_wal_size: "'1GB'",
        checkpoint_timeout: "'1h'",
        // Nothing changes a page but the run itself.
        autovacuum: 'off',
      },
    }),
  )
  await server.run('postgres', `create database ${DATABASE}`)
  {
    await using session = await openBench(server, signal)
    for (const statement of fillStatements(workload)) await call(session, statement)
    for (const setting of ['full_page_writes = on', 'summarize_wal = on'])
      await call(session, `alter system set ${setting}`)
  }
  await server.stop('fast')
  await server.start()
  const binDirectory = await server.value('postgres', "select setting from pg_config where name = 'BINDIR'")
  const passwordFile = path.join(directory, 'pgpass')
  writeFileSync(passwordFile, `127.0.0.1:*:*:postgres:${server.password}\n`, { mode: 0o600 })
  const running = starting.move()
  return {
    server,
    binDirectory,
    env: { PGPASSFILE: passwordFile },
    entries: () => readdirSync(server.dataDirectory).filter((name) => !NOT_COPIED.has(name)),
    async change(stop) {
      await using session = await openBench(server, stop)
      const rowsInPage = { account: await rowsOf(session, 'account'), note: await rowsOf(session, 'note') }
      for (const statement of changeStatements(rowsInPage)) await call(session, statement)
      await call(session, 'checkpoint')
    },
    async startAndStopBackup(stop) {
      await using session = await openBench(server, stop)
      await call(session, "select pg_backup_start('bench', true)")
      await call(session, 'select * from pg_backup_stop(false)')
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

/** One text for all rows of the workload: row count and hash of each table. */
export async function fingerprint(server: TestServer, signal: AbortSignal): Promise<string> {
  await using session = await openBench(server, signal)
  const { rows } = await call(
    session,
    "select oid::regclass::text as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1",
  )
  const lines: string[] = []
  for (const { name, sql } of fingerprintQueries(rows.map((row) => String(row['name'])))) {
    const [found] = (await call(session, sql)).rows
    lines.push(`${name} ${found?.['counted']} ${found?.['hash']}`)
  }
  return lines.join('\n')
}

async function openBench(server: TestServer, signal: AbortSignal): Promise<Session> {
  const session = await openSession(server.connection(DATABASE), { signal, log: SILENT_LOG })
  await session.query('set search_path = public')
  return session
}

async function call(session: Session, sql: string): ReturnType<Session['query']> {
  return await session.query(sql, undefined, { timeoutMs: LONGEST_STATEMENT_MS })
}

/** Rows in a page of a table, by its first hundred pages. */
async function rowsOf(session: Session, table: string): Promise<number> {
  const { rows } = await call(
    session,
    `select count(*) / count(distinct (ctid::text::point)[0]) as n from ${table} where ctid < '(100,0)'`,
  )
  return Number(rows[0]?.['n'])
}
