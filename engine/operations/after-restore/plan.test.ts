import { expect, test } from 'vitest'
import { LSN_NONE } from '../../base/lsn.ts'
import { type RestoredFiles, stageOf } from './plan.ts'

const of = (state: RestoredFiles['control']['state'], ...files: readonly string[]) =>
  stageOf({
    control: { state, minRecoveryPoint: LSN_NONE },
    files,
    block: { lines: [], rest: '', unmarked: [] },
  })

test('a cluster is as far as its files say', () => {
  expect(of('in-production', 'recovery.signal', 'backup_label')).toBe('not-started')
  expect(of('in-archive-recovery', 'recovery.signal', 'backup_label.old')).toBe('recovering')
  expect(of('shut-down-in-recovery', 'standby.signal', 'backup_label.old')).toBe('standby')
  expect(of('in-production', 'backup_label.old')).toBe('open')
  expect(of('shut-down', 'backup_label.old')).toBe('open')
})

test('one whose state is between is not taken for open', () => {
  for (const state of ['starting-up', 'in-crash-recovery', 'in-archive-recovery', 'unknown'] as const)
    expect(of(state)).toBe('recovering')
})
