import { array, assert, integer, property } from 'fast-check'
import { expect, test } from 'vitest'
import { PageMap } from './page-map.ts'

const blocks = array(integer({ min: 0, max: 131_071 }), { maxLength: 200 })

test('holds what was put into it, once and in order, also after a journey as bytes', () => {
  assert(
    property(blocks, integer({ min: 0, max: 131_072 }), (added, end) => {
      const map = new PageMap()
      for (const block of added) map.add(block)
      const expected = [...new Set(added)].sort((a, b) => a - b)
      for (const one of [map, new PageMap(map.toBytes())]) {
        expect(one.count).toBe(expected.length)
        expect([...one.blocksBelow(end)]).toEqual(expected.filter((block) => block < end))
      }
    }),
  )
})

test('a block that was not added is not in it', () => {
  const map = new PageMap()
  map.add(9)
  expect([8, 9, 10, 131_071].map((block) => map.has(block))).toEqual([false, true, false, false])
})
