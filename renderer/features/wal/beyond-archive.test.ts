import { expect, test } from 'vitest'
import { parseLsn } from '../../../engine/base/lsn.ts'
import type { ArchivedTimelineRecord } from '../../../engine/api/contract/wal.ts'
import { bytesBeyondArchive } from './beyond-archive.ts'

const MIB = 2 ** 20

function archive(...ends: readonly (string | undefined)[]) {
  const timelines = ends.map((end, index): ArchivedTimelineRecord => ({
    timeline: index + 1,
    parent: undefined,
    segments: end === undefined ? undefined : { begin: end, end },
    segmentCount: 1,
    sizeBytes: 0,
    lost: [],
    partialCount: 0,
    temporaryCount: 0,
    closestBackupId: undefined,
    backups: [],
  }))
  return { timelines, segmentBytes: 16 * MIB }
}

test('a server that stands where the archive ends would take nothing with it', () => {
  expect(bytesBeyondArchive(archive('000000010000000000000008'), parseLsn('0/9000000'))).toBe(0)
  expect(bytesBeyondArchive(archive('000000010000000000000008'), parseLsn('0/8000100'))).toBe(0)
})

test('what was written after the last segment of the furthest timeline counts', () => {
  const both = archive('000000010000000000000008', '00000002000000010000000A')
  expect(bytesBeyondArchive(both, parseLsn('1/B000060'))).toBe(0x60)
})

test('an archive without segments says nothing', () => {
  expect(bytesBeyondArchive(archive(undefined), parseLsn('0/9000000'))).toBeUndefined()
})
