import { describe, expect, test } from 'vitest'
import { parseBackupId } from '../../base/backup-id.ts'
import type { BackupControl } from '../../format/backup-control.ts'
import type { ContentEntry } from '../../format/content-list.ts'
import { fileEntry } from '../../testing/made-content.ts'
import { estimateSeconds, judgeRoom } from './outlook.ts'
import { roomOfMerge } from './room.ts'
import { type Member, planMergeWork } from './work-list.ts'

const RECORD = 8200

function member(id: string, entry: ContentEntry, compressAlgorithm: 'none' | 'zlib' = 'none'): Member {
  const control = { compressAlgorithm, programVersion: '2.5.16' } as BackupControl
  const backup = { id: parseBackupId(id), instance: 'main', directory: `/${id}`, control, problem: undefined }
  return { backup, control, entries: [entry] }
}

/** A relation of `blockCount` blocks of which a backup stores some. */
function relation(
  blockCount: number,
  storedCount: number,
  compressAlgorithm: 'none' | 'zlib' = 'none',
): ContentEntry {
  return fileEntry('base/5/1255', {
    isDataFile: true,
    compressAlgorithm,
    sizeBytes: storedCount === 0 ? -1 : storedCount * (compressAlgorithm === 'none' ? RECORD : 1000),
    fullBytes: blockCount * 8192,
    blockCount,
    headers: storedCount === 0 ? undefined : { headerCount: storedCount, crc: 1, offset: 0, sizeBytes: 30 },
  })
}

/** `chain` is newest first and ends with the FULL. */
const roomOf = (chain: readonly Member[], isResumed = false) =>
  planMergeWork(chain, isResumed).files.map(({ room }) => room)

describe('the room that a file of a merge takes', () => {
  test('is what it grows by where its pages are changed in place', () => {
    const chain = [member('B', relation(110, 20)), member('A', relation(100, 100))]
    expect(roomOf(chain)).toEqual([{ growth: { low: 10 * RECORD, high: 10 * RECORD }, draftBytes: 0 }])
  })

  test('is a whole file besides where much has changed, or an earlier merge was broken off', () => {
    const much = [member('B', relation(100, 80)), member('A', relation(100, 100))]
    expect(roomOf(much)).toEqual([{ growth: { low: 0, high: 0 }, draftBytes: 100 * RECORD }])
    const little = [member('B', relation(100, 5)), member('A', relation(100, 100))]
    expect(roomOf(little, true)).toEqual([{ growth: { low: 0, high: 0 }, draftBytes: 100 * RECORD }])
  })

  test('is less than nothing where the relation was cut off', () => {
    const chain = [member('B', relation(40, 2)), member('A', relation(100, 100))]
    expect(roomOf(chain)).toMatchObject([{ growth: { low: -60 * RECORD, high: -60 * RECORD } }])
  })

  test('is at most what all versions have together where pages are compressed', () => {
    const chain = [
      member('B', relation(100, 20, 'zlib'), 'zlib'),
      member('A', relation(100, 100, 'zlib'), 'zlib'),
    ]
    expect(roomOf(chain)).toEqual([{ growth: { low: -100_000, high: 20_000 }, draftBytes: 120_000 }])
  })

  test('is that of plain pages at most where the destination compresses otherwise', () => {
    const chain = [member('B', relation(100, 20, 'zlib'), 'zlib'), member('A', relation(100, 100))]
    expect(roomOf(chain)).toMatchObject([{ draftBytes: 100 * RECORD }])
  })

  test('is none for a relation that comes whole from an increment, and for a plain file', () => {
    const whole = [member('B', relation(50, 50)), member('A', fileEntry('other'))]
    expect(roomOf(whole)).toEqual([{ growth: { low: 0, high: 0 }, draftBytes: 0 }])
    const plain = [
      member('B', fileEntry('PG_VERSION', { sizeBytes: 9 })),
      member('A', fileEntry('PG_VERSION', { sizeBytes: 3 })),
    ]
    expect(roomOf(plain)).toEqual([{ growth: { low: -3, high: 0 }, draftBytes: 0 }])
  })
})

test('a merge needs what its files grow by, one draft for each thread, and its lists', () => {
  const file = (growth: number, draftBytes: number) => ({ growth: { low: growth, high: growth }, draftBytes })
  const files = [file(100, 1000), file(-30, 500), file(10, 2000)]
  const counts = { entryCount: 2, blockCount: 10 }
  const lists = 2 * 400 + 10 * 24 + 3 * 4096
  expect(roomOfMerge(files, counts, { threads: 2, isResumed: false })).toEqual({
    low: 80,
    high: 110 + 3000 + lists,
  })
  expect(roomOfMerge(files, counts, { threads: 1, isResumed: true })).toEqual({
    low: 0,
    high: 110 + 2000 + lists,
  })
})

test.each([
  [undefined, 'unknown'],
  [99, 'short'],
  [100, 'close'],
  [199, 'close'],
  [200, 'enough'],
] as const)('with %s bytes free the room is %s', (free, room) => {
  expect(judgeRoom({ low: 100, high: 200 }, free)).toBe(room)
})

test('the time is that of the newest merges, between standing still and growing with their backups', () => {
  const past = [
    { memberBytes: 100, seconds: 10 },
    { memberBytes: 200, seconds: 30 },
    { memberBytes: 400, seconds: 20 },
    { memberBytes: 1, seconds: 9999 },
  ]
  expect(estimateSeconds(past, 200)).toEqual({
    kind: 'about',
    low: 10,
    high: 30,
    bases: [{ kind: 'merges', count: 3 }],
  })
  expect(estimateSeconds([], 200)).toEqual({ kind: 'unknown' })
  expect(estimateSeconds([{ memberBytes: 0, seconds: 3 }], 200)).toEqual({ kind: 'unknown' })
})
