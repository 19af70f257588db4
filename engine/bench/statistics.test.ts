import { describe, expect, test } from 'vitest'
import { compare, median, summarizeTimes } from './statistics.ts'

describe('median', () => {
  test.each([
    [[3], 3],
    [[9, 1, 5], 5],
    [[4, 1], 2.5],
    [[10, 9, 1, 2], 5.5],
  ])('of %j is %d', (values, expected) => expect(median(values)).toBe(expected))

  test('of nothing is an error', () => expect(() => median([])).toThrow(RangeError))

  test('leaves the values in their order', () => {
    const values = [3, 1, 2]
    median(values)
    expect(values).toEqual([3, 1, 2])
  })
})

const once = (seconds: number) => summarizeTimes([seconds])

describe('compare', () => {
  test('quotes median and minimum apart', () => {
    const found = compare(summarizeTimes([4, 2, 3]), summarizeTimes([2, 4, 5]), {
      factor: 0.8,
      plusSeconds: 0,
    })
    expect(found).toEqual({ medianRatio: 0.75, minRatio: 1, isMet: true })
  })

  test.each([
    { seconds: 1.1, isMet: true },
    { seconds: 1.2, isMet: false },
  ])('$seconds s beside 1 s at a limit of 1.1: met $isMet', ({ seconds, isMet }) =>
    expect(compare(once(seconds), once(1), { factor: 1.1, plusSeconds: 0 }).isMet).toBe(isMet),
  )

  test('takes the seconds on top off the operation only', () => {
    const limit = { factor: 1, plusSeconds: 1 }
    expect(compare(once(3), once(2), limit)).toEqual({ medianRatio: 1, minRatio: 1, isMet: true })
    expect(compare(once(3.1), once(2), limit).isMet).toBe(false)
    expect(compare(once(0.9), once(2), limit).medianRatio).toBe(0)
  })

  test("takes what is neither side's own off both", () => {
    const found = compare(once(1.5), once(3), { factor: 0.3, plusSeconds: 0 }, once(1))
    expect(found).toEqual({ medianRatio: 0.25, minRatio: 0.25, isMet: true })
  })

  test('is not met by a yardstick that took no time of its own', () => {
    expect(compare(once(2), once(1), { factor: 0.3, plusSeconds: 0 }, once(1)).isMet).toBe(false)
  })
})
