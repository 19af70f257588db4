import { expect, test } from 'vitest'
import {
  brushRange,
  isWhole,
  moveEdge,
  moveRange,
  rangeAround,
  SHORTEST_RANGE_MS,
  type TimeRange,
  zoomRange,
} from './time-range.ts'

const HOUR = 3_600_000
const WHOLE: TimeRange = [0, 100 * HOUR]

test('a zoom keeps the moment under the cursor where it is', () => {
  expect(zoomRange(WHOLE, WHOLE, 0.5, 80 * HOUR)).toEqual([40 * HOUR, 90 * HOUR])
  expect(zoomRange([40 * HOUR, 90 * HOUR], WHOLE, 0.5, 40 * HOUR)).toEqual([40 * HOUR, 65 * HOUR])
})

test('a zoom ends at the whole and at the shortest range', () => {
  expect(zoomRange([40 * HOUR, 90 * HOUR], WHOLE, 10, 80 * HOUR)).toEqual(WHOLE)
  const [from, to] = zoomRange(WHOLE, WHOLE, 1e-9, 50 * HOUR)
  expect(to - from).toBe(SHORTEST_RANGE_MS)
})

test('zooming out at an edge moves the range instead of cutting it', () => {
  expect(zoomRange([80 * HOUR, 100 * HOUR], WHOLE, 2, 80 * HOUR)).toEqual([60 * HOUR, 100 * HOUR])
})

test('a range that is moved keeps its length', () => {
  expect(moveRange([10 * HOUR, 20 * HOUR], WHOLE, -30 * HOUR)).toEqual([0, 10 * HOUR])
  expect(moveRange([10 * HOUR, 20 * HOUR], WHOLE, 300 * HOUR)).toEqual([90 * HOUR, 100 * HOUR])
})

test('an edge passes neither the other one nor the whole', () => {
  expect(moveEdge([10 * HOUR, 20 * HOUR], WHOLE, 'from', -1)).toEqual([0, 20 * HOUR])
  expect(moveEdge([10 * HOUR, 20 * HOUR], WHOLE, 'from', 50 * HOUR)).toEqual([
    20 * HOUR - SHORTEST_RANGE_MS,
    20 * HOUR,
  ])
  expect(moveEdge([10 * HOUR, 20 * HOUR], WHOLE, 'to', 200 * HOUR)).toEqual([10 * HOUR, 100 * HOUR])
})

test('a brush may be drawn to the left', () => {
  expect(brushRange(WHOLE, 30 * HOUR, 10 * HOUR)).toEqual([10 * HOUR, 30 * HOUR])
  expect(brushRange(WHOLE, -5 * HOUR, 300 * HOUR)).toEqual(WHOLE)
})

test('what fits a row leaves a margin and stays inside', () => {
  expect(rangeAround(50 * HOUR, 75 * HOUR, WHOLE)).toEqual([49 * HOUR, 76 * HOUR])
  expect(isWhole(rangeAround(0, 100 * HOUR, WHOLE), WHOLE)).toBe(true)
  expect(isWhole([1, 100 * HOUR], WHOLE)).toBe(false)
})
