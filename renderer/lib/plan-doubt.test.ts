import { expect, test } from 'vitest'
import { doubtOf, PLAN_MS } from './plan-doubt.ts'

const seen = { hash: 'a', atMs: 1000 }

test.each([
  ['nothing was seen yet', undefined, 'a', 1000, undefined],
  ['it is the one that was seen', seen, 'a', 1000 + PLAN_MS - 1, undefined],
  ['the catalog has changed', seen, 'b', 1001, 'changed'],
  ['ten minutes have passed', seen, 'a', 1000 + PLAN_MS, 'expired'],
])('a plan when %s: %#', (_, plan, hash, nowMs, doubt) => {
  expect(doubtOf(plan, hash, nowMs)).toBe(doubt)
})
