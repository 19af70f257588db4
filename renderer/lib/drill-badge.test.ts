import { expect, test } from 'vitest'
import type { DrillRecord } from '../../engine/api/contract/drills.ts'
import { drillLine } from './drill-badge.tsx'
import type { Say } from './i18n.ts'

const say = ((key: string, values?: Record<string, unknown>) =>
  key === 'drill.line'
    ? `${String(values?.['result'])} | ${String(values?.['day'])} | ${String(values?.['time'])}`
    : `${key} ${String(values?.['count'] ?? '')}`.trim()) as Say
const lineOf = (seconds: number, failed = 0): string =>
  drillLine(
    say,
    {
      isPassed: failed === 0,
      checks: Array.from({ length: failed }, () => ({ state: 'failed' })),
      startedAt: '2026-11-17T23:30:00Z',
      durationMs: seconds * 1000,
    } as unknown as DrillRecord,
    'Asia/Shanghai',
    'en',
  )

test('the line of a restore test has its result, its day in the zone that is set, and how long it took', () => {
  expect(lineOf(9)).toBe('drill.badge-passed | Nov 18 | 9 s')
  expect(lineOf(9, 2)).toBe('drill.badge-failed 2 | Nov 18 | 9 s')
})

test('of a long one the seconds are left out', () => {
  expect(lineOf(599)).toContain('| 9 min 59 s')
  expect(lineOf(41 * 60 + 20)).toContain('| 41 min')
  expect(lineOf(41 * 60 + 20)).not.toContain(' s')
  expect(lineOf(3 * 3600 + 12 * 60)).toContain('| 3 h 12 min')
})
