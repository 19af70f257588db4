import type pg from 'pg'
import { EngineError } from '../base/engine-error.ts'
import type { Log } from '../base/log.ts'
import { type ConnectionSettings, openDriverClient, resolveConnection } from './connection.ts'
import { breakOff, closeClient } from './driver-client.ts'
import { mapServerError } from './errors.ts'

/** A result as text, cut where it is too big to look at. */
export type QueryResult = {
  readonly columns: readonly string[]
  /** In the order of the columns; null for NULL. */
  readonly rows: readonly (readonly (string | null)[])[]
  /** There are more rows than were fetched. */
  readonly isCut: boolean
  /** Cells that were longer than allowed. */
  readonly cutCells: number
  readonly durationMs: number
}

export type QueryLimits = {
  readonly mostRows: number
  /** Characters of one cell. */
  readonly mostCellChars: number
  readonly timeoutMs: number
}

/** What of one result is kept at all, in characters. */
const MOST_CHARS = 8 << 20
const READING = new Set(['select', 'with', 'values', 'table', 'show', 'explain'])

/**
 * Runs one statement that reads, in a read-only transaction of a session of its own. This guards against mistakes: a
 * superuser who means harm finds functions for it. No more rows are fetched than are shown.
 *
 * @throws {EngineError} `value.malformed` for what does not read; `server.*`, also for what the statement does wrong;
 * `run.timeout`
 */
export async function queryReadOnly(
  settings: ConnectionSettings,
  sql: string,
  limits: QueryLimits,
  call: { readonly signal: AbortSignal; readonly log: Log },
): Promise<QueryResult> {
  requireReading(sql)
  const client = await openDriverClient(settings, call)
  const deadline = AbortSignal.timeout(limits.timeoutMs + FAREWELL_MS)
  const either = AbortSignal.any([call.signal, deadline])
  const onAbort = (): void => breakOff(client)
  either.addEventListener('abort', onAbort, { once: true })
  try {
    await client.query(`set statement_timeout = ${Math.ceil(limits.timeoutMs)}`)
    await client.query('begin transaction isolation level repeatable read read only')
    const startedMs = performance.now()
    const result = await fetchRows(client, sql, limits)
    return { ...result, durationMs: performance.now() - startedMs }
  } catch (thrown) {
    call.signal.throwIfAborted()
    const isLate =
      deadline.aborted || (thrown instanceof Error && 'code' in thrown && thrown.code === '57014')
    if (!isLate) throw mapServerError(thrown, resolveConnection(settings))
    const seconds = Math.round(limits.timeoutMs / 1000)
    throw new EngineError('run.timeout', `the statement was ended after ${seconds} s`, {
      hint: 'Ask for less, or allow more time.',
    })
  } finally {
    either.removeEventListener('abort', onAbort)
    await closeClient(client)
  }
}

/** So long a server may take to end a statement whose time is up. */
const FAREWELL_MS = 2000

/** @throws {EngineError} `value.malformed` */
export function requireReading(sql: string): void {
  const word = /^(?:\s|--[^\n]*(?:\n|$)|\/\*(?:[^*]|\*(?!\/))*\*\/|\()*([a-z]+)/i
    .exec(sql)?.[1]
    ?.toLowerCase()
  if (word !== undefined && READING.has(word)) return
  throw new EngineError(
    'value.malformed',
    `a statement that begins with "${word ?? sql.slice(0, 20)}" is not run here`,
    {
      hint: 'This session only reads: SELECT, WITH, VALUES, TABLE, SHOW and EXPLAIN.',
    },
  )
}

/** The part of the driver's protocol that its types leave out. */
type Wire = {
  parse(message: { text: string; name: string }, more?: boolean): void
  bind(message: { portal: string; statement: string; values: readonly never[] }, more?: boolean): void
  describe(message: { type: 'P'; name: string }, more?: boolean): void
  execute(message: { portal: string; rows: number }, more?: boolean): void
  sync(): void
  sendCopyFail(message: string): void
}

/** Source: PostgreSQL manual, "Message Flow", "Extended Query": one statement, and no more rows than asked for. */
function fetchRows(
  client: pg.Client,
  sql: string,
  { mostRows, mostCellChars }: QueryLimits,
): Promise<Omit<QueryResult, 'durationMs'>> {
  return new Promise((resolve, reject) => {
    let columns: readonly string[] = []
    const rows: (string | null)[][] = []
    let keptChars = 0
    let isCut = false
    let cutCells = 0
    let failure: unknown
    const onEnd = (): void => reject(new Error('Connection terminated'))
    client.once('end', onEnd)
    client.query({
      submit(wire: Wire) {
        wire.parse({ text: sql, name: '' }, true)
        wire.bind({ portal: '', statement: '', values: [] }, true)
        wire.describe({ type: 'P', name: '' }, true)
        wire.execute({ portal: '', rows: mostRows + 1 }, true)
        wire.sync()
      },
      handleRowDescription({ fields }: { readonly fields: readonly { readonly name: string }[] }) {
        columns = fields.map(({ name }) => name)
      },
      handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }) {
        if (rows.length >= mostRows || keptChars > MOST_CHARS) {
          isCut = true
          return
        }
        rows.push(
          fields.map((cell) => {
            if (cell === null || cell.length <= mostCellChars) {
              keptChars += cell?.length ?? 0
              return cell
            }
            cutCells++
            keptChars += mostCellChars
            return cell.slice(0, mostCellChars)
          }),
        )
      },
      handleCommandComplete: () => undefined,
      handleEmptyQuery: () => undefined,
      handlePortalSuspended() {
        isCut = true
      },
      handleCopyInResponse: (wire: Wire) => wire.sendCopyFail('only reading'),
      handleCopyData: () => undefined,
      handleError(thrown: Error) {
        failure ??= thrown
        settle()
      },
      handleReadyForQuery: () => settle(),
    } as never)
    const settle = (): void => {
      client.removeListener('end', onEnd)
      if (failure === undefined) resolve({ columns, rows, isCut, cutCells })
      else reject(failure as Error)
    }
  })
}
