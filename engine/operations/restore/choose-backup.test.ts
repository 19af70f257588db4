import { describe, expect, test } from 'vitest'
import { parseBackupId as id } from '../../base/backup-id.ts'
import type { EngineError } from '../../base/engine-error.ts'
import { parseLsn } from '../../base/lsn.ts'
import type { Backup } from '../../catalog/backup.ts'
import type { RecoveryTarget } from '../../format/recovery-settings.ts'
import { madeBackup, madeInventory, unreadableBackup } from '../../testing/made-catalog.ts'
import { chooseBackup } from './choose-backup.ts'

type Wish = {
  readonly id?: string
  readonly target?: RecoveryTarget
  readonly isValidated?: boolean
  readonly isForced?: boolean
}

function choose(backups: readonly Backup[], wish: Wish = {}) {
  return chooseBackup(madeInventory(backups), {
    id: wish.id === undefined ? undefined : id(wish.id),
    target: wish.target,
    isValidated: wish.isValidated ?? true,
    isForced: wish.isForced ?? false,
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
    'the time %s without an offset is local, whatever it leaves out',
    (at) => {
      const [year, month, day, hours = 0] = at.split(/[- :]/).map(Number)
      const localMs = new Date(year ?? 0, (month ?? 0) - 1, day, hours).getTime()
      const made = [-1, 0, 1].map((second) =>
        madeBackup(`F${second + 1}`, { recoverySeconds: localMs / 1000 + second }),
      )
      expect(chosenId(made, { target: { kind: 'time', at } })).toBe('F1')
    },
  )

  test('before every backup is reached from none', () => {
    expect(failureOf(backups, { target: { kind: 'xid', xid: '9' } })).toMatchObject({
      code: 'backup.not-found',
    })
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

describe('a backup that is named', () => {
  test.each(['CORRUPT', 'ORPHAN'] as const)('with status %s is validated first, or forced', (status) => {
    const backups = [madeBackup('F1', { status })]
    expect(chosenId(backups, { id: 'F1' })).toBe('F1')
    expect(chosenId(backups, { id: 'F1', isValidated: false, isForced: true })).toBe('F1')
    expect(failureOf(backups, { id: 'F1', isValidated: false })).toMatchObject({
      code: 'backup.not-restorable',
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
