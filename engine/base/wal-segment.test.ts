import { expect, test } from 'vitest'
import { parseLsn } from './lsn.ts'
import { findWalSegment, walSegmentName, walSegmentNumber } from './wal-segment.ts'

const MIB = 1 << 20

test.each([
  ['0/3000028', 1, 16 * MIB, '000000010000000000000003'],
  ['1/0', 2, 16 * MIB, '000000020000000100000000'],
  ['0/3000028', 1, MIB, '000000010000000000000030'],
  ['3/C0000000', 1, 1024 * MIB, '000000010000000300000003'],
])('%s on timeline %i with segments of %i bytes lies in %s', (lsn, timeline, bytes, name) => {
  const number = walSegmentNumber(parseLsn(lsn), bytes)
  expect(walSegmentName({ timeline, number }, bytes)).toBe(name)
  expect(findWalSegment(name, bytes)).toEqual({ timeline, number })
})

test.each(['00000001000000000000000G', '00000002.history', '000000010000000000000100'])(
  '%s is no segment of 16 MiB',
  (name) => {
    expect(findWalSegment(name, 16 * MIB)).toBeUndefined()
  },
)
