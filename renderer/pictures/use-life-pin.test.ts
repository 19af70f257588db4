import { expect, test } from 'vitest'
import { gripOf, pinDay } from './use-life-pin.ts'

const DAY = 86_400_000
const HOUR = 3_600_000
const NOW = Date.parse('2026-11-20T12:00:00Z')
const line = { id: 'A', fullId: 'A', startMs: NOW - 5 * DAY, keptMs: 0, pinMs: 0, goneMs: NOW + 2 * DAY }
const placed = (given: Partial<typeof line> & { readonly isFuture?: boolean }) => ({
  line: { ...line, ...given },
  top: 0,
  height: 3,
})

test('a pin is taken by its dot, else by the end of the line, and one of the future not at all', () => {
  expect(gripOf(placed({}), NOW)).toBe(NOW + 2 * DAY)
  expect(gripOf(placed({ pinMs: NOW + DAY }), NOW)).toBe(NOW + DAY)
  expect(gripOf(placed({ pinMs: NOW - DAY }), NOW)).toBe(NOW + 2 * DAY)
  expect(gripOf(placed({ goneMs: Infinity }), NOW)).toBe(Infinity)
  expect(gripOf(placed({ isFuture: true }), NOW)).toBe(Infinity)
})

test('it goes to midnights of the clock that is shown, and today is no day to keep until', () => {
  expect(pinDay(NOW + 1.2 * DAY, NOW, 0)).toBe(Date.parse('2026-11-22T00:00:00Z'))
  expect(pinDay(NOW + 1.2 * DAY, NOW, 8 * HOUR)).toBe(Date.parse('2026-11-21T16:00:00Z'))
  expect(pinDay(NOW - HOUR, NOW, 0)).toBeUndefined()
  expect(pinDay(NOW - 9 * DAY, NOW, 0)).toBeUndefined()
})
