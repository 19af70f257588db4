import type pg from 'pg'
import { EngineError } from '../base/engine-error.ts'
import { type ConnectionSettings, openDriverClient, resolveConnection } from './connection.ts'
import { breakOff, closeClient } from './driver-client.ts'
import { mapServerError } from './errors.ts'
import type { Log } from '../base/log.ts'

/** One transaction on a server, into which a table may be copied. */
export type Transaction = AsyncDisposable & {
  run(sql: string): Promise<void>
  /** Rows of a COPY on another server; both must name the same columns. @returns how many */
  copyFrom(source: CopySource, onBytes: (bytes: number) => void): Promise<number>
  /** Without it everything is undone. */
  commit(): Promise<void>
}

/** `copy (…) to stdout` on a connection. */
export type CopySource = {
  readonly settings: ConnectionSettings
  readonly sql: string
  readonly into: string
}

/** What is on its way to a server that reads slowly, in bytes. */
const MOST_WAITING_BYTES = 4 << 20

/**
 * Opens a transaction. A signal that fires breaks the connection off, at which the server undoes everything.
 *
 * @throws {EngineError} `server.*`; nothing has changed then
 */
export async function openTransaction(
  settings: ConnectionSettings,
  call: { readonly signal: AbortSignal; readonly log: Log },
): Promise<Transaction> {
  const { signal } = call
  const client = await openDriverClient(settings, call)
  const onAbort = (): void => breakOff(client)
  signal.addEventListener('abort', onAbort, { once: true })
  const guarded = async <Value>(body: () => Promise<Value>): Promise<Value> => {
    signal.throwIfAborted()
    try {
      return await body()
    } catch (thrown) {
      signal.throwIfAborted()
      throw mapServerError(thrown, resolveConnection(settings))
    }
  }
  const opened: Transaction = {
    run: (sql) => guarded(async () => void (await client.query(sql))),
    copyFrom: (source, onBytes) => guarded(() => pipe(source, client, { ...call, onBytes })),
    commit: () => guarded(async () => void (await client.query('commit'))),
    async [Symbol.asyncDispose]() {
      signal.removeEventListener('abort', onAbort)
      await closeClient(client)
    },
  }
  try {
    // A server that builds an index would learn only at its end that nobody waits for it any more; not all have this.
    await client.query('set client_connection_check_interval = 1000').catch(() => undefined)
    await opened.run(`set search_path = ''; set client_min_messages = warning; set datestyle = 'ISO, DMY'`)
    await opened.run('begin')
    return opened
  } catch (thrown) {
    await opened[Symbol.asyncDispose]()
    throw thrown
  }
}

/** The part of the driver's connection that its types leave out. */
type Wire = {
  readonly stream: {
    readonly writableLength: number
    pause(): void
    resume(): void
    once(event: 'drain', listener: () => void): void
  }
  query(text: string): void
  sendCopyFromChunk(bytes: Buffer): void
  endCopyFrom(): void
  sendCopyFail(message: string): void
}

type Piping = {
  readonly signal: AbortSignal
  readonly log: Log
  readonly onBytes: (bytes: number) => void
}

/** Source: PostgreSQL manual, "COPY Operations" of the message flow. */
async function pipe(source: CopySource, target: pg.Client, { onBytes, ...call }: Piping): Promise<number> {
  const from = await openDriverClient(source.settings, call)
  const onAbort = (): void => breakOff(from)
  call.signal.addEventListener('abort', onAbort, { once: true })
  try {
    await from.query(`set search_path = ''`)
    await from.query(`set datestyle = 'ISO, DMY'`)
    const taking = startTaking(target, source.into)
    await Promise.race([taking.ready, taking.ended])
    let giving: number
    try {
      giving = await Promise.race([give(from, source.sql, taking.wire(), onBytes), failureOf(taking.ended)])
    } catch (thrown) {
      taking.wire().sendCopyFail('the source failed')
      await taking.ended.catch(() => undefined)
      throw thrown instanceof EngineError
        ? thrown
        : mapServerError(thrown, resolveConnection(source.settings))
    }
    taking.wire().endCopyFrom()
    const taken = await taking.ended
    if (taken === giving) return taken
    throw new EngineError('server.query-failed', `${giving} rows were sent, and ${taken} were taken`)
  } finally {
    call.signal.removeEventListener('abort', onAbort)
    await closeClient(from)
  }
}

function failureOf(ended: Promise<number>): Promise<never> {
  return ended.then(() => {
    throw new EngineError('server.connection-lost', 'the server ended the copying early')
  })
}

type Taking = {
  /** Resolved when the server wants data. */
  readonly ready: Promise<void>
  readonly ended: Promise<number>
  wire(): Wire
}

function startTaking(client: pg.Client, sql: string): Taking {
  const { wire, done, submittable } = copying(client, sql)
  const ready = Promise.withResolvers<void>()
  client.query({ ...submittable, handleCopyInResponse: () => ready.resolve() } as never)
  done.catch(() => undefined)
  return { ready: ready.promise, ended: done, wire: () => wire }
}

function give(client: pg.Client, sql: string, to: Wire, onBytes: (bytes: number) => void): Promise<number> {
  const { wire, done, submittable } = copying(client, sql)
  let isPaused = false
  client.query({
    ...submittable,
    handleCopyData({ chunk }: { readonly chunk: Buffer }) {
      to.sendCopyFromChunk(chunk)
      onBytes(chunk.length)
      if (isPaused || to.stream.writableLength < MOST_WAITING_BYTES) return
      isPaused = true
      wire.stream.pause()
      to.stream.once('drain', () => {
        isPaused = false
        wire.stream.resume()
      })
    },
  } as never)
  return done
}

/** One COPY statement, which ends with its number of rows. */
function copying(client: pg.Client, sql: string) {
  const { connection: wire } = client as unknown as { readonly connection: Wire }
  const { promise: done, resolve, reject } = Promise.withResolvers<number>()
  let rows = 0
  const onEnd = (): void => reject(new Error('Connection terminated'))
  client.once('end', onEnd)
  const leave = (): void => void client.removeListener('end', onEnd)
  const submittable = {
    submit: (to: Wire) => to.query(sql),
    handleRowDescription: () => undefined,
    handleDataRow: () => undefined,
    handleCommandComplete({ text }: { readonly text: string }) {
      rows = Number(/^COPY (\d+)/.exec(text)?.[1] ?? 0)
    },
    handleEmptyQuery: () => undefined,
    handlePortalSuspended: () => undefined,
    handleCopyInResponse: () => undefined,
    handleCopyData: () => undefined,
    handleError(thrown: Error) {
      leave()
      reject(thrown)
    },
    handleReadyForQuery() {
      leave()
      resolve(rows)
    },
  }
  return { wire, done, submittable }
}
