import { expect, test } from 'vitest'
import { readMoment, writeMoment } from './moments.ts'

test.each([
  ['2026', 'utc', '2026-01-01T00:00:00.000Z'],
  ['2026-11', 'utc', '2026-11-01T00:00:00.000Z'],
  ['2026-11-01', 'Asia/Shanghai', '2026-10-31T16:00:00.000Z'],
  ['2026-11-01t05:30', 'Asia/Shanghai', '2026-10-31T21:30:00.000Z'],
  ['2026-11-01 05:30:15', 'America/New_York', '2026-11-01T10:30:15.000Z'],
  // The day on which the clocks go back: before and after.
  ['2026-10-25T01:30', 'Europe/Berlin', '2026-10-24T23:30:00.000Z'],
  ['2026-10-25T04:30', 'Europe/Berlin', '2026-10-25T03:30:00.000Z'],
])('%s in %s is %s', (text, zone, iso) => {
  expect(new Date(readMoment(text, zone) ?? 0).toISOString()).toBe(iso)
})

test.each(['', 'yesterday', '2026-02-31', '2026-11-01T25:00', '2026-13-01'])('%j is no time', (text) => {
  expect(readMoment(text, 'utc')).toBeUndefined()
})

test('what is written is read again', () => {
  const ms = Date.UTC(2026, 6, 4, 12, 34)
  for (const zone of ['utc', 'Asia/Kolkata', 'America/St_Johns']) {
    expect(readMoment(writeMoment(ms, zone), zone)).toBe(ms)
  }
})
