import { expect, test } from 'vitest'
import type { BackupRecord } from '../../../engine/api/contract/backups.ts'
import { damagedChoice, forcedSubject } from './damaged-choice.ts'
import { endOf } from './moment-choice.ts'

type Made = Pick<BackupRecord, 'status'> & Partial<Pick<BackupRecord, 'parentId' | 'isStream'>>

function backups(made: Readonly<Record<string, Made>>): readonly BackupRecord[] {
  return Object.entries(made).map(
    ([id, one]) =>
      ({ id, mode: one.parentId === undefined ? 'FULL' : 'DELTA', isStream: true, ...one }) as BackupRecord,
  )
}

const idsOf = (made: Readonly<Record<string, Made>>, id: string) =>
  damagedChoice(endOf(id), backups(made))?.chain.map((one) => one.id)
const parent = (id: string) => ({ parentId: id }) as Pick<BackupRecord, 'parentId'>

test('a damaged backup is one of its own kind, and so is a sound one that needs it', () => {
  const made = { A: { status: 'CORRUPT' }, B: { status: 'ORPHAN', ...parent('A') } } as const
  expect(idsOf(made, 'A')).toEqual(['A'])
  expect(idsOf(made, 'B')).toEqual(['A', 'B'])
  expect(idsOf({ ...made, B: { status: 'OK', ...parent('A') } }, 'B')).toEqual(['A', 'B'])
})

test('a sound backup cannot be forced, nor one that was not finished or lacks its FULL', () => {
  expect(idsOf({ A: { status: 'OK' } }, 'A')).toBeUndefined()
  expect(idsOf({ A: { status: 'DONE' } }, 'A')).toBeUndefined()
  expect(idsOf({ A: { status: 'ERROR' } }, 'A')).toBeUndefined()
  expect(idsOf({ A: { status: 'MERGING' }, B: { status: 'ORPHAN', ...parent('A') } }, 'B')).toBeUndefined()
  expect(idsOf({ B: { status: 'ORPHAN', ...parent('A') } }, 'B')).toBeUndefined()
  expect(idsOf({ A: { status: 'ORPHAN', ...parent('A') } }, 'A')).toBeUndefined()
})

test('only the end of a backup is forced, never a moment', () => {
  const made = backups({ A: { status: 'CORRUPT' } })
  expect(damagedChoice({ ...endOf('A'), target: { kind: 'latest' } }, made)).toBeUndefined()
  expect(damagedChoice(undefined, made)).toBeUndefined()
})

test('a backup without its own WAL needs a target to stop at', () => {
  const of = (isStream: boolean) => {
    const damaged = damagedChoice(endOf('A'), backups({ A: { status: 'CORRUPT', isStream } }))
    return damaged && forcedSubject(damaged, { catalog: '/c', instance: 'shop' })
  }
  expect(of(true)).toEqual({ catalog: '/c', instance: 'shop', id: 'A', isForced: true })
  expect(of(false)).toMatchObject({ target: { kind: 'immediate' } })
})
