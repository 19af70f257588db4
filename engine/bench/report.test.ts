import { describe, expect, test } from 'vitest'
import { describeDifference } from './correctness.ts'
import type { Measurement } from './measure.ts'
import { formatRows, formatRun, type RunFacts } from './report.ts'
import type { LaneResult } from './series.ts'
import { TARGETS, YARDSTICKS } from './targets.ts'

const FACTS: RunFacts = {
  at: new Date('2026-11-21T07:35:59Z'),
  machine: {
    cores: 2,
    processor: 'Example CPU',
    memoryBytes: 16e9,
    kernel: 'Linux 6.1',
    node: '24.0.0',
  },
  commit: 'abc1234',
  scale: 0.05,
  clusterBytes: 152.4e6,
  smallTables: 100,
  increments: 1,
  repeat: 3,
  hasWarmUp: true,
}

function runs(...seconds: readonly number[]): readonly Measurement[] {
  return seconds.map((wallSeconds) => ({ wallSeconds, cpuSeconds: 1.5, peakBytes: 120e6, storedBytes: 3e9 }))
}

const zlib = (more: Partial<LaneResult> = {}): LaneResult => ({
  name: TARGETS['full-zlib'].title,
  operation: 'full-zlib',
  runs: runs(8, 6, 7),
  ...more,
})
const gzip: LaneResult = { name: YARDSTICKS.gzip, runs: runs(10, 12, 10) }

/** The cells of the row of an operation among other lanes. */
function cellsOf(operation: LaneResult, ...others: readonly LaneResult[]): readonly string[] {
  const rows = formatRows({ title: 'any', lanes: [...others, operation] })
  return (rows.at(-1) ?? '').split(/ *(?<!\\)\| */).slice(1, -1)
}

describe('a row', () => {
  test('quotes median and minimum, and the ratio against its target', () =>
    expect(cellsOf(zlib(), gzip)).toEqual([
      '**FULL, zlib level 1**',
      '7.00 (6.00)',
      '1.50',
      '120',
      '3000',
      '0.70 (0.60)',
      String.raw`0.8 × tar \| gzip -1`,
      'met',
    ]))

  test('says which target was missed', () =>
    expect(cellsOf(zlib({ runs: runs(9) }), gzip).slice(5)).toEqual([
      '0.90 (0.90)',
      String.raw`0.8 × tar \| gzip -1`,
      'MISSED',
    ]))

  test('says when memory was over its limit in any run', () => {
    const large = { wallSeconds: 7, cpuSeconds: 1, peakBytes: 251e6, storedBytes: 1 }
    expect(cellsOf(zlib({ runs: [large, ...runs(7)] }), gzip)[3]).toBe('251 OVER 250')
  })

  test('has no verdict without its yardstick', () => {
    const missing: LaneResult = { name: YARDSTICKS.gzip, runs: [], missing: 'gzip is not installed' }
    expect(cellsOf(zlib(), missing).slice(5)).toEqual(['–', String.raw`0.8 × tar \| gzip -1`, 'no yardstick'])
    expect(cellsOf(missing)[1]).toBe('not run: gzip is not installed')
    expect(cellsOf(zlib({ runs: [], failure: 'disk full' }))[1]).toBe('FAILED: disk full')
  })

  test('of PTRACK leaves out what is the work of the server', () => {
    const ptrack: LaneResult = { name: TARGETS.ptrack.title, operation: 'ptrack', runs: runs(1.2) }
    const delta: LaneResult = { name: TARGETS.delta.title, operation: 'delta', runs: runs(2) }
    const server: LaneResult = { name: YARDSTICKS.server, runs: runs(1) }
    expect(cellsOf(ptrack, delta, server)[5]).toBe('0.20 (0.20)')
  })

  test('of a target in words has a ratio and no verdict', () => {
    const merge: LaneResult = { name: TARGETS.merge.title, operation: 'merge', runs: runs(1) }
    const copy: LaneResult = { name: YARDSTICKS.copyOfCatalog, runs: runs(4) }
    expect(cellsOf(merge, copy).slice(5)).toEqual(['0.25 (0.25)', 'proportional to the changed pages', ''])
  })

  test('shows what a system cannot tell as a dash', () => {
    const blind = { wallSeconds: 1, cpuSeconds: undefined, peakBytes: undefined, storedBytes: undefined }
    expect(cellsOf({ name: 'cat', runs: [blind] }).slice(0, 5)).toEqual(['cat', '1.00 (1.00)', '–', '–', '–'])
  })
})

test('every target has a yardstick that is a lane', () => {
  const lanes = [...Object.values(YARDSTICKS), ...Object.values(TARGETS).map(({ title }) => title)]
  for (const { yardstick, apart } of Object.values(TARGETS)) {
    expect(lanes).toContain(yardstick)
    if (apart !== undefined) expect(lanes).toContain(apart)
  }
})

test('a run is told with its machine and with what was wrong', () => {
  const text = formatRun(
    FACTS,
    [{ title: 'zlib', lanes: [gzip, zlib()] }],
    [{ what: 'validate catalog' }, { what: 'rows', fault: 'other rows' }],
  )
  expect(text.split('\n')).toEqual([
    '## 2026-11-21 07:35 UTC, scale 0.05, abc1234',
    '',
    '2 cores (Example CPU), 16 GB of memory, Linux 6.1, Node.js 24.0.0. Cluster of 152 MB with 100 small tables, chains of 2; two workers, warm cache, durable; 3 runs each after a warm-up.',
    '',
    expect.stringMatching(/^\| what /),
    expect.stringMatching(/^\|---/),
    expect.stringMatching(/^\| tar \\\| gzip -1 \| 10\.00 \(10\.00\) /),
    expect.stringMatching(/^\| \*\*FULL, zlib level 1\*\* /),
    '',
    '- validate catalog: correct',
    '- rows: WRONG, other rows',
    '',
  ])
})

test.each([
  ['account 5 12\nnote 3 9', undefined],
  ['account 5 13\nnote 3 9', 'other rows than the cluster had in account'],
  ['account 5 13', 'other rows than the cluster had in account and 1 more'],
  ['account 5 12\nnote 3 9\nextra 0 0', 'there are tables that the cluster did not have'],
])('of rows %j the difference is %s', (found, difference) =>
  expect(describeDifference('account 5 12\nnote 3 9', found)).toBe(difference),
)
