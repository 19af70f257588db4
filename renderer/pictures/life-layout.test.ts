import { describe, expect, test } from 'vitest'
import { leastCpuMs } from '../../engine/testing/cpu-time.ts'
import { type LifeLine, layoutLifeLines, lifePaths, lifeRange, lineAt, linesBetween } from './life-layout.ts'

const DAY = 86_400_000
const NOW = 1000 * DAY

function line(
  id: string,
  fullId: string | undefined,
  daysAgo: number,
  given: Partial<LifeLine> = {},
): LifeLine {
  const startMs = NOW - daysAgo * DAY
  const endMs = startMs + 14 * DAY
  return { id, fullId, startMs, keptMs: endMs, pinMs: 0, goneMs: endMs, ...given }
}

/** Newest first, as the screen has them: FULLs with 167 increments each, one an hour. */
function many(count: number): readonly LifeLine[] {
  const lines: LifeLine[] = []
  let fullId = ''
  for (let index = 0; index < count; index++) {
    const id = `B${index}`
    if (index % 168 === 0) fullId = id
    const last = Math.min(count - 1, index - (index % 168) + 167)
    const goneMs = NOW - ((count - last) / 24) * DAY + 14 * DAY
    lines.push(line(id, fullId, (count - index) / 24, { goneMs }))
  }
  return lines.toReversed()
}

const scale = (asOfDays = 0) => ({
  toX: (ms: number) => 100 + ((ms - NOW) / DAY) * 10,
  right: 300,
  nowMs: NOW,
  asOfMs: NOW + asOfDays * DAY,
})
const drawn = (one: LifeLine, asOfDays = 0) => lifePaths(layoutLifeLines([one]).lines, scale(asOfDays))

describe('the lines', () => {
  test('are grouped by chain, the oldest first, each with its FULL on top', () => {
    const { chains, lines } = layoutLifeLines([
      line('D', 'C', 1),
      line('C', 'C', 2),
      line('B', 'A', 3),
      line('A', 'A', 4),
      line('X', undefined, 5),
    ])
    expect(chains.map(({ fullId, increments }) => [fullId, increments])).toEqual([
      [undefined, 1],
      ['A', 1],
      ['C', 1],
    ])
    expect(lines.map(({ line: { id } }) => id)).toEqual(['X', 'A', 'B', 'C', 'D'])
    expect(lines.map(({ top }) => top)).toEqual(lines.map(({ top }) => top).toSorted((a, b) => a - b))
  })

  test('are found by their heights, and nothing is where there is none', () => {
    const layout = layoutLifeLines(many(1000))
    for (const [index, { top, height }] of layout.lines.entries())
      expect(lineAt(layout, top + height / 2)).toBe(index)
    const end = layout.chains[0]?.bottom ?? 0
    expect(lineAt(layout, end + 5)).toBeUndefined()
    expect(linesBetween(layout, 200, 300).every(({ top }) => top > 190 && top <= 300)).toBe(true)
  })

  test('are solid while the policy keeps them, and hatched while only a child needs them', () => {
    const paths = drawn(line('A', 'A', 5, { goneMs: NOW + 12 * DAY }))
    expect(paths.kept).toBe('M50.0 7H190.0v12H50.0Z')
    expect(paths.heldFulls).toBe('M190.0 7H220.0v12H190.0Z')
    expect([paths.overdue, paths.later, paths.heldLines, paths.pinned, paths.spent]).toEqual([
      '',
      '',
      '',
      '',
      '',
    ])
  })

  test('of increments have the same parts', () => {
    const paths = drawn(line('B', 'A', 5, { goneMs: NOW + 12 * DAY }))
    expect(paths.heldFulls).toBe('')
    expect(paths.heldLines).toContain('M190.0')
  })

  test('end in a red cap when they are overdue, and in a hollow one when they will be on the day looked at', () => {
    expect(drawn(line('A', 'A', 20)).overdue).toContain('M38.0')
    expect(drawn(line('A', 'A', 5), 8).later).toBe('')
    expect(drawn(line('A', 'A', 5), 9).later).toContain('M188.0')
  })

  test('that no policy ever kept go on to now', () => {
    const paths = drawn(line('A', 'A', 5, { keptMs: 0, goneMs: 0 }))
    expect(paths.spent).toBe('M50.0 7H100.0v12H50.0Z')
    expect(paths.overdue).toContain('M98.0')
  })

  test('of increments that the policy keeps are lighter, and apart', () => {
    const paths = drawn(line('B', 'A', 5, { goneMs: NOW + 12 * DAY }))
    expect(paths.kept).toBe('')
    expect(paths.keptLines).toContain('M50.0')
  })

  test('of backups to come are dashed: a box, or the middle of a line', () => {
    const full = drawn(line('A', 'A', -5, { goneMs: NOW + 12 * DAY, isFuture: true }), 13)
    expect(full.kept).toBe('')
    expect(full.futureKept).toContain('M150.0 7.5H')
    expect(full.later).not.toBe('')
    expect(drawn(line('B', 'A', -5, { isFuture: true })).futureKept).toMatch(/^M150.0 [\d.]+H[\d.]+$/)
  })

  test('that are kept for ever go on to the edge, and pins are dots on theirs', () => {
    const paths = drawn(line('A', 'A', 5, { keptMs: Infinity, goneMs: Infinity }))
    expect(paths.kept).toBe('M50.0 7H300.0v12H50.0Z')
    const pinned = drawn(line('A', 'A', 20, { pinMs: NOW + 10 * DAY, goneMs: NOW + 10 * DAY }))
    expect(pinned.pins).toEqual([{ id: 'A', x: 200, y: 13 }])
    expect(pinned.pinned).toContain('H200.0')
  })
})

test('a pin of a hundred years does not press the rest into a corner', () => {
  const lines = [line('A', 'A', 90, { pinMs: NOW + 36_500 * DAY, goneMs: NOW + 36_500 * DAY })]
  const [fromMs, toMs] = lifeRange(lines, NOW)
  expect(fromMs).toBe(NOW - 90 * DAY)
  expect(toMs).toBe(NOW + 91 * DAY)
  expect(lifeRange([], NOW)).toEqual([NOW - 7 * DAY, NOW + 15 * DAY])
})

test('of 20,000 backups a frame takes less than the sixtieth of a second', async () => {
  const lines = many(20_000)
  const layout = layoutLifeLines(lines)
  const frames = 60
  const draw = (): void => {
    for (let frame = 0; frame < frames; frame++)
      lifePaths(linesBetween(layout, frame * 500, frame * 500 + 430), scale(frame % 30))
  }
  expect((await leastCpuMs(16 * frames, draw)) / frames).toBeLessThan(16)
})
