import { describe, expect, test } from 'vitest'
import type { Backup } from '../../catalog/backup.ts'
import { planMerge } from '../merge/plan.ts'
import { madeBackup, madeInventory, unreadableBackup } from '../../testing/made-catalog.ts'
import { fromTo, madeWalArchive } from '../../testing/made-wal-archive.ts'
import { planRetention, type RetentionRequest } from './plan.ts'
import { requirePromise } from './run.ts'

const DAY = 86_400
const NOW = 1_795_220_000
const request: RetentionRequest = {
  policy: { redundancy: 0, windowDays: 7, walDepth: 0 },
  rule: { kind: 'probackup' },
  nowSeconds: NOW,
  deletesExpired: true,
  mergesExpired: false,
  purgesWal: false,
}

/** Named after its time, so many days ago. */
function aged(days: number, given: Parameters<typeof madeBackup>[1] = {}): Backup {
  const seconds = NOW - days * DAY
  return madeBackup(seconds.toString(36), { recoverySeconds: seconds + 20, dataBytes: 10, ...given })
}

const FULL = aged(10)
const P1 = aged(9, { parent: FULL.id })
const P2 = aged(5, { parent: P1.id })
const P3 = aged(1, { parent: P2.id })
const OLD = aged(20)
const OLD_CHILD = aged(19, { parent: OLD.id })
const ALL = [FULL, P1, P2, P3, OLD, OLD_CHILD]

function plan(
  backups: readonly Backup[],
  given: Partial<RetentionRequest> = {},
  archive = madeWalArchive({}),
) {
  return planRetention(
    {
      inventory: madeInventory(backups),
      archive,
      planMerge: (inventory, id) => planMerge(inventory, { id, newestProgramVersion: '2.5.16' }),
    },
    { ...request, ...given },
  )
}

describe('a plan of retention', () => {
  test('deletes children before their parents, and nothing that is held', () => {
    const made = plan(ALL)
    expect(made.deletes).toEqual([OLD_CHILD.id, OLD.id])
    expect(made.freedBytes).toBe(20)
    expect(made.backups.map(({ verdict }) => verdict)).toEqual([
      'kept',
      'kept',
      'held',
      'held',
      'will-go',
      'will-go',
    ])
  })

  test('deletes children first even where clocks were wrong', () => {
    const parent = aged(11)
    const child = madeBackup((NOW - 12 * DAY).toString(36), {
      parent: parent.id,
      recoverySeconds: NOW - 12 * DAY,
    })
    expect(plan([P3, FULL, parent, child]).deletes.slice(0, 3)).toEqual([FULL.id, child.id, parent.id])
  })

  test('merges instead of holding, when asked', () => {
    const made = plan(ALL, { mergesExpired: true })
    expect(made.merges).toEqual([{ destinationId: P2.id, ids: [FULL.id, P1.id, P2.id], refusal: undefined }])
    expect(made.backups.map(({ verdict, reason }) => [verdict, reason.code])).toEqual([
      ['kept', 'window'],
      ['kept', 'window'],
      ['will-go', 'merged-into'],
      ['will-go', 'merged-into'],
      ['will-go', 'beyond-window'],
      ['will-go', 'beyond-window'],
    ])
    // What is merged is not lost.
    expect(made.deletes).toEqual([OLD_CHILD.id, OLD.id])
    expect(made.promise.after).toBe(NOW - 5 * DAY + 20)
  })

  test('holds what a merge refuses', () => {
    const damaged = ALL.map((one) =>
      one.id === P1.id ? aged(9, { parent: FULL.id, status: 'CORRUPT' }) : one,
    )
    const made = plan(damaged, { mergesExpired: true })
    expect(made.merges).toMatchObject([{ refusal: { code: 'backup.not-restorable' } }])
    expect(made.backups.map(({ verdict }) => verdict).slice(2, 4)).toEqual(['held', 'held'])
  })

  test('deletes and merges nothing without a policy, and nothing that was not asked for', () => {
    const none = { redundancy: 0, windowDays: 0, walDepth: 0 }
    expect(plan(ALL, { policy: none, mergesExpired: true })).toMatchObject({ deletes: [], merges: [] })
    expect(plan(ALL, { deletesExpired: false })).toMatchObject({ deletes: [], merges: [], wal: [] })
  })

  test('takes a backup that cannot be read for as old as its name says', () => {
    const unreadable = unreadableBackup((NOW - 30 * DAY).toString(36))
    expect(plan([...ALL, unreadable]).deletes).toEqual([OLD_CHILD.id, OLD.id, unreadable.id])
  })

  test('finishes a merge that was broken off, whatever the policy says of its backups', () => {
    const merged = aged(10, { status: 'MERGED', mergeDestinationId: P2.id })
    const made = plan([merged, P3], { mergesExpired: true })
    expect(made.merges).toMatchObject([{ destinationId: P2.id, ids: [merged.id], refusal: undefined }])
  })

  test('purges WAL by what will be left', () => {
    const archive = madeWalArchive({ 1: { segments: fromTo(1, 9) } })
    const made = plan(ALL, { purgesWal: true }, archive)
    // None of them says where it started, so nobody needs any.
    expect(made.wal).toMatchObject([{ timeline: 1, reason: 'no-backup' }])
    expect(made.wal[0]?.files).toHaveLength(9)
  })
})

describe('the hash of a plan of retention', () => {
  const { hash } = plan(ALL)

  test('stays while it does the same', () => {
    expect(plan([...ALL, aged(0.5)]).hash).toBe(hash)
    expect(plan(ALL, { nowSeconds: NOW + 60 }).hash).toBe(hash)
  })

  test.each<readonly [string, readonly Backup[], Partial<RetentionRequest>]>([
    [
      'a pin spares one of its backups',
      [
        FULL,
        P1,
        P2,
        P3,
        OLD,
        { ...OLD_CHILD, control: aged(19, { parent: OLD.id, expireSeconds: NOW + DAY }).control },
      ],
      {},
    ],
    ['one of its backups is gone', [FULL, P1, P2, P3, OLD], {}],
    [
      'one of its backups has changed',
      [FULL, P1, P2, P3, OLD, aged(19, { parent: OLD.id, contentCrc: 5 })],
      {},
    ],
    ['time lets more go', ALL, { nowSeconds: NOW + 7 * DAY }],
    ['the clock jumps back', ALL, { nowSeconds: NOW - 20 * DAY }],
  ])('changes when %s', (_, backups, given) => {
    expect(plan(backups, given).hash).not.toBe(hash)
  })
})

describe('a plan that breaks a promise', () => {
  const broken = plan([OLD])

  test('is refused without the name of the instance', () => {
    expect(broken.promise.broken).toEqual(['no-backup'])
    for (const confirm of [undefined, '', 'other']) {
      expect(() => requirePromise(broken, { instance: 'main', confirm })).toThrow(
        expect.objectContaining({ code: 'plan.refused' }),
      )
    }
  })

  test('is taken with it, and one that breaks none without', () => {
    expect(() => requirePromise(broken, { instance: 'main', confirm: 'main' })).not.toThrow()
    expect(() => requirePromise(plan(ALL), { instance: 'main', confirm: undefined })).not.toThrow()
  })
})
