import { expect, test } from 'vitest'
import { nextStop } from './wal-lanes.tsx'

const rows = [[{ x: 10 }, { x: 50 }, { x: 90 }], [], [{ x: 20 }, { x: 80 }]]

test.each([
  ['ArrowRight', 0, 0, { row: 0, at: 1 }],
  ['ArrowRight', 0, 2, { row: 0, at: 2 }],
  ['ArrowLeft', 0, 0, { row: 0, at: 0 }],
  ['End', 0, 0, { row: 0, at: 2 }],
  ['Home', 2, 1, { row: 2, at: 0 }],
  ['ArrowUp', 0, 1, { row: 0, at: 1 }],
])('%s from %i/%i stays on the lane', (key, row, at, to) => {
  expect(nextStop(rows, row, at, key)).toEqual(to)
})

test('up and down lead to the nearest notch of the next lane that has any', () => {
  expect(nextStop(rows, 0, 2, 'ArrowDown')).toEqual({ row: 2, at: 1 })
  expect(nextStop(rows, 2, 0, 'ArrowUp')).toEqual({ row: 0, at: 0 })
})

test('other keys lead nowhere', () => {
  expect(nextStop(rows, 0, 0, 'Enter')).toBeUndefined()
})
