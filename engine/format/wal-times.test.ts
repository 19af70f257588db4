import { expect, test } from 'vitest'
import type { Lsn } from '../base/lsn.ts'
import { timedData } from '../testing/made-wal.ts'
import { RMGR_XACT, RMGR_XLOG, type WalRecord, walRecordMainData } from './wal-record.ts'
import { isSwitchRecord, recordTimestampMicros, restorePointName } from './wal-times.ts'

const AT = 1_795_237_045_190_200n

test.each([
  ['commit', RMGR_XACT, 0x00, AT],
  ['commit with flags', RMGR_XACT, 0x80, AT],
  ['prepare', RMGR_XACT, 0x10, undefined],
  ['abort', RMGR_XACT, 0x20, AT],
  ['commit prepared', RMGR_XACT, 0x30, AT],
  ['abort prepared', RMGR_XACT, 0x40, AT],
  ['assignment', RMGR_XACT, 0x50, undefined],
  ['restore point', RMGR_XLOG, 0x70, AT],
  ['switch', RMGR_XLOG, 0x40, undefined],
  ['insert', 10, 0x00, undefined],
])('the time of a record of kind "%s"', (_, rmgr, info, expected) => {
  expect(recordTimestampMicros(record([255, 8, ...timedData(AT)], { rmgr, info }))).toBe(expected)
})

test('a restore point has a name, whatever its letters', () => {
  const point = record([255, 72, ...timedData(AT, 'Ende – 終')], { rmgr: RMGR_XLOG, info: 0x70 })
  expect(restorePointName(point)).toBe('Ende – 終')
  expect(restorePointName(record([255, 8, ...timedData(AT)], { rmgr: RMGR_XACT }))).toBeUndefined()
})

test('only the XLOG manager switches segments', () => {
  expect(isSwitchRecord({ rmgr: RMGR_XLOG, info: 0x40 })).toBe(true)
  expect(isSwitchRecord({ rmgr: RMGR_XACT, info: 0x40 })).toBe(false)
})

const RELATION = Array.from({ length: 12 }, () => 3)
const BLOCK = [9, 0, 0, 0]

test.each([
  ['nothing before it', 15, [], []],
  ['an origin and a top-level xid', 15, [253, 1, 0, 252, 7, 0, 0, 0], []],
  ['a block with data', 15, [0, 0x20, 2, 0, ...RELATION, ...BLOCK], [1, 2]],
  ['two blocks of one relation', 15, [0, 0x20, 1, 0, ...RELATION, ...BLOCK, 1, 0xa0, 1, 0, ...BLOCK], [1, 2]],
  ['an image with a hole', 15, [0, 0x10, 0, 0, 2, 0, 100, 0, 0x01, ...RELATION, ...BLOCK], [1, 2]],
  [
    'a compressed image with a hole (15)',
    15,
    [0, 0x10, 0, 0, 2, 0, 100, 0, 0x05, 50, 0, ...RELATION, ...BLOCK],
    [1, 2],
  ],
  [
    'a compressed image with a hole (14)',
    14,
    [0, 0x10, 0, 0, 2, 0, 100, 0, 0x03, 50, 0, ...RELATION, ...BLOCK],
    [1, 2],
  ],
  ['an image to apply (15)', 15, [0, 0x10, 0, 0, 2, 0, 100, 0, 0x03, ...RELATION, ...BLOCK], [1, 2]],
  ['a compressed image without a hole', 15, [0, 0x10, 0, 0, 2, 0, 0, 0, 0x08, ...RELATION, ...BLOCK], [1, 2]],
] as const)('finds main data behind %s', (_, serverMajor, headers, blockData) => {
  const short = record([...headers, 255, 3, ...blockData, 61, 62, 63], { serverMajor })
  const long = record([...headers, 254, 3, 0, 0, 0, ...blockData, 61, 62, 63], { serverMajor })
  expect([...walRecordMainData(short)]).toEqual([61, 62, 63])
  expect([...walRecordMainData(long)]).toEqual([61, 62, 63])
})

test.each([
  ['no headers', []],
  ['an unknown block id', [99, 0, 0, 0]],
  ['a length beyond the record', [255, 200, 1]],
  ['a long length that is cut off', [254, 1, 0]],
  ['an image header that is cut off', [0, 0x10, 0, 0, 2]],
])('gives nothing for %s', (_, body) => {
  expect(walRecordMainData(record(body, {})).length).toBe(0)
})

function record(body: readonly number[], fields: Partial<WalRecord>): WalRecord {
  const bytes = Uint8Array.from([...new Uint8Array(24), ...body])
  const lsn = 0n as Lsn
  const place = { lsn, endLsn: lsn, previousLsn: lsn }
  return { ...place, xid: 0, rmgr: 10, info: 0, totalBytes: bytes.length, serverMajor: 15, bytes, ...fields }
}
