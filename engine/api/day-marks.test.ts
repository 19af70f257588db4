import { assert, constantFrom, date, oneof, property } from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { dayMarks } from './day-marks.ts'

const zone = process.env['TZ']
afterEach(() => {
  if (zone === undefined) delete process.env['TZ']
  else process.env['TZ'] = zone
})

const noon = (day: string): number => new Date(`${day}T12:00:00`).getTime()

test('fourteen days end with today, and the worst of a day counts', () => {
  const marks = dayMarks(
    [
      { atMs: noon('2026-11-20'), outcome: 'ok' },
      { atMs: noon('2026-11-20'), outcome: 'failed' },
      { atMs: noon('2026-11-21'), outcome: 'ok' },
      { atMs: noon('2026-10-01'), outcome: 'failed' },
    ],
    noon('2026-11-21'),
  )

  expect(marks).toHaveLength(14)
  expect(marks[0]).toEqual({ day: '2026-11-08', outcome: 'none', backupCount: 0 })
  expect(marks.slice(-2)).toEqual([
    { day: '2026-11-20', outcome: 'failed', backupCount: 1 },
    { day: '2026-11-21', outcome: 'ok', backupCount: 1 },
  ])
})

test.each([
  [['ok', 'running', 'failed'], 'running'],
  [['ok', 'failed', 'ok'], 'failed'],
  [['ok', 'ok'], 'ok'],
  [[], 'none'],
] as const)('a day with %j is %s, and only what succeeded is counted', (outcomes, outcome) => {
  const events = outcomes.map((one) => ({ atMs: noon('2026-11-21'), outcome: one }))
  expect(dayMarks(events, noon('2026-11-21')).at(-1)).toEqual({
    day: '2026-11-21',
    outcome,
    backupCount: outcomes.filter((one) => one === 'ok').length,
  })
})

test('what happened after now or before the first day is not shown', () => {
  const events = ['2026-11-07', '2026-11-22'].map((day) => ({ atMs: noon(day), outcome: 'ok' as const }))
  expect(dayMarks(events, noon('2026-11-21')).every(({ outcome }) => outcome === 'none')).toBe(true)
})

test('midnight belongs to the day that begins, in the zone of the machine', () => {
  process.env['TZ'] = 'Asia/Shanghai'
  const midnight = Date.parse('2026-11-20T16:00:00Z')
  const events = [midnight - 1, midnight].map((atMs) => ({ atMs, outcome: 'ok' as const }))
  expect(dayMarks(events, midnight).slice(-2)).toEqual([
    { day: '2026-11-20', outcome: 'ok', backupCount: 1 },
    { day: '2026-11-21', outcome: 'ok', backupCount: 1 },
  ])
})

test('the days follow each other without gaps wherever clocks are changed', () => {
  const zones = ['UTC', 'America/New_York', 'Africa/Cairo', 'Australia/Lord_Howe', 'Pacific/Apia']
  const now = date({ min: new Date('2011-12-01'), max: new Date('2030-01-01'), noInvalidDate: true })
  // Samoa skipped the thirtieth of December 2011 altogether.
  const skipped = date({ min: new Date('2011-12-28'), max: new Date('2012-01-14'), noInvalidDate: true })
  assert(
    property(oneof(now, skipped), constantFrom(...zones), (at, name) => {
      process.env['TZ'] = name
      const days = dayMarks([{ atMs: at.getTime(), outcome: 'ok' }], at.getTime())
      expect(days.at(-1)).toMatchObject({ outcome: 'ok', backupCount: 1 })
      expect(new Set(days.map(({ day }) => day)).size).toBe(14)
      for (const [index, { day }] of days.entries()) {
        const before = days[index - 1]
        if (before === undefined) continue
        expect(Date.parse(day) - Date.parse(before.day)).toBe(86_400_000)
      }
    }),
  )
})
