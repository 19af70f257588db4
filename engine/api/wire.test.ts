import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { decodeWire, encodeWire } from './wire.ts'

const trickyKey = fc.oneof(
  fc.string(),
  fc.constantFrom('$', '$$', '$a', '__proto__', 'constructor', 'toJSON'),
)

const { value: anyValue } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.string({ unit: 'binary' }),
    fc.integer(),
    fc.double(),
    fc.constantFrom(Number.NaN, -0, Infinity, -Infinity, Number.MIN_VALUE, 2 ** 53),
    fc.bigInt(),
    fc.boolean(),
    fc.constantFrom(null, undefined),
    fc.date({ noInvalidDate: false }),
    fc.uint8Array(),
    fc.array(tie('value')),
    fc.array(tie('value')).map((items) => new Set(items)),
    fc.array(fc.tuple(tie('value'), tie('value'))).map((pairs) => new Map(pairs)),
    fc.dictionary(trickyKey, tie('value'), { noNullPrototype: true }),
  ),
}))

it('carries what structured clone carries', () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      assert.deepStrictEqual(decodeWire(encodeWire(value)), structuredClone(value))
    }),
    { numRuns: 2000 },
  )
})

it('never lets a stranger do more than throw value.malformed', () => {
  const tagLike = fc.letrec<{ node: unknown }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      fc.jsonValue(),
      fc.record({
        $: fc.tuple(
          fc.constantFrom('number', 'date', 'bytes', 'bigint', 'map', 'set', 'undefined', 'x'),
          tie('node'),
        ),
      }),
      fc.array(tie('node')),
    ),
  })).node
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        tagLike.map((node) => JSON.stringify(node)),
      ),
      (text) => {
        try {
          decodeWire(text)
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: 'value.malformed' })
        }
      },
    ),
    { numRuns: 2000 },
  )
})

it('keeps a "__proto__" key away from the prototype', () => {
  const decoded = decodeWire('{"__proto__":{"isAdmin":true}}') as { isAdmin?: boolean }
  expect(decoded.isAdmin).toBeUndefined()
  expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype)
  expect(Object.keys(decoded)).toEqual(['__proto__'])
})

it('keeps a key whose value is undefined, and a hole as undefined', () => {
  expect(decodeWire(encodeWire({ a: undefined }))).toStrictEqual({ a: undefined })
  // oxlint-disable-next-line no-sparse-arrays
  expect(decodeWire(encodeWire([1, , 3]))).toStrictEqual([1, undefined, 3])
})

it('carries a megabyte of bytes', () => {
  const bytes = new Uint8Array(1 << 20).map((_, at) => at * 31)
  expect(decodeWire(encodeWire(bytes))).toStrictEqual(bytes)
})

it.each([
  ['a function', () => 1],
  ['a symbol', Symbol('s')],
  ['a class instance', new URL('http://a/')],
  ['an error', new Error('e')],
  ['a promise', Promise.resolve()],
])('refuses to send %s', (_what, value) => {
  expect(() => encodeWire({ value })).toThrow(TypeError)
})

it('refuses a cycle instead of overflowing the stack', () => {
  const cycle: unknown[] = []
  cycle.push(cycle)
  expect(() => encodeWire(cycle)).toThrow('nested more than 64 deep')
  expect(() => decodeWire('['.repeat(100_000) + ']'.repeat(100_000))).toThrow('nested more than 64 deep')
})

it.each([
  '',
  'nope',
  '{"$":1}',
  '{"$":["bigint","1e3"]}',
  '{"$":["number","0x10"]}',
  '{"$":["bytes","%%%"]}',
  '{"$":["bytes","A"]}',
  '{"$":["map",[1]]}',
  '{"$":["regexp","a"]}',
])('refuses the text %j', (text) => {
  expect(() => decodeWire(text)).toThrow(expect.objectContaining({ code: 'value.malformed' }))
})
