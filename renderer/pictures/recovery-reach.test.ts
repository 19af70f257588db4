import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  dragReach,
  edgeOfReach,
  type Interval,
  nearestReach,
  roundReach,
  stepReach,
  unitedReach,
  withoutIntervals,
} from './recovery-reach.ts'

const ZONES: readonly Interval[] = [
  { fromMs: 100, toMs: 200 },
  { fromMs: 260, toMs: 260 },
  { fromMs: 400, toMs: 500 },
]
const isReachable = (zones: readonly Interval[], ms: number): boolean =>
  zones.some(({ fromMs, toMs }) => fromMs <= ms && ms <= toMs)

describe('the handle', () => {
  test('goes where it is dragged inside a zone', () => {
    expect(dragReach(ZONES, 150, 120, 8)).toBe(150)
  })

  test('sticks to the edge that it was dragged over, and then jumps to the other side', () => {
    expect(dragReach(ZONES, 205, 190, 8)).toBe(200)
    expect(dragReach(ZONES, 209, 190, 8)).toBe(260)
    expect(dragReach(ZONES, 300, 190, 8)).toBe(400)
  })

  test('does the same from the right', () => {
    expect(dragReach(ZONES, 395, 450, 8)).toBe(400)
    expect(dragReach(ZONES, 390, 450, 8)).toBe(260)
  })

  test('stays on the side that it jumped to while the pointer is over the gap', () => {
    const places = [210, 220, 230, 240, 250].map((ms) => dragReach(ZONES, ms, 190, 8))
    expect(new Set(places)).toEqual(new Set([260]))
  })

  test('takes what is nearest when clicked', () => {
    expect(dragReach(ZONES, 320, undefined, 8)).toBe(260)
    expect(dragReach(ZONES, 340, undefined, 8)).toBe(400)
    expect(dragReach(ZONES, 0, undefined, 8)).toBe(100)
    expect(dragReach(ZONES, 900, 450, 8)).toBe(500)
  })

  test('has no place where nothing can be reached', () => {
    expect(dragReach([], 5, undefined, 8)).toBeUndefined()
    expect(stepReach([], 5, 1)).toBeUndefined()
  })
})

describe('the keys', () => {
  test('stop at an edge, and go on from there on the other side', () => {
    expect(stepReach(ZONES, 195, 10)).toBe(200)
    expect(stepReach(ZONES, 200, 10)).toBe(260)
    expect(stepReach(ZONES, 260, 10)).toBe(400)
    expect(stepReach(ZONES, 500, 10)).toBe(500)
    expect(stepReach(ZONES, 400, -10)).toBe(260)
  })

  test('find the edges of zones and points', () => {
    expect(edgeOfReach(ZONES, 150, 1)).toBe(200)
    expect(edgeOfReach(ZONES, 200, 1)).toBe(260)
    expect(edgeOfReach(ZONES, 450, -1)).toBe(400)
    expect(edgeOfReach(ZONES, 100, -1)).toBe(100)
  })
})

test('a moment is rounded unless that leads out of a zone', () => {
  expect(roundReach(ZONES, 143, 10)).toBe(140)
  expect(roundReach(ZONES, 199, 60)).toBe(180)
  expect(roundReach(ZONES, 195, 150)).toBe(150)
  expect(roundReach(ZONES, 199, 500)).toBe(199)
})

test('no way of moving leaves what can be reached', () => {
  const zones = fc
    .array(fc.tuple(fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 0, max: 80 })), { minLength: 1 })
    .map((parts) => unitedReach(parts.map(([fromMs, long]) => ({ fromMs, toMs: fromMs + long }))))
  const moment = fc.integer({ min: -50, max: 1200 })
  fc.assert(
    fc.property(zones, moment, moment, fc.integer({ min: -300, max: 300 }), (known, ms, last, by) => {
      const places = [
        nearestReach(known, ms),
        dragReach(known, ms, last, 8),
        dragReach(known, ms, undefined, 8),
        roundReach(known, nearestReach(known, ms) ?? ms, 7),
        by === 0 ? known[0]?.fromMs : stepReach(known, ms, by),
      ]
      return places.every((place) => place !== undefined && isReachable(known, place))
    }),
  )
})

test('what is left of a range has none of what was taken', () => {
  expect(withoutIntervals({ fromMs: 0, toMs: 600 }, ZONES)).toEqual([
    { fromMs: 0, toMs: 100 },
    { fromMs: 200, toMs: 260 },
    { fromMs: 260, toMs: 400 },
    { fromMs: 500, toMs: 600 },
  ])
  expect(withoutIntervals({ fromMs: 120, toMs: 180 }, ZONES)).toEqual([])
})
