import { expect, test } from 'vitest'
import { markWidths } from './mark-widths.ts'

test('marks are as wide as asked while there is room, and thin where there are many', () => {
  expect(markWidths([100], 5)).toEqual([5])
  expect(markWidths([300, 100, 200], 5)).toEqual([5, 5, 5])
  expect(markWidths([10, 14, 17, 40], 5)).toEqual([2, 1.5, 1.5, 5])
  expect(markWidths([10, 10.1, 10.2], 5)).toEqual([1, 1, 1])
})
