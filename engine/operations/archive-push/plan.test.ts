import { describe, expect, test } from 'vitest'
import { decideCompression, planBatch } from './plan.ts'

const name = (number: number): string =>
  `0000000100000000${number.toString(16).toUpperCase().padStart(8, '0')}`

describe('a batch', () => {
  const ready = [
    `${name(7)}.ready`,
    `${name(5)}.ready`,
    `${name(6)}.ready`,
    `${name(4)}.done`,
    '00000002.history.ready',
    `${name(5)}.00000028.backup.ready`,
  ]

  test('is the file that was asked for and the first others that are ready, in order', () => {
    expect(planBatch(name(5), ready, 2)).toEqual([name(5), name(6)])
    expect(planBatch(name(5), ready, 10)).toEqual([name(5), name(6), name(7)])
  })

  test('has the file that was asked for even when others come before it', () => {
    expect(planBatch(name(7), ready, 2)).toEqual([name(5), name(7)])
    expect(planBatch(name(9), ready, 1)).toEqual([name(9)])
  })

  test('puts a history before the segments of its timeline', () => {
    expect(planBatch('00000001.history', ready, 2)).toEqual(['00000001.history', name(5)])
  })
})

describe('compression', () => {
  test('is none unless zlib is asked for', () => {
    expect(decideCompression(undefined, undefined)).toEqual({ algorithm: 'none', level: 1 })
    expect(decideCompression('zlib', 9)).toEqual({ algorithm: 'zlib', level: 9 })
  })

  test.each([
    ['pglz', 1],
    ['zstd', 1],
    ['zlib', 10],
  ])('is refused for %s level %i', (algorithm, level) => {
    expect(() => decideCompression(algorithm, level)).toThrow(
      expect.objectContaining({ code: 'usage.invalid' }),
    )
  })
})
