import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type ContentEntry,
  formatContentEntry,
  formatContentList,
  isListablePath,
  parseContentList,
} from './content-list.ts'
import { leastCpuMs } from '../testing/cpu-time.ts'

/** The samples of the catalog format, section 4.2. */
const SAMPLES = [
  '{"path":"base/5/1255", "size":"146348", "mode":"33152", "is_datafile":"1", "is_cfs":"0", "crc":"784085636", "compress_alg":"zlib", "external_dir_num":"0", "dbOid":"5","full_size":"786432","segno":"0","n_blocks":"96","n_headers":"96","hdr_crc":"990548525","hdr_off":"36550","hdr_size":"1242"}',
  '{"path":"global/pg_control", "size":"8192", "mode":"33152", "is_datafile":"0", "is_cfs":"0", "crc":"696500254", "compress_alg":"none", "external_dir_num":"0", "dbOid":"0"}',
  '{"path":"pg_tblspc/16395", "size":"0", "mode":"16832", "is_datafile":"0", "is_cfs":"0", "crc":"0", "compress_alg":"none", "external_dir_num":"0", "dbOid":"0"}',
  '{"path":"base/1/PG_VERSION", "size":"-1", "mode":"33152", "is_datafile":"0", "is_cfs":"0", "crc":"575108234", "compress_alg":"none", "external_dir_num":"0", "dbOid":"1","full_size":"3"}',
  '{"path":"a.txt", "size":"6", "mode":"33188", "is_datafile":"0", "is_cfs":"0", "crc":"893245630", "compress_alg":"none", "external_dir_num":"1", "dbOid":"0"}',
] as const

const u32 = fc.nat({ max: 0xffff_ffff })
const size = fc.integer({ min: 1, max: 2 ** 40 })
const listable = fc.string({ minLength: 1, maxLength: 80, unit: 'grapheme' }).filter(isListablePath)

const anyEntry: fc.Arbitrary<ContentEntry> = fc.record({
  path: listable,
  sizeBytes: fc.oneof(size, fc.constantFrom(-1, 0)),
  mode: u32,
  isDataFile: fc.constant(true),
  isCfs: fc.boolean(),
  crc: u32,
  compressAlgorithm: fc.constantFrom('none', 'zlib', 'pglz', 'lz4', 'zstd'),
  externalDirNumber: fc.nat({ max: 20 }),
  databaseOid: u32,
  fullBytes: size,
  segmentNumber: fc.nat({ max: 32767 }),
  linkTarget: fc.option(listable, { nil: undefined }),
  blockCount: fc.nat({ max: 131072 }),
  headers: fc.option(
    fc.record({ headerCount: fc.integer({ min: 1, max: 131072 }), crc: u32, offset: u32, sizeBytes: u32 }),
    { nil: undefined },
  ),
})

const LEAST = '"path":"p", "size":"1", "mode":"2", "is_datafile":"0", "crc":"3", "compress_alg":"none"'
const only = (line: string): ContentEntry | undefined => parseContentList(line)[0]

describe('a content list', () => {
  test('comes out as it went in for the samples of the format', () => {
    const text = SAMPLES.map((line) => `${line}\n`).join('')
    expect([...formatContentList(parseContentList(text))].join('')).toBe(text)
    expect(only(SAMPLES[0])).toMatchObject({
      path: 'base/5/1255',
      sizeBytes: 146348,
      fullBytes: 786432,
      headers: { headerCount: 96, crc: 990548525, offset: 36550, sizeBytes: 1242 },
    })
    expect(only(SAMPLES[1])).toMatchObject({ fullBytes: 8192, headers: undefined, linkTarget: undefined })
  })

  test('gives back any entries', () => {
    fc.assert(
      fc.property(fc.array(anyEntry, { maxLength: 5 }), (entries) => {
        expect(parseContentList([...formatContentList(entries)].join(''))).toEqual(entries)
      }),
    )
  })

  test('is read in any order, with unknown fields, spaces and line ends of others', () => {
    expect(only(`{ "file_type":"0", "crc" : "3",  ${LEAST}, "full_sizes":"9"} \r`)).toMatchObject({
      path: 'p',
      crc: 3,
      fullBytes: 1,
    })
    expect(parseContentList(`\n{${LEAST}}\n\n{${LEAST}}`)).toHaveLength(2)
  })

  test('keeps commas and lone quotes in paths of others, which cannot be written', () => {
    for (const path of ['a,b', 'a"b', 'a", b']) {
      const entry = only(`{${LEAST.replace('"p"', `"${path}"`)}}`)
      expect(entry?.path).toBe(path)
      expect(isListablePath(path)).toBe(false)
      expect(() => formatContentEntry({ ...(entry as ContentEntry), path })).toThrow('cannot hold')
    }
  })

  test('reads numbers as C does', () => {
    const read = (value: string): number | undefined =>
      only(`{${LEAST}, "n_blocks":"9", "size":"${value}"}`)?.sizeBytes
    expect(['0x10', '010', '-1', '99999999999999999999'].map(read)).toEqual([16, 8, -1, -1])
    expect(read('9007199254740991')).toBe(Number.MAX_SAFE_INTEGER)
    expect(() => read('12a')).toThrow('line 1 of the content list has a number')
  })

  test.each([
    ['size', 'has no size'],
    ['path', 'has no path'],
    ['mode', 'has no mode'],
    ['is_datafile', 'has no is_datafile'],
    ['crc', 'has no crc'],
    ['compress_alg', 'has no compress_alg'],
  ])('is damaged by a line without %s', (field, message) => {
    const without = LEAST.replace(`"${field}"`, '"other"')
    expect(() => parseContentList(`{${LEAST}}\n{${without}}\n`)).toThrow(
      `line 2 of the content list ${message}`,
    )
  })

  test('is damaged wherever its last line is cut off', () => {
    for (let length = 1; length < SAMPLES[0].length; length++) {
      expect(() => parseContentList(SAMPLES[0].slice(0, length))).toThrow(
        'line 1 of the content list is cut off',
      )
    }
  })

  test('is not read with a compression nobody knows', () => {
    expect(() => only(`{${LEAST.replace('none', 'brotli')}}`)).toThrow('unknown compression')
    expect(() => only(`{${LEAST.replace('none', '')}}`)).toThrow('has no compress_alg')
  })

  test('refuses a line that other readers would cut off', () => {
    const entry = only(SAMPLES[1]) as ContentEntry
    expect(() => formatContentEntry({ ...entry, path: 'x'.repeat(8100) })).toThrow('cannot hold')
    expect(() => formatContentEntry({ ...entry, path: 'x'.repeat(7900) })).not.toThrow()
  })

  test('of 50,000 files is read in well under a second', async () => {
    const text = Array.from({ length: 50_000 }, () => `${SAMPLES[0]}\n`).join('')
    expect(parseContentList(text)).toHaveLength(50_000)
    expect(await leastCpuMs(1000, () => parseContentList(text))).toBeLessThan(1000)
  })
})
