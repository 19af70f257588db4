import { describe, expect, test } from 'vitest'
import { parseOptions } from './options.ts'
import { OPERATIONS } from './targets.ts'

describe('the options of the benchmarks', () => {
  test('without a word mean everything, three times after a warm-up', () =>
    expect(parseOptions([])).toEqual({
      scale: 1,
      smallTables: 2000,
      increments: 1,
      operations: new Set(OPERATIONS),
      repeat: 3,
      hasWarmUp: true,
    }))

  test('are taken as given', () =>
    expect(
      parseOptions(['--scale', '0.05', '--quick', '--chain=10', '--only', 'delta,ptrack', '--only=merge']),
    ).toEqual({
      scale: 0.05,
      smallTables: 100,
      increments: 10,
      operations: new Set(['delta', 'ptrack', 'merge']),
      repeat: 1,
      hasWarmUp: false,
    }))

  test('may ask for many runs though they are quick, and for many files though they are small', () =>
    expect(parseOptions(['--quick', '--repeat', '5', '--scale=0.1', '--tables=20000'])).toMatchObject({
      repeat: 5,
      smallTables: 20_000,
    }))

  test('may ask for help', () => expect(parseOptions(['--help'])).toBe('help'))

  test.each([
    [['--scale', 'big'], '--scale takes a positive number, not "big"'],
    [['--scale=-1'], '--scale takes a positive number, not "-1"'],
    [['--scale='], '--scale takes a positive number, not ""'],
    [['--repeat', '0'], '--repeat takes a whole number from 1, not "0"'],
    [['--chain', '1.5'], '--chain takes a whole number from 1, not "1.5"'],
    [['--only', 'full'], '"full" is no operation'],
    [['--fast'], '--fast'],
    [['delta'], 'delta'],
  ])('%j is refused', (words, message) => expect(() => parseOptions(words)).toThrow(message))
})
