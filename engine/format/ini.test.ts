import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseIni, quoteIni } from './ini.ts'

const only = (text: string): { key: string; value: string } | undefined => {
  const [line] = parseIni(text)
  return line && { key: line.key, value: line.value }
}

/** Letters of all the world, and often what has a meaning of its own in a line. */
const anyText = fc.string({
  maxLength: 100,
  unit: fc.oneof(
    fc.string({ minLength: 1, maxLength: 1, unit: 'grapheme' }),
    fc.constantFrom("'", '#', '=', ' '),
  ),
})

describe('a line of a control file', () => {
  test.each([
    ['a = b', 'a', 'b'],
    ['  a=b  \r', 'a', 'b'],
    ['Primary_Conninfo = x y', 'primary-conninfo', 'x y'],
    ["a = 'it''s # here'  # comment", 'a', "it's # here"],
    ['a = b # comment', 'a', 'b'],
    ["a = ''", 'a', ''],
    ['a =', 'a', ''],
    ["a = b'c", 'a', "b'c"],
    ['a = b = c', 'a', 'b = c'],
  ])('reads %j', (text, key, value) => {
    expect(only(text)).toEqual({ key, value })
  })

  test('may be empty or a comment', () => {
    expect(parseIni('\n  \n# a = b\n  # c\n')).toEqual([])
  })

  test.each([
    'no equals sign',
    'a b = c',
    '= b',
    'a # = b',
    "a = 'open",
    "a = 'b' c",
    'a = b\tc',
    `a = ${'x'.repeat(2048)}`,
    `${'k'.repeat(1024)} = b`,
    `a = b # ${'x'.repeat(4096)}`,
  ])('is refused with its number: %.30s', (text) => {
    expect(() => parseIni(`ok = 1\n${text}\n`)).toThrow(/^line 2 /)
  })

  test.each([
    ["a = 'it's'", "it's"],
    ["a = 'it's a 'q''", "it's a 'q'"],
    ["a = '''", "'"],
    ["a = 'it''s'", "it's"],
    ["a = 'it''s' # 'c'", "it's"],
    ["a = ''", ''],
  ])('may hold quotes as they were written: %s', (text, value) => {
    expect(parseIni(text, 'as-written')[0]?.value).toBe(value)
  })

  test.each(["a = 'open", "a = 'b' c", "a = '"])('is refused all the same: %s', (text) => {
    expect(() => parseIni(text, 'as-written')).toThrow(/^line 1 /)
  })

  test('that was quoted reads the same either way', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const line = `a = ${quoteIni(text)}`
        expect(parseIni(line, 'as-written')).toEqual(parseIni(line))
      }),
    )
  })

  test('counts limits in bytes', () => {
    expect(only(`a = ${'x'.repeat(2047)}`)?.value).toHaveLength(2047)
    expect(() => parseIni(`a = ${'ä'.repeat(1024)}`)).toThrow('2047 bytes')
  })

  test('gives back any text that was quoted', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        fc.pre(!/[\r\n\0]/.test(text))
        expect(only(`key = ${quoteIni(text)}`)?.value).toBe(text)
      }),
    )
  })

  test('never holds a line end, however the text was', () => {
    expect(quoteIni('two\r\nlines')).toBe("'two lines'")
    expect(() => quoteIni('x'.repeat(2048))).toThrow('2047 bytes')
  })
})
