import { inflateSync } from 'node:zlib'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { HEADER_RECORD_BYTES } from '../../format/header-map.ts'
import { packHeaderTable } from './header-table.ts'

test('every header table, small or large, is a zlib stream', () => {
  const anyTable = fc
    .tuple(fc.integer({ min: 1, max: 12 }), fc.infiniteStream(fc.nat({ max: 255 })))
    .map(([records, bytes]) => Uint8Array.from(bytes.take(records * HEADER_RECORD_BYTES)))
  fc.assert(
    fc.property(anyTable, (table) => {
      expect(Buffer.compare(inflateSync(packHeaderTable(table)), table)).toBe(0)
    }),
  )
  for (const byte of [0, 255]) {
    const table = new Uint8Array(9 * HEADER_RECORD_BYTES).fill(byte)
    expect(Buffer.compare(inflateSync(packHeaderTable(table)), table)).toBe(0)
  }
})
