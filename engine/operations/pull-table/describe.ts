import { EngineError } from '../../base/engine-error.ts'
import type { Row, Session } from '../../server/connection.ts'
import { quoteName } from '../steps/count-tables.ts'

/** A sequence that belongs to a column. */
export type OwnedSequence = {
  readonly name: string
  readonly type: string
  readonly start: string
  readonly increment: string
  readonly min: string
  readonly max: string
  readonly cache: string
  readonly isCycling: boolean
  readonly lastValue: string
  readonly isCalled: boolean
}

export type TableColumn = {
  readonly name: string
  readonly type: string
  readonly isNotNull: boolean
  /** Of a generated column its expression. */
  readonly expression: string | undefined
  readonly generated: 'stored' | 'virtual' | undefined
  readonly identity: 'always' | 'by default' | undefined
  /** Undefined for the one of the type. */
  readonly collation: { readonly schema: string; readonly name: string } | undefined
  readonly sequence: OwnedSequence | undefined
}

/** What of a table is not taken along, and how many there are; 1 for what is there or not. */
export type LeftBehind = {
  readonly code:
    | 'triggers'
    | 'foreign-keys'
    | 'referencing-keys'
    | 'rules'
    | 'policies'
    | 'grants'
    | 'comments'
    | 'statistics'
    | 'partitioning'
    | 'inheritance'
    | 'storage-options'
    | 'owner'
    | 'indexes'
  readonly count: number
}

/** A table as its server describes it. */
export type TableDefinition = {
  readonly schema: string
  readonly name: string
  readonly isPartitioned: boolean
  readonly owner: string
  readonly estimatedRows: number
  readonly sizeBytes: number
  readonly columns: readonly TableColumn[]
  /** Primary key, unique, check and exclusion, in this order. */
  readonly constraints: readonly { readonly name: string; readonly definition: string }[]
  /** `method` is what comes after USING. */
  readonly indexes: readonly { readonly name: string; readonly isUnique: boolean; readonly method: string }[]
  readonly leftBehind: readonly LeftBehind[]
}

const TABLE = `
  select c.oid::text as oid, c.relkind as kind, pg_catalog.pg_get_userbyid(c.relowner) as owner,
         greatest(c.reltuples, 0)::bigint::text as rows, pg_catalog.pg_table_size(c.oid)::text as bytes,
         (select count(*) from pg_catalog.pg_trigger where tgrelid = c.oid and not tgisinternal)::int as triggers,
         (select count(*) from pg_catalog.pg_constraint where conrelid = c.oid and contype = 'f')::int as foreign_keys,
         (select count(*) from pg_catalog.pg_constraint where confrelid = c.oid and contype = 'f' and conrelid <> c.oid)::int as referencing_keys,
         (select count(*) from pg_catalog.pg_rewrite where ev_class = c.oid)::int as rules,
         (select count(*) from pg_catalog.pg_policy where polrelid = c.oid)::int as policies,
         (c.relacl is not null)::int as grants,
         (select count(*) from pg_catalog.pg_description where classoid = 'pg_catalog.pg_class'::pg_catalog.regclass and objoid = c.oid)::int as comments,
         (select count(*) from pg_catalog.pg_statistic_ext where stxrelid = c.oid)::int as statistics,
         (c.relkind = 'p' or c.relispartition)::int as partitioning,
         (not c.relispartition and exists (select from pg_catalog.pg_inherits where inhrelid = c.oid))::int as inheritance,
         (c.reloptions is not null)::int as storage_options
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'p')`

const COLUMNS = `
  select a.attnum, a.attname as name, pg_catalog.format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as not_null,
         pg_catalog.pg_get_expr(d.adbin, d.adrelid) as expression, a.attgenerated as generated, a.attidentity as identity,
         case when a.attcollation <> t.typcollation then cn.nspname end as collation_schema,
         case when a.attcollation <> t.typcollation then co.collname end as collation_name
    from pg_catalog.pg_attribute a join pg_catalog.pg_type t on t.oid = a.atttypid
    left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    left join pg_catalog.pg_collation co on co.oid = a.attcollation
    left join pg_catalog.pg_namespace cn on cn.oid = co.collnamespace
   where a.attrelid = $1::oid and a.attnum > 0 and not a.attisdropped order by a.attnum`

const SEQUENCES = `
  select d.refobjsubid as attnum, n.nspname as schema, c.relname as name, pg_catalog.format_type(s.seqtypid, null) as type,
         s.seqstart::text as start, s.seqincrement::text as increment, s.seqmin::text as min, s.seqmax::text as max,
         s.seqcache::text as cache, s.seqcycle as cycle
    from pg_catalog.pg_depend d join pg_catalog.pg_class c on c.oid = d.objid and c.relkind = 'S'
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace join pg_catalog.pg_sequence s on s.seqrelid = c.oid
   where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
     and d.refobjid = $1::oid and d.refobjsubid > 0 and d.deptype in ('a', 'i')`

const CONSTRAINTS = `
  select conname as name, pg_catalog.pg_get_constraintdef(oid) as definition
    from pg_catalog.pg_constraint where conrelid = $1::oid and contype in ('p', 'u', 'c', 'x')
   order by pg_catalog.strpos('pucx', contype::text), conname`

const INDEXES = `
  select c.relname as name, i.indisunique as is_unique, pg_catalog.pg_get_indexdef(i.indexrelid) as definition,
         pg_catalog.format('CREATE %sINDEX %I ON %s%I.%I USING ', case when i.indisunique then 'UNIQUE ' end, c.relname,
           case when t.relkind = 'p' then 'ONLY ' end, n.nspname, t.relname) as head
    from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid
    join pg_catalog.pg_class t on t.oid = i.indrelid join pg_catalog.pg_namespace n on n.oid = t.relnamespace
   where i.indrelid = $1::oid and i.indisvalid
     and not exists (select from pg_catalog.pg_constraint k where k.conindid = i.indexrelid and k.conrelid = i.indrelid and k.contype in ('p', 'u', 'x'))
   order by c.relname`

/**
 * Reads how a table is made. The session must have an empty `search_path`, so that every name comes with its schema.
 *
 * @throws {EngineError} `value.malformed` when there is no such table
 */
export async function describeTable(
  session: Session,
  { schema, name }: { readonly schema: string; readonly name: string },
): Promise<TableDefinition> {
  const [table] = (await session.query(TABLE, [schema, name])).rows
  if (table === undefined) {
    throw new EngineError('value.malformed', `there is no table ${schema}.${name} in "${session.database}"`, {
      hint: 'Look at the list of tables of the scratch server; views and foreign tables have no rows of their own.',
    })
  }
  const oid = String(table['oid'])
  const sequences = await readSequences(session, oid)
  const columns = (await session.query(COLUMNS, [oid])).rows.map((row) =>
    columnOf(row, sequences.get(Number(row['attnum']))),
  )
  const constraints = (await session.query(CONSTRAINTS, [oid])).rows.map((row) => ({
    name: String(row['name']),
    definition: String(row['definition']),
  }))
  const found = (await session.query(INDEXES, [oid])).rows
  const indexes = found.flatMap(({ name: index, is_unique, definition, head }) =>
    String(definition).startsWith(String(head))
      ? [
          {
            name: String(index),
            isUnique: is_unique === true,
            method: String(definition).slice(String(head).length),
          },
        ]
      : [],
  )
  return {
    schema,
    name,
    isPartitioned: table['kind'] === 'p',
    owner: String(table['owner']),
    estimatedRows: Number(table['rows']),
    sizeBytes: Number(table['bytes']),
    columns,
    constraints,
    indexes,
    leftBehind: [...leftBehind(table), ...counted('indexes', found.length - indexes.length)],
  }
}

async function readSequences(session: Session, oid: string): Promise<ReadonlyMap<number, OwnedSequence>> {
  const sequences = new Map<number, OwnedSequence>()
  for (const row of (await session.query(SEQUENCES, [oid])).rows) {
    const place = `${quoteName(String(row['schema']))}.${quoteName(String(row['name']))}`
    const [state = {}] = (await session.query(`select last_value::text as last, is_called from ${place}`))
      .rows
    sequences.set(Number(row['attnum']), {
      name: String(row['name']),
      type: String(row['type']),
      start: String(row['start']),
      increment: String(row['increment']),
      min: String(row['min']),
      max: String(row['max']),
      cache: String(row['cache']),
      isCycling: row['cycle'] === true,
      lastValue: String(state['last']),
      isCalled: state['is_called'] === true,
    })
  }
  return sequences
}

function columnOf(row: Row, sequence: OwnedSequence | undefined): TableColumn {
  const { generated, identity } = row
  return {
    name: String(row['name']),
    type: String(row['type']),
    isNotNull: row['not_null'] === true,
    expression: row['expression'] == null ? undefined : String(row['expression']),
    generated: generated === 's' ? 'stored' : generated === 'v' ? 'virtual' : undefined,
    identity: identity === 'a' ? 'always' : identity === 'd' ? 'by default' : undefined,
    collation:
      row['collation_name'] == null
        ? undefined
        : { schema: String(row['collation_schema']), name: String(row['collation_name']) },
    sequence,
  }
}

function leftBehind(table: Row): readonly LeftBehind[] {
  const number = (key: string): number => Number(table[key] ?? 0)
  return [
    ...counted('triggers', number('triggers')),
    ...counted('foreign-keys', number('foreign_keys')),
    ...counted('referencing-keys', number('referencing_keys')),
    ...counted('rules', number('rules')),
    ...counted('policies', number('policies')),
    ...counted('grants', number('grants')),
    ...counted('comments', number('comments')),
    ...counted('statistics', number('statistics')),
    ...counted('partitioning', number('partitioning')),
    ...counted('inheritance', number('inheritance')),
    ...counted('storage-options', number('storage_options')),
  ]
}

function counted(code: LeftBehind['code'], count: number): readonly LeftBehind[] {
  return count > 0 ? [{ code, count }] : []
}
