import { expect, test } from 'vitest'
import type { BackupRecord } from '../../../engine/api/contract/backups.ts'
import type { DrillRecord } from '../../../engine/api/contract/drills.ts'
import type { IsoTime } from '../../../engine/base/iso-time.ts'
import { drillMarks } from './drill-marks.ts'

const END = '2026-11-17T10:00:00Z' as IsoTime
const COMMIT = '2026-11-17T11:00:00Z' as IsoTime
const ASKED = '2026-11-17T12:00:00.000000Z' as IsoTime
const backup = { id: 'B1', timeline: 1, recoveryTime: END } as unknown as BackupRecord
const drill = (changes: Partial<DrillRecord>): DrillRecord =>
  ({
    id: 'd',
    backupId: 'B1',
    target: { kind: 'latest' },
    isPassed: true,
    stop: { timeline: 2, lsn: '0/1', lastCommitAt: COMMIT },
    ...changes,
  }) as DrillRecord
const placesOf = (changes: Partial<DrillRecord>) =>
  drillMarks([drill(changes)], [backup], () => 'text').map(({ ms, timeline }) => [
    new Date(ms).toISOString().slice(11, 13),
    timeline,
  ])

test('a restore test stands where recovery stopped', () => {
  expect(placesOf({})).toEqual([['11', 2]])
  expect(placesOf({ target: { kind: 'time', at: ASKED } })).toEqual([['12', 2]])
  expect(placesOf({ target: { kind: 'immediate' } })).toEqual([['10', 2]])
  expect(placesOf({ target: undefined })).toEqual([['10', 2]])
})

test('one that did not get that far stands at the end of its backup', () => {
  expect(placesOf({ stop: undefined, isPassed: false })).toEqual([['10', 1]])
})

test('one whose backup is gone, or has no time, has no place', () => {
  expect(placesOf({ backupId: 'B2' })).toEqual([])
  const timeless = { ...backup, recoveryTime: undefined }
  expect(drillMarks([drill({ stop: undefined })], [timeless], () => '')).toEqual([])
})
