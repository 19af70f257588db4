import { expect, test } from 'vitest'
import { type ChainBackup, chainsFrom, layOutChains, newestChains } from './chain-layout.ts'

const HOUR = 3_600_000

function increments(
  count: number,
  change: (index: number) => Partial<ChainBackup> = () => ({}),
): ChainBackup[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `B${index}`,
    parentId: index === 0 ? undefined : `B${index - 1}`,
    fullId: 'B0',
    isFull: index === 0,
    mode: index === 0 ? 'FULL' : 'DELTA',
    status: 'OK',
    isStale: false,
    isPinned: false,
    atMs: index * HOUR,
    bytes: index === 0 ? 1000 : 10,
    restoreBytes: 1000 + index * 10,
    ...change(index),
  }))
}

const narrow = (ms: number): number => ms / HOUR / 10

test('ten thousand backups are drawn with few marks, and every backup is in one', () => {
  const [row] = layOutChains(chainsFrom(increments(10_000)), narrow, undefined)

  expect(row?.marks.length).toBeLessThan(1500)
  expect(row?.marks.flatMap(({ ids }) => ids).length).toBe(10_000)
})

test('a corrupt backup is never merged with its neighbours', () => {
  const backups = increments(1000, (index) => (index === 500 ? { status: 'CORRUPT' } : {}))
  const [row] = layOutChains(chainsFrom(backups), narrow, undefined)

  const mark = row?.marks.find(({ ids }) => ids.includes('B500'))
  expect(mark).toMatchObject({ ids: ['B500'], kind: 'problem' })
  expect(mark?.width).toBeGreaterThanOrEqual(7)
  expect(row?.problems).toBe(1)
})

test('what is selected stands alone', () => {
  const [row] = layOutChains(chainsFrom(increments(1000)), narrow, 'B77')
  expect(row?.marks.find(({ ids }) => ids.includes('B77'))?.ids).toEqual(['B77'])
})

test('a branch drops into a second lane', () => {
  const backups = [
    ...increments(3, (index) => (index === 2 ? { status: 'CORRUPT' } : {})),
    ...increments(1, () => ({ id: 'C', parentId: 'B1', isFull: false, atMs: 5 * HOUR })),
  ]
  const [row] = layOutChains(chainsFrom(backups), (ms) => (ms / HOUR) * 50, undefined)

  expect(row?.marks.map(({ ids, lane }) => [ids[0], lane])).toEqual([
    ['B0', 0],
    ['B1', 0],
    ['B2', 1],
    ['C', 0],
  ])
  expect(row?.tipLength).toBe(3)
})

test('the newest chain is on top and what lost its FULL comes last', () => {
  const old = increments(2)
  const young = increments(2, (index) => ({
    id: `Y${index}`,
    fullId: 'Y0',
    parentId: index === 0 ? undefined : 'Y0',
    atMs: 100 * HOUR + index,
  }))
  const lost = increments(1, () => ({ id: 'L', fullId: undefined, isFull: false, atMs: 200 * HOUR }))
  const rows = layOutChains(chainsFrom([...old, ...lost, ...young]), narrow, undefined)
  expect(rows.map(({ fullId }) => fullId)).toEqual(['Y0', 'B0', undefined])
})

test('of many chains the newest are drawn, and the one that is selected; the others are counted', () => {
  const chain = (number: number): ChainBackup[] =>
    increments(2, (index) => ({
      id: `${number}-${index}`,
      fullId: `${number}-0`,
      parentId: index === 0 ? undefined : `${number}-0`,
      atMs: number * 10 * HOUR + index,
      bytes: 7,
      isPinned: number === 2 && index === 1,
    }))
  const backups = Array.from({ length: 20 }, (_, number) => chain(number)).flat()
  const lost = increments(1, () => ({ id: 'L', fullId: undefined, isFull: false, atMs: 0 }))
  const { shown, olderCount, olderBytes, olderPinned } = newestChains(
    chainsFrom([...backups, ...lost]),
    3,
    '4-1',
  )

  expect(shown.map(({ fullId }) => fullId)).toEqual(['19-0', '18-0', '17-0', '4-0', undefined])
  expect({ olderCount, olderBytes, olderPinned }).toEqual({
    olderCount: 16,
    olderBytes: 16 * 14,
    olderPinned: 1,
  })
})

test('a mark knows how much room it has, so that more can be said of it when there is', () => {
  const [row] = layOutChains(chainsFrom(increments(3)), (ms) => (ms / HOUR) * 40, undefined)
  expect(row?.marks.map(({ roomPx }) => roomPx)).toEqual([40, 40, 40])
  const [lone] = layOutChains(chainsFrom(increments(1)), (ms) => ms, undefined)
  expect(lone?.marks[0]?.roomPx).toBe(Infinity)
})

test('a bin takes the worst status, and says from when to when it reaches', () => {
  const backups = increments(20, (index) => (index === 15 ? { status: 'DONE' } : {}))
  const [row] = layOutChains(chainsFrom(backups), (ms) => (ms / HOUR) * 0.1, undefined)
  expect(row?.marks).toHaveLength(2)
  expect(row?.marks[1]).toMatchObject({
    worst: { id: 'B15', status: 'DONE' },
    fromMs: HOUR,
    toMs: 19 * HOUR,
    bytes: 190,
  })
})

test('what lies outside of the view costs no mark', () => {
  const [row] = layOutChains(chainsFrom(increments(1000)), (ms) => ms / HOUR, undefined, [100, 130])
  expect(row?.marks.map(({ x }) => x)).toEqual([100, 102, 105, 108, 111, 114, 117, 120, 123, 126, 129])
})

test('branches at the same time keep their bins apart', () => {
  const branch = (name: string): ChainBackup[] =>
    increments(100, (index) => ({
      id: `${name}${index}`,
      parentId: index === 0 ? 'B0' : `${name}${index - 1}`,
      isFull: false,
      mode: 'DELTA',
      atMs: HOUR + index * HOUR + (name === 'X' ? 0 : 1),
    }))
  const backups = [...increments(1), ...branch('X'), ...branch('Y')]
  const [row] = layOutChains(chainsFrom(backups), (ms) => (ms / HOUR) * 0.3, undefined)
  expect(row?.lanes.count).toBe(2)
  expect(row?.marks.length).toBeLessThan(25)
})

test('increments beside a large FULL can still be told apart', () => {
  const backups = increments(3, (index) => ({ bytes: [1_000_000, 400, 100][index] ?? 0 }))
  const [row] = layOutChains(chainsFrom(backups), (ms) => ms / HOUR / 0.1, undefined)
  expect(row?.marks.map(({ height }) => height)).toEqual([34, 16, 8])
})
