import { expect, test } from 'vitest'
import { isContentSkipped, isDirectoryExcluded, isFileExcluded, withoutUnlogged } from './exclusion.ts'

const USUAL = { withServerLog: false, slots: new Set<string>() }

test.each([
  ['postmaster.pid', true],
  ['backup_label', true],
  ['base/5/backup_label', false],
  ['postgresql.auto.conf', false],
  ['global/pg_internal.init', true],
  ['base/5/pg_internal.init.4711', true],
  ['base/5/t3_16384', true],
  ['pg_tblspc/16395/PG_15_202209061/5/t12_1', true],
  ['base/5/16384_ptrack', true],
  ['global/ptrack.map', false],
  ['global/ptrack.map.mmap', true],
  ['base/5/16384', false],
  ['pg_tblspc/16395/stray', true],
  ['templates/t1', false],
])('file %s is left out: %s', (path, isOut) => {
  expect(isFileExcluded(path)).toBe(isOut)
})

test.each([
  ['pg_wal', true],
  ['base/pgsql_tmp', true],
  ['pg_tblspc/16395/PG_15_202209061/pgsql_tmp', true],
  ['pg_replslot', true],
  ['pg_xact', false],
  ['log', true],
  ['base/log', false],
])('the content of %s is skipped: %s', (path, isSkipped) => {
  expect(isContentSkipped(path, USUAL)).toBe(isSkipped)
})

test('of replication slots those are taken that are asked for, without what is only of decoding', () => {
  const taken = { ...USUAL, slots: new Set(['feed']) }
  expect(isContentSkipped('pg_replslot', taken)).toBe(false)
  expect(isContentSkipped('base/pg_replslot', taken)).toBe(true)
  expect(isContentSkipped('pg_replslot/pg_wal', taken)).toBe(false)
  expect(isDirectoryExcluded('pg_replslot', 'PG_15_202209061', taken)).toBe(false)
  expect(isDirectoryExcluded('pg_replslot/feed', 'PG_15_202209061', taken)).toBe(false)
  expect(isDirectoryExcluded('pg_replslot/other', 'PG_15_202209061', taken)).toBe(true)
  const files = ['state', 'state.tmp', 'xid-9-lsn-0-3000000.spill']
  expect(files.map((name) => isFileExcluded(`pg_replslot/feed/${name}`))).toEqual([false, true, true])
})

test('the server log is taken when it is asked for', () => {
  expect(isContentSkipped('log', { ...USUAL, withServerLog: true })).toBe(false)
})

test('of a tablespace only the directory of this server version is taken', () => {
  expect(isDirectoryExcluded('pg_tblspc/16395/PG_15_202209061', 'PG_15_202209061', USUAL)).toBe(false)
  expect(isDirectoryExcluded('pg_tblspc/16395/PG_14_202107181', 'PG_15_202209061', USUAL)).toBe(true)
  expect(isDirectoryExcluded('pg_tblspc/16395/PG_15_202209061/5', 'PG_15_202209061', USUAL)).toBe(false)
})

test('a tablespace that lies inside the data directory is not copied twice', () => {
  expect(isDirectoryExcluded('spaces/fast/PG_15_202209061', 'PG_15_202209061', USUAL)).toBe(true)
})

test('of an unlogged relation only the init fork stays', () => {
  const list = ['10', '10.1', '10_fsm', '10_init', '10_vm', '100', '1'].map((name) => ({
    path: `base/5/${name}`,
  }))
  const other = { path: 'base/6/10' }
  expect(withoutUnlogged([...list, other]).map(({ path }) => path)).toEqual([
    'base/5/10_init',
    'base/5/100',
    'base/5/1',
    'base/6/10',
  ])
})
