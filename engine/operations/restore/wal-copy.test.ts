import { describe, expect, test } from 'vitest'
import { parseLsn } from '../../base/lsn.ts'
import type { PathSection } from '../../catalog/recovery-timelines.ts'
import type { RecoveryTarget } from '../../format/recovery-settings.ts'
import { madeBackup } from '../../testing/made-catalog.ts'
import { directoryEntry, fileEntry } from '../../testing/made-content.ts'
import {
  fromTo,
  MADE_SEGMENT_BYTES,
  type MadeTimeline,
  madeWalArchive,
} from '../../testing/made-wal-archive.ts'
import { spaceLines, walCopyLines } from './preflight.ts'
import type { RestoreInput } from './restore-facts.ts'
import { planWalCopy, type WalCopy } from './wal-copy.ts'

const XID: RecoveryTarget = { kind: 'xid', xid: '741' }
const at = parseLsn

const nameOf = (timeline: number, number: number): string =>
  `0000000${timeline}00000000${number.toString(16).padStart(8, '0').toUpperCase()}`

/** Timeline 2 began in the middle of segment 6, timeline 3 in segment 8. */
const HISTORIES = {
  2: [[1, '0/680000']],
  3: [
    [1, '0/680000'],
    [2, '0/840000'],
  ],
} as const

function pathTo(timeline: 1 | 2 | 3): readonly PathSection[] {
  const begins = [at('0/0'), at('0/680000'), at('0/840000')]
  return begins.slice(0, timeline).map((begin, index) => ({
    timeline: index + 1,
    begin,
    end: index + 1 === timeline ? undefined : begins[index + 1],
  }))
}

type Given = {
  readonly timelines?: Readonly<Record<number, MadeTimeline>>
  readonly to?: 1 | 2 | 3
  readonly through?: string
  readonly target?: RecoveryTarget
  /** Numbers of segments of timeline 1 that the backup has. */
  readonly own?: readonly number[]
}

/** A backup from segment 3 to segment 4 of timeline 1. */
function planOf({ timelines, to = 1, through, target = XID, own = [] }: Given): WalCopy | undefined {
  const backup = madeBackup('F1', { startLsn: at('0/300028'), stopLsn: at('0/400100') })
  const entries = [
    directoryEntry('pg_wal'),
    ...own.map((number) => fileEntry(`pg_wal/${nameOf(1, number)}`, { fullBytes: MADE_SEGMENT_BYTES })),
  ]
  return planWalCopy(
    { walThrough: through, target },
    {
      backup,
      chain: [{ backup, entries }],
      walSource: {
        archive: madeWalArchive(timelines ?? { 1: { segments: fromTo(1, 9) } }),
        path: pathTo(to),
      },
    },
  )
}

const ones = (first: number, last: number): readonly string[] =>
  fromTo(first, last).map((number) => nameOf(1, number))

describe('what is copied', () => {
  test('begins with the backup and ends with the segment in which recovery stops', () => {
    expect(planOf({ through: nameOf(1, 6) })).toEqual({
      segments: ones(3, 6),
      histories: [],
      bytes: 4 * MADE_SEGMENT_BYTES,
      last: nameOf(1, 6),
      missing: undefined,
      extent: 'target',
    })
  })

  test('is all there is as long as nobody has read up to the stop, and for a recovery without one', () => {
    expect(planOf({})).toMatchObject({ segments: ones(3, 9), extent: 'at-most' })
    expect(planOf({ target: { kind: 'latest' } })).toMatchObject({ segments: ones(3, 9), extent: 'archive' })
  })

  test('takes up no room twice that the backup takes up, and leaves what only the backup has', () => {
    const plan = planOf({
      timelines: { 1: { segments: fromTo(4, 9) } },
      own: [3, 4],
      through: nameOf(1, 5),
    })
    expect(plan).toMatchObject({ segments: ones(4, 5), bytes: MADE_SEGMENT_BYTES, missing: undefined })
    expect(planOf({ timelines: {}, own: [3, 4], through: nameOf(1, 4) })).toMatchObject({
      segments: [],
      bytes: 0,
      last: nameOf(1, 4),
      missing: undefined,
    })
  })

  test('is nothing where no WAL is asked for', () => {
    const backup = madeBackup('F1')
    expect(
      planWalCopy({ walThrough: undefined, target: XID }, { walSource: undefined, backup, chain: [] }),
    ).toBeUndefined()
  })
})

describe('over timelines', () => {
  const timelines = {
    1: { segments: fromTo(3, 9) },
    2: { segments: fromTo(6, 9), history: HISTORIES[2] },
    3: { segments: fromTo(8, 9), history: HISTORIES[3] },
  }

  test('each segment is of the newest timeline that has begun by then, with all histories', () => {
    expect(planOf({ timelines, to: 3 })).toMatchObject({
      segments: [...ones(3, 5), nameOf(2, 6), nameOf(2, 7), nameOf(3, 8), nameOf(3, 9)],
      histories: ['00000002.history', '00000003.history'],
    })
  })

  test('those that branch off from the way are not copied, their histories are', () => {
    expect(planOf({ timelines, to: 1, through: nameOf(1, 7) })).toMatchObject({
      segments: ones(3, 7),
      histories: ['00000002.history', '00000003.history'],
    })
  })

  test('the ancestor serves where the heir has nothing, and never again after it', () => {
    const withGap = { ...timelines, 2: { segments: [7, 9], history: HISTORIES[2] } }
    expect(planOf({ timelines: withGap, to: 2, through: nameOf(2, 9) })).toMatchObject({
      segments: [...ones(3, 6), nameOf(2, 7)],
      missing: nameOf(2, 8),
    })
  })
})

describe('a segment that is not there', () => {
  const timelines = { 1: { segments: [...fromTo(3, 5), ...fromTo(7, 9)] } }

  test('is missing before the stop, and the end of what is copied where recovery may not come so far', () => {
    expect(planOf({ timelines, through: nameOf(1, 8) })?.missing).toBe(nameOf(1, 6))
    expect(planOf({ timelines })).toMatchObject({ segments: ones(3, 5), missing: undefined })
  })

  test('is missing before the timeline that recovery is to follow to its end, and not where that has just begun', () => {
    const timelinesOf = (one: readonly number[], two: readonly number[]) => ({
      1: { segments: one },
      2: { segments: two, history: HISTORIES[2] },
    })
    const plan = (given: ReturnType<typeof timelinesOf>) =>
      planOf({ timelines: given, to: 2, target: { kind: 'latest' } })
    expect(plan(timelinesOf([3, 4, 6], [6, 7]))?.missing).toBe(nameOf(1, 5))
    expect(plan(timelinesOf([3, 4, 5], []))).toMatchObject({ last: nameOf(1, 5), missing: undefined })
  })

  test('is always missing before the end of the backup', () => {
    expect(planOf({ timelines: { 1: { segments: [3, 5, 6] } } })?.missing).toBe(nameOf(1, 4))
  })
})

describe('the pre-flight', () => {
  const plan = planOf({ through: nameOf(1, 6) })
  const input = { copiesWal: true, isForced: false, isReplica: false } as RestoreInput
  const seen = (walCopy: WalCopy | undefined, changes: Partial<RestoreInput> = {}) =>
    walCopyLines({ ...input, ...changes }, walCopy).map(({ state, sentence }) => [state, sentence.code])

  test('tells what is copied, and that nothing else comes after the end of an archive', () => {
    expect(walCopyLines(input, plan)).toMatchObject([
      {
        code: 'wal-copy',
        state: 'ok',
        sentence: { code: 'wal-copied', values: { count: 4, segment: nameOf(1, 6) } },
      },
    ])
    expect(seen(planOf({}))).toEqual([['ok', 'wal-copied-most']])
    const open = planOf({ target: { kind: 'latest' } })
    expect(seen(open)).toEqual([['warning', 'wal-copied-now']])
    expect(seen(open, { isReplica: true })).toEqual([['ok', 'wal-copied']])
    expect(seen(undefined)).toEqual([['ok', 'wal-copy-none']])
    expect(seen(planOf({ timelines: {}, own: [3, 4], through: nameOf(1, 4) }))).toEqual([
      ['ok', 'wal-copy-none'],
    ])
    expect(seen(undefined, { copiesWal: false })).toEqual([])
  })

  test('stops a restore for which a segment is missing, unless it is forced', () => {
    const gap = planOf({ timelines: { 1: { segments: [3] } } })
    expect(seen(gap)).toEqual([['blocked', 'wal-copy-missing']])
    expect(seen(gap, { isForced: true })).toEqual([['warning', 'wal-copy-missing']])
  })

  test('asks for room for files and WAL together, or on the disk of the WAL', () => {
    const told = (free: number, walDisk?: number, walCopy = plan) =>
      spaceLines(1000, walCopy, {
        freeBytes: free,
        walDisk: walDisk === undefined ? undefined : { freeBytes: walDisk },
      }).map(({ state, sentence }) => [state, sentence.values['need']])
    const wal = 4 * MADE_SEGMENT_BYTES
    expect(told(1000 + wal - 1)).toEqual([['blocked', 1000 + wal]])
    expect(told(2 * wal)).toEqual([['ok', 1000 + wal]])
    expect(told(2000, wal - 1)).toEqual([
      ['ok', 1000],
      ['blocked', wal],
    ])
    // What is only the most that it can be is no reason to stop.
    expect(told(2000, undefined, planOf({}))).toEqual([['warning', 1000 + 7 * MADE_SEGMENT_BYTES]])
    expect(told(999, undefined, planOf({}))).toEqual([['blocked', 1000]])
  })
})
