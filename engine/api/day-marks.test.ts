import { expect, test } from 'vitest'
import { dayMarks } from './day-marks.ts'

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
