import { describe, expect, test } from 'vitest'
import { type BackupId, parseBackupId } from '../base/backup-id.ts'
import type { Backup } from './backup.ts'
import { backupNotFound } from './backup-not-found.ts'

const hint = (ids: readonly string[], ...wanted: readonly string[]): string | undefined => {
  const backups = ids.map((id) => ({ id: parseBackupId(id) }) as Backup)
  return backupNotFound(
    { instance: 'main', backups },
    ...wanted.map(parseBackupId as (id: string) => BackupId),
  ).hint
}

describe('a backup that is not there', () => {
  test('is the nearest one that is, mistyped', () => {
    expect(hint(['TP9AAA', 'TOTTEK'], 'TOTTKE')).toBe(
      'Did you mean TOTTEK? "tidemark show" lists the backups of the instance.',
    )
  })

  test('that resembles none has the newest beside it', () => {
    expect(hint(['TP9AAA', 'TOTTEK'], 'S11111')).toMatch(/^The newest one is TP9AAA\./)
    expect(hint(['TP9AAA', 'TOTTEK'], 'TOTTKE', 'S11111')).toMatch(/^The newest one is TP9AAA\./)
  })

  test('cannot be where there is none', () => {
    expect(hint([], 'TOTTEK')).toBe('It has none; take a backup first.')
  })
})
