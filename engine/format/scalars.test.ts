import { describe, expect, test } from 'vitest'
import { parseCBoolean, parseChoice, parseCInteger, parseCNumber } from './scalars.ts'

describe('a value', () => {
  test('is an integer in C notation', () => {
    const texts = ['0', '12', '0x1F', '017', '-3', '+4', '18446744073709551615']
    expect(texts.map(parseCInteger)).toEqual([0n, 12n, 31n, 15n, -3n, 4n, 18446744073709551615n])
    for (const text of ['', '08', '1.5', '1 2', 'x', '0x'])
      expect(() => parseCInteger(text)).toThrow('not an integer')
    expect(() => parseCNumber('10', 0, 9)).toThrow('from 0 to 9')
  })

  test('is a truth value by any clear beginning', () => {
    expect(['true', 'T', 'yes', 'on', '1'].map(parseCBoolean)).toEqual([true, true, true, true, true])
    expect(['false', 'f', 'N', 'off', 'of', '0'].map(parseCBoolean)).toEqual(
      Array.from({ length: 6 }, () => false),
    )
    for (const text of ['o', '', '2', 'truest']) expect(() => parseCBoolean(text)).toThrow('true or false')
  })

  test('is a choice by its beginning', () => {
    expect(parseChoice('fu', ['FULL', 'PAGE'])).toBe('FULL')
    expect(() => parseChoice('', ['FULL'])).toThrow('one of FULL')
    expect(() => parseChoice('fulls', ['FULL'])).toThrow('one of FULL')
  })
})
