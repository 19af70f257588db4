import { inflateSync } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lsnFromBigint, parseLsn } from '../base/lsn.ts'
import { crc32c } from './crc32c.ts'
import { decodeHeaderTable, encodeHeaderTable, headerTableEnd } from './header-map.ts'

/** The worked example of the catalog format, section 5.4. */
const BLOB = Buffer.from('78014bb850c1c88004f4f72171a0cc5d48420073b70351', 'hex')

describe('a header table', () => {
  test('reads and writes as the worked example says', () => {
    const table = inflateSync(BLOB)
    expect(crc32c(table)).toBe(4277990305)
    const entries = decodeHeaderTable(table, 1).entries()
    expect(entries).toEqual([{ lsn: parseLsn('0/178D060'), block: 0, position: 0, checksum: 48687 }])
    expect(headerTableEnd(table)).toBe(186)
    expect(Buffer.compare(encodeHeaderTable(entries, 186), table)).toBe(0)
  })

  test('gives back what was put in', () => {
    const anyEntries = fc
      .array(fc.tuple(fc.bigInt(0n, 0xffff_ffff_ffff_ffffn), fc.nat({ max: 131071 }), fc.nat({ max: 65535 })))
      .map((rows) =>
        rows.map(([lsn, block, checksum], index) => ({
          lsn: lsnFromBigint(lsn),
          block,
          position: index * 100,
          checksum,
        })),
      )
    fc.assert(
      fc.property(anyEntries, (entries) => {
        const table = encodeHeaderTable(entries, entries.length * 100 + 1)
        const read = decodeHeaderTable(table, entries.length)
        expect(read.entries()).toEqual(entries)
        for (const [index, { block, position }] of entries.entries())
          expect([read.blockAt(index), read.positionAt(index)]).toEqual([block, position])
      }),
    )
  })

  test('is damaged when its size or its positions are wrong', () => {
    const entry = { lsn: parseLsn('0/1'), block: 0, position: 50, checksum: 1 }
    const table = encodeHeaderTable([entry, { ...entry, block: 1 }], 90)
    expect(() => decodeHeaderTable(table, 2)).toThrow('position 50 after 50')
    expect(() => decodeHeaderTable(table, 3)).toThrow('3 pages has 72 bytes')
    expect(() => decodeHeaderTable(encodeHeaderTable([entry], 50), 1)).toThrow('position 50 after 50')
  })
})
