import { afterEach, beforeEach, expect, test } from 'vitest'
import type { IsoTime } from '../base/iso-time.ts'
import { formatLocalTime, parseMoment } from './moments.ts'

let zoneBefore: string | undefined

beforeEach(() => {
  zoneBefore = process.env['TZ']
})
afterEach(() => {
  if (zoneBefore === undefined) delete process.env['TZ']
  else process.env['TZ'] = zoneBefore
})

test.each([
  ['UTC', '2026-11-21 00:53:06+00'],
  ['Asia/Shanghai', '2026-11-21 08:53:06+08'],
  ['America/New_York', '2026-11-20 19:53:06-05'],
  ['Asia/Kolkata', '2026-11-21 06:23:06+05:30'],
  ['America/St_Johns', '2026-11-20 21:23:06-03:30'],
])('shows a moment in the local time of %s', (zone, text) => {
  process.env['TZ'] = zone

  expect(formatLocalTime('2026-11-21T00:53:06Z' as IsoTime)).toBe(text)
})

test('follows summer time', () => {
  process.env['TZ'] = 'Europe/Berlin'

  expect(formatLocalTime('2026-07-01T12:00:00Z' as IsoTime)).toBe('2026-07-01 14:00:00+02')
  expect(parseMoment('2026-07-01 14:00:00').iso).toBe('2026-07-01T12:00:00Z')
})

test.each([
  ['2026-11-21 10:00:00+08', '2026-11-21T02:00:00Z', '2026-11-21 10:00:00+08'],
  ['2026-11-21 10:00:00-0330', '2026-11-21T13:30:00Z', '2026-11-21 10:00:00-03:30'],
  ['2026-11-21T10:00:00.123456Z', '2026-11-21T10:00:00Z', '2026-11-21 10:00:00.123456+00'],
  ['2026-11-21 10:00', '2026-11-21T01:00:00Z', '2026-11-21 10:00:00+09'],
  ['2026-11-21', '2026-11-20T15:00:00Z', '2026-11-21 00:00:00+09'],
  ['2020-01-01 00:00:00+03', '2019-12-31T21:00:00Z', '2020-01-01 00:00:00+03'],
])('reads %s, local time being that of Tokyo', (text, iso, shown) => {
  process.env['TZ'] = 'Asia/Tokyo'

  expect(parseMoment(text)).toEqual({ iso, text: shown })
})

test.each([
  '',
  'now',
  '2026',
  '2026-02-29',
  '2026-13-01',
  '2026-11-21 24:00',
  '2026-11-21 10:61',
  '21.11.2026',
])('refuses "%s"', (text) => {
  expect(() => parseMoment(text)).toThrow(expect.objectContaining({ code: 'value.malformed' }))
})
