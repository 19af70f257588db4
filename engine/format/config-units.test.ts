import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseDuration, parseSize, parseWithUnit, scaleUnits } from './config-units.ts'

describe('a value with a unit', () => {
  test('is read into the base unit of its key', () => {
    expect(parseDuration('5min', 'seconds')).toBe(300)
    expect(parseDuration('300', 'seconds')).toBe(300)
    expect(parseDuration('1 d', 'milliseconds')).toBe(86_400_000)
    expect(parseDuration('1500ms', 'seconds')).toBe(1)
    expect(parseDuration('0x10s', 'milliseconds')).toBe(16_000)
    expect(parseSize('10MB')).toBe(10240)
    expect(parseSize('2TB')).toBe(2 * 2 ** 30)
    expect(parseSize('010')).toBe(8)
  })

  test.each(['5 Min', '10mb', '10KB', '-1s', '1.5h', '', 'min'])('is refused as %j', (text) => {
    expect(() => parseDuration(text, 'seconds')).toThrow('not a number with a unit')
    expect(() => parseSize(text)).toThrow('not a number with a unit')
  })

  test('is shown with the largest unit that fits, as the reference tool does', () => {
    expect(scaleUnits(300, 'seconds')).toBe('5min')
    expect(scaleUnits(301, 'seconds')).toBe('301s')
    expect(scaleUnits(10240, 'kilobytes')).toBe('10MB')
    expect(scaleUnits(86_400_000, 'milliseconds')).toBe('1d')
    expect(scaleUnits(0, 'kilobytes')).toBe('0TB')
    expect(scaleUnits(0, 'milliseconds')).toBe('0d')
  })

  test('comes back from how it is shown', () => {
    fc.assert(
      fc.property(
        fc.bigInt(0n, 0xffff_ffff_ffffn),
        fc.constantFrom('seconds', 'milliseconds', 'kilobytes'),
        (value, base) => {
          expect(parseWithUnit(scaleUnits(value, base), base)).toBe(value)
        },
      ),
    )
  })
})
