import { expect, test } from 'vitest'
import type { AccidentRecord } from '../api/contract/wal-index.ts'
import type { IsoTime } from '../base/iso-time.ts'
import { accidentSubject } from './accident-subject.ts'

const relations = [{ tablespaceOid: 1663, databaseOid: 5, relationNumber: 16_419 }]
const accident: AccidentRecord = {
  kind: 'drop',
  timeline: 1,
  lsn: '0/3000060',
  endLsn: '0/3000188',
  at: '2026-11-21T09:12:41.118003Z' as IsoTime,
  xid: 48_213,
  count: 1,
  databaseOid: 5,
  relations,
  databases: [],
  truncatedOids: [],
}
const databaseNames = [{ oid: 5, name: 'shop' }]

test('a file that no backup names is one of its database, by the name of that where it is known', () => {
  expect(accidentSubject(accident)).toBe('5/16419')
  expect(accidentSubject({ ...accident, databaseNames })).toBe('shop/16419')
})

test('deleted rows are of the relations they were in, and their number is none of relations', () => {
  expect(accidentSubject({ ...accident, kind: 'delete', count: 4000, databaseNames })).toBe('shop/16419')
  expect(accidentSubject({ ...accident, kind: 'delete', count: 4000, relations: [] })).toBe('')
})
