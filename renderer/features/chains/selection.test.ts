import { describe, expect, test } from 'vitest'
import { choiceOf, choose, chooseAll, keepKnown, type Selection, selectionOf } from './selection.ts'

const ORDER = ['A', 'B', 'C', 'D', 'E']
const shown = ({ at, anchor, ids }: Selection) => [at, anchor, [...ids].toSorted().join('')]

describe('a selection', () => {
  test('is one backup after a click', () => {
    const many = chooseAll(selectionOf('A'), ORDER)
    expect(shown(choose(many, 'C', 'one', ORDER))).toEqual(['C', 'C', 'C'])
  })

  test('takes backups in and out one by one', () => {
    const two = choose(selectionOf('A'), 'C', 'toggle', ORDER)
    expect(shown(two)).toEqual(['C', 'C', 'AC'])
    expect(shown(choose(two, 'A', 'toggle', ORDER))).toEqual(['A', 'A', 'C'])
    expect(shown(choose(selectionOf('A'), 'A', 'toggle', ORDER))).toEqual(['A', 'A', ''])
  })

  test('reaches from the anchor to either side, and back again', () => {
    const down = choose(selectionOf('C'), 'E', 'range', ORDER)
    expect(shown(down)).toEqual(['E', 'C', 'CDE'])
    const up = choose(down, 'B', 'range', ORDER)
    expect(shown(up)).toEqual(['B', 'C', 'BC'])
    expect(shown(choose(up, 'C', 'range', ORDER))).toEqual(['C', 'C', 'C'])
  })

  test('begins a range where nothing was chosen, and where the anchor is not shown', () => {
    expect(shown(choose(selectionOf(undefined), 'B', 'range', ORDER))).toEqual(['B', 'B', 'B'])
    expect(shown(choose(selectionOf('Z'), 'B', 'range', ORDER))).toEqual(['B', 'B', 'B'])
  })

  test('stays while the keys go elsewhere', () => {
    expect(shown(choose(selectionOf('A'), 'D', 'move', ORDER))).toEqual(['D', 'A', 'A'])
  })

  test('can be everything that is shown', () => {
    expect(shown(chooseAll(selectionOf('B'), ORDER))).toEqual(['B', 'B', 'ABCDE'])
    expect(shown(chooseAll(selectionOf(undefined), []))).toEqual([undefined, undefined, ''])
  })

  test('loses what is gone, and is the same value when nothing is', () => {
    const all = chooseAll(selectionOf('B'), ORDER)
    expect(keepKnown(all, new Set(ORDER))).toBe(all)
    expect(shown(keepKnown(all, new Set(['A', 'E'])))).toEqual(['B', 'B', 'AE'])
  })
})

test.each([
  ['one', {}],
  ['range', { shiftKey: true }],
  ['toggle', { ctrlKey: true }],
  ['toggle', { metaKey: true }],
  ['range', { shiftKey: true, ctrlKey: true }],
])('a click is %s with %j', (choice, held) => {
  expect(choiceOf({ shiftKey: false, ctrlKey: false, metaKey: false, ...held })).toBe(choice)
})
