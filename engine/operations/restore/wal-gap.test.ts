import { describe, expect, test } from 'vitest'
import { parseLsn } from '../../base/lsn.ts'
import type { PathSection } from '../../catalog/recovery-timelines.ts'
import { fromTo, type MadeTimeline, madeWalArchive } from '../../testing/made-wal-archive.ts'
import { findWalGap } from './wal-gap.ts'

/** Timeline 2 begins in the middle of segment 6, timeline 3 in segment 8. */
const WAY: readonly PathSection[] = [
  { timeline: 1, begin: parseLsn('0/0'), end: parseLsn('0/680000') },
  { timeline: 2, begin: parseLsn('0/680000'), end: parseLsn('0/840000') },
  { timeline: 3, begin: parseLsn('0/840000'), end: undefined },
]
const ALONE: readonly PathSection[] = [{ timeline: 1, begin: parseLsn('0/0'), end: undefined }]

/** From segment 3 to segment 4. */
const range = { startLsn: parseLsn('0/300028'), stopLsn: parseLsn('0/400100') }

function gapOf(
  timelines: Readonly<Record<number, MadeTimeline>>,
  { way = WAY, isStream = false }: { readonly way?: typeof WAY; readonly isStream?: boolean } = {},
): readonly string[] | undefined {
  const gap = findWalGap(madeWalArchive(timelines), way, { ...range, isStream })
  return gap && [gap.segment, gap.later]
}

const segments = (...numbers: readonly number[]): MadeTimeline => ({ segments: numbers })
const third = segments(8, 9)
const missing5 = ['000000010000000000000005', '000000030000000000000009']

describe('a gap on the way of recovery', () => {
  test.each<readonly [string, Readonly<Record<number, MadeTimeline>>, readonly string[]]>([
    ['before the first switch', { 1: segments(3, 4), 2: segments(6, 7), 3: third }, missing5],
    ['also where the timeline goes on', { 1: segments(3, 4, 6), 2: segments(6, 7), 3: third }, missing5],
    [
      'between two switches',
      { 1: segments(...fromTo(3, 6)), 2: segments(6), 3: third },
      ['000000020000000000000007', '000000030000000000000009'],
    ],
    [
      'behind the last switch',
      { 1: segments(...fromTo(3, 5)), 2: segments(6, 7), 3: segments(8, 10) },
      ['000000030000000000000009', '00000003000000000000000A'],
    ],
  ])('%s is named, with the last segment behind it', (_, timelines, expected) => {
    expect(gapOf(timelines)).toEqual(expected)
  })

  test.each<readonly [string, Readonly<Record<number, MadeTimeline>>]>([
    ['all is there', { 1: segments(...fromTo(3, 5)), 2: segments(6, 7), 3: third }],
    ['WAL just ends, before the timeline that is followed begins', { 1: segments(3, 4, 5) }],
    ['what is older than the backup is missing', { 1: segments(1, ...fromTo(3, 9)) }],
  ])('is none when %s', (_, timelines) => {
    expect(gapOf(timelines)).toBeUndefined()
  })

  test('is none of a timeline that is not on the way', () => {
    expect(gapOf({ 1: segments(3, 4), 2: segments(6, 7) }, { way: ALONE })).toBeUndefined()
  })

  test('is none in the WAL that a STREAM backup carries', () => {
    const timelines = { 1: segments(4, 5) }
    expect(gapOf(timelines, { way: ALONE })).toEqual(['000000010000000000000003', '000000010000000000000005'])
    expect(gapOf(timelines, { way: ALONE, isStream: true })).toBeUndefined()
  })
})
