import { readFileSync } from 'node:fs'
import os from 'node:os'
import pg from 'pg'
import { describeError, EngineError } from '../base/engine-error.ts'
import type { Log } from '../base/log.ts'
import { mapFileError } from '../host/file-error.ts'
import { breakOff, closeClient, connectUnlessAborted } from './driver-client.ts'
import { mapServerError } from './errors.ts'
import { findPassword } from './pgpass.ts'

export type SslMode = 'disable' | 'prefer' | 'require' | 'verify-ca' | 'verify-full'

/** How to reach a server. What is left out follows `env`, then libpq's defaults. */
export type ConnectionSettings = {
  /** A name, an address, or the directory of a Unix socket. */
  readonly host?: string | undefined
  readonly port?: number | undefined
  readonly user?: string | undefined
  readonly database?: string | undefined
  readonly password?: string | undefined
  readonly sslMode?: SslMode | undefined
  readonly sslRootCert?: string | undefined
  /** The `PG*` variables that count; an empty object = none. */
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Settings with every default filled in. The password is found only when a connection is made. */
export type ResolvedConnection = {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly database: string
  /** Nobody named a database: other usual ones may be tried. */
  readonly isDatabaseGuessed: boolean
  readonly sslMode: SslMode
  readonly sslRootCert: string | undefined
}

export type Row = Readonly<Record<string, unknown>>

/** One connection for SQL. Disposing closes it. */
export type Session = AsyncDisposable & {
  readonly database: string
  readonly user: string
  /** The connection as `primary_conninfo` has it: never with a password. */
  readonly conninfo: string
  /**
   * Runs one statement. A signal that fires, or the time limit, cancels it on the server. Without a signal of its own
   * the one that the session was opened with counts.
   */
  query(
    sql: string,
    parameters?: readonly unknown[],
    call?: { readonly signal?: AbortSignal; readonly timeoutMs?: number },
  ): Promise<{ readonly rows: readonly Row[] }>
}

const CONNECT_TIMEOUT_MS = 15_000
/** No statement of ours takes longer, but for those that name a limit of their own. */
const USUAL_STATEMENT_MS = 120_000
/** A request to cancel is answered by closing its connection, which takes a server no time. */
const CANCEL_REQUEST_MS = 2000
const APPLICATION_NAME = 'tidemark'
const SOCKET_DIRECTORY = '/var/run/postgresql'
const USUAL_DATABASES = ['postgres', 'template1']

/** Fills in what is left out: environment, then defaults. */
export function resolveConnection(settings: ConnectionSettings): ResolvedConnection {
  const { env } = settings
  const user = settings.user ?? env['PGUSER'] ?? os.userInfo().username
  const database = settings.database ?? env['PGDATABASE']
  return {
    host: settings.host ?? env['PGHOST'] ?? (process.platform === 'win32' ? 'localhost' : SOCKET_DIRECTORY),
    port: settings.port ?? Number(env['PGPORT'] ?? 5432),
    user,
    database: database ?? user,
    isDatabaseGuessed: database === undefined,
    sslMode: settings.sslMode ?? sslModeOf(env['PGSSLMODE']),
    sslRootCert: settings.sslRootCert ?? env['PGSSLROOTCERT'],
  }
}

/** The connection as libpq words, in libpq's order, without the password (catalog format 3.1). */
export function conninfoText({ host, port, user, sslMode }: ResolvedConnection): string {
  return [`user=${word(user)}`, `host=${word(host)}`, `port=${port}`, `sslmode=${sslMode}`].join(' ')
}

/**
 * Connects for SQL. `search_path` is emptied and the time limits that would end a long backup are lifted for this
 * session alone. A signal that fires meanwhile ends it at once. Without a session no connection is left open.
 *
 * @throws {EngineError} `server.unreachable`, `server.auth-failed`, `server.no-database`; `storage.*` for a root
 * certificate that cannot be read
 */
export async function openSession(
  settings: ConnectionSettings,
  call: { readonly signal: AbortSignal; readonly log: Log },
): Promise<Session> {
  const resolved = resolveConnection(settings)
  const candidates = resolved.isDatabaseGuessed
    ? [resolved.database, ...USUAL_DATABASES]
    : [resolved.database]
  let failure: unknown
  for (const database of candidates) {
    try {
      const client = await connectClient(settings, { ...resolved, database }, {}, call)
      return await prepare(client, { ...resolved, database }, call.signal).catch((thrown: unknown) => {
        breakOff(client)
        throw thrown
      })
    } catch (thrown) {
      failure = thrown
      if (!(thrown instanceof EngineError) || thrown.code !== 'server.no-database') throw thrown
      call.log.verbose(`database "${database}" does not exist`)
    }
  }
  throw failure
}

/**
 * Connects for what a {@link Session} does not do. A signal that fires meanwhile ends it at once; the caller ends the client.
 *
 * @throws {EngineError} `server.*`, `storage.*`
 */
export async function openDriverClient(
  settings: ConnectionSettings,
  call: { readonly signal: AbortSignal; readonly log: Log },
): Promise<pg.Client> {
  return await connectClient(settings, resolveConnection(settings), {}, call)
}

/** Connects for replication commands; a signal that fires meanwhile ends it at once. The caller ends the client. */
export async function openReplicationClient(
  settings: ConnectionSettings,
  call: { readonly signal: AbortSignal; readonly log: Log },
): Promise<pg.Client> {
  return await connectClient(settings, resolveConnection(settings), { replication: 'true' }, call)
}

async function connectClient(
  settings: ConnectionSettings,
  to: ResolvedConnection,
  extra: object,
  { signal, log }: { readonly signal: AbortSignal; readonly log: Log },
): Promise<pg.Client> {
  signal.throwIfAborted()
  const password = settings.password ?? settings.env['PGPASSWORD'] ?? findPassword(to, settings.env, log)
  // `prefer` tries TLS and takes a plain connection where the server has none.
  const attempts =
    to.sslMode === 'prefer' && !to.host.startsWith('/') ? [tlsOptions(to), false] : [tlsOptions(to)]
  for (const [index, ssl] of attempts.entries()) {
    const client = new pg.Client({
      host: to.host,
      port: to.port,
      user: to.user,
      database: to.database,
      // Without a password `pg` would look into the environment of this process.
      password: password ?? '',
      ssl,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      application_name: APPLICATION_NAME,
      keepAlive: true,
      ...extra,
    })
    // A connection that breaks while nothing waits for it must not end the process; whoever asks next is told.
    client.on('error', (thrown) => log.verbose(`connection: ${describeError(thrown)}`))
    try {
      await connectUnlessAborted(client, signal)
      return client
    } catch (thrown) {
      if (signal.aborted) throw thrown
      const hasNoTls = thrown instanceof Error && thrown.message.includes('does not support SSL')
      if (hasNoTls && index + 1 < attempts.length) continue
      throw mapServerError(thrown, to)
    }
  }
  throw new EngineError('server.unreachable', `no connection to ${to.host}:${to.port}`)
}

async function prepare(
  client: pg.Client,
  to: ResolvedConnection,
  usualSignal: AbortSignal,
): Promise<Session> {
  const processId = (client as unknown as { processID: number }).processID
  const session: Session = {
    database: to.database,
    user: to.user,
    conninfo: conninfoText(to),
    async query(sql, parameters = [], { signal = usualSignal, timeoutMs = USUAL_STATEMENT_MS } = {}) {
      signal.throwIfAborted()
      const either = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
      const running = client.query(sql, [...parameters])
      const cancelled = Promise.withResolvers<never>()
      cancelled.promise.catch(() => undefined)
      const onAbort = (): void => {
        cancelBackend(to, client, processId)
        const timeout = new EngineError(
          'run.timeout',
          `the server did not answer within ${Math.round(timeoutMs / 1000)} s`,
          {
            hint: 'Look at pg_stat_activity for what it waits for.',
          },
        )
        cancelled.reject(signal.aborted ? signal.reason : timeout)
      }
      either.addEventListener('abort', onAbort, { once: true })
      try {
        return { rows: ((await Promise.race([running, cancelled.promise])) as pg.QueryResult<Row>).rows }
      } catch (thrown) {
        running.catch(() => undefined)
        throw signal.aborted ? signal.reason : mapServerError(thrown, to)
      } finally {
        either.removeEventListener('abort', onAbort)
      }
    },
    async [Symbol.asyncDispose]() {
      await closeClient(client)
    },
  }
  await session.query("select pg_catalog.set_config('search_path', '', false)")
  // Settings that this version does not have are left alone.
  await session.query(
    `select pg_catalog.set_config(name, '0', false) from pg_catalog.pg_settings
      where name in ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'idle_session_timeout', 'transaction_timeout')`,
  )
  await session.query(
    "select pg_catalog.set_config('datestyle', 'ISO, DMY', false), pg_catalog.set_config('client_min_messages', 'warning', false)",
  )
  return session
}

/**
 * Sends a cancel request over a connection of its own, as the protocol wants it. Nobody waits for an answer; a server that
 * does not close the connection is left after {@link CANCEL_REQUEST_MS}.
 */
function cancelBackend(to: ResolvedConnection, client: pg.Client, processId: number): void {
  const canceller = new pg.Client({
    host: to.host,
    port: to.port,
    user: to.user,
    database: to.database,
  }) as unknown as {
    connection: {
      readonly stream: { once(event: 'close', listener: () => void): void; destroy(): void }
      once(event: string, listener: () => void): void
      on(event: string, listener: () => void): void
      connect(port: number | string, host?: string): void
      cancel(processId: number, secretKey: unknown): void
    }
  }
  const { connection } = canceller
  connection.on('error', () => undefined)
  const limit = setTimeout(() => connection.stream.destroy(), CANCEL_REQUEST_MS)
  connection.stream.once('close', () => clearTimeout(limit))
  connection.once('connect', () =>
    connection.cancel(processId, (client as unknown as { secretKey: unknown }).secretKey),
  )
  if (to.host.startsWith('/')) connection.connect(`${to.host}/.s.PGSQL.${to.port}`)
  else connection.connect(to.port, to.host)
}

function tlsOptions({ sslMode, sslRootCert, host }: ResolvedConnection) {
  if (sslMode === 'disable' || host.startsWith('/')) return false
  const ca = sslRootCert === undefined ? {} : { ca: readRootCert(sslRootCert) }
  switch (sslMode) {
    case 'prefer':
    case 'require':
      return { rejectUnauthorized: false }
    case 'verify-ca':
      return { rejectUnauthorized: true, checkServerIdentity: () => undefined, ...ca }
    case 'verify-full':
      return { rejectUnauthorized: true, ...ca }
  }
}

function readRootCert(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (thrown) {
    throw mapFileError(thrown, file, 'read the root certificate')
  }
}

function sslModeOf(text: string | undefined): SslMode {
  switch (text) {
    case 'disable':
    case 'require':
    case 'verify-ca':
    case 'verify-full':
      return text
    default:
      return 'prefer'
  }
}

/** A value of a connection string: quoted where it must be. */
function word(value: string): string {
  return /^[^\s'\\]+$/.test(value) ? value : `'${value.replaceAll(/['\\]/g, String.raw`\$&`)}'`
}
