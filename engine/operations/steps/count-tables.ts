import { EngineError } from '../../base/engine-error.ts'
import type { Session } from '../../server/connection.ts'

/** How many rows a table has. `isExact` is false where the server's estimate had to do. */
export type CountedTable = {
  readonly schema: string
  readonly name: string
  readonly rows: number
  readonly isExact: boolean
}

export type TableCounts = {
  readonly tables: readonly CountedTable[]
  /** Tables that the server could not read, with what it said. */
  readonly unreadable: readonly { readonly schema: string; readonly name: string; readonly message: string }[]
  /** There are more tables than are looked at. */
  readonly isCut: boolean
}

const MOST_TABLES = 10_000

/** Only permanent tables: others are empty, or not there, after a restore. A materialized view is one. */
const TABLES = `
  select n.nspname as schema, c.relname as name, greatest(c.reltuples, 0)::bigint::text as estimate
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'm') and c.relpersistence = 'p'
     and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
     and (c.relkind = 'r' or c.relispopulated)
   order by c.relpages, n.nspname, c.relname
   limit ${MOST_TABLES + 1}`

/**
 * Counts the rows of the user tables of a database, small tables first. Once `limitMs` have passed the estimates of the
 * server stand for what is left.
 *
 * @throws {EngineError} `server.*` when the list cannot be read, or the connection breaks
 */
export async function countTables(
  session: Session,
  { limitMs, signal }: { readonly limitMs: number; readonly signal: AbortSignal },
): Promise<TableCounts> {
  const endMs = performance.now() + limitMs
  const { rows: found } = await session.query(TABLES, [], { signal })
  const tables: CountedTable[] = []
  const unreadable: { schema: string; name: string; message: string }[] = []
  for (const row of found.slice(0, MOST_TABLES)) {
    const schema = String(row['schema'])
    const name = String(row['name'])
    const leftMs = endMs - performance.now()
    try {
      const rows = leftMs <= 0 ? undefined : await countRows(session, { schema, name }, leftMs, signal)
      tables.push({ schema, name, rows: rows ?? Number(row['estimate']), isExact: rows !== undefined })
    } catch (thrown) {
      signal.throwIfAborted()
      if (!(thrown instanceof EngineError) || !OF_ONE_TABLE.has(thrown.code)) throw thrown
      unreadable.push({ schema, name, message: thrown.message })
    }
  }
  return { tables, unreadable, isCut: found.length > MOST_TABLES }
}

const OF_ONE_TABLE: ReadonlySet<string> = new Set(['server.query-failed', 'server.denied'])

/** Undefined when the time is up. */
async function countRows(
  session: Session,
  { schema, name }: { readonly schema: string; readonly name: string },
  limitMs: number,
  signal: AbortSignal,
): Promise<number | undefined> {
  try {
    const { rows } = await session.query(
      `select pg_catalog.count(*)::text as rows from only ${quoteName(schema)}.${quoteName(name)}`,
      [],
      { signal, timeoutMs: Math.max(1, Math.ceil(limitMs)) },
    )
    return Number(rows[0]?.['rows'])
  } catch (thrown) {
    if (thrown instanceof EngineError && (thrown.code === 'run.timeout' || thrown.code === 'run.cancelled')) {
      signal.throwIfAborted()
      return undefined
    }
    throw thrown
  }
}

/** A name as SQL has it, always in quotes. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** Databases that take connections, without the templates. */
export async function listDatabases(session: Session, signal: AbortSignal): Promise<readonly string[]> {
  const { rows } = await session.query(
    'select datname from pg_catalog.pg_database where datallowconn and not datistemplate order by datname',
    [],
    { signal },
  )
  return rows.map(({ datname }) => String(datname))
}
