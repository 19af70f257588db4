import { expect, test } from 'vitest'
import { goneUnasked } from './use-scratch-servers.ts'

test('a server that went by itself is told, one that was stopped from here or has just come is not', () => {
  const before = [{ id: '1' }, { id: '2' }]
  const up = [{ id: '2' }, { id: '3' }]
  expect(goneUnasked(before, up, new Set())).toEqual([{ id: '1' }])
  expect(goneUnasked(before, up, new Set(['1']))).toEqual([])
  expect(goneUnasked([], up, new Set())).toEqual([])
})
