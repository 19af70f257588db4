import { describe, expect, test } from 'vitest'
import { parseBackupId as id } from '../../base/backup-id.ts'
import type { EngineError } from '../../base/engine-error.ts'
import { parseLsn } from '../../base/lsn.ts'
import type { Backup } from '../../catalog/backup.ts'
import { readTarget, type TargetTimeline } from '../../catalog/recovery-target.ts'
import { timelineTree } from '../../catalog/recovery-timelines.ts'
import type { ArchivedTimeline } from '../../catalog/wal-archive.ts'
import type { RecoveryTarget } from '../../format/recovery-settings.ts'
import { madeBackup, madeInventory, unreadableBackup } from '../../testing/made-catalog.ts'
import { chooseBackup } from './choose-backup.ts'

type Wish = {
  readonly id?: string
  readonly target?: RecoveryTarget
  readonly timeline?: TargetTimeline
  readonly timelines?: readonly Partial<ArchivedTimeline>[]
  readonly isValidated?: boolean
  readonly unfitIds?: readonly string[]
  readonly isForced?: boolean
}

function choose(backups: readonly Backup[], wish: Wish = {}) {
  return chooseBackup(madeInventory(backups), {
    id: wish.id === undefined ? undefined : id(wish.id),
    target: wish.target === undefined ? undefined : readTarget(wish.target),
    timeline: wish.timeline,
    tree: timelineTree({
      backups,
      archive: { timelines: wish.timelines ?? [] } as Parameters<typeof timelineTree>[0]['archive'],
    }),
    isValidated: wish.isValidated ?? true,
    isForced: wish.isForced ?? false,
    unfitIds: new Set(wish.unfitIds?.map(id)),
  })
}

const chosenId = (backups: readonly Backup[], wish?: Wish): string => choose(backups, wish).backup.id

function failureOf(backups: readonly Backup[], wish: Wish): EngineError {
  try {
    choose(backups, wish)
  } catch (thrown) {
    return thrown as EngineError
  }
  throw new Error('a backup was chosen')
}

describe('without a name', () => {
  test('the newest usable backup is chosen, with its chain from the FULL on', () => {
    const { backup, chain } = choose([
      madeBackup('F1'),
      madeBackup('F2', { parent: 'F1', status: 'DONE' }),
      madeBackup('F3', { status: 'ERROR' }),
      madeBackup('F4', { status: 'RUNNING' }),
      unreadableBackup('F5'),
    ])
    expect(backup.id).toBe('F2')
    expect(chain.map((one) => one.id)).toEqual(['F1', 'F2'])
  })

  test.each(['ERROR', 'RUNNING', 'CORRUPT', 'ORPHAN', 'DELETING', 'MERGING'] as const)(
    'a backup with status %s is passed over, even by force',
    (status) => {
      expect(chosenId([madeBackup('F1'), madeBackup('F2', { status })], { isForced: true })).toBe('F1')
    },
  )

  test.each<readonly [string, readonly Backup[]]>([
    ['missing', []],
    ['damaged', [madeBackup('F2', { status: 'CORRUPT' })]],
    ['unreadable', [unreadableBackup('F2')]],
    ['its own child', [madeBackup('F2', { parent: 'F3' })]],
  ])('a sound increment whose parent is %s is passed over', (_, parents) => {
    expect(chosenId([madeBackup('F1'), ...parents, madeBackup('F3', { parent: 'F2' })])).toBe('F1')
  })

  test('nothing is chosen where nothing can be restored', () => {
    expect(failureOf([madeBackup('F1', { status: 'CORRUPT' })], {})).toMatchObject({
      code: 'backup.not-found',
      hint: expect.any(String),
    })
  })
})

describe('a target', () => {
  const backups = [10, 20, 30].map((number) =>
    madeBackup(`F${number}`, {
      recoveryXid: BigInt(number),
      stopLsn: parseLsn(`0/${number}`),
      recoverySeconds: Date.parse(`2026-11-${number}T12:00:00Z`) / 1000,
    }),
  )

  test.each<readonly [RecoveryTarget, string]>([
    [{ kind: 'xid', xid: '20' }, 'F20'],
    [{ kind: 'xid', xid: '19' }, 'F10'],
    [{ kind: 'xid', xid: '18446744073709551615' }, 'F30'],
    [{ kind: 'lsn', lsn: '0/20' }, 'F20'],
    [{ kind: 'lsn', lsn: '0/1F' }, 'F10'],
    [{ kind: 'lsn', lsn: '1/0' }, 'F30'],
    [{ kind: 'time', at: '2026-11-20 12:00:00+00' }, 'F20'],
    [{ kind: 'time', at: '2026-11-20 11:59:59.999+00' }, 'F10'],
    [{ kind: 'time', at: '2026-11-20 17:30:00+05:30' }, 'F20'],
    [{ kind: 'time', at: '2026-11-20 17:29:59+05:30' }, 'F10'],
    [{ kind: 'time', at: '2026-11-20T12:00:00Z' }, 'F20'],
    [{ kind: 'name', name: 'anything' }, 'F30'],
    [{ kind: 'immediate' }, 'F30'],
    [{ kind: 'latest' }, 'F30'],
  ])('%j is reached from the newest backup that ends before it', (target, name) => {
    expect(chosenId(backups, { target })).toBe(name)
  })

  test.each(['2026-11-20', '2026-11-20 12:00', '2026-11-20 12:00:00'])(
    'the time %s is refused: it does not say on whose clock',
    (at) => {
      expect(failureOf(backups, { target: { kind: 'time', at } })).toMatchObject({ code: 'value.malformed' })
    },
  )

  test('before every backup is reached from none', () => {
    expect(failureOf(backups, { target: { kind: 'lsn', lsn: '0/9' } })).toMatchObject({
      code: 'backup.not-found',
      message: expect.stringMatching(/^the target is before the end of backup F10, the oldest .*: LSN 0\/10/),
      hint: expect.stringMatching(/later target.* F30 ends after the target; F20 ends after the target/),
    })
  })

  test('before every backup that could be used says which one is the oldest of these', () => {
    const newest = backups.at(-1)
    const older = backups.slice(0, -1)
    const broken = older.map((one) => ({
      ...one,
      control: one.control && { ...one.control, status: 'CORRUPT' as const },
    }))
    expect(
      failureOf([...(newest === undefined ? [] : [newest]), ...broken], {
        target: { kind: 'lsn', lsn: '0/9' },
      }),
    ).toMatchObject({ message: expect.stringContaining('backup F30, the oldest') })
  })

  test('of a transaction that may have outlived every backup is left to the WAL, which is read if it may be', () => {
    const target = { kind: 'xid', xid: '9' } as const
    expect(choose(backups, { target })).toMatchObject({ backup: { id: 'F30' }, isDoubtful: true })
    expect(choose(backups, { target, unfitIds: ['F30'] })).toMatchObject({ backup: { id: 'F20' } })
    expect(failureOf(backups, { target, isValidated: false })).toMatchObject({ code: 'backup.not-found' })
  })

  test('that turned out not to be reached from a backup is reached from an older one', () => {
    const target = { kind: 'time', at: '2026-11-30 00:00:00Z' } as const
    expect(choose(backups, { target, unfitIds: ['F30'] })).toMatchObject({ backup: { id: 'F20' } })
  })

  test('before the named backup is refused, and not answered with another', () => {
    expect(failureOf(backups, { id: 'F30', target: { kind: 'lsn', lsn: '0/20' } })).toMatchObject({
      code: 'backup.not-restorable',
      facts: { backup: 'F30' },
    })
  })

  test.each(['yesterday', '', '2026-13-45 00:00:00'])('whose time is %j is refused', (at) => {
    expect(failureOf(backups, { target: { kind: 'time', at } })).toMatchObject({ code: 'value.malformed' })
  })
})

describe('a timeline', () => {
  // 1 was left at 0/25 for 2, and at 0/15 for 3; 5 lacks 4 before it.
  const history = (switchLsn: string) => [{ timeline: 1, switchLsn: parseLsn(switchLsn), reason: '' }]
  const timelines = [
    { timeline: 1, files: [] },
    { timeline: 2, history: history('0/25') },
    { timeline: 3, history: history('0/15') },
    { timeline: 5, history: history('0/40') },
  ]
  const backups = [
    ...[10, 20, 30].map((number) => madeBackup(`F${number}`, { stopLsn: parseLsn(`0/${number}`) })),
    madeBackup('F40', { stopLsn: parseLsn('0/30'), timeline: 2 }),
  ]
  const pathOf = (timeline: TargetTimeline | undefined, wish: Wish = {}) => {
    const { backup, path } = choose(backups, {
      ...wish,
      timelines,
      ...(timeline !== undefined && { timeline }),
    })
    return `${backup.id}: ${path.map((section) => section.timeline).join('-')}`
  }

  test.each<readonly [TargetTimeline | undefined, string]>([
    [undefined, 'F40: 1-2'],
    ['current', 'F40: 1-2'],
    [1, 'F30: 1'],
    [2, 'F40: 1-2'],
    [3, 'F10: 1-3'],
    // From 2 on the history files count up to 3, which does not come from 2.
    ['latest', 'F10: 1-3'],
  ])('%s is followed from the newest backup that is on its way', (timeline, expected) => {
    expect(pathOf(timeline)).toBe(expected)
  })

  test('is the latest one for the target latest, as no other was asked for', () => {
    expect(pathOf(undefined, { target: { kind: 'latest' } })).toBe('F10: 1-3')
  })

  test.each<readonly [string, TargetTimeline, string]>([
    ['F30', 3, 'backup F30 cannot be restored: it ends after timeline 3 branched off at 0/15'],
    ['F40', 3, 'backup F40 cannot be restored: it is on timeline 2, which timeline 3 does not come from'],
    [
      'F30',
      4,
      'backup F30 cannot be restored: it cannot follow timeline 4, of which the archive has no history file',
    ],
  ])('that does not pass the backup %s is refused', (name, timeline, message) => {
    const failure = failureOf(backups, { id: name, timeline, timelines })
    expect(failure).toMatchObject({ code: 'backup.not-restorable', message })
  })
})

describe('a backup that is named', () => {
  test.each(['CORRUPT', 'ORPHAN'] as const)('with status %s is validated first, or forced', (status) => {
    const backups = [madeBackup('F1', { status })]
    expect(chosenId(backups, { id: 'F1' })).toBe('F1')
    expect(chosenId(backups, { id: 'F1', isValidated: false, isForced: true })).toBe('F1')
    expect(failureOf(backups, { id: 'F1', isValidated: false })).toMatchObject({
      code: 'backup.not-restorable',
    })
  })

  test('that ends after the target may be left out: that is said, with where it ends', () => {
    const backups = [madeBackup('F1', { stopLsn: parseLsn('0/3000168') })]
    const target = { kind: 'lsn', lsn: '0/2000000' } as const
    expect(failureOf(backups, { id: 'F1', target })).toMatchObject({
      code: 'backup.not-restorable',
      message: expect.stringContaining('it ends after the recovery target: LSN 0/3000168'),
      hint: expect.stringContaining('no -i'),
    })
  })

  test.each(['ERROR', 'DELETING', 'MERGING', 'MERGED'] as const)('with status %s is refused', (status) => {
    const failure = failureOf([madeBackup('F1', { status })], { id: 'F1', isForced: true })
    expect(failure).toMatchObject({ code: 'backup.not-restorable', message: expect.stringContaining(status) })
  })

  test('is refused when it is not there or cannot be read', () => {
    expect(failureOf([], { id: 'F1' })).toMatchObject({ code: 'backup.not-found' })
    expect(failureOf([unreadableBackup('F1')], { id: 'F1' })).toMatchObject({ code: 'backup.not-restorable' })
  })

  test('whose parent is missing is refused, and the parent named', () => {
    const failure = failureOf([madeBackup('F2', { parent: 'F1' })], { id: 'F2', isForced: true })
    expect(failure).toMatchObject({
      code: 'backup.chain-broken',
      message: 'backup F2 needs backup F1, which is missing',
    })
  })

  test.each<readonly [string, readonly Backup[], string]>([
    ['cannot be read', [unreadableBackup('F1')], 'F1'],
    ['is an increment of nothing', [madeBackup('F1', { mode: 'DELTA' })], 'F1'],
    ['is its own child', [madeBackup('F1', { parent: 'F2' })], 'F1'],
  ])('whose parent %s is refused, and no backup called undefined or missing', (_, parents, name) => {
    const failure = failureOf([...parents, madeBackup('F2', { parent: 'F1' })], { id: 'F2' })
    expect(failure.code).toBe('backup.chain-broken')
    expect(failure.message).toContain(`backup ${name}`)
    expect(failure.message).not.toMatch(/undefined|missing/)
  })
})
