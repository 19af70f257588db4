import { expect, test } from 'vitest'
import type { RecoveryGapRecord } from '../../../engine/api/contract/recovery.ts'
import { byImpact, type GapImpact, impactSeconds } from './gap-order.ts'

const at = (time: string) => ({ at: `2026-11-20T${time}Z` as const, isExact: true }) as GapImpact['fromTime']

function impact(given: Partial<GapImpact> = {}): GapImpact {
  return {
    timeline: 1,
    from: '0/1000000',
    to: '0/2000000',
    fromTime: at('10:00:00'),
    toTime: at('10:30:00'),
    bytes: 1 << 24,
    healedBy: 'ABCDEF',
    ...given,
  }
}

function gap(firstSegment: string, impacts: readonly GapImpact[]): RecoveryGapRecord {
  return {
    timeline: 1,
    from: '0/1000000',
    to: '0/2000000',
    fromTime: undefined,
    toTime: undefined,
    bytes: 1 << 24,
    firstSegment,
    lastSegment: firstSegment,
    segmentCount: 1,
    cause: 'missing',
    impacts,
  }
}

test('the worst gap is first: what is not healed, then the longest time, then the most WAL', () => {
  const gaps = [
    gap('harmless', []),
    gap('short', [impact({ toTime: at('10:01:00') })]),
    gap('untimed', [impact({ fromTime: undefined })]),
    gap('long', [impact({ toTime: at('12:00:00') })]),
    gap('open', [impact({ toTime: at('10:00:01'), healedBy: undefined })]),
  ]
  expect(byImpact(gaps).map(({ firstSegment }) => firstSegment)).toEqual([
    'open',
    'long',
    'short',
    'untimed',
    'harmless',
  ])
})

test('an impact without times has no duration, and none is negative', () => {
  expect(impactSeconds(impact())).toBe(1800)
  expect(impactSeconds(impact({ toTime: undefined }))).toBeUndefined()
  expect(impactSeconds(impact({ toTime: at('09:00:00') }))).toBe(0)
})
