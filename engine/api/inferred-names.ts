import type { RelationStorage } from '../format/wal-transactions.ts'
import type { RelationNameRecord } from './contract/wal-index.ts'

/**
 * Names for the files that one transaction made, by the names of those that it took away. Only where as many were made, and
 * all that went belonged to one table and the table was among them, or where it was a single file. The new file of the
 * table itself is made first; which of the others is which is not told. Pure.
 */
export function inferredNames(
  old: readonly RelationNameRecord[],
  created: readonly RelationStorage[],
): ReadonlyMap<string, RelationNameRecord> {
  const names = new Map<string, RelationNameRecord>()
  const [first] = old
  if (first === undefined || old.length !== created.length) return names
  const [only] = created
  if (only !== undefined && created.length === 1)
    return names.set(keyOf(only), { ...first, isInferred: true })
  const tables = old.filter(({ kind }) => kind === 'table' || kind === 'materialized-view')
  const [table] = tables
  if (table === undefined || tables.length > 1) return names
  const isOfTable = ({ database, owner }: RelationNameRecord): boolean =>
    database === table.database && owner?.schema === table.schema && owner.relation === table.relation
  if (!old.every((one) => one === table || isOfTable(one))) return names
  const { schema, relation } = table
  for (const [index, file] of created.toSorted((a, b) => a.relationNumber - b.relationNumber).entries()) {
    const part = { ...table, kind: 'part', owner: { schema, relation } } as const
    names.set(keyOf(file), { ...(index === 0 ? table : part), isInferred: true })
  }
  return names
}

/** Tells files apart. */
export function keyOf({ tablespaceOid, databaseOid, relationNumber }: RelationStorage): string {
  return `${tablespaceOid}/${databaseOid}/${relationNumber}`
}
