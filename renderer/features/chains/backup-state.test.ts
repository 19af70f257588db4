import { expect, test } from 'vitest'
import type { BackupRecord } from '../../../engine/api/contract/backups.ts'
import { blockerOf, cardActions, cardWord, statusWord } from './backup-state.ts'

function backup(id: string, status: string, change: Partial<BackupRecord> = {}): BackupRecord {
  return { id, status, isStale: false, isRestorable: false, parentId: undefined, ...change } as BackupRecord
}

test.each([
  ['OK', false, 'OK', []],
  ['DONE', false, 'DONE', ['validate']],
  ['RUNNING', false, 'RUNNING', []],
  ['RUNNING', true, 'STALE', ['delete', 'mark-failed']],
  ['MERGING', false, 'MERGING', []],
  ['MERGING', true, 'MERGING-STOPPED', ['finish-merge']],
  ['MERGED', false, 'MERGED', ['finish-merge']],
  ['DELETING', false, 'DELETING', []],
  ['DELETING', true, 'DELETING-STOPPED', ['finish-delete']],
  ['CORRUPT', false, 'CORRUPT', ['back-up']],
  ['ORPHAN', false, 'ORPHAN', ['validate', 'back-up']],
  ['ERROR', false, 'ERROR', ['delete']],
])('%s (left behind: %s) is called %s and offers %j', (status, isStale, word, actions) => {
  const one = backup('A', status, { isStale })
  expect(statusWord(one)).toBe(word)
  expect(cardActions(cardWord(one, [one]), undefined, false)).toEqual(actions)
})

test('a merge that runs is not offered to be finished', () => {
  expect(cardActions('MERGED', undefined, true)).toEqual([])
})

test('a sound backup on an unfinished merge is blocked by its FULL, and the merge can be finished from there', () => {
  const full = backup('F', 'MERGING', { isStale: true })
  const middle = backup('A', 'MERGING', { isStale: true, parentId: full.id })
  const tip = backup('B', 'OK', { parentId: middle.id })
  const blocker = blockerOf(tip, [full, middle, tip])
  expect(blocker?.id).toBe('F')
  expect(cardActions('OK', blocker, false)).toEqual(['finish-merge'])
  expect(cardActions('OK', blocker, true)).toEqual([])
})

test('what can be restored, and what is broken itself, is not blocked', () => {
  const full = backup('F', 'CORRUPT')
  expect(blockerOf(full, [full])).toBeUndefined()
  expect(blockerOf(backup('A', 'OK', { isRestorable: true, parentId: full.id }), [full])).toBeUndefined()
  const blocked = backup('B', 'DONE', { parentId: full.id })
  expect(cardActions('DONE', blockerOf(blocked, [full, blocked]), false)).toEqual(['back-up'])
})

test('parents that go in a circle end', () => {
  const one = backup('A', 'OK', { parentId: 'B' as BackupRecord['id'] })
  const other = backup('B', 'OK', { parentId: 'A' as BackupRecord['id'] })
  expect(blockerOf(one, [one, other])).toBeUndefined()
})

test('what a merge was deleting goes with the merge', () => {
  const full = backup('F', 'MERGED')
  const leftover = backup('A', 'DELETING', { isStale: true, parentId: full.id })
  expect(cardWord(leftover, [full, leftover])).toBe('MERGED')
  expect(cardWord(leftover, [leftover])).toBe('DELETING-STOPPED')
})
