import { describe, expect, test } from 'vitest'
import { MadeWal } from '../testing/made-wal.ts'
import { findSegmentFault, SEGMENT_HEAD_BYTES } from './segment-head.ts'

const MIB = 1 << 20
const wal = new MadeWal({ timeline: 2, firstSegment: 5n })
wal.append()
const head = (wal.segments.get(5n) ?? new Uint8Array(0)).subarray(0, SEGMENT_HEAD_BYTES)
const expected = {
  segment: { timeline: 2, number: 5n },
  segmentBytes: MIB,
  systemIdentifier: wal.systemIdentifier,
}

describe('the head of a segment', () => {
  test('is that of the segment that it was written for', () => {
    expect(findSegmentFault(head, expected)).toBeUndefined()
  })

  test('may be of an older timeline, for a branch begins with a copy', () => {
    expect(findSegmentFault(head, { ...expected, segment: { timeline: 3, number: 5n } })).toBeUndefined()
  })

  test('is not asked whose it is when nobody knows', () => {
    expect(findSegmentFault(head, { ...expected, systemIdentifier: undefined })).toBeUndefined()
  })

  test.each([
    ['another cluster', { systemIdentifier: 1n }, 'other-cluster', /not of 1$/],
    [
      'another segment',
      { segment: { timeline: 2, number: 6n } },
      'other-place',
      /from 0\/500000 on.*0\/600000$/,
    ],
    ['an older timeline', { segment: { timeline: 1, number: 5n } }, 'other-place', /timeline 2.*says 1$/],
    ['another size', { segmentBytes: 16 * MIB }, 'no-segment', /segment of 16777216 bytes$/],
  ] as const)('is not that of %s', (_, change, what, message) => {
    expect(findSegmentFault(head, { ...expected, ...change })).toEqual({
      what,
      message: expect.stringMatching(message),
    })
  })

  test.each([
    ['zeros', new Uint8Array(SEGMENT_HEAD_BYTES)],
    ['too little', head.subarray(0, 39)],
    ['nothing', new Uint8Array(0)],
  ])('is not %s', (_, bytes) => {
    expect(findSegmentFault(bytes, expected)?.what).toBe('no-segment')
  })
})
