import { quoteName } from '../steps/count-tables.ts'
import type { LeftBehind, OwnedSequence, TableColumn, TableDefinition } from './describe.ts'

/** What the destination was asked. */
export type Destination = {
  readonly database: string
  readonly schema: string
  /** The name that the table gets. */
  readonly name: string
  readonly role: string
  readonly isInRecovery: boolean
  readonly hasSchema: boolean
  readonly mayCreate: boolean
  /** Names in the schema that are taken, of those that are needed. */
  readonly takenNames: readonly string[]
  /** Types of the columns that the database does not have. */
  readonly missingTypes: readonly string[]
}

/** Why a table cannot be pulled there. */
export type PullBlocker = {
  readonly code: 'exists' | 'schema-missing' | 'denied' | 'type-missing' | 'standby'
  readonly values: Readonly<Record<string, string>>
}

/** What pulling a table does, before anything is done. */
export type PullPlan = {
  readonly database: string
  readonly schema: string
  readonly name: string
  readonly estimatedRows: number
  readonly sizeBytes: number
  readonly blockers: readonly PullBlocker[]
  readonly leftBehind: readonly LeftBehind[]
  /** In the order of running; the rows go between the first and the second list. */
  readonly before: readonly string[]
  readonly after: readonly string[]
  /** The rows, for COPY on both sides. */
  readonly copyOut: string
  readonly copyIn: string
}

const LONGEST_NAME_BYTES = 63

/** Names that the plan may want to give in the schema of the destination. */
export function wantedNames(
  { constraints, indexes, columns }: TableDefinition,
  name: string,
): readonly string[] {
  const sequences = columns.flatMap(({ sequence }) => (sequence === undefined ? [] : [sequence.name]))
  return [name, ...constraints.map((one) => one.name), ...indexes.map((one) => one.name), ...sequences]
}

/** Decides how a table is made anew in another place, and what stands against it. Pure. */
export function planPull(table: TableDefinition, to: Destination): PullPlan {
  const place = `${quoteName(to.schema)}.${quoteName(to.name)}`
  const taken = new Set(to.takenNames)
  const exists = taken.has(to.name)
  const claim = (name: string): string | undefined => {
    if (taken.has(name)) return undefined
    taken.add(name)
    return name
  }
  claim(to.name)
  const sequences = new Map<string, string>()
  for (const { name, sequence, identity } of table.columns) {
    if (sequence === undefined || identity !== undefined) continue
    const own = claim(sequence.name) ?? freeName(`${to.name}_${name}_seq`, taken)
    taken.add(own)
    sequences.set(name, `${quoteName(to.schema)}.${quoteName(own)}`)
  }
  const columns = table.columns.map((column) => columnText(column, sequences.get(column.name)))
  const filled = table.columns.filter(({ generated }) => generated === undefined)
  const names = filled.map(({ name }) => quoteName(name)).join(', ')
  const from = `${table.isPartitioned ? '' : 'only '}${quoteName(table.schema)}.${quoteName(table.name)}`
  const owner: readonly LeftBehind[] = table.owner === to.role ? [] : [{ code: 'owner', count: 1 }]
  return {
    database: to.database,
    schema: to.schema,
    name: to.name,
    estimatedRows: table.estimatedRows,
    sizeBytes: table.sizeBytes,
    blockers: blockersOf(to, exists),
    leftBehind: [...table.leftBehind, ...owner],
    before: [
      ...table.columns.flatMap(({ name, sequence }) => {
        const own = sequences.get(name)
        return own === undefined || sequence === undefined
          ? []
          : [`create sequence ${own} as ${sequence.type} ${sequenceOptions(sequence)}`]
      }),
      `create table ${place} (\n  ${columns.join(',\n  ')}\n)`,
    ],
    copyOut: `copy (select ${names} from ${from}) to stdout`,
    copyIn: `copy ${place} (${names}) from stdin`,
    after: [
      ...table.constraints.map(({ name, definition }) => {
        const named = claim(name)
        return `alter table ${place} add ${named === undefined ? '' : `constraint ${quoteName(named)} `}${definition}`
      }),
      ...table.indexes.map(({ name, isUnique, method }) => {
        const named = claim(name)
        return `create ${isUnique ? 'unique ' : ''}index ${named === undefined ? '' : `${quoteName(named)} `}on ${place} using ${method}`
      }),
      ...table.columns.flatMap((column) => sequenceSettings(column, place, sequences.get(column.name))),
    ],
  }
}

function blockersOf(to: Destination, exists: boolean): readonly PullBlocker[] {
  const { database, schema, name, role } = to
  if (to.isInRecovery) return [{ code: 'standby', values: { database } }]
  if (!to.hasSchema) return [{ code: 'schema-missing', values: { schema, database } }]
  return [
    ...(exists ? [{ code: 'exists', values: { table: `${schema}.${name}`, database } } as const] : []),
    ...(to.mayCreate ? [] : [{ code: 'denied', values: { role, schema } } as const]),
    ...to.missingTypes.map((type) => ({ code: 'type-missing', values: { type, database } }) as const),
  ]
}

function columnText(column: TableColumn, sequence: string | undefined): string {
  const { name, type, isNotNull, expression, generated, identity, collation } = column
  const collate =
    collation === undefined ? [] : [`collate ${quoteName(collation.schema)}.${quoteName(collation.name)}`]
  const value =
    generated !== undefined
      ? [`generated always as (${expression}) ${generated}`]
      : identity !== undefined
        ? [`generated ${identity} as identity${identityOptions(column)}`]
        : sequence !== undefined
          ? [`default nextval(${quoteText(sequence)}::regclass)`]
          : expression !== undefined
            ? [`default ${expression}`]
            : []
  return [quoteName(name), type, ...collate, ...value, ...(isNotNull ? ['not null'] : [])].join(' ')
}

function identityOptions({ sequence }: TableColumn): string {
  return sequence === undefined ? '' : ` (${sequenceOptions(sequence)})`
}

function sequenceOptions({ start, increment, min, max, cache, isCycling }: OwnedSequence): string {
  return `increment by ${increment} minvalue ${min} maxvalue ${max} start with ${start} cache ${cache}${isCycling ? ' cycle' : ''}`
}

/** Numbers go on where they were. */
function sequenceSettings(
  { name, sequence, identity }: TableColumn,
  place: string,
  own: string | undefined,
): readonly string[] {
  if (sequence === undefined) return []
  const state = `${sequence.lastValue}, ${sequence.isCalled}`
  if (identity !== undefined)
    return [
      `select pg_catalog.setval(pg_catalog.pg_get_serial_sequence(${quoteText(place)}, ${quoteText(name)}), ${state})`,
    ]
  if (own === undefined) return []
  return [
    `alter sequence ${own} owned by ${place}.${quoteName(name)}`,
    `select pg_catalog.setval(${quoteText(own)}, ${state})`,
  ]
}

function freeName(wanted: string, taken: ReadonlySet<string>): string {
  for (let number = 0; ; number++) {
    const ending = number === 0 ? '' : `_${number}`
    let name = wanted
    while (Buffer.byteLength(name + ending) > LONGEST_NAME_BYTES) name = name.slice(0, -1)
    if (!taken.has(name + ending)) return name + ending
  }
}

/** A text as SQL has it, whatever `standard_conforming_strings` is. */
function quoteText(text: string): string {
  const doubled = text.replaceAll("'", "''")
  return text.includes('\\') ? `E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`
}
