import { afterEach, describe, expect, test } from 'vitest'
import { formatLocalMicros, formatLocalMs } from './local-time.ts'

describe('a local time', () => {
  const zone = process.env['TZ']
  afterEach(() => {
    if (zone === undefined) delete process.env['TZ']
    else process.env['TZ'] = zone
  })

  test.each([
    ['Asia/Shanghai', '2026-11-21 08:30:20+08', '2026-11-21 08:30:20.118000+08'],
    ['America/St_Johns', '2026-11-20 21:00:20-03:30', '2026-11-20 21:00:20.118000-03:30'],
    ['UTC', '2026-11-21 00:30:20+00', '2026-11-21 00:30:20.118000+00'],
  ])('says its offset in %s', (name, seconds, micros) => {
    process.env['TZ'] = name
    const atMs = Date.UTC(2026, 10, 21, 0, 30, 20)
    expect(formatLocalMs(atMs)).toBe(seconds)
    expect(formatLocalMicros(BigInt(atMs) * 1000n + 118_000n)).toBe(micros)
  })

  test('before the epoch keeps its fraction', () => {
    process.env['TZ'] = 'UTC'
    expect(formatLocalMicros(-1n)).toBe('1969-12-31 23:59:59.999999+00')
  })
})
