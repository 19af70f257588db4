import { describe, expect, test } from 'vitest'
import type { ClassRow } from '../../format/catalog-rows.ts'
import { nameRelations } from './names.ts'

const current = { state: 'current', xmin: 100 } as const

const relation = (oid: number, name: string, rest: Partial<ClassRow> = {}): ClassRow => ({
  ...current,
  oid,
  name,
  schemaOid: 2200,
  relationNumber: oid,
  tablespaceOid: 0,
  toastOid: 0,
  isShared: false,
  isTransient: false,
  kind: 'r',
  ...rest,
})

const named = (relations: readonly ClassRow[]) =>
  nameRelations({
    relations,
    schemas: [
      { ...current, oid: 2200, name: 'public' },
      { ...current, oid: 99, name: 'pg_toast' },
    ],
    indexes: [
      { ...current, oid: 20, tableOid: 10 },
      { ...current, oid: 31, tableOid: 30 },
    ],
    mapped: new Map([[1259, 777]]),
    tablespaceOid: 1663,
  })

const at = (relationNumber: number, tablespaceOid = 1663) => ({ tablespaceOid, relationNumber })

describe('names of files', () => {
  test('say whose index and whose long values it is', () => {
    const names = named([
      relation(10, 'ledger', { toastOid: 30 }),
      relation(20, 'ledger_pkey', { kind: 'i' }),
      relation(30, 'pg_toast_10', { kind: 't', schemaOid: 99 }),
      relation(31, 'pg_toast_10_index', { kind: 'i', schemaOid: 99 }),
    ])
    const owner = { schema: 'public', relation: 'ledger' }
    expect(names.find(at(10))).toMatchObject({ ...owner, kind: 'table', owner: undefined })
    expect(names.find(at(20))).toMatchObject({ relation: 'ledger_pkey', kind: 'index', owner })
    expect(names.find(at(30))).toMatchObject({ kind: 'toast', owner })
    expect(names.find(at(31))).toMatchObject({ kind: 'toast-index', owner })
    expect(names.find(at(32))).toBeUndefined()
  })

  test('count in their tablespace only, and come from the map where pg_class has none', () => {
    const names = named([
      relation(10, 'here'),
      relation(11, 'there', { relationNumber: 10, tablespaceOid: 16_384 }),
      relation(1259, 'pg_class', { relationNumber: 0 }),
    ])
    expect(names.find(at(10))?.relation).toBe('here')
    expect(names.find(at(10, 16_384))?.relation).toBe('there')
    expect(names.find(at(10, 16_385))).toBeUndefined()
    expect(names.find(at(777))?.relation).toBe('pg_class')
  })

  test('are the later ones, with the others beside them', () => {
    const names = named([
      relation(10, 'first', { state: 'old', xmin: 0 }),
      relation(10, 'third', { state: 'unsettled', xmin: 5 }),
      relation(10, 'second', { state: 'touched', xmin: 0xffff_fff0 }),
    ])
    expect(names.find(at(10))).toMatchObject({
      relation: 'third',
      otherNames: [
        { schema: 'public', relation: 'second' },
        { schema: 'public', relation: 'first' },
      ],
    })
    const undone = named([relation(10, 'never', { state: 'unsettled', xmin: 101 }), relation(10, 'still')])
    expect(undone.find(at(10))?.relation).toBe('still')
  })

  test('are not those of the table that a rewrite writes into', () => {
    const names = named(
      [
        relation(10, 'ledger', { relationNumber: 50 }),
        relation(10, 'ledger', { state: 'old', xmin: 90 }),
        relation(50, 'pg_temp_10', { state: 'old' }),
        relation(50, 'pg_temp_10', { state: 'old', relationNumber: 10, isTransient: true, xmin: 100 }),
      ].map((row) => (row.oid === 50 ? { ...row, isTransient: true } : row)),
    )
    expect(names.find(at(50))?.relation).toBe('ledger')
    expect(names.find(at(10))).toMatchObject({ relation: 'ledger', otherNames: [] })
  })

  test('are left out when the schema is not known', () => {
    expect(named([relation(10, 'lost', { schemaOid: 12_345 })]).find(at(10))).toBeUndefined()
  })
})
