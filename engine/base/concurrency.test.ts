import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { runFromBothEnds } from './concurrency.ts'

const never = new AbortController().signal

test('work from both ends is done once each, and no more at a time than was asked for', async () => {
  const lanes = fc.record({ first: fc.integer({ min: 1, max: 4 }), last: fc.nat({ max: 4 }) })
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: 30 }), lanes, async (count, atATime) => {
      const items = Array.from({ length: count }, (_, index) => index)
      const done: number[] = []
      let under = 0
      let most = 0
      await runFromBothEnds(
        items,
        atATime,
        async (item) => {
          most = Math.max(most, ++under)
          await new Promise(setImmediate)
          under--
          done.push(item)
        },
        never,
      )
      expect(done.toSorted((a, b) => a - b)).toEqual(items)
      expect(most).toBeLessThanOrEqual(atATime.first + atATime.last)
    }),
    { numRuns: 60 },
  )
})

test('work begins at both ends', async () => {
  const begun: number[] = []
  await runFromBothEnds(
    [0, 1, 2, 3, 4],
    { first: 1, last: 2 },
    async (item) => {
      begun.push(item)
      await new Promise(setImmediate)
    },
    never,
  )
  expect(begun.slice(0, 3)).toEqual([0, 4, 3])
})

test('a failure starts nothing new and is told when what is under way has ended', async () => {
  const begun: number[] = []
  const ended: number[] = []
  const working = runFromBothEnds(
    [0, 1, 2, 3, 4, 5],
    { first: 1, last: 1 },
    async (item) => {
      begun.push(item)
      if (item === 5) throw new Error('no')
      await new Promise(setImmediate)
      ended.push(item)
    },
    never,
  )
  await expect(working).rejects.toThrow('no')
  expect({ begun, ended }).toEqual({ begun: [0, 5], ended: [0] })
  await expect(
    runFromBothEnds([1], { first: 1, last: 1 }, async () => undefined, AbortSignal.abort()),
  ).rejects.toThrow()
})
