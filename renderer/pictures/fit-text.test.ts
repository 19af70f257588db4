import { describe, expect, test } from 'vitest'
import { farApart, placeBeside, widthOf } from './fit-text.ts'

const ROOM = { left: 200, right: 500 }
const beside = (text: string, x: number) => placeBeside([text], 10, { start: x - 10, end: x + 10 }, ROOM)

describe('a text beside a mark', () => {
  test('stands to the right of it, where there is room', () => {
    expect(beside('pinned to Dec 31', 300)).toEqual({ text: 'pinned to Dec 31', x: 310, anchor: 'start' })
  })

  test('stands to the left of it at the right end', () => {
    expect(beside('pinned to Dec 31', 480)).toEqual({ text: 'pinned to Dec 31', x: 470, anchor: 'end' })
  })

  test('is cut where neither side has room, on the side that has more', () => {
    const note = 'pinned to Dec 31 · before the move to another cluster'
    const cut = beside(note, 340)
    expect(cut).toMatchObject({ x: 350, anchor: 'start' })
    expect(cut?.text).toMatch(/^pinned to Dec 31 · bef.*…$/)
    expect(widthOf(cut?.text ?? note, 10)).toBeLessThanOrEqual(ROOM.right - 350)
    expect(beside(note, 360)).toMatchObject({ x: 350, anchor: 'end' })
  })

  test('is the longest of several that fits', () => {
    const mark = { start: 0, end: 0 }
    const said = ['3 ORPHAN · 02:00 – 07:00', '3 ORPHAN']
    expect(placeBeside(said, 10, mark, { left: 0, right: 200 })?.text).toBe(said[0])
    expect(placeBeside(said, 10, mark, { left: 0, right: 100 })?.text).toBe(said[1])
    expect(placeBeside([], 10, mark, { left: 0, right: 100 })).toBeUndefined()
  })

  test('does not end in what joins words', () => {
    expect(placeBeside(['12345678 · abc'], 10, { start: 0, end: 0 }, { left: 0, right: 71 })?.text).toBe(
      '12345678…',
    )
  })

  test('is left out where it could not be read', () => {
    expect(placeBeside(['pinned'], 10, { start: 0, end: 0 }, { left: 0, right: 20 })).toBeUndefined()
  })
})

test('letters of CJK are as wide as they are high', () => {
  expect(widthOf('固定', 11)).toBe(22)
  expect(widthOf('ab', 10)).toBe(12)
})

test('texts on an axis keep their distance', () => {
  expect(farApart([1, 2, 3, 5, 9], (value) => value * 10, 20)).toEqual([1, 3, 5, 9])
  expect(farApart([], (value) => value, 20)).toEqual([])
})
