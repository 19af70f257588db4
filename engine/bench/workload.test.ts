import { describe, expect, test } from 'vitest'
import { changeStatements, clusterBytes, fillStatements, planWorkload } from './workload.ts'

describe('the workload', () => {
  test('grows with the scale', () => {
    const one = planWorkload(1, 2000)
    const three = planWorkload(3, 6000)
    expect(one.accounts).toBeGreaterThan(12e6)
    expect(three.accounts / one.accounts).toBeCloseTo(3, 1)
    expect(three.notes / one.notes).toBeCloseTo(3, 1)
  })

  test('is never empty, however many small tables take its place', () => {
    expect(planWorkload(0.01, 100_000)).toEqual({ accounts: 10_000, notes: 2000, smallTables: 100_000 })
    expect(clusterBytes(0.01, 100_000)).toBeGreaterThan(4e9)
  })

  test('inserts every row once', () => {
    const statements = [...fillStatements({ accounts: 600_001, notes: 10, smallTables: 250 })]
    const ranges = (table: string) =>
      statements
        .filter((sql) => sql.startsWith(`insert into ${table} `))
        .map((sql) => /generate_series\((\d+), (\d+)\)/.exec(sql)?.slice(1).map(Number))
    expect(ranges('account')).toEqual([
      [1, 250_000],
      [250_001, 500_000],
      [500_001, 600_001],
    ])
    expect(ranges('note')).toEqual([[1, 10]])
    expect(statements.filter((sql) => sql.startsWith('do $$'))).toHaveLength(3)
  })

  test('changes one row in fifty pages', () => {
    const [accounts, notes] = changeStatements({ account: 58, note: 13 })
    expect(accounts).toContain('id % 2900 = 1')
    expect(notes).toContain('id % 650 = 1')
  })
})
