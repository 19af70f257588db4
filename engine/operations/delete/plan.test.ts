import { array, assert, constantFrom, nat, option, property, record } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { backupIdFromSeconds, parseBackupId as id } from '../../base/backup-id.ts'
import type { Backup } from '../../catalog/backup.ts'
import { madeBackup, madeInventory, unreadableBackup } from '../../testing/made-catalog.ts'
import { type DeleteRequest, planDelete } from './plan.ts'

const some = (...names: readonly string[]): DeleteRequest => ({
  ids: names.map((name) => id(name)),
  status: undefined,
})
const one = (name: string): DeleteRequest => some(name)
const all = (status: string): DeleteRequest => ({ ids: undefined, status })

const catalog: readonly Backup[] = [
  madeBackup('F1', { dataBytes: 100, walBytes: 16 }),
  madeBackup('F2', { parent: 'F1', dataBytes: 10, isStream: false, walBytes: 16 }),
  madeBackup('F3', { parent: 'F2', status: 'ERROR' }),
  madeBackup('F4', { parent: 'F1', status: 'ERROR', dataBytes: 1 }),
  madeBackup('F5', { dataBytes: 200 }),
  unreadableBackup('F6'),
]

describe('a deletion', () => {
  test('takes what hangs on the backup with it, a parent before its children', () => {
    const plan = planDelete(madeInventory(catalog), one('F1'))
    expect(plan.backups.map(({ id: name, reason }) => [name, reason])).toEqual([
      ['F1', 'asked'],
      ['F2', 'descendant'],
      ['F3', 'descendant'],
      ['F4', 'descendant'],
    ])
  })

  test('of the newest takes nothing else', () => {
    const plan = planDelete(madeInventory(catalog), one('F5'))
    expect(plan).toMatchObject({ backups: [{ id: 'F5', reason: 'asked' }], freedBytes: 200 })
  })

  test('frees pages, and the WAL that a backup carries itself, but none of the archive', () => {
    const { backups, freedBytes } = planDelete(madeInventory(catalog), one('F1'))
    expect(backups.map(({ dataBytes }) => dataBytes)).toEqual([116, 10, 0, 1])
    expect(freedBytes).toBe(127)
  })

  test.each(['ERROR', 'error'])(
    'by the status %s takes all of them and what hangs on them, each once',
    (status) => {
      const inventory = madeInventory([...catalog, madeBackup('F7', { parent: 'F3' })])
      expect(
        planDelete(inventory, all(status)).backups.map(({ id: name, reason }) => [name, reason]),
      ).toEqual([
        ['F3', 'asked'],
        ['F4', 'asked'],
        ['F7', 'descendant'],
      ])
    },
  )

  test('can name what cannot be read, by its id and as UNKNOWN', () => {
    const inventory = madeInventory(catalog)
    expect(planDelete(inventory, one('F6')).backups).toEqual([{ id: 'F6', reason: 'asked', dataBytes: 0 }])
    expect(planDelete(inventory, all('UNKNOWN')).backups).toMatchObject([{ id: 'F6' }])
  })

  test('by a status that no backup has takes nothing', () => {
    expect(planDelete(madeInventory(catalog), all('ORPHAN'))).toMatchObject({ backups: [], freedBytes: 0 })
  })

  test('of several takes each once, with what hangs on any of them', () => {
    const { backups, freedBytes } = planDelete(madeInventory(catalog), some('F2', 'F5', 'F4', 'F2'))
    expect(backups.map(({ id: name, reason }) => [name, reason])).toEqual([
      ['F2', 'asked'],
      ['F3', 'descendant'],
      ['F4', 'asked'],
      ['F5', 'asked'],
    ])
    expect(freedBytes).toBe(211)
  })

  test('of several is asked for in any order, and is the same plan', () => {
    const inventory = madeInventory(catalog)
    expect(planDelete(inventory, some('F5', 'F2')).hash).toBe(planDelete(inventory, some('F2', 'F5')).hash)
    expect(planDelete(inventory, some('F2')).hash).not.toBe(planDelete(inventory, some('F2', 'F5')).hash)
  })

  test('of several of which some are not there is refused, and names those', () => {
    expect(() => planDelete(madeInventory(catalog), some('F9', 'F1', 'F8'))).toThrow(
      expect.objectContaining({ code: 'backup.not-found', message: 'instance "main" has no backup F9, F8' }),
    )
  })

  test('of a backup that is not there is refused', () => {
    expect(() => planDelete(madeInventory(catalog), one('F9'))).toThrow(
      expect.objectContaining({ code: 'backup.not-found' }),
    )
  })

  test.each([
    ['neither', undefined, undefined],
    ['both', [id('F1')], 'OK'],
  ])('that names %s of ids and status is refused', (_, ids, status) => {
    expect(() => planDelete(madeInventory(catalog), { ids, status })).toThrow(
      expect.objectContaining({ code: 'usage.invalid' }),
    )
  })

  test('takes each backup once and leaves no child of what it takes, whatever the parents say', () => {
    const anyBackups = array(
      record({ parent: option(nat({ max: 9 })), status: constantFrom('OK', 'CORRUPT', 'DELETING') }),
      { minLength: 1, maxLength: 10 },
    )
    assert(
      property(anyBackups, constantFrom('OK', 'CORRUPT', 'DELETING'), (specs, status) => {
        const made = specs.map((spec, index) =>
          madeBackup(backupIdFromSeconds(index + 1), {
            status: spec.status,
            // Circles aside: a parent is older, or missing.
            ...(spec.parent !== null && {
              parent: backupIdFromSeconds(spec.parent < index ? spec.parent + 1 : 99),
            }),
          }),
        )
        const taken = planDelete(madeInventory(made), all(status)).backups.map(({ id: name }) => name)
        expect(new Set(taken).size).toBe(taken.length)
        for (const { id: name, control } of made) {
          const isTaken = taken.includes(name)
          if (control.status === status) expect(isTaken).toBe(true)
          if (control.parentId === undefined || !taken.includes(control.parentId)) continue
          expect(isTaken).toBe(true)
          expect(taken.indexOf(control.parentId)).toBeLessThan(taken.indexOf(name))
        }
      }),
    )
  })

  test('ends on a circle of parents', () => {
    const circle = [madeBackup('F1', { parent: 'F2' }), madeBackup('F2', { parent: 'F1' })]
    expect(planDelete(madeInventory(circle), one('F1')).backups).toHaveLength(2)
  })
})

describe('the hash of a plan', () => {
  const { hash } = planDelete(madeInventory(catalog), one('F1'))

  test('stays while the backups that it takes are the same', () => {
    const more = [...catalog, madeBackup('F7'), madeBackup('F8', { parent: 'F5' })]
    expect(planDelete(madeInventory(more), one('F1')).hash).toBe(hash)
  })

  test.each<readonly [string, readonly Backup[]]>([
    ['another backup hangs on them', [...catalog, madeBackup('F7', { parent: 'F4' })]],
    ['one of them is gone', catalog.filter((backup) => backup.id !== 'F3')],
    ['one of them has another content', [...catalog.slice(1), madeBackup('F1', { contentCrc: 5 })]],
  ])('changes when %s', (_, changed) => {
    expect(planDelete(madeInventory(changed), one('F1')).hash).not.toBe(hash)
  })
})
