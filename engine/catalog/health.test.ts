import { describe, expect, test } from 'vitest'
import { madeBackup, madeInventory, unreadableBackup } from '../testing/made-catalog.ts'
import type { Backup } from './backup.ts'
import { judge, type LastDrill, restorableSeconds } from './health.ts'

const judged = (...backups: readonly Backup[]) => judge(madeInventory(backups), () => false)
const sentences = (todo: ReturnType<typeof judge>['todo']) =>
  todo.map(({ severity, sentence: { code, values } }) => [severity, code, values['id'], values['count']])

describe('an instance', () => {
  test('without backups is not protected', () => {
    expect(judged()).toEqual({
      protection: {
        severity: 'problem',
        sentence: { code: 'no-backup', values: { count: 0 } },
        newestRestorableSeconds: undefined,
        oldestRestorableSeconds: undefined,
      },
      todo: [],
    })
  })

  test('whose first backup is being made is not protected yet', () => {
    expect(judged(madeBackup('F1', { status: 'RUNNING' })).protection).toMatchObject({
      severity: 'problem',
      sentence: { code: 'no-backup' },
    })
  })

  test('with a checked chain is protected from its oldest to its newest moment', () => {
    const { protection, todo } = judged(
      madeBackup('F1', { recoverySeconds: 1000, endSeconds: 1001 }),
      madeBackup('F2', { parent: 'F1', endSeconds: 2001 }),
    )
    expect(protection).toEqual({
      severity: 'ok',
      sentence: { code: 'protected', values: { count: 2 } },
      newestRestorableSeconds: 2001,
      oldestRestorableSeconds: 1000,
    })
    expect(todo).toEqual([])
  })

  test('is still protected while the next backup runs', () => {
    const { protection } = judged(madeBackup('F1'), madeBackup('F2', { parent: 'F1', status: 'RUNNING' }))
    expect(protection).toMatchObject({ severity: 'ok', sentence: { code: 'protected' } })
  })

  test('whose newest backup was not validated needs attention', () => {
    const { protection, todo } = judged(madeBackup('F1'), madeBackup('F2', { status: 'DONE' }))
    expect(protection).toMatchObject({
      severity: 'attention',
      sentence: { code: 'unchecked', values: { id: 'F2' } },
    })
    expect(sentences(todo)).toEqual([['attention', 'validate-newest', 'F2', 1]])
  })

  test('whose last backup failed has a problem, although an older one can be restored', () => {
    const { protection, todo } = judged(
      madeBackup('F1', { endSeconds: 5 }),
      madeBackup('F2', { status: 'ERROR', endSeconds: 9 }),
    )
    expect(protection).toMatchObject({
      severity: 'problem',
      sentence: { code: 'last-failed', values: { id: 'F2' } },
      newestRestorableSeconds: 5,
    })
    expect(sentences(todo)).toEqual([['attention', 'failed', 'F2', 1]])
  })

  test('has that problem until another backup has ended', () => {
    const failed = [madeBackup('F1'), madeBackup('F2', { status: 'ERROR' })]
    expect(judged(...failed, madeBackup('F3', { status: 'RUNNING' })).protection).toMatchObject({
      severity: 'problem',
      sentence: { code: 'last-failed', values: { id: 'F2' } },
    })
  })

  test('that failed once and has a newer backup is protected', () => {
    const { protection } = judged(madeBackup('F1', { status: 'ERROR' }), madeBackup('F2'))
    expect(protection).toMatchObject({ severity: 'ok', sentence: { code: 'protected' } })
  })

  test.each(['CORRUPT', 'ORPHAN'] as const)('whose newest backup is %s has a problem', (status) => {
    const { protection } = judged(madeBackup('F1'), madeBackup('F2', { parent: 'F1', status }))
    expect(protection).toMatchObject({
      severity: 'problem',
      sentence: { code: 'damaged', values: { id: 'F2' } },
    })
  })

  test('with damage further back needs attention', () => {
    const { protection, todo } = judged(madeBackup('F1', { status: 'CORRUPT' }), madeBackup('F2'))
    expect(protection).toMatchObject({ severity: 'attention', sentence: { code: 'protected' } })
    expect(sentences(todo)).toEqual([['problem', 'corrupt', 'F1', 1]])
  })

  test('does not count a backup whose parent is damaged as restorable', () => {
    const { protection } = judged(
      madeBackup('F1', { status: 'CORRUPT', endSeconds: 5 }),
      madeBackup('F2', { parent: 'F1', endSeconds: 6 }),
    )
    expect(protection).toMatchObject({
      severity: 'problem',
      sentence: { code: 'damaged' },
      newestRestorableSeconds: undefined,
    })
  })
})

describe('a drill', () => {
  const first = {
    code: 'sql-differs',
    values: { sql: 'select 1', database: 'postgres', found: '2', expected: '1' },
  }
  const withDrill = (failed: LastDrill['failed'], ...backups: readonly Backup[]) =>
    judge(madeInventory(backups), () => false, { backupId: madeBackup('F1').id, failed })

  test('that failed is a problem of the instance, as a backup that failed is, and says what was wrong', () => {
    const { protection, todo } = withDrill({ first, count: 2 }, madeBackup('F1'), madeBackup('F2'))
    expect(protection).toMatchObject({
      severity: 'problem',
      sentence: { code: 'drill-failed', values: { id: 'F1', count: 2 } },
    })
    expect(todo).toEqual([
      {
        severity: 'problem',
        sentence: { code: 'drill-failed', values: { id: 'F1', count: 2 } },
        backupId: 'F1',
        finding: first,
      },
    ])
  })

  test('that passed says nothing', () => {
    const { protection, todo } = withDrill(undefined, madeBackup('F1'))
    expect(protection).toMatchObject({ severity: 'ok', sentence: { code: 'protected' } })
    expect(todo).toEqual([])
  })

  test('that failed hides no backup that failed after it', () => {
    const { protection, todo } = withDrill(
      { first, count: 1 },
      madeBackup('F1'),
      madeBackup('F2', { status: 'ERROR' }),
    )
    expect(protection).toMatchObject({ severity: 'problem', sentence: { code: 'last-failed' } })
    expect(sentences(todo)).toEqual([
      ['problem', 'drill-failed', 'F1', 1],
      ['attention', 'failed', 'F2', 1],
    ])
  })
})

describe('what there is to do', () => {
  test('is one entry for all of a kind, with the newest of them and their number', () => {
    const orphans = ['F2', 'F3', 'F4'].map((name) => madeBackup(name, { parent: 'F1', status: 'ORPHAN' }))
    const { todo } = judged(madeBackup('F1', { status: 'CORRUPT' }), ...orphans, madeBackup('F5'))
    expect(sentences(todo)).toEqual([
      ['problem', 'corrupt', 'F1', 1],
      ['attention', 'orphan', 'F4', 3],
    ])
  })

  test('names a sound increment without a parent as a broken chain, and not an orphan as well', () => {
    const { todo } = judged(
      madeBackup('F2', { parent: 'F1' }),
      madeBackup('F3', { parent: 'F1', status: 'ORPHAN' }),
    )
    expect(sentences(todo)).toEqual([
      ['attention', 'orphan', 'F3', 1],
      ['attention', 'chain-broken', 'F2', 1],
    ])
  })

  test('names what cannot be read', () => {
    expect(sentences(judged(unreadableBackup('F1'), madeBackup('F2')).todo)).toEqual([
      ['attention', 'unreadable', 'F1', 1],
    ])
  })

  test('names unfinished work only where nobody does it any more', () => {
    const backups = [
      madeBackup('F1'),
      madeBackup('F2', { status: 'RUNNING' }),
      madeBackup('F3', { status: 'MERGING' }),
      madeBackup('F4', { status: 'DELETING' }),
    ]
    expect(judged(...backups).todo).toEqual([])
    const { todo, protection } = judge(madeInventory(backups), ({ id }) => id !== 'F1')
    expect(sentences(todo)).toEqual([
      ['attention', 'stale-running', 'F2', 1],
      ['attention', 'merge-unfinished', 'F3', 1],
      ['attention', 'delete-unfinished', 'F4', 1],
    ])
    expect(protection).toMatchObject({ severity: 'attention', sentence: { code: 'stale-running' } })
  })

  test('is at most five entries, the worst first', () => {
    const { todo } = judge(
      madeInventory([
        madeBackup('F1', { status: 'ERROR' }),
        unreadableBackup('F2'),
        madeBackup('F3', { status: 'ORPHAN' }),
        madeBackup('F4', { status: 'RUNNING' }),
        madeBackup('F5', { status: 'MERGING' }),
        madeBackup('F6', { status: 'CORRUPT' }),
        madeBackup('F7'),
      ]),
      ({ control }) => control?.status === 'RUNNING' || control?.status === 'MERGING',
    )
    expect(todo).toHaveLength(5)
    expect(todo[0]).toMatchObject({ severity: 'problem', backupId: 'F6' })
  })
})

test('the moment of a backup is that of its recovery, else its end, else not known', () => {
  expect(restorableSeconds(madeBackup('F1', { recoverySeconds: 1, endSeconds: 2 }))).toBe(1)
  expect(restorableSeconds(madeBackup('F1', { endSeconds: 2 }))).toBe(2)
  expect(restorableSeconds(unreadableBackup('F1'))).toBeUndefined()
})
