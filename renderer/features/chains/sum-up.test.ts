import { expect, test } from 'vitest'
import type { BackupRecord } from '../../../engine/api/contract/backups.ts'
import { sumUp } from './sum-up.ts'

/** Backups of two chains and one that lost its FULL, newest first. */
const BACKUPS = [
  { id: 'E', fullId: undefined, status: 'ORPHAN', dataBytes: 1, walBytes: 7, isStream: true },
  { id: 'D', fullId: 'C', status: 'RUNNING', isStale: true, isStream: true },
  { id: 'C', fullId: 'C', status: 'OK', dataBytes: 100, walBytes: 50, isStream: false },
  { id: 'B', fullId: 'A', status: 'OK', dataBytes: 10, walBytes: 5, isStream: true },
] as unknown as readonly BackupRecord[]

test('several backups are summed up, without the WAL of the archive', () => {
  const { dataBytes, walBytes, chainCount, statuses, first, last } = sumUp(BACKUPS)
  expect({ dataBytes, walBytes, chainCount }).toEqual({ dataBytes: 111, walBytes: 12, chainCount: 3 })
  expect([first.id, last.id]).toEqual(['B', 'E'])
  expect(statuses.map(({ sample, count }) => [sample.status, count])).toEqual([
    ['OK', 2],
    ['ORPHAN', 1],
    ['RUNNING', 1],
  ])
})
