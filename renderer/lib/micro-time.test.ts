import { expect, test } from 'vitest'
import type { IsoTime } from '../../engine/base/iso-time.ts'
import { isoOfMs, msOfIso } from './micro-time.ts'

test('microseconds survive the way to a number and back', () => {
  for (const text of [
    '2026-11-20T09:12:41.118003Z',
    '1999-12-31T23:59:59.999999Z',
    '2099-01-01T00:00:00.000001Z',
  ])
    expect(isoOfMs(msOfIso(text as IsoTime))).toBe(text)
})

test('a time without a fraction is a whole second', () => {
  expect(msOfIso('2026-11-20T09:12:41Z' as IsoTime)).toBe(Date.UTC(2026, 10, 20, 9, 12, 41))
  expect(isoOfMs(msOfIso('2026-11-20T09:12:41.5Z' as IsoTime))).toBe('2026-11-20T09:12:41.500000Z')
})
