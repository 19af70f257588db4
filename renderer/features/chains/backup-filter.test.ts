import { expect, test } from 'vitest'
import type { BackupRecord } from '../../../engine/api/contract/backups.ts'
import { fitsFilter } from './backup-filter.ts'

const backup = {
  id: 'TOTTEK',
  status: 'CORRUPT',
  mode: 'FULL',
  timeline: 2,
  note: 'before migration',
  startTime: '2026-11-20T00:00:00Z',
} as unknown as BackupRecord

test.each([
  ['', true],
  ['tott', true],
  ['migration', true],
  ['status:corrupt,orphan', true],
  ['status:ok', false],
  ['mode:full tli:2', true],
  ['mode:full tli:1', false],
  ['note~migr before:2026-11-21', true],
  ['before:2026-11-01', false],
  ['colour:red', false],
])('%j fits: %s', (filter, fits) => {
  expect(fitsFilter(backup, filter)).toBe(fits)
})
