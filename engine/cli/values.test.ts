import path from 'node:path'
import { expect, test } from 'vitest'
import {
  parseBoolean,
  parseChoice,
  parseDurationMs,
  parseInteger,
  parseKilobytes,
  parseMapping,
  parsePath,
  parsePathList,
} from './values.ts'

test.each([
  ['30d', 2_592_000_000],
  ['1h', 3_600_000],
  ['5min', 300_000],
  ['5 min', 300_000],
  ['90s', 90_000],
  ['250ms', 250],
  ['7', 7000],
  ['0', 0],
  ['0x10s', 16_000],
])('reads the duration %s', (text, ms) => {
  expect(parseDurationMs(text, 's')).toBe(ms)
})

test.each(['', 'd', '1w', '1D', '-1s', '1.5h', '1h30', '99999999999999d'])(
  'refuses the duration "%s"',
  (text) => {
    expect(() => parseDurationMs(text, 's')).toThrow(expect.objectContaining({ code: 'value.malformed' }))
  },
)

test('takes a bare number in the unit of its option', () => {
  expect([parseDurationMs('3', 'ms'), parseDurationMs('3', 'min'), parseDurationMs('3', 'd')]).toEqual([
    3, 180_000, 259_200_000,
  ])
})

test.each([
  ['1', 1],
  ['1kB', 1],
  ['10MB', 10_240],
  ['1GB', 1_048_576],
  ['1TB', 1_073_741_824],
])('reads the size %s', (text, kilobytes) => {
  expect(parseKilobytes(text)).toBe(kilobytes)
})

test.each(['1mb', '1B', '1.5GB', 'constructor', '1constructor'])('refuses the size "%s"', (text) => {
  expect(() => parseKilobytes(text)).toThrow(expect.objectContaining({ code: 'value.malformed' }))
})

test.each([
  ['0', 0],
  ['42', 42],
  ['0x1F', 31],
  ['017', 15],
])('reads the number %s as C does', (text, number) => {
  expect(parseInteger(text)).toBe(number)
})

test.each(['', '-1', '08', '1e3', ' 1', '99999999999999999999'])('refuses the number "%s"', (text) => {
  expect(() => parseInteger(text)).toThrow(expect.objectContaining({ code: 'value.malformed' }))
})

test.each([
  ['true', true],
  ['T', true],
  ['yes', true],
  ['on', true],
  ['1', true],
  ['false', false],
  ['n', false],
  ['of', false],
  ['OFF', false],
  ['0', false],
])('reads %s as a boolean', (text, value) => {
  expect(parseBoolean(text)).toBe(value)
})

test.each(['', 'o', 'ja', '2', 'truee'])('refuses "%s" as a boolean', (text) => {
  expect(() => parseBoolean(text)).toThrow(/neither true nor false/)
})

test('takes a whole choice before one that only begins with it', () => {
  expect(parseChoice('DONE', ['DONELY', 'DONE'])).toBe('DONE')
  expect(parseChoice('del', ['FULL', 'DELTA'])).toBe('DELTA')
  expect(() => parseChoice('p', ['PAGE', 'PTRACK'])).toThrow(/more than one/)
  expect(() => parseChoice('', ['PAGE'])).toThrow(/none of/)
})

test('reads mappings, with equals signs inside paths', () => {
  expect(parseMapping('/a=/b/')).toEqual({ from: '/a', to: '/b' })
  expect(parseMapping('/a\\=1=/b\\=2')).toEqual({ from: '/a=1', to: '/b=2' })
  for (const text of ['/a', '=/b', '/a=', '/a=/b=/c', '/a=b']) expect(() => parseMapping(text)).toThrow()
})

test('reads paths and lists of them', () => {
  expect(parsePath('/srv/catalog//')).toBe('/srv/catalog')
  expect(parsePath('/')).toBe('/')
  expect(parsePathList('/a:/b/:')).toEqual(['/a', '/b'])
  expect(parsePathList('none')).toEqual([])
  expect(() => parsePathList('/a:b')).toThrow(/not an absolute path/)
  expect(() => parsePath('new/data')).toThrow(
    expect.objectContaining({ hint: `Write it in full; seen from here it is ${path.resolve('new/data')}.` }),
  )
  expect(() => parsePath('~/data')).toThrow(
    expect.objectContaining({ hint: expect.stringContaining('home directory') }),
  )
  expect(() => parseMapping('/a=b')).toThrow(
    expect.objectContaining({ hint: expect.stringContaining(path.resolve('b')) }),
  )
})
