import { EngineError } from '../../base/engine-error.ts'
import type { Log } from '../../base/log.ts'
import type { Run } from '../../base/run.ts'
import { type ConnectionSettings, openSession, type Session } from '../../server/connection.ts'
import { openTransaction } from '../../server/copy-table.ts'
import { describeTable, type TableDefinition } from './describe.ts'
import { type Destination, planPull, type PullPlan, wantedNames } from './plan.ts'

/** Which table goes where. */
export type PullRequest = {
  readonly from: ConnectionSettings
  readonly table: { readonly schema: string; readonly name: string }
  readonly to: ConnectionSettings
  readonly toTable: { readonly schema: string; readonly name: string }
}

export type PulledTable = { readonly rows: number; readonly copiedBytes: number }

/**
 * Looks at both ends, and says what would be done.
 *
 * @throws {EngineError} `value.malformed` when there is no such table; `server.*`
 */
export async function readPullPlan(
  { from, table, to, toTable }: PullRequest,
  call: { readonly signal: AbortSignal; readonly log: Log },
): Promise<PullPlan> {
  let definition: TableDefinition
  {
    await using source = await openSession(from, call)
    definition = await describeTable(source, table)
  }
  await using target = await openSession(to, call)
  return planPull(definition, await readDestination(target, definition, toTable))
}

async function readDestination(
  session: Session,
  definition: TableDefinition,
  { schema, name }: { readonly schema: string; readonly name: string },
): Promise<Destination> {
  const [row = {}] = (
    await session.query(
      `select current_user::text as role, pg_catalog.pg_is_in_recovery() as recovering, n.oid is not null as has_schema,
              n.oid is not null and pg_catalog.has_schema_privilege(n.oid, 'CREATE') as may_create,
              array(select relname::text from pg_catalog.pg_class where relnamespace = n.oid and relname::text = any ($2)) as taken,
              array(select typname::text from pg_catalog.pg_type where typnamespace = n.oid and typname::text = $4) as taken_types,
              array(select type from pg_catalog.unnest($3::text[]) type where pg_catalog.to_regtype(type) is null) as missing
         from (values (1)) as one (n) left join pg_catalog.pg_namespace n on n.nspname = $1`,
      [schema, wantedNames(definition, name), [...new Set(definition.columns.map(({ type }) => type))], name],
    )
  ).rows
  return {
    database: session.database,
    schema,
    name,
    role: String(row['role']),
    isInRecovery: row['recovering'] === true,
    hasSchema: row['has_schema'] === true,
    mayCreate: row['may_create'] === true,
    takenNames: [...textsOf(row['taken']), ...textsOf(row['taken_types'])],
    missingTypes: textsOf(row['missing']),
  }
}

/**
 * Makes the table in the destination and copies its rows, in one transaction: what ends it before its end leaves
 * nothing.
 *
 * @throws {EngineError} `plan.refused` when something stands against it; `server.*`
 */
export async function pullTable(request: PullRequest, run: Run): Promise<PulledTable> {
  const plan = await readPullPlan(request, run)
  const [blocker] = plan.blockers
  if (blocker !== undefined) {
    throw new EngineError(
      'plan.refused',
      `the table cannot be put there: ${blocker.code} (${Object.values(blocker.values).join(', ')})`,
      { hint: 'Nothing was changed. Choose another name, schema or database.' },
    )
  }
  run.log.info(`making ${plan.schema}.${plan.name} in "${plan.database}"`)
  for (const { code, count } of plan.leftBehind) run.log.warning(`left behind: ${code} (${count})`)
  let copiedBytes = 0
  const report = (): void =>
    run.report({
      phase: 'copy-table',
      doneBytes: copiedBytes,
      totalBytes: undefined,
      doneFiles: 0,
      totalFiles: undefined,
      currentFiles: [`${plan.schema}.${plan.name}`],
    })
  report()
  await using transaction = await openTransaction(request.to, run)
  for (const sql of plan.before) await transaction.run(sql)
  const source = { settings: request.from, sql: plan.copyOut, into: plan.copyIn }
  const rows = await transaction.copyFrom(source, (bytes) => {
    copiedBytes += bytes
    report()
  })
  for (const sql of plan.after) {
    run.log.verbose(sql)
    await transaction.run(sql)
  }
  await transaction.commit()
  run.log.info(`${rows} rows are in ${plan.schema}.${plan.name} of "${plan.database}"`)
  return { rows, copiedBytes }
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : []
}
