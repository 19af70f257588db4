import { describe, expect, test } from 'vitest'
import type { ArchivedTimelineRecord } from '../../../engine/api/contract/wal.ts'
import type { IsoTime } from '../../../engine/base/iso-time.ts'
import { parseLsn } from '../../../engine/base/lsn.ts'
import { walSpans } from './wal-strip.ts'

const SEGMENT = 16 << 20
const NOW = Date.parse('2026-11-20T00:00:00Z')
const name = (number: number): string =>
  `0000000100000000${number.toString(16).padStart(8, '0').toUpperCase()}`
const backup = (start: number, stop: number, startTime: string, recoveryTime: string) =>
  ({
    startLsn: parseLsn(`0/${start.toString(16)}000000`),
    stopLsn: parseLsn(`0/${stop.toString(16)}000000`),
    startTime: startTime as IsoTime,
    recoveryTime: recoveryTime as IsoTime,
  }) as ArchivedTimelineRecord['backups'][number]

const timeline: ArchivedTimelineRecord = {
  timeline: 1,
  parent: undefined,
  segments: { begin: name(2), end: name(12) },
  segmentCount: 11,
  sizeBytes: 1100,
  lost: [],
  partialCount: 0,
  temporaryCount: 0,
  closestBackupId: undefined,
  backups: [
    backup(10, 12, '2026-11-11T00:00:00Z', '2026-11-12T00:00:00Z'),
    backup(2, 3, '2026-11-01T00:00:00Z', '2026-11-02T00:00:00Z'),
  ],
}
const archive = { directory: '', segmentBytes: SEGMENT, timelines: [timeline], problems: [] }
const purge = { timeline: 1, reason: 'wal-depth', files: [name(2)], sizeBytes: 300, keeps: [] } as const

describe('the strip of WAL', () => {
  test('lies where backups that are near say, and is purged up to the segment that is kept', () => {
    const [span] = walSpans(archive, { wal: [{ ...purge, keepsFrom: name(10) }] }, NOW)
    expect(span).toEqual({
      timeline: 1,
      fromMs: Date.parse('2026-11-01T00:00:00Z'),
      toMs: Date.parse('2026-11-12T00:00:00Z'),
      purgedMs: Date.parse('2026-11-11T00:00:00Z'),
      sizeBytes: 1100,
      purgedBytes: 300,
    })
  })

  test('is in proportion between two backups', () => {
    const [span] = walSpans(
      { ...archive, timelines: [{ ...timeline, segments: { begin: name(2), end: name(10) } }] },
      { wal: [{ ...purge, keepsFrom: `000000010000000000000003` }] },
      NOW,
    )
    expect(span?.purgedMs).toBe(Date.parse('2026-11-02T00:00:00Z'))
  })

  test('is whole without a plan, and nothing of it is left where nothing is kept', () => {
    const [kept] = walSpans(archive, undefined, NOW)
    expect([kept?.purgedMs, kept?.purgedBytes]).toEqual([kept?.fromMs, 0])
    const [gone] = walSpans(archive, { wal: [{ ...purge, keepsFrom: undefined }] }, NOW)
    expect(gone?.purgedMs).toBe(gone?.toMs)
  })

  test('leaves out a timeline without segments, and one that no backup dates', () => {
    const timelines = [
      { ...timeline, segments: undefined },
      { ...timeline, backups: [] },
    ]
    expect(walSpans({ ...archive, timelines }, undefined, NOW)).toEqual([])
  })
})
