import { describe, expect, test } from 'vitest'
import {
  isDay,
  isUtcZone,
  msOfWallTime,
  readWholeTime,
  stepDay,
  stepWallTime,
  wallTimeOf,
} from './zone-time.ts'

const MS = Date.UTC(2026, 10, 20, 1, 12, 41) + 118.003

describe('a time as a clock shows it', () => {
  test('has microseconds and the hour of its zone', () => {
    expect(wallTimeOf(MS, 'Asia/Shanghai')).toEqual({
      year: 2026,
      month: 11,
      day: 20,
      hour: 9,
      minute: 12,
      second: 41,
      micros: 118_003,
    })
  })

  test('leads back to the same moment', () => {
    for (const zone of ['utc', 'Asia/Shanghai', 'America/St_Johns', 'Europe/Berlin'])
      expect(msOfWallTime(wallTimeOf(MS, zone), zone)).toBeCloseTo(MS, 3)
  })

  test('carries over when a part is stepped past its end, and ends a short month with its last day', () => {
    const wall = wallTimeOf(Date.UTC(2026, 0, 31, 23, 59, 59) + 999.999, 'utc')
    expect(stepWallTime(wall, 'micros', 1)).toMatchObject({ month: 2, day: 1, hour: 0, micros: 0 })
    expect(stepWallTime(wall, 'month', 1)).toMatchObject({ month: 2, day: 28, hour: 23 })
    expect(stepWallTime(wall, 'month', -1)).toMatchObject({ year: 2025, month: 12, day: 31 })
    expect(stepWallTime(wall, 'year', -1)).toMatchObject({ year: 2025, month: 1 })
  })

  test('is read as it was copied, with its own offset before that of the field', () => {
    expect(readWholeTime('2026-11-20 09:12:41.118003+08', 'utc')).toBeCloseTo(MS, 3)
    expect(readWholeTime('2026-11-20T01:12:41.118003Z', 'Asia/Shanghai')).toBeCloseTo(MS, 3)
    expect(readWholeTime(' 2026-11-20 09:12:41.118003 ', 'Asia/Shanghai')).toBeCloseTo(MS, 3)
    expect(readWholeTime('2026-11-20 09:12', 'utc')).toBe(Date.UTC(2026, 10, 20, 9, 12))
    for (const text of ['yesterday', '', '2026-11-20']) expect(readWholeTime(text, 'utc')).toBeUndefined()
  })

  test('is not guessed from what no calendar and no clock shows', () => {
    expect(readWholeTime('2028-02-29 23:59:59.999999', 'utc')).toBeDefined()
    for (const text of [
      '2026-02-31 09:12',
      '2026-13-01 09:12',
      '2026-11-20 24:00',
      '2026-11-20 09:60',
      '1969-12-31 09:12',
    ])
      expect(readWholeTime(text, 'utc')).toBeUndefined()
  })
})

describe('a day as text', () => {
  test('is one of the calendar, written in full', () => {
    expect(isDay('2028-02-29')).toBe(true)
    for (const text of ['2026-02-29', '2026-13-01', '2026-1-1', '2026-01-01 ', '', 'today'])
      expect(isDay(text)).toBe(false)
  })

  test('is stepped over the ends of months and years, and keeps what follows it', () => {
    expect(stepDay('2026-02-28', 1)).toBe('2026-03-01')
    expect(stepDay('2026-01-01 05:30', -1)).toBe('2025-12-31 05:30')
    expect(stepDay('2026-02-30', 1)).toBeUndefined()
  })
})

test('UTC is known by its names, and no zone that only has its offset', () => {
  expect(['UTC', 'Etc/UTC', 'Etc/Zulu'].map(isUtcZone)).toEqual([true, true, true])
  expect(['Europe/London', 'Africa/Abidjan', 'Etc/GMT'].map(isUtcZone)).toEqual([false, false, false])
})
