import { EngineError } from '../base/engine-error.ts'
import { readInstanceConfig } from '../catalog/instance.ts'
import { compareTables } from '../operations/compare-tables/compare.ts'
import type { PullRequest } from '../operations/pull-table/run.ts'
import { countTables, listDatabases, type TableCounts } from '../operations/steps/count-tables.ts'
import { type ConnectionSettings, openSession, type Session } from '../server/connection.ts'
import { connectionOf } from './connections.ts'
import type { EngineContext } from './context.ts'
import type { PullTableRequest, ScratchComparison } from './contract/scratch.ts'
import type { InstanceRef } from './contract/values.ts'
import type { KeptServer } from './scratch-servers.ts'

/** The live server of an instance, proved to be the one that it was registered for. */
type LiveServer = {
  connection(database?: string): ConnectionSettings
  databases: readonly string[]
}

async function openLive(context: EngineContext, ref: InstanceRef, signal: AbortSignal): Promise<LiveServer> {
  const config = readInstanceConfig(ref.catalog, ref.instance)
  const settings = await connectionOf(context, ref, config)
  const connection = (database?: string): ConnectionSettings =>
    database === undefined ? settings : { ...settings, database }
  await using session = await openSession(settings, { signal, log: context.log })
  await requireRegistered(session, config.values['system-identifier'])
  return { connection, databases: await listDatabases(session, signal) }
}

async function requireRegistered(session: Session, registered: string | undefined): Promise<void> {
  const { rows } = await session.query(
    'select system_identifier::text as id from pg_catalog.pg_control_system()',
  )
  const found = BigInt.asUintN(64, BigInt(String(rows[0]?.['id'])))
  if (registered === undefined || registered === String(found)) return
  throw new EngineError(
    'instance.identity-mismatch',
    `the server has the system identifier ${found}, the instance was registered for ${registered}`,
    { hint: 'Check host and port of the instance.' },
  )
}

/**
 * Counts the tables of a scratch server and of the live one, database after database.
 *
 * @throws {EngineError} `server.*`, `instance.identity-mismatch`
 */
export async function compareWithNow(
  context: EngineContext,
  { record, server }: KeptServer,
  call: { readonly database: string | undefined; readonly limitMs: number; readonly signal: AbortSignal },
): Promise<ScratchComparison> {
  const { signal, limitMs } = call
  const live = await openLive(context, record, signal)
  const isAsked = (name: string): boolean => call.database === undefined || name === call.database
  const then = record.databases.filter(isAsked)
  const now = live.databases.filter(isAsked)
  const both = then.filter((name) => now.includes(name))
  // Whatever was left of the time of a database is for those after it.
  const endMs = performance.now() + limitMs
  const all: { readonly past: TableCounts; readonly present: TableCounts; readonly database: string }[] = []
  for (const [index, database] of both.entries()) {
    const share = Math.max(0, endMs - performance.now()) / (both.length - index)
    const count = async (settings: ConnectionSettings): Promise<TableCounts> => {
      await using session = await openSession(settings, { signal, log: context.log })
      return await countTables(session, { limitMs: share, signal })
    }
    const [past, present] = await Promise.all([
      count(server.connection(database)),
      count(live.connection(database)),
    ])
    all.push({ database, past, present })
  }
  return {
    tables: all.flatMap((one) => compareTables(one.database, one.past, one.present)),
    onlyThen: then.filter((name) => !now.includes(name)),
    onlyNow: now.filter((name) => !then.includes(name)),
    isCut: all.some((one) => one.past.isCut || one.present.isCut),
  }
}

/** Both ends of pulling a table. */
export async function pullOf(
  context: EngineContext,
  { id, database, schema, table, toDatabase, toSchema, toTable }: PullTableRequest,
  signal: AbortSignal,
): Promise<PullRequest> {
  const { record, server } = context.scratch.require(id)
  const live = await openLive(context, record, signal)
  return {
    from: server.connection(database),
    table: { schema, name: table },
    to: live.connection(toDatabase ?? database),
    toTable: { schema: toSchema ?? schema, name: toTable ?? table },
  }
}
