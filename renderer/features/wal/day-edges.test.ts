import { expect, test } from 'vitest'
import { dayEdges } from './day-edges.ts'

test('days begin at midnight of the zone, the last one is today', () => {
  const { edges, days } = dayEdges(Date.parse('2026-03-01T20:00:00Z'), 3, 'Asia/Shanghai')
  expect(days).toEqual(['02-28', '03-01', '03-02'])
  expect(edges).toEqual([
    '2026-02-27T16:00:00.000Z',
    '2026-02-28T16:00:00.000Z',
    '2026-03-01T16:00:00.000Z',
    '2026-03-02T16:00:00.000Z',
  ])
})

test('a day on which clocks change is not 24 hours long', () => {
  const { edges } = dayEdges(Date.parse('2026-03-29T12:00:00Z'), 1, 'Europe/Berlin')
  expect(edges).toEqual(['2026-03-28T23:00:00.000Z', '2026-03-29T22:00:00.000Z'])
})
