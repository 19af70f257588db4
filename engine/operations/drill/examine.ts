import { type DrillCheck, type DrillNote, drillNote } from '../../base/drill-notes.ts'
import { EngineError } from '../../base/engine-error.ts'
import type { Run } from '../../base/run.ts'
import { parseRecoveryLog } from '../../format/recovery-log.ts'
import type { Session } from '../../server/connection.ts'
import { queryReadOnly, type QueryResult } from '../../server/read-only-query.ts'
import type { ScratchServer } from '../../server/scratch-server.ts'
import { countTables, listDatabases, quoteName } from '../steps/count-tables.ts'
import { compareCounts, type RowCount } from './compare-counts.ts'

/** SQL of the user, with what it is to give: rows as lines, cells joined by `|`. */
export type SqlCheck = {
  readonly database: string
  readonly sql: string
  /** Undefined: that it does not fail is enough. */
  readonly expected?: string | undefined
}

export type Examination = {
  readonly sqlChecks: readonly SqlCheck[]
  /** What an earlier drill counted; undefined when there was none. */
  readonly expectedCounts: readonly RowCount[] | undefined
  /** By so much a count may differ. */
  readonly tolerancePercent: number
  /** Whether every index is checked that the extension knows. */
  readonly checksIndexes: boolean
  /** No check takes longer. */
  readonly checkLimitMs: number
}

export type Examined = { readonly checks: readonly DrillCheck[]; readonly counts: readonly RowCount[] }

const MOST_SQL_ROWS = 1000
const MOST_SHOWN_CHARS = 300

/** Reading them whole finds a catalog that a database could be connected to without. */
const CATALOGS = [
  'pg_class',
  'pg_attribute',
  'pg_type',
  'pg_proc',
  'pg_index',
  'pg_constraint',
  'pg_namespace',
  'pg_depend',
  'pg_statistic',
]

/**
 * Looks at a restored server whose recovery went no further. What is wrong is a value; a check that takes too long has
 * failed.
 *
 * @throws only when the signal fires, or for a mistake of ours
 */
export async function examineServer(
  server: ScratchServer,
  examination: Examination,
  run: Run,
): Promise<Examined> {
  const checks: DrillCheck[] = []
  const counts: RowCount[] = []
  const look = async (
    check: DrillNote['check'],
    body: (signal: AbortSignal) => Promise<readonly DrillNote[]>,
  ): Promise<void> => {
    checks.push(...(await timedCheck(check, examination.checkLimitMs, run, body)))
    report(run, checks.length)
  }
  report(run, 0)
  let databases: readonly string[] = []
  await look('databases', async (signal) => {
    await using session = await server.session('postgres', { signal })
    databases = await listDatabases(session, signal)
    return databases.length > 0 ? [] : [drillNote('databases', 'failed', 'databases-none')]
  })
  for (const database of databases) {
    await look('databases', (signal) => readCatalog(server, database, signal))
    await look('tables', async (signal) => {
      const read = await readTables(server, database, examination.checkLimitMs, signal)
      counts.push(...read.counts)
      return read.notes
    })
    if (examination.checksIndexes)
      await look('amcheck', (signal) => checkIndexes(server, database, examination.checkLimitMs, signal))
  }
  await look('row-counts', async () => compareCounts(counts, examination))
  for (const sqlCheck of examination.sqlChecks)
    await look('sql', (signal) => checkSql(server, sqlCheck, { ...examination, run, signal }))
  await look('log', async () => {
    const { fatal } = parseRecoveryLog(await server.readLog())
    return [
      fatal === undefined
        ? drillNote('log', 'passed', 'log-clean')
        : drillNote('log', 'failed', 'log-fatal', { message: fatal }),
    ]
  })
  return { checks, counts }
}

/** Runs a check within its limit. The time belongs to the first note that came of it. */
export async function timedCheck(
  check: DrillNote['check'],
  limitMs: number,
  run: Pick<Run, 'signal' | 'log'>,
  body: (signal: AbortSignal) => Promise<readonly DrillNote[]>,
): Promise<readonly DrillCheck[]> {
  run.signal.throwIfAborted()
  const startedMs = performance.now()
  const deadline = AbortSignal.timeout(limitMs)
  let notes: readonly DrillNote[]
  try {
    notes = await body(AbortSignal.any([run.signal, deadline]))
  } catch (thrown) {
    run.signal.throwIfAborted()
    if (deadline.aborted || (thrown instanceof EngineError && thrown.code === 'run.timeout')) {
      notes = [drillNote(check, 'failed', 'too-slow', { seconds: Math.round(limitMs / 1000) })]
    } else if (thrown instanceof EngineError && thrown.code.startsWith('server.')) {
      notes = [drillNote(check, 'failed', 'database-unreadable', { database: '', message: thrown.message })]
    } else throw thrown
  }
  const durationMs = Math.round(performance.now() - startedMs)
  return notes.map((note, index) => ({ ...note, durationMs: index === 0 ? durationMs : 0 }))
}

async function readCatalog(
  server: ScratchServer,
  database: string,
  signal: AbortSignal,
): Promise<readonly DrillNote[]> {
  try {
    await using session = await server.session(database, { signal })
    await session.query('select 1')
    for (const catalog of CATALOGS)
      await session.query(`select pg_catalog.sum(pg_catalog.length(c::text)) from pg_catalog.${catalog} c`)
    return [drillNote('databases', 'passed', 'database-readable', { database })]
  } catch (thrown) {
    return [
      drillNote('databases', 'failed', 'database-unreadable', {
        database,
        message: messageOf(thrown, signal),
      }),
    ]
  }
}

async function readTables(
  server: ScratchServer,
  database: string,
  limitMs: number,
  signal: AbortSignal,
): Promise<{ readonly notes: readonly DrillNote[]; readonly counts: readonly RowCount[] }> {
  await using session = await server.session(database, { signal })
  // A little less than the check, so that what was counted is not lost.
  const { tables, unreadable } = await countTables(session, { limitMs: limitMs * 0.9, signal })
  const exact = tables.filter(({ isExact }) => isExact)
  const counts = exact.map(({ schema, name, rows }) => ({ database, schema, name, rows }))
  const bad = unreadable.map(({ schema, name, message }) =>
    drillNote('tables', 'failed', 'table-unreadable', { table: `${schema}.${name}`, database, message }),
  )
  const left = tables.length - exact.length
  const rows = exact.reduce((sum, table) => sum + table.rows, 0)
  const values = { database, tables: exact.length, rows, left }
  const good =
    left === 0
      ? drillNote('tables', 'passed', 'tables-counted', values)
      : drillNote('tables', 'skipped', 'tables-partly', values)
  return { notes: [good, ...bad], counts }
}

/** Source: PostgreSQL manual, "amcheck": `bt_index_check` needs no more than reading. */
const INDEXES = `
  select c.oid::regclass::text as name, c.oid::text as oid
    from pg_catalog.pg_class c join pg_catalog.pg_index i on i.indexrelid = c.oid
    join pg_catalog.pg_am a on a.oid = c.relam
   where a.amname = 'btree' and c.relpersistence = 'p' and i.indisready and i.indisvalid and c.relkind = 'i'
   order by c.relpages`

async function checkIndexes(
  server: ScratchServer,
  database: string,
  limitMs: number,
  signal: AbortSignal,
): Promise<readonly DrillNote[]> {
  await using session = await server.session(database, { signal })
  const { rows: extension } = await session.query(
    `select n.nspname as schema from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid = e.extnamespace
      where e.extname = 'amcheck'`,
  )
  const schema = extension[0]?.['schema']
  if (schema === undefined) return [drillNote('amcheck', 'skipped', 'amcheck-missing', { database })]
  const endMs = performance.now() + limitMs * 0.9
  const { rows: indexes } = await session.query(INDEXES)
  const bad: DrillNote[] = []
  let count = 0
  for (const { name, oid } of indexes) {
    const timeoutMs = Math.floor(endMs - performance.now())
    if (timeoutMs <= 0) break
    const found = await checkIndex(session, String(schema), String(oid), timeoutMs, signal)
    if (found === 'late') break
    if (found !== undefined)
      bad.push(
        drillNote('amcheck', 'failed', 'index-damaged', { index: String(name), database, message: found }),
      )
    count++
  }
  const left = indexes.length - count
  const values = { database, count, left }
  const sum =
    left === 0
      ? drillNote('amcheck', 'passed', 'indexes-sound', values)
      : drillNote('amcheck', 'skipped', 'indexes-partly', values)
  return bad.length > 0 ? bad : [sum]
}

async function checkIndex(
  session: Session,
  schema: string,
  oid: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    await session.query(`select ${quoteName(schema)}.bt_index_check(${oid}::regclass, true)`, [], {
      timeoutMs,
    })
    return undefined
  } catch (thrown) {
    signal.throwIfAborted()
    if (thrown instanceof EngineError && thrown.code === 'run.timeout') return 'late'
    return messageOf(thrown, signal)
  }
}

async function checkSql(
  server: ScratchServer,
  { database, sql, expected }: SqlCheck,
  {
    checkLimitMs,
    run,
    signal,
  }: Pick<Examination, 'checkLimitMs'> & { readonly run: Run; readonly signal: AbortSignal },
): Promise<readonly DrillNote[]> {
  const shown = cut(sql)
  try {
    const limits = { mostRows: MOST_SQL_ROWS, mostCellChars: 10_000, timeoutMs: checkLimitMs }
    const result = await queryReadOnly(server.connection(database), sql, limits, { signal, log: run.log })
    const found = resultText(result)
    if (expected === undefined || found === expected.trim())
      return [drillNote('sql', 'passed', 'sql-as-expected', { database, sql: shown })]
    return [
      drillNote('sql', 'failed', 'sql-differs', {
        database,
        sql: shown,
        found: quoted(found),
        expected: quoted(expected.trim()),
      }),
    ]
  } catch (thrown) {
    return [
      drillNote('sql', 'failed', 'sql-failed', { database, sql: shown, message: messageOf(thrown, signal) }),
    ]
  }
}

/** As `psql -At` prints it. */
function resultText({ rows }: QueryResult): string {
  return rows
    .map((row) => row.map((cell) => cell ?? '').join('|'))
    .join('\n')
    .trim()
}

function quoted(text: string): string {
  return `"${cut(text)}"`
}

function cut(text: string): string {
  return text.length <= MOST_SHOWN_CHARS ? text : `${text.slice(0, MOST_SHOWN_CHARS)}…`
}

/** @throws what is not about the server, and the reason of a signal that has fired */
function messageOf(thrown: unknown, signal: AbortSignal): string {
  signal.throwIfAborted()
  if (thrown instanceof EngineError) return thrown.message
  throw thrown
}

function report(run: Run, doneFiles: number): void {
  run.report({
    phase: 'check-data',
    doneBytes: 0,
    totalBytes: undefined,
    doneFiles,
    totalFiles: undefined,
    currentFiles: [],
  })
}
