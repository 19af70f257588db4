import { expect, test } from 'vitest'
import type { AccidentRecord, RelationNameRecord } from '../../../engine/api/contract/wal-index.ts'
import type { IsoTime } from '../../../engine/base/iso-time.ts'
import { problemWords, relationWish, relationWords } from './accident-names.ts'

const name = (relation: string, owner?: string): RelationNameRecord => ({
  database: 'shop',
  schema: 'public',
  relation,
  kind: owner === undefined ? 'table' : 'index',
  owner: owner === undefined ? undefined : { schema: 'public', relation: owner },
  otherNames: [],
  isInferred: false,
  backupId: 'TOTUG8',
})
const file = (relationNumber: number, named?: RelationNameRecord) => ({
  tablespaceOid: 1663,
  databaseOid: 5,
  relationNumber,
  ...(named !== undefined && { name: named }),
})
const accident = (given: Partial<AccidentRecord>): AccidentRecord => ({
  kind: 'drop',
  timeline: 1,
  lsn: '0/3000060',
  endLsn: '0/3000188',
  at: '2026-11-21T09:12:41.118003Z' as IsoTime,
  xid: 48_213,
  count: 1,
  databaseOid: 5,
  relations: [],
  databases: [],
  truncatedOids: [],
  ...given,
})

test('tables are told once, by their names before the numbers of what has none', () => {
  const relations = [
    file(9),
    file(2, name('ledger_pkey', 'ledger')),
    file(1, name('ledger')),
    file(3, { ...name('notes'), isInferred: true }),
  ]
  expect(relationWords(accident({ relations }))).toBe('shop.public.ledger ≈ shop.public.notes 5/9')
})

test('databases are told by name, and what is too much by its number', () => {
  const databases = [1, 2, 3, 4, 5, 6]
  const databaseNames = [{ oid: 2, name: 'shop' }]
  expect(relationWords(accident({ databases, databaseNames }))).toBe('1 shop 3 4 +2')
})

test('why names are missing is said', () => {
  const say = ((key: string, values?: object) => `${key} ${JSON.stringify(values ?? {})}`) as never
  expect(problemWords(say, accident({}))).toBeUndefined()
  const namesProblem = { code: 'names.not-in-backup', values: { backup: 'TOTUG8' } }
  expect(problemWords(say, accident({ namesProblem }))).toContain('accident.not-in-backup')
})

test('what is typed is a number of a file or a part of a name', () => {
  expect(relationWish('  ')).toBeUndefined()
  expect(relationWish(' 16389 ')).toEqual({ relationNumber: 16_389 })
  expect(relationWish('public.ledger')).toEqual({ relationName: 'public.ledger' })
  expect(relationWish('99999999999')).toEqual({ relationName: '99999999999' })
})

test('a file that no backup names is one of its database, by the name of that where it is known', () => {
  const unnamed = { relations: [file(16_419)] }
  expect(relationWords(accident(unnamed))).toBe('5/16419')
  expect(relationWords(accident({ ...unnamed, databaseNames: [{ oid: 5, name: 'shop' }] }))).toBe(
    'shop/16419',
  )
})
