import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { countLeading } from './count-leading.ts'

test('counts what a look at each would count', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat({ max: 50 })),
      fc.nat({ max: 50 }),
      fc.nat({ max: 200 }),
      (items, limit, most) => {
        const sorted = items.toSorted((a, b) => a - b)
        const length = Math.min(most, sorted.length)
        const expected = sorted.slice(0, length).filter((item) => item < limit).length
        expect(countLeading(sorted, (item) => item < limit, length)).toBe(expected)
        expect(countLeading(Float64Array.from(sorted), (item) => item < limit, length)).toBe(expected)
      },
    ),
  )
})
