import { describe, expect, test } from 'vitest'
import { LSN_NONE, parseLsn } from '../base/lsn.ts'
import { walSegmentName } from '../base/wal-segment.ts'
import { madeBackup, type MadeBackup } from '../testing/made-catalog.ts'
import { fromTo, MADE_SEGMENT_BYTES, madeWalArchive } from '../testing/made-wal-archive.ts'
import type { Backup } from './backup.ts'
import { arrangeWalArchive, type WalArchive } from './wal-archive.ts'
import { archiveAfter, planWalPurge } from './wal-retention.ts'

const NOW = 1_800_000_000

/** Segments by their numbers: a backup from the middle of the first to the middle of the last one. */
function backup(name: string, from: number, to: number, given: MadeBackup = {}): Backup {
  const at = (segment: number): string => `0/${(segment * 0x10_0000 + 0x8_0028).toString(16)}`
  return madeBackup(name, {
    isStream: false,
    startLsn: parseLsn(at(from)),
    stopLsn: parseLsn(at(to)),
    ...given,
  })
}

function purged(
  archive: WalArchive,
  backups: readonly Backup[],
  depth = 0,
): Record<number, readonly number[]> {
  const newestFirst = backups.toReversed()
  return Object.fromEntries(
    planWalPurge(archive, newestFirst, depth, NOW).map(({ timeline, files }) => [
      timeline,
      files.map(({ number }) => Number(number)),
    ]),
  )
}

describe('the purge of WAL on one timeline', () => {
  const archive = madeWalArchive({ 1: { segments: fromTo(1, 10) } })
  const backups = [backup('B1', 2, 3), backup('B2', 5, 6), backup('B3', 8, 9)]

  test('takes what is older than the oldest backup, whatever became of that', () => {
    expect(purged(archive, backups)).toEqual({ 1: [1] })
    expect(purged(archive, [backup('B2', 5, 6, { status: 'ERROR' }), backup('B3', 8, 9)])).toEqual({
      1: [1, 2, 3, 4],
    })
  })

  test('takes all where no backup is left', () => {
    expect(purged(archive, [])).toEqual({ 1: fromTo(1, 10) })
    expect(planWalPurge(archive, [], 0, NOW)).toMatchObject([{ reason: 'no-backup', keepsFrom: undefined }])
  })

  test('takes nothing while a backup cannot be read, for nobody knows what that needs', () => {
    const without = { ...backup('B1', 2, 3), control: undefined }
    const unread = { ...without, problem: 'backup.control cannot be read: EIO' }
    expect(purged(archive, [backup('B3', 8, 9), unread])).toEqual({ 1: [] })
    expect(purged(archive, [unread], 1)).toEqual({ 1: [] })
    const lost = { ...without, problem: 'backup.control is missing' }
    expect(purged(archive, [backup('B3', 8, 9), lost])).toEqual({ 1: fromTo(1, 7) })
  })

  test('takes nothing of an archive whose segments have another size than the configuration says', () => {
    const sizes = Object.fromEntries(fromTo(1, 10).map((number) => [number, MADE_SEGMENT_BYTES * 4]))
    const larger = madeWalArchive({ 1: { segments: fromTo(1, 10), sizes } })
    expect(purged(larger, backups)).toEqual({ 1: [] })
    expect(planWalPurge(larger, [], 0, NOW)).toMatchObject([{ reason: 'unread' }])
    // One that was cut off says nothing of the others.
    const cut = madeWalArchive({ 1: { segments: fromTo(1, 10), sizes: { 4: MADE_SEGMENT_BYTES * 2 } } })
    expect(purged(cut, backups)).toEqual({ 1: [1] })
    const name = `${walSegmentName({ timeline: 1, number: 9n }, MADE_SEGMENT_BYTES).slice(0, 16)}00001000`
    expect(purged({ ...archive, unknownNames: [`${name}.gz`] }, backups)).toEqual({ 1: [] })
    expect(purged({ ...archive, unknownNames: ['notes.txt'] }, backups)).toEqual({ 1: [1] })
  })

  test('takes nothing while the only backup is starting, for nobody knows where it starts', () => {
    const starting = backup('B1', 0, 0, { status: 'RUNNING', startLsn: LSN_NONE, stopLsn: LSN_NONE })
    expect(purged(archive, [starting])).toEqual({ 1: [] })
    expect(purged(archive, [backup('B2', 5, 6), starting])).toEqual({ 1: [1, 2, 3, 4] })
  })

  test('takes nothing that a backup needs which another one has overtaken', () => {
    const running = backup('B2', 5, 6, { status: 'RUNNING', stopLsn: LSN_NONE })
    expect(purged(archive, [running, backup('B3', 8, 9)], 1)).toEqual({ 1: [1, 2, 3, 4] })
  })

  test.each([
    [1, [1, 4, 7]],
    [2, [1, 4]],
    [3, [1]],
    [4, [1]],
  ])('with a depth of %i keeps what older backups need to become consistent', (depth, gone) => {
    expect(purged(archive, backups, depth)).toEqual({ 1: gone })
  })

  test('with a depth keeps nothing for backups that carry their own WAL', () => {
    const [, ...others] = backups
    expect(purged(archive, [backup('B1', 2, 3, { isStream: true }), ...others], 1)).toEqual({
      1: [1, 2, 3, 4, 7],
    })
  })

  test('keeps one segment more for a backup of a standby', () => {
    const [, ...others] = backups
    expect(purged(archive, [backup('B1', 2, 3, { isFromReplica: true }), ...others], 1)).toEqual({
      1: [1, 7],
    })
  })

  test('does not count backups that failed or are pinned', () => {
    const [one, two] = [backup('B1', 2, 3), backup('B2', 5, 6)]
    expect(purged(archive, [one, two, backup('B3', 8, 9, { status: 'CORRUPT' })], 1)).toEqual({ 1: [1, 4] })
    expect(purged(archive, [one, two, backup('B3', 8, 9, { expireSeconds: NOW + 1 })], 1)).toEqual({
      1: [1, 4],
    })
    expect(purged(archive, [one, two, backup('B3', 8, 9, { expireSeconds: NOW })], 1)).toEqual({
      1: [1, 4, 7],
    })
  })

  test('takes partial, temporary and backup history files with their segments, and never a timeline history', () => {
    const names = [
      '000000010000000000000001.00000028.backup',
      '000000010000000000000002.partial',
      '000000010000000000000003.gz.part',
      '000000010000000000000009',
      '00000002.history',
      'left-by-somebody',
    ]
    const listed = names.map((name) => ({ name, sizeBytes: 7, modifiedMs: 0 }))
    const history = [{ timeline: 1, switchLsn: parseLsn('0/900000'), reason: '' }]
    const mixed = arrangeWalArchive('/wal', MADE_SEGMENT_BYTES, listed, new Map([[2, history]]))
    const plan = planWalPurge(mixed, [], 0, NOW)
    expect(plan.flatMap(({ files }) => files.map(({ name }) => name))).toEqual(names.slice(0, 4))
    expect(plan.map(({ sizeBytes }) => sizeBytes)).toEqual([28, 0])
  })
})

describe('the purge of WAL over timelines', () => {
  const archive = madeWalArchive({
    1: { segments: fromTo(1, 10) },
    2: { segments: fromTo(7, 12), history: [[1, '0/780000']] },
    3: {
      segments: fromTo(10, 14),
      history: [
        [1, '0/780000'],
        [2, '0/A80000'],
      ],
    },
    5: { segments: fromTo(1, 3) },
  })

  test('keeps whole what can be reached from a backup of an ancestor', () => {
    const backups = [backup('B1', 2, 3), backup('B2', 5, 6), backup('B3', 8, 9)]
    expect(purged(archive, backups)).toEqual({ 1: [1], 2: [], 3: [], 5: [1, 2, 3] })
    // B3 was finished after the ways had branched off.
    expect(purged(archive, [backup('B3', 8, 9)])).toEqual({
      1: fromTo(1, 7),
      2: fromTo(7, 12),
      3: fromTo(10, 14),
      5: [1, 2, 3],
    })
  })

  test('with a depth keeps the way to timelines that have too few backups', () => {
    const backups = [backup('B1', 2, 3), backup('B2', 5, 6), backup('B3', 8, 9)]
    // Anchor of timeline 1 is B3; the ways of 2 and 3 start at B2 and end where they branch off, in segment 7.
    expect(purged(archive, backups, 1)).toEqual({ 1: [1, 4], 2: [], 3: [], 5: [1, 2, 3] })
    const [, timeline2] = planWalPurge(archive, backups.toReversed(), 1, NOW)
    expect(timeline2).toMatchObject({ reason: 'reachable', keeps: [{ begin: 7n, end: 10n }] })
  })

  test('with a depth purges a timeline that has enough backups of its own', () => {
    const backups = [backup('B1', 2, 3), backup('B4', 12, 12, { timeline: 3, isStream: true })]
    expect(purged(archive, backups, 1)).toEqual({ 1: [1], 2: [], 3: [10, 11], 5: [1, 2, 3] })
  })

  test('is planned again from what is left, and finds nothing more', () => {
    const backups = [backup('B1', 2, 3), backup('B2', 5, 6), backup('B3', 8, 9)]
    for (const depth of [0, 1, 2]) {
      const gone = planWalPurge(archive, backups.toReversed(), depth, NOW).flatMap(({ files }) => files)
      const left = archiveAfter(archive, new Set(gone.map(({ name }) => name)))
      expect(Object.values(purged(left, backups, depth)).flat()).toEqual([])
    }
  })
})

describe('the purge of WAL with histories', () => {
  const backups = [backup('B1', 2, 3)]
  const branched = {
    1: { segments: fromTo(1, 6) },
    2: { segments: fromTo(6, 7), history: [[1, '0/600000']] },
    3: {
      segments: fromTo(7, 9),
      history: [
        [1, '0/600000'],
        [2, '0/780000'],
      ],
    },
  } as const

  test('takes nothing while one cannot be read, for nobody knows what led there', () => {
    const sound = madeWalArchive(branched)
    expect(purged(sound, backups)).toEqual({ 1: [1], 2: [], 3: [] })
    const { history: _lost, ...dark } = branched[2]
    const damaged = {
      ...madeWalArchive({ ...branched, 2: dark }),
      problems: [{ name: '00000002.history', message: 'line 1' }],
    }
    expect(purged(damaged, backups)).toEqual({ 1: [], 2: [], 3: [] })
  })

  test('keeps a timeline that can be reached over one that has less than a segment', () => {
    const { 2: _none, ...without } = branched
    expect(purged(madeWalArchive(without), backups)).toEqual({ 1: [1], 3: [7, 8, 9] })
    const history = [[1, '0/700000'], branched[3].history[1]] as const
    const short = { ...without, 1: { segments: fromTo(1, 7) }, 3: { ...without[3], history } }
    expect(purged(madeWalArchive(short), backups)).toEqual({ 1: [1], 3: [] })
  })
})
