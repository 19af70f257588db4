import { expect, test } from 'vitest'
import type { ChainRow, Mark } from './chain-layout.ts'
import { markAt } from './chain-row.tsx'

const mark = (id: string, x: number, lane: number): Mark =>
  ({ ids: [id], x, width: 3, height: 10, lane }) as unknown as Mark
const row = { marks: [mark('A', 100, 0), mark('B', 110, 0), mark('C', 110, 1)] } as unknown as ChainRow

test.each([
  [101, 10, 'A'],
  [106, 10, 'B'],
  [110, 20, 'B'],
  [110, 45, 'C'],
  [150, 10, undefined],
])('at %d, %d lies %s', (x, y, id) => {
  expect(markAt(row, x, y)?.ids[0]).toBe(id)
})
