import { describe, expect, test } from 'vitest'
import { directoryEntry, fileEntry } from '../../testing/made-content.ts'
import { isLookedInto, listedDirectories, type Links, planClearing } from './clearing.ts'
import type { ExistingFile } from './existing-files.ts'

const VERSION = 'pg_tblspc/16395/PG_15_202209061'
const ENTRIES = [
  directoryEntry('base'),
  directoryEntry('base/5'),
  fileEntry('base/5/1', { fullBytes: 16384, isDataFile: true }),
  fileEntry('base/5/pg_filenode.map', { fullBytes: 512 }),
  fileEntry('PG_VERSION', { fullBytes: 3 }),
  directoryEntry('global'),
  fileEntry('global/pg_control', { fullBytes: 8192 }),
  directoryEntry('pg_wal'),
  fileEntry('pg_wal/000000010000000000000002', { fullBytes: 100 }),
  directoryEntry('pg_tblspc'),
  directoryEntry('pg_tblspc/16395'),
  directoryEntry(VERSION),
  fileEntry(`${VERSION}/2`, { fullBytes: 8192, isDataFile: true }),
  fileEntry('tablespace_map', { fullBytes: 20 }),
  fileEntry('x', { externalDirNumber: 1, fullBytes: 5 }),
]
const LINKS: Links = new Map([['pg_tblspc/16395', '/fast']])

const one = (path: string, more: Partial<ExistingFile> = {}): ExistingFile => ({
  absolutePath: `/pgdata/${path}`,
  path,
  externalDirNumber: 0,
  kind: 'file',
  sizeBytes: 10,
  modifiedMs: 0,
  leadsTo: undefined,
  ...more,
})
const directory = (path: string): ExistingFile => one(path, { kind: 'directory', sizeBytes: 0 })
const link = (path: string, leadsTo: string): ExistingFile =>
  one(path, { kind: 'link-to-directory', sizeBytes: 0, leadsTo })
const cleared = (existing: readonly ExistingFile[], links = LINKS) => {
  const { files, directories, trees } = planClearing(existing, ENTRIES, links)
  return [...files, ...directories, ...trees].map((path) => path.replace('/pgdata/', ''))
}

describe('what is in the way of a backup', () => {
  test('is what it does not have, children before parents', () => {
    const existing = [
      directory('base'),
      directory('base/5'),
      one('base/5/1'),
      one('base/5/99'),
      one('base/5/1_fsm'),
      directory('base/7'),
      directory('base/7/below'),
      one('base/7/below/1'),
      one('postmaster.pid'),
    ]
    expect(cleared(existing)).toEqual([
      'base/5/99',
      'base/5/1_fsm',
      'base/7/below/1',
      'postmaster.pid',
      'base/7/below',
      'base/7',
    ])
  })

  test('is never pg_control nor the one that was put aside, but what only served an older restore', () => {
    const existing = ['global/pg_control', 'global/pg_control.pbk.bak', 'tablespace_map', 'backup_label.old']
    expect(cleared(existing.map((path) => one(path)))).toEqual(['tablespace_map', 'backup_label.old'])
  })

  test('is a file where a directory is to be, and the other way round', () => {
    expect(cleared([one('base'), directory('PG_VERSION')])).toEqual(['base', 'PG_VERSION'])
  })

  test('is a link to a file, whatever it is called, and one to a directory that the backup does not have', () => {
    const existing = [one('PG_VERSION', { kind: 'other-link' }), link('mine', '/mine'), link('base', '/base')]
    expect(cleared(existing)).toEqual(['PG_VERSION', 'mine'])
  })

  test('is a tablespace link that leads elsewhere, or is a directory; not what others have beside it', () => {
    const there = [
      link('pg_tblspc/16395', '/fast'),
      directory(VERSION),
      one(`${VERSION}/2`),
      one(`${VERSION}/3`),
      directory('pg_tblspc/16395/PG_14_1'),
      one('pg_tblspc/16395/README'),
    ]
    expect(cleared(there)).toEqual([`${VERSION}/3`])
    expect(cleared([link('pg_tblspc/16395', '/other')])).toEqual(['pg_tblspc/16395'])
    expect(cleared([link('pg_tblspc/777', '/gone')])).toEqual(['pg_tblspc/777'])
    expect(cleared([directory('pg_tblspc/16395'), directory(VERSION), one(`${VERSION}/2`)])).toEqual([
      'pg_tblspc/16395',
    ])
  })

  test('is the old WAL, also when it is to go elsewhere', () => {
    const wal = [
      directory('pg_wal'),
      one('pg_wal/000000010000000000000002'),
      one('pg_wal/000000010000000000000003'),
    ]
    expect(planClearing(wal, ENTRIES, LINKS)).toMatchObject({
      files: ['/pgdata/pg_wal/000000010000000000000003'],
      walFileCount: 1,
    })
    const moved = new Map([...LINKS, ['pg_wal', '/wal']])
    expect(planClearing(wal, ENTRIES, moved)).toMatchObject({
      files: [],
      trees: ['/pgdata/pg_wal'],
      fileCount: 2,
      bytes: 20,
      walFileCount: 2,
    })
    expect(cleared([link('pg_wal', '/wal')], moved)).toEqual([])
    expect(cleared([link('pg_wal', '/old')], moved)).toEqual(['pg_wal'])
  })

  test('is all of a place that is emptied, and in an external directory what the backup does not have', () => {
    const existing = [
      one('PG_VERSION', { externalDirNumber: undefined }),
      one('x', { externalDirNumber: 1 }),
      one('y', { externalDirNumber: 1, absolutePath: '/ext/y' }),
    ]
    expect(cleared(existing)).toEqual(['PG_VERSION', '/ext/y'])
  })

  test('says how much may stay: pages up to the length in the backup, other files when they have their size', () => {
    const existing = [
      one('base/5/1', { sizeBytes: 99999 }),
      one('PG_VERSION', { sizeBytes: 3 }),
      one(`${VERSION}/2`),
    ]
    expect(planClearing(existing, ENTRIES, LINKS).keptBytes).toBe(16384 + 3 + 10)
    expect(planClearing([one('PG_VERSION', { sizeBytes: 4 })], ENTRIES, LINKS).keptBytes).toBe(0)
  })
})

test('only links that stay, and directories of the backup below them, are looked into', () => {
  const looksInto = isLookedInto(listedDirectories(ENTRIES), new Map([...LINKS, ['pg_wal', '/wal']]))
  expect(looksInto('base', undefined)).toBe(true)
  expect(looksInto('mine', undefined)).toBe(true)
  expect(looksInto('base', '/base')).toBe(true)
  expect(looksInto('mine', '/mine')).toBe(false)
  expect(looksInto('pg_tblspc/16395', '/fast')).toBe(true)
  expect(looksInto('pg_tblspc/16395', '/other')).toBe(false)
  expect(looksInto('pg_tblspc/777', '/gone')).toBe(false)
  expect(looksInto(VERSION, undefined)).toBe(true)
  expect(looksInto('pg_tblspc/16395/PG_14_1', undefined)).toBe(false)
  expect(looksInto('pg_wal', '/wal')).toBe(true)
  expect(looksInto('pg_wal', '/old')).toBe(false)
})
