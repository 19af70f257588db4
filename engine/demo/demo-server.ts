import { chmodSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { SILENT_LOG } from '../base/log.ts'
import { type RunningPostgres, startPostgres } from '../host/embedded-postgres.ts'
import { openSession } from '../server/connection.ts'
import { fingerprintQueries, LOAD_STATEMENT, SAMPLE_DATABASE, sampleStatements } from './sample-database.ts'

const LOAD_INTERVAL_MS = 200
const NEVER = new AbortController().signal

/** A throw-away server with the sample database and a light load. Disposing stops it. */
export type DemoServer = AsyncDisposable & {
  readonly port: number
  readonly major: 15 | 17 | 18
  readonly password: string
  readonly dataDirectory: string
  /** Whom its files belong to, when that is not the user of this process. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined
  run(statement: string): Promise<void>
  /** One text for all rows of the sample database, here or on another port of this machine. */
  fingerprint(port?: number): Promise<string>
  pauseLoad(): Promise<void>
}

/** Starts the server below `directory` and fills the sample database. Takes some ten seconds. */
export async function startDemoServer(directory: string, scale: number): Promise<DemoServer> {
  mkdirSync(directory, { recursive: true })
  // The server runs as another user when this process is root, and has to get to its files.
  chmodSync(directory, 0o711)
  await using started = new AsyncDisposableStack()
  const postgres: RunningPostgres = started.use(
    await startPostgres({
      directory: path.join(directory, 'server'),
      major: 17,
      settings: { wal_level: 'replica', max_wal_senders: '4', shared_buffers: "'64MB'", fsync: 'off' },
    }),
  )
  const { port, password, dataDirectory, major } = postgres
  const session = (database: string, at = port) =>
    openSession(
      { host: '127.0.0.1', port: at, user: 'postgres', password, database, env: {} },
      { signal: NEVER, log: SILENT_LOG },
    )

  {
    await using admin = await session('postgres')
    await admin.query(`create database ${SAMPLE_DATABASE}`)
  }
  const shop = started.use(await session(SAMPLE_DATABASE))
  // Sessions of the engine look into no schema but the system's.
  await shop.query('set search_path = public')
  for (const statement of sampleStatements(scale)) await shop.query(statement)

  let isPaused = false
  let writing: Promise<unknown> = Promise.resolve()
  const timer = setInterval(() => {
    // The next statement waits for the last one; a load that queues up is no light load.
    if (!isPaused) writing = writing.then(() => shop.query(LOAD_STATEMENT)).catch(() => (isPaused = true))
  }, LOAD_INTERVAL_MS)

  const running = started.move()
  return {
    port,
    major,
    password,
    dataDirectory,
    owner: postgres.owner,
    async run(statement) {
      await shop.query(statement)
    },
    async fingerprint(at = port) {
      await using reader = await session(SAMPLE_DATABASE, at)
      await reader.query('set search_path = public')
      const { rows } = await reader.query(
        "select oid::regclass::text as name from pg_class where relkind = 'r' and relpersistence = 'p' and relnamespace = 'public'::regnamespace order by 1",
      )
      const lines = []
      for (const { name, sql } of fingerprintQueries(rows.map((row) => String(row['name'])))) {
        const found = await reader.query(sql)
        lines.push(`${name} ${found.rows[0]?.['counted']} ${found.rows[0]?.['hash']}`)
      }
      return lines.join('\n')
    },
    async pauseLoad() {
      isPaused = true
      await writing
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      isPaused = true
      await writing
      await running[Symbol.asyncDispose]()
    },
  }
}
