import { chownSync, mkdirSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { SILENT_LOG } from '../base/log.ts'
import {
  adoptPostgres,
  EMBEDDED_MAJORS,
  type EmbeddedMajor,
  isEmbedded,
  ownerOfServers,
  type RunningPostgres,
  startPostgres,
  type StartOptions,
} from '../host/embedded-postgres.ts'
import { type ConnectionSettings, openSession, type Session } from '../server/connection.ts'
import { findFreshCluster } from './fresh-clusters.ts'
import { until } from './until.ts'

const NEVER = new AbortController().signal

/** A real server for a test, with short ways to talk to it. */
export type TestServer = RunningPostgres & {
  connection(database?: string): ConnectionSettings
  session(database?: string): Promise<Session>
  /** Runs statements one after the other in `public`. */
  run(database: string, ...statements: readonly string[]): Promise<void>
  /** The first value of the first row, as text. */
  value(database: string, sql: string): Promise<string>
  /** A directory that the server may write to, for a tablespace. */
  directory(name: string): string
}

/** The versions that are installed here. */
export function serverMajors(): readonly EmbeddedMajor[] {
  return EMBEDDED_MAJORS.filter(isEmbedded)
}

/** Set by whoever has time for every story on every server. */
const isThorough = process.env['TIDEMARK_EVERY_VERSION'] !== undefined

/** The oldest and the newest of them, for stories in which the versions between have nothing of their own. */
export function outerMajors(): readonly EmbeddedMajor[] {
  const majors = serverMajors()
  return isThorough ? majors : majors.filter((_, index) => index === 0 || index === majors.length - 1)
}

/** The newest of them, for long stories that are about files and not about servers. */
export function newestMajors(): readonly EmbeddedMajor[] {
  return isThorough ? serverMajors() : serverMajors().slice(-1)
}

type ServerOptions = Omit<StartOptions, 'directory' | 'copyOf'> & {
  /**
   * Made by initdb, also in scenarios. There others are copies of one cluster for each version: they have the same system
   * identifier, and no `template0`.
   */
  readonly isOwn?: boolean
}

/** Makes a cluster below `directory` and starts it. */
export async function startServer(
  directory: string,
  { isOwn = false, ...options }: ServerOptions = {},
): Promise<TestServer> {
  const fresh = isOwn ? undefined : await findFreshCluster(options)
  const server = await startPostgres({
    directory: path.join(directory, 'server'),
    ...options,
    ...(fresh !== undefined && { copyOf: fresh }),
  })
  return testServer(server, directory)
}

/** Starts a server on a restored data directory. `password` is that of the cluster it was backed up from. */
export async function startRestored(
  dataDirectory: string,
  major: EmbeddedMajor,
  password: string,
  options: { readonly isArchiving?: boolean } = {},
): Promise<TestServer> {
  const server = await adoptPostgres({ dataDirectory, major, password, ...options })
  return testServer(server, path.dirname(dataDirectory))
}

/** Makes a directory that servers started here may write to, also where they run as another user than this process. */
export function serverDirectory(directory: string): string {
  const owner = ownerOfServers()
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  if (owner !== undefined) chownSync(directory, owner.uid, owner.gid)
  return directory
}

/** Gives everything below a directory to the user that servers run as here: what they archive into, or read WAL from. */
export function giveToServers(directory: string): void {
  const owner = ownerOfServers()
  if (owner === undefined) return
  for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' }))
    chownSync(path.join(directory, name), owner.uid, owner.gid)
  chownSync(directory, owner.uid, owner.gid)
}

/** Waits until a server that recovers, and may answer already, has come to the end of that and takes writes. */
export async function opened(server: TestServer): Promise<void> {
  await until(
    () => server.value('postgres', 'select pg_is_in_recovery()'),
    (isRecovering) => isRecovering === 'false',
  )
}

/** Ends the segment that is being written, and gives its name. */
export async function endSegment(server: TestServer): Promise<string> {
  // A switch right behind another one ends nothing.
  await server.run('postgres', "select pg_logical_emit_message(false, 'end', 'of the segment')")
  return await server.value('postgres', 'select pg_walfile_name(pg_switch_wal())')
}

function testServer(server: RunningPostgres, directory: string): TestServer {
  const connection = (database = 'postgres'): ConnectionSettings => ({
    host: '127.0.0.1',
    port: server.port,
    user: 'postgres',
    password: server.password,
    database,
    env: {},
  })
  const session = async (database?: string): Promise<Session> => {
    const one = await openSession(connection(database), { signal: NEVER, log: SILENT_LOG })
    await one.query('set search_path = public')
    return one
  }
  return Object.assign(server, {
    connection,
    session,
    async run(database: string, ...statements: readonly string[]) {
      await using one = await session(database)
      for (const statement of statements) await one.query(statement)
    },
    async value(database: string, sql: string) {
      await using one = await session(database)
      const { rows } = await one.query(sql)
      return String(Object.values(rows[0] ?? {})[0])
    },
    directory: (name: string) => serverDirectory(path.join(directory, name)),
  })
}
