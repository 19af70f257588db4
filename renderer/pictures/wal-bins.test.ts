import { describe, expect, test } from 'vitest'
import type { RecoveryGapRecord } from '../../engine/api/contract/recovery.ts'
import type { ArchivedTimelineRecord } from '../../engine/api/contract/wal.ts'
import { parseLsn } from '../../engine/base/lsn.ts'
import { walSegmentName } from '../../engine/base/wal-segment.ts'
import { coverageBins, laneCoverage, LEAST_NOTCH_PX, notchesOf, walLanes } from './wal-bins.ts'

const MIB = 1 << 20
const name = (number: number, timeline = 1): string =>
  walSegmentName({ timeline, number: BigInt(number) }, MIB)

function archived(given: Partial<ArchivedTimelineRecord>): ArchivedTimelineRecord {
  return {
    timeline: 1,
    parent: undefined,
    segments: { begin: name(10), end: name(109) },
    segmentCount: 100,
    sizeBytes: 100 * MIB,
    lost: [],
    partialCount: 0,
    temporaryCount: 0,
    closestBackupId: undefined,
    backups: [],
    ...given,
  }
}

function gap(first: number, last: number, cause: RecoveryGapRecord['cause']): RecoveryGapRecord {
  return {
    timeline: 1,
    from: '0/0',
    to: '0/0',
    fromTime: undefined,
    toTime: undefined,
    bytes: (last - first + 1) * MIB,
    firstSegment: name(first),
    lastSegment: name(last),
    segmentCount: last - first + 1,
    cause,
    impacts: [],
  }
}

describe('the lanes of an archive', () => {
  test('tell each hole once, by its cause where that is known', () => {
    const lost = [
      { begin: name(20), end: name(24) },
      { begin: name(40), end: name(40) },
    ]
    const [lane] = walLanes([archived({ lost })], MIB, [gap(20, 24, 'missing'), gap(60, 60, 'foreign')])
    expect(lane?.holes.map(({ first, last, cause }) => [first, last, cause])).toEqual([
      [20, 24, 'missing'],
      [40, 40, 'missing'],
      [60, 60, 'foreign'],
    ])
    expect(lane === undefined ? undefined : laneCoverage(lane)).toEqual({ have: 93, want: 100 })
  })

  test('begin with the oldest timeline and say in which segment another was left', () => {
    const child = archived({
      timeline: 2,
      parent: { timeline: 1, switchLsn: parseLsn('0/1E00010') },
      segments: { begin: name(30, 2), end: name(31, 2) },
    })
    const lanes = walLanes([child, archived({})], MIB, [])
    expect(lanes.map(({ timeline, switchSegment }) => [timeline, switchSegment])).toEqual([
      [1, undefined],
      [2, 30],
    ])
  })

  test('have no extent where nothing whole is there', () => {
    const [lane] = walLanes([archived({ segments: undefined })], MIB, [])
    expect(lane?.extent).toBeUndefined()
    expect(lane && laneCoverage(lane)).toEqual({ have: 0, want: 0 })
  })

  test('do not count what is older than the archive as a hole in it', () => {
    const [lane] = walLanes([archived({})], MIB, [gap(5, 9, 'before-archive')])
    expect(lane && laneCoverage(lane)).toEqual({ have: 100, want: 100 })
  })
})

test('bins tell the share that is there, and nothing where the lane is not', () => {
  const [lane] = walLanes([archived({})], MIB, [gap(10, 14, 'missing')])
  if (lane === undefined) throw new Error('bug: no lane')
  expect(coverageBins(lane, { first: 0, last: 119 }, 12).slice(0, 3)).toEqual([undefined, 0.5, 1])
  expect(coverageBins(lane, { first: 0, last: 119 }, 12).at(-1)).toBeUndefined()
})

describe('notches', () => {
  const gaps = [gap(20, 20, 'missing'), gap(21, 21, 'damaged'), gap(90, 90, 'missing')]
  const [lane] = walLanes([archived({})], MIB, gaps)

  test('are never too narrow to be seen, and those that would touch are one', () => {
    if (lane === undefined) throw new Error('bug: no lane')
    const notches = notchesOf(lane, (segment) => segment / 10)
    expect(notches.map(({ holes }) => holes.length)).toEqual([2, 1])
    for (const { width } of notches) expect(width).toBeGreaterThanOrEqual(LEAST_NOTCH_PX)
  })

  test('are as wide as what is missing where there is room', () => {
    if (lane === undefined) throw new Error('bug: no lane')
    expect(notchesOf(lane, (segment) => segment * 20).map(({ width }) => width)).toEqual([40, 20])
  })
})
