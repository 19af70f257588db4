import type { ClassRow, IndexRow, NamedRow } from '../../format/catalog-rows.ts'
import type { RelationStorage } from '../../format/wal-transactions.ts'

export type RelationKind = 'table' | 'materialized-view' | 'sequence' | 'index' | 'toast' | 'toast-index'

/** A schema and what is in it. */
export type QualifiedName = { readonly schema: string; readonly relation: string }

/** What a file is of. */
export type RelationName = QualifiedName & {
  readonly kind: RelationKind
  /** The table of an index, or whose long values these are. */
  readonly owner: QualifiedName | undefined
  /** Names that the backup has for the same file: it was renamed before, or is just being. */
  readonly otherNames: readonly QualifiedName[]
}

/** The relations of one database, by their files. */
export type DatabaseNames = {
  readonly relationCount: number
  find(file: Pick<RelationStorage, 'tablespaceOid' | 'relationNumber'>): RelationName | undefined
}

/** What the system tables of a database say. */
export type CatalogRows = {
  readonly relations: readonly ClassRow[]
  readonly schemas: readonly NamedRow[]
  readonly indexes: readonly IndexRow[]
  /** Files of those that `pg_class` does not have the number of. */
  readonly mapped: ReadonlyMap<number, number>
  readonly tablespaceOid: number
}

/**
 * Names files by the system tables of a database. What a table was called earlier, or which file it had, is taken as well as
 * long as its rows are there: numbers of files are not used twice. Pure.
 */
export function nameRelations({
  relations,
  schemas,
  indexes,
  mapped,
  tablespaceOid,
}: CatalogRows): DatabaseNames {
  // What is written into while a table is rewritten trades its file with it and goes.
  const lasting = relations.filter(({ isTransient, isShared }) => !isTransient && !isShared)
  const byOid = latestBy(lasting, ({ oid }) => oid)
  const schemaOf = latestBy(schemas, ({ oid }) => oid)
  const tableOf = latestBy(indexes, ({ oid }) => oid)
  const ownerOfToast = latestBy(
    lasting.filter(({ toastOid }) => toastOid !== 0),
    ({ toastOid }) => toastOid,
  )
  const byTablespace = new Map<number, Map<number, ClassRow[]>>()
  for (const row of lasting) {
    const number = row.relationNumber === 0 ? mapped.get(row.oid) : row.relationNumber
    if (number === undefined) continue
    const tablespace = row.tablespaceOid === 0 ? tablespaceOid : row.tablespaceOid
    const files = byTablespace.get(tablespace) ?? new Map<number, ClassRow[]>()
    byTablespace.set(tablespace, files)
    const rows = files.get(number)
    if (rows === undefined) files.set(number, [row])
    else rows.push(row)
  }
  return {
    relationCount: byOid.size,
    find(file) {
      const rows = byTablespace.get(file.tablespaceOid)?.get(file.relationNumber)
      if (rows === undefined) return undefined
      const [best, ...others] = rows.toSorted((a, b) => (isNewer(a, b) ? -1 : 1))
      const name = best && nameOf(best)
      if (best === undefined || name === undefined) return undefined
      const owner = ownerOf(best)
      const otherNames = new Map<string, QualifiedName>()
      for (const other of others) {
        const one = nameOf(other)
        if (one !== undefined && !isSame(one, name)) otherNames.set(JSON.stringify(one), one)
      }
      return {
        ...name,
        kind: kindOf(best),
        owner: owner && nameOf(owner),
        otherNames: [...otherNames.values()],
      }
    },
  }

  function nameOf({ schemaOid, name }: ClassRow): QualifiedName | undefined {
    const schema = schemaOf.get(schemaOid)?.name
    return schema === undefined ? undefined : { schema, relation: name }
  }

  function kindOf(row: ClassRow): RelationKind {
    switch (row.kind) {
      case 't':
        return 'toast'
      case 'S':
        return 'sequence'
      case 'm':
        return 'materialized-view'
      case 'i':
        return byOid.get(tableOf.get(row.oid)?.tableOid ?? 0)?.kind === 't' ? 'toast-index' : 'index'
      default:
        return 'table'
    }
  }

  function ownerOf(row: ClassRow): ClassRow | undefined {
    if (row.kind === 't') {
      const named = /^pg_toast_(?<oid>\d+)$/.exec(row.name)?.groups?.['oid']
      return ownerOfToast.get(row.oid) ?? byOid.get(Number(named ?? 0))
    }
    const table = row.kind === 'i' ? byOid.get(tableOf.get(row.oid)?.tableOid ?? 0) : undefined
    return table?.kind === 't' ? ownerOf(table) : table
  }
}

type Version = Pick<NamedRow, 'state' | 'xmin'>

export function latestBy<Row extends Version>(
  rows: readonly Row[],
  keyOf: (row: Row) => number,
): ReadonlyMap<number, Row> {
  const best = new Map<number, Row>()
  for (const row of rows) {
    const known = best.get(keyOf(row))
    if (known === undefined || isNewer(row, known)) best.set(keyOf(row), row)
  }
  return best
}

const RANKS = { current: 2, touched: 1, unsettled: 1, old: 0 } as const

/**
 * Of a row that was changed by a transaction that the page does not know the end of, the later version counts. Transaction
 * numbers go in a circle; 0 is before all others.
 */
export function isNewer(a: Version, b: Version): boolean {
  if (RANKS[a.state] !== RANKS[b.state]) return RANKS[a.state] > RANKS[b.state]
  if (a.xmin === 0 || b.xmin === 0) return b.xmin === 0 && a.xmin !== 0
  return ((a.xmin - b.xmin) | 0) > 0
}

function isSame(a: QualifiedName, b: QualifiedName): boolean {
  return a.schema === b.schema && a.relation === b.relation
}
