import { expect, test } from 'vitest'
import type { RelationNameRecord } from './contract/wal-index.ts'
import { inferredNames } from './inferred-names.ts'

const name = (relation: string, rest: Partial<RelationNameRecord> = {}): RelationNameRecord => ({
  database: 'shop',
  schema: 'public',
  relation,
  kind: 'table',
  owner: undefined,
  otherNames: [],
  isInferred: false,
  backupId: 'TOTUG8',
  ...rest,
})
const ofLedger = { kind: 'index', owner: { schema: 'public', relation: 'ledger' } } as const
const files = (...numbers: readonly number[]) =>
  numbers.map((relationNumber) => ({ tablespaceOid: 1663, databaseOid: 5, relationNumber }))

test('a rewritten table is told by its first new file, and what belongs to it as such', () => {
  const names = inferredNames([name('ledger_pkey', ofLedger), name('ledger')], files(31, 30))
  expect(names.get('1663/5/30')).toMatchObject({ relation: 'ledger', kind: 'table', isInferred: true })
  expect(names.get('1663/5/31')).toMatchObject({
    kind: 'part',
    owner: { relation: 'ledger' },
    isInferred: true,
  })
})

test('a single file follows a single file', () => {
  const names = inferredNames([name('ledger_pkey', ofLedger)], files(30))
  expect(names.get('1663/5/30')).toMatchObject({ relation: 'ledger_pkey', kind: 'index', isInferred: true })
})

test.each([
  ['other numbers of files', [name('ledger'), name('ledger_pkey', ofLedger)], files(30)],
  ['two tables', [name('ledger'), name('other')], files(30, 31)],
  ['parts of another table', [name('other'), name('ledger_pkey', ofLedger)], files(30, 31)],
  ['indexes without their table', [name('a', ofLedger), name('b', ofLedger)], files(30, 31)],
  ['a table of that name elsewhere', [name('ledger', { database: 'x' }), name('a', ofLedger)], files(30, 31)],
])('%s tell nothing', (_, old, created) => {
  expect(inferredNames(old, created).size).toBe(0)
})
