import type { CountedTable, TableCounts } from '../steps/count-tables.ts'

/** One table here and there. */
export type TableDifference = {
  readonly database: string
  readonly schema: string
  readonly name: string
  /** `only-then`: it is gone by now; `only-now`: it came later; `unknown`: one side could not be read. */
  readonly state: 'only-then' | 'only-now' | 'differs' | 'same' | 'unknown'
  readonly rowsThen: number | undefined
  readonly rowsNow: number | undefined
  /** Whether both were counted; else the estimate of a server had to do for one of them. */
  readonly isExact: boolean
}

const ORDER: readonly TableDifference['state'][] = ['only-then', 'differs', 'unknown', 'only-now', 'same']

/**
 * Holds the tables of one database then against those of now; undefined for a database that is not there. What is gone
 * comes first, what is the same last. Pure.
 */
export function compareTables(
  database: string,
  then: TableCounts | undefined,
  now: TableCounts | undefined,
): readonly TableDifference[] {
  const earlier = byName(then)
  const later = byName(now)
  const names = [...new Set([...earlier.keys(), ...later.keys()])]
  return names
    .map((name) => difference(database, earlier.get(name), later.get(name)))
    .toSorted(
      (a, b) =>
        ORDER.indexOf(a.state) - ORDER.indexOf(b.state) ||
        changeOf(b) - changeOf(a) ||
        (`${a.schema}.${a.name}` < `${b.schema}.${b.name}` ? -1 : 1),
    )
}

/** A table that is there, and its rows where they are known. */
type Side = { readonly schema: string; readonly name: string; readonly counted: CountedTable | undefined }

function byName(counts: TableCounts | undefined): ReadonlyMap<string, Side> {
  const sides: readonly Side[] = [
    ...(counts?.tables ?? []).map((counted) => ({ ...counted, counted })),
    ...(counts?.unreadable ?? []).map((table) => ({ ...table, counted: undefined })),
  ]
  return new Map(sides.map((side) => [JSON.stringify([side.schema, side.name]), side]))
}

function difference(database: string, then: Side | undefined, now: Side | undefined): TableDifference {
  const { schema = '', name = '' } = then ?? now ?? {}
  const rowsThen = then?.counted?.rows
  const rowsNow = now?.counted?.rows
  const state =
    now === undefined
      ? 'only-then'
      : then === undefined
        ? 'only-now'
        : rowsThen === undefined || rowsNow === undefined
          ? 'unknown'
          : rowsThen === rowsNow
            ? 'same'
            : 'differs'
  const isExact = then?.counted?.isExact !== false && now?.counted?.isExact !== false
  return { database, schema, name, state, rowsThen, rowsNow, isExact }
}

function changeOf({ rowsThen = 0, rowsNow = 0 }: TableDifference): number {
  return Math.abs(rowsThen - rowsNow)
}
