import { expect, test } from 'vitest'
import { parseBackupId as id } from '../../base/backup-id.ts'
import { planDelete } from './plan.ts'
import { planMerge } from '../merge/plan.ts'
import { madeBackup, madeInventory, unreadableBackup } from '../../testing/made-catalog.ts'
import type { Backup } from '../../catalog/backup.ts'

const unread = (name: string): Backup => ({
  ...unreadableBackup(name),
  problem: 'backup.control cannot be read: EIO',
})

/** F3 and F6 cannot be read; F4 has no control file at all and needs nothing. */
const inventory = madeInventory([
  madeBackup('F1'),
  madeBackup('F2', { parent: 'F1' }),
  unread('F3'),
  { ...unreadableBackup('F4'), problem: 'backup.control is missing' },
  madeBackup('F5'),
  unread('F6'),
  madeBackup('F7'),
])

const deleting = (...names: readonly string[]) =>
  planDelete(inventory, { ids: names.map((name) => id(name)), status: undefined }).mayBeNeededBy

test('what cannot be read may need what is older and deleted, and nothing newer', () => {
  expect(deleting('F2')).toEqual(['F6', 'F3'])
  expect(deleting('F5')).toEqual(['F6'])
  expect(deleting('F7')).toBeUndefined()
  expect(deleting('F1', 'F3')).toEqual(['F6'])
})

test('it may need what a merge gives up', () => {
  const request = { id: id('F2'), newestProgramVersion: '2.5.99' }
  expect(planMerge(inventory, request)).toMatchObject({ kind: 'merge', mayBeNeededBy: ['F6', 'F3'] })
  const readable = { ...inventory, backups: inventory.backups.filter(({ control }) => control !== undefined) }
  expect(planMerge(readable, request)).not.toHaveProperty('mayBeNeededBy')
})
