import { type DrillNote, drillNote } from '../../base/drill-notes.ts'

/** Rows of one table, counted. */
export type RowCount = {
  readonly database: string
  readonly schema: string
  readonly name: string
  readonly rows: number
}

/** As many differences are named. */
const MOST_NAMED = 20

/**
 * Holds what was counted against what an earlier drill counted. A table that has become bigger or smaller by more than
 * the tolerance, or is gone, is a difference; one that is new is none. Pure.
 */
export function compareCounts(
  counts: readonly RowCount[],
  call: { readonly expectedCounts: readonly RowCount[] | undefined; readonly tolerancePercent: number },
): readonly DrillNote[] {
  const { expectedCounts, tolerancePercent } = call
  if (expectedCounts === undefined) return [drillNote('row-counts', 'skipped', 'rows-unknown')]
  const found = new Map(counts.map((count) => [keyOf(count), count.rows]))
  const differences = expectedCounts.flatMap((expected) => {
    const rows = found.get(keyOf(expected))
    const values = {
      table: `${expected.schema}.${expected.name}`,
      database: expected.database,
      expected: expected.rows,
    }
    if (rows === undefined) return [drillNote('row-counts', 'failed', 'table-gone', values)]
    const allowed = (expected.rows * tolerancePercent) / 100
    if (Math.abs(rows - expected.rows) <= allowed) return []
    return [drillNote('row-counts', 'failed', 'rows-differ', { ...values, found: rows })]
  })
  if (differences.length > 0) return differences.slice(0, MOST_NAMED)
  const values = { tables: expectedCounts.length, percent: tolerancePercent }
  return [drillNote('row-counts', 'passed', 'rows-as-expected', values)]
}

function keyOf({ database, schema, name }: RowCount): string {
  return JSON.stringify([database, schema, name])
}
