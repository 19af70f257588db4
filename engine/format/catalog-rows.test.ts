import { describe, expect, test } from 'vitest'
import { RECORDED } from '../testing/recorded-system-tables.ts'
import { type ClassRow, decodeClassRow, decodeDatabaseRow, decodeSchemaRow } from './catalog-rows.ts'
import { heapRows } from './heap-page.ts'
import { EngineError } from '../base/engine-error.ts'
import { decodeRelationMap } from './relation-map.ts'

const GONE_BUT_THERE = [
  ['first_name', 'old'],
  ['dropped', 'old'],
]
const UTF8 = 6
const LATIN1 = 8
const EUC_KR = 3

const classRows = (page: Uint8Array, major: number, encoding = UTF8): readonly ClassRow[] =>
  Array.from(heapRows(page), (row) => decodeClassRow(row, major, encoding))

describe.each(RECORDED)('the system tables of PostgreSQL $major', (recorded) => {
  const { major, classPage } = recorded
  const ours = classRows(classPage, major).filter(({ oid }) => oid >= 16_384)

  test('tell the relations that the server tells', () => {
    const found = ours.filter(({ state }) => state === 'current')
    expect(
      found
        .map((row) => [row.oid, row.name, row.schemaOid, row.relationNumber, row.toastOid, row.kind])
        .toSorted((a, b) => Number(a[0]) - Number(b[0])),
    ).toEqual(recorded.relations)
    expect(
      found.every(({ tablespaceOid, isShared, isTransient }) => !tablespaceOid && !isShared && !isTransient),
    ).toBe(true)
  })

  test('may still have what was renamed and dropped, and not what was rolled back', () => {
    const gone = ours.filter(({ state, name }) => state !== 'current' && name !== 'ledger' && name !== 'kept')
    // The later servers have cleared the page.
    expect(gone.map(({ name, state }) => [name, state])).toEqual(major === 15 ? GONE_BUT_THERE : [])
    expect(ours.some(({ name }) => name === 'never')).toBe(false)
  })

  test('tell schemas and databases', () => {
    const schemas = Array.from(heapRows(recorded.schemaPage), (row) => decodeSchemaRow(row, major, UTF8))
    expect(
      schemas
        .filter(({ state }) => state === 'current')
        .map(({ oid, name }) => [oid, name])
        .toSorted((a, b) => Number(a[0]) - Number(b[0])),
    ).toEqual(recorded.schemas)
    const databases = Array.from(heapRows(recorded.databasePage), (row) => decodeDatabaseRow(row, major))
    expect(
      databases
        .filter(({ state }) => state === 'current')
        .map(({ oid, name, encoding }) => [oid, name, encoding])
        .toSorted((a, b) => Number(a[0]) - Number(b[0])),
    ).toEqual([...recorded.databases])
  })

  test('are mapped to their files', () => {
    expect([...decodeRelationMap(recorded.map)].toSorted(([a], [b]) => a - b)).toEqual(recorded.mapped)
    for (let at = 0; at < 508; at += 13) {
      const damaged = Uint8Array.from(recorded.map)
      damaged[at] = (damaged[at] ?? 0) ^ 0x10
      expect(() => decodeRelationMap(damaged)).toThrow(EngineError)
    }
    expect(() => decodeRelationMap(recorded.map.subarray(0, 500))).toThrow('has 500 bytes')
  })

  test('give rows or a failure when their pages are damaged, and nothing else', () => {
    let seed: number = major
    const next = (below: number): number => (seed = (seed * 1_103_515_245 + 12_345) & 0x7fff_ffff) % below
    let failures = 0
    for (let round = 0; round < 3000; round++) {
      const damaged = Uint8Array.from(classPage)
      // Headers and pointers lie at the start, headers of rows all over.
      const at = round % 2 === 0 ? next(200) : next(damaged.length)
      damaged[at] = next(256)
      try {
        classRows(damaged, major)
      } catch (thrown) {
        failures++
        expect(thrown).toMatchObject({ code: 'format.damaged' })
      }
    }
    expect(failures).toBeGreaterThan(100)
  })
})

test('a page that was never filled has no rows, and one of something else is refused', () => {
  expect([...heapRows(new Uint8Array(8192))]).toEqual([])
  expect(() => [...heapRows(new Uint8Array(8192).fill(0xff))]).toThrow('is not a page of a table')
})

test('names are read in the encoding of the database, or shown byte by byte', () => {
  const [{ major, classPage }] = RECORDED
  const nameIn = (encoding: number): string | undefined =>
    classRows(classPage, major, encoding).find(({ oid, state }) => oid === 16_404 && state === 'current')
      ?.name
  expect(nameIn(UTF8)).toBe('表')
  expect(nameIn(LATIN1)).toBe('è¡¨')
  expect(nameIn(EUC_KR)).toBe(String.raw`\xe8\xa1\xa8`)
})

test('the system tables of other versions are not guessed at', () => {
  const [{ classPage }] = RECORDED
  expect(() => classRows(classPage, 11)).toThrow('are not known')
  expect(() => classRows(classPage, 19)).toThrow('are not known')
})
