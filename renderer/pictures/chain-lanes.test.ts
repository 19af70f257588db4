import { expect, test } from 'vitest'
import { type LaneBackup, lanesOf } from './chain-lanes.ts'

/** `id<parent` with a status; times count up. */
function line(...texts: readonly string[]): readonly LaneBackup[] {
  return texts.map((text, atMs) => {
    const [, id = '', parentId, status = 'OK'] = /^(\w+)(?:<(\w+))?(?: (\w+))?$/.exec(text) ?? []
    return { id, parentId, status, atMs }
  })
}

test('a chain without branches is one line', () => {
  const { laneOf, count, branches } = lanesOf(line('F', 'A<F', 'B<A', 'C<B'))
  expect([...laneOf.values()]).toEqual([0, 0, 0, 0])
  expect({ count, branches }).toEqual({ count: 1, branches: [] })
})

test('what hangs on a corrupt backup drops, and the sibling that was taken after it goes on', () => {
  const { laneOf, branches } = lanesOf(line('F', 'A<F', 'X<A CORRUPT', 'Y<X ORPHAN', 'B<A', 'Z<X ORPHAN'))
  expect(Object.fromEntries(laneOf)).toEqual({ F: 0, A: 0, X: 1, Y: 1, B: 0, Z: 2 })
  expect(branches).toEqual([
    { parentId: 'A', firstId: 'X', lane: 1, parentMs: 1, firstMs: 2, lastMs: 3, isBroken: true },
    { parentId: 'X', firstId: 'Z', lane: 2, parentMs: 2, firstMs: 5, lastMs: 5, isBroken: true },
  ])
})

test('a broken end without a sibling stays on the line', () => {
  expect(lanesOf(line('F', 'A<F', 'X<A CORRUPT', 'Y<X ORPHAN')).count).toBe(1)
})

test('a failed attempt takes no lane', () => {
  expect(lanesOf(line('F', 'A<F', 'E<A ERROR', 'B<A')).count).toBe(1)
})

test('a lane is used again after a branch has ended', () => {
  const { laneOf } = lanesOf(line('F', 'X<F CORRUPT', 'A<F', 'Y<A CORRUPT', 'B<A'))
  expect([laneOf.get('X'), laneOf.get('Y')]).toEqual([1, 1])
})

test('branches at the same time take lanes of their own, and what finds none is counted', () => {
  const { laneOf, count, hiddenCount } = lanesOf(
    line(
      'F',
      'X<F CORRUPT',
      'Y<F CORRUPT',
      'Z<F CORRUPT',
      'A<F',
      'XX<X ORPHAN',
      'YY<Y ORPHAN',
      'ZZ<Z ORPHAN',
    ),
  )
  expect([laneOf.get('X'), laneOf.get('XX'), laneOf.get('Y'), laneOf.get('YY')]).toEqual([1, 1, 2, 2])
  expect([laneOf.has('Z'), laneOf.has('ZZ')]).toEqual([false, false])
  expect({ count, hiddenCount }).toEqual({ count: 3, hiddenCount: 2 })
})
