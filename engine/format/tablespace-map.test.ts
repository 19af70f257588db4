import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatTablespaceMap, parseTablespaceMap } from './tablespace-map.ts'

test('a tablespace map gives back any path, whatever it holds', () => {
  const entry = fc.record({
    oid: fc.integer({ min: 1, max: 0xffff_ffff }),
    path: fc.string({ minLength: 1 }),
  })
  fc.assert(
    fc.property(fc.array(entry), (entries) => {
      expect(parseTablespaceMap(formatTablespaceMap(entries))).toEqual(entries)
    }),
  )
  const odd = [{ oid: 5, path: '/a b\n\\c\r' }]
  expect(parseTablespaceMap(formatTablespaceMap(odd))).toEqual(odd)
  expect(formatTablespaceMap(odd)).toBe('5 /a b\\\n\\\\c\\\r\n')
})

test('a tablespace map is damaged by a line without an oid or a path', () => {
  expect(() => parseTablespaceMap('x /a\n')).toThrow('line "x /a"')
  expect(() => parseTablespaceMap('5\n')).toThrow('line "5"')
})
