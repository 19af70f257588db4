import { describe, expect, test } from 'vitest'
import { compareCounts } from './compare-counts.ts'

describe('row counts of a drill', () => {
  const count = (name: string, rows: number) => ({ database: 'shop', schema: 'public', name, rows })
  const codes = (...call: Parameters<typeof compareCounts>) => compareCounts(...call).map(({ code }) => code)

  test.each([
    ['the same', 100, 10, 100, 'rows-as-expected'],
    ['at the edge', 110, 10, 100, 'rows-as-expected'],
    ['beyond it', 111, 10, 100, 'rows-differ'],
    ['too few', 89, 10, 100, 'rows-differ'],
    ['exact', 100, 0, 100, 'rows-as-expected'],
    ['one off where it must be exact', 101, 0, 100, 'rows-differ'],
  ])('%s', (_, rows, tolerancePercent, expected, code) => {
    expect(codes([count('a', rows)], { expectedCounts: [count('a', expected)], tolerancePercent })).toEqual([
      code,
    ])
  })

  test('a table that is gone is a difference, one that is new is none', () => {
    expect(codes([count('b', 1)], { expectedCounts: [count('a', 0)], tolerancePercent: 50 })).toEqual([
      'table-gone',
    ])
    expect(
      codes([count('a', 1), count('b', 1)], { expectedCounts: [count('a', 1)], tolerancePercent: 0 }),
    ).toEqual(['rows-as-expected'])
  })

  test('without an earlier drill nothing is compared', () => {
    expect(codes([count('a', 1)], { expectedCounts: undefined, tolerancePercent: 0 })).toEqual([
      'rows-unknown',
    ])
  })
})
