import { expect, test } from 'vitest'
import { lsnFromBigint } from '../../base/lsn.ts'
import type { DatabaseChange, DatabasePlace } from '../../format/wal-databases.ts'
import { fileEntry } from '../../testing/made-content.ts'
import { describeLost, findLostDatabases } from './lost-databases.ts'

const lsn = lsnFromBigint(0x2000f00n)
const later = lsnFromBigint(0x2001000n)
const template: DatabasePlace = { tablespaceOid: 1663, databaseOid: 1 }
const here: DatabasePlace = { tablespaceOid: 1663, databaseOid: 16385 }
const aside: DatabasePlace = { tablespaceOid: 16384, databaseOid: 16385 }
const other: DatabasePlace = { tablespaceOid: 1663, databaseOid: 16390 }

const listed = (place: DatabasePlace) => {
  const root = place.tablespaceOid === 1663 ? 'base' : `pg_tblspc/${place.tablespaceOid}/PG_17_202406281`
  return ['PG_VERSION', '1259'].map((name) => fileEntry(`${root}/${place.databaseOid}/${name}`))
}
const copied = (from: DatabasePlace, place: DatabasePlace, at = lsn): DatabaseChange => ({
  kind: 'copied',
  lsn: at,
  place,
  from,
})
const dropped = (...places: readonly DatabasePlace[]): DatabaseChange => ({ kind: 'dropped', lsn, places })
const moved = [copied(here, aside), dropped(here)]

test('a database whose files were copied before it moved is not lost', () => {
  expect(findLostDatabases(moved, [...listed(template), ...listed(here)])).toEqual([])
})

test('a database that moved before its files were listed is lost, though its new files are in the backup', () => {
  expect(findLostDatabases(moved, [...listed(template), ...listed(aside)])).toEqual([
    { place: aside, from: here, lsn },
  ])
})

test('files outside of the cluster stand for no database', () => {
  const external = listed(here).map((entry) => ({ ...entry, externalDirNumber: 1 }))
  expect(findLostDatabases(moved, external)).toHaveLength(1)
})

test('a database of which some files were gone before they were copied is lost', () => {
  const entries = listed(here).slice(0, 1)
  expect(findLostDatabases(moved, entries, listed(here).slice(1))).toHaveLength(1)
  expect(findLostDatabases(moved, entries, listed(other).slice(1))).toEqual([])
})

test('a database that replay itself has made is there to be copied', () => {
  const made = [copied(template, here), ...moved]
  expect(findLostDatabases(made, listed(template))).toEqual([])
  expect(findLostDatabases([{ kind: 'logged', lsn, place: here }, ...moved], listed(template))).toEqual([])
})

test('one that moves on was lost where it began', () => {
  const on = [...moved, copied(aside, here, later), dropped(aside)]
  expect(findLostDatabases(on, listed(template))).toEqual([{ place: here, from: here, lsn }])
})

test('what is dropped or made anew afterwards is not missed', () => {
  expect(findLostDatabases([...moved, dropped(aside)], [])).toEqual([])
  expect(findLostDatabases([...moved, copied(template, aside)], listed(template))).toEqual([])
})

test('what was dropped cannot be copied any more', () => {
  expect(findLostDatabases([dropped(here), copied(here, other)], listed(here))).toHaveLength(1)
})

test('says which database and what to do', () => {
  expect(describeLost({ place: aside, from: here, lsn }, 'shop')).toBe(
    'database 16385 "shop" in tablespace 16384 cannot be restored from this backup: while it was taken, the files were copied (WAL 0/2000F00) from database 16385 in tablespace 1663, of which it does not have all; take another backup',
  )
})
