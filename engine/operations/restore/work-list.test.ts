import { assert, constantFrom, property, string } from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { EngineError } from '../../base/engine-error.ts'
import type { ContentEntry } from '../../format/content-list.ts'
import { madeBackup, type MadeBackup } from '../../testing/made-catalog.ts'
import { directoryEntry, fileEntry } from '../../testing/made-content.ts'
import type { ListedBackup } from '../steps/chain-file.ts'
import { type Destinations, planWork } from './work-list.ts'

const TO: Destinations = { dataDirectory: '/restore', tablespaces: [], externalDirs: [] }
const PG_CONTROL = fileEntry('global/pg_control', { sizeBytes: 8192, fullBytes: 8192 })

const listed = (name: string, entries: readonly ContentEntry[], given: MadeBackup = {}): ListedBackup => ({
  backup: madeBackup(name, given),
  entries,
})

/** A chain from the versions of one file, newest first; undefined = not listed. Gives that file. */
function rebuilt(...versions: readonly (ContentEntry | undefined)[]) {
  const chain = versions.map((entry, index) =>
    listed(`F${9 - index}`, [...(entry === undefined ? [] : [entry]), PG_CONTROL]),
  )
  return planWork(chain, TO).files[0]
}

const plain = (sizeBytes: number, fullBytes = sizeBytes) => fileEntry('base/1/x', { sizeBytes, fullBytes })
const relation = (sizeBytes: number, blockCount = 8) =>
  fileEntry('base/1/16384', { sizeBytes, blockCount, isDataFile: true, fullBytes: blockCount * 8192 })
const sourcesOf = (file: ReturnType<typeof rebuilt>) => file?.sources.map(({ backupId }) => backupId)

function failureOf(work: () => unknown): EngineError {
  try {
    work()
  } catch (thrown) {
    return thrown as EngineError
  }
  throw new Error('nothing was thrown')
}

describe('a plain file', () => {
  test('comes from the newest backup that stores it', () => {
    expect(rebuilt(plain(10), plain(20))).toMatchObject({
      kind: 'plain',
      targetPath: '/restore/base/1/x',
      name: 'base/1/x',
      mode: 0o100600,
      sources: [{ backupId: 'F9', storedPath: '/backup/backups/main/F9/database/base/1/x', crc: 1 }],
    })
    expect(sourcesOf(rebuilt(plain(-1, 20), plain(-1, 20), plain(20)))).toEqual(['F7'])
  })

  test('that was empty is made empty, whatever older backups store', () => {
    expect(rebuilt(plain(0), plain(20))).toMatchObject({ kind: 'empty', sources: [] })
    expect(rebuilt(plain(-1, 0), plain(0), plain(20))).toMatchObject({ kind: 'empty', sources: [] })
  })

  test.each<readonly [string, readonly (ContentEntry | undefined)[]]>([
    ['no parent lists', [plain(-1, 20), undefined]],
    ['no parent lists, of a size that is not known', [plain(-1), undefined]],
    ['a parent in between does not list', [plain(-1), undefined, plain(20)]],
    ['has no parent', [plain(-1)]],
    ['no backup down to the FULL stores', [plain(-1), plain(-1)]],
  ])('that is unchanged and %s is damage, and not an empty file', (_, versions) => {
    expect(failureOf(() => rebuilt(...versions))).toMatchObject({
      code: 'backup.damaged',
      message: expect.stringContaining('base/1/x'),
    })
  })
})

describe('a relation', () => {
  test('is put together from all backups that store blocks of it, newest first', () => {
    const file = rebuilt(relation(10), relation(-1), relation(20), relation(30))
    expect(file).toMatchObject({ kind: 'data', blockCount: 8 })
    expect(sourcesOf(file)).toEqual(['F9', 'F7', 'F6'])
  })

  test('takes nothing from backups before the one in which it was new or empty', () => {
    expect(sourcesOf(rebuilt(relation(10), undefined, relation(30)))).toEqual(['F9'])
    expect(sourcesOf(rebuilt(relation(10), relation(0, 0), relation(30)))).toEqual(['F9'])
  })

  test('that was cut off and has grown again takes nothing from behind the cut', () => {
    const file = rebuilt(relation(10, 100), relation(-1, 4), relation(20, 50), relation(30, 100))
    expect(file?.sources.map(({ backupId, blockLimit }) => [backupId, blockLimit])).toEqual([
      ['F9', Infinity],
      ['F7', 4],
      ['F6', 4],
    ])
  })

  test('that is empty is made empty', () => {
    expect(rebuilt(relation(0, 0), relation(30))).toMatchObject({ kind: 'empty', sources: [] })
    expect(rebuilt(relation(-1, 0), relation(0, 0))).toMatchObject({ kind: 'empty', sources: [] })
  })

  test.each<readonly [string, readonly (ContentEntry | undefined)[]]>([
    ['no parent lists', [relation(-1), undefined]],
    ['no backup down to the FULL stores', [relation(-1), relation(-1)]],
  ])('that is unchanged and %s is damage, and not an empty relation', (_, versions) => {
    expect(failureOf(() => rebuilt(...versions))).toMatchObject({ code: 'backup.damaged' })
  })

  test('of a compressed file system is copied whole like any other file', () => {
    const cfs = { ...relation(10), isCfs: true }
    expect(rebuilt(cfs, { ...relation(20), isCfs: true })).toMatchObject({
      kind: 'plain',
      sources: [{ backupId: 'F9' }],
    })
  })

  test.each([
    ['2.3.5', { isPadded: true, hasLegacyCrc: false }],
    ['2.0.22', { isPadded: true, hasLegacyCrc: true }],
    ['2.4.0', { isPadded: false, hasLegacyCrc: false }],
    ['2.5.16', { isPadded: false, hasLegacyCrc: false }],
  ])('stored by version %s is read as that version wrote it', (programVersion, source) => {
    const { files } = planWork([listed('F9', [relation(10), PG_CONTROL], { programVersion })], TO)
    expect(files[0]?.sources).toMatchObject([source])
  })
})

describe('directories', () => {
  const entries = [
    directoryEntry('pg_tblspc/16395/PG_15_202209061', { mode: 0o040750 }),
    directoryEntry('pg_tblspc/16395'),
    directoryEntry('pg_tblspc', { mode: 0o040711 }),
    directoryEntry('conf.d', { externalDirNumber: 2 }),
    fileEntry('conf.d/a', { externalDirNumber: 2 }),
    fileEntry('b', { externalDirNumber: 1 }),
    PG_CONTROL,
  ]

  test('come parents first; a tablespace is made at its place and linked to', () => {
    const work = planWork([listed('F9', entries)], {
      ...TO,
      tablespaces: [{ oid: 16395, to: '/srv/fast' }],
      externalDirs: [{ number: 2, to: '/etc/two' }],
    })
    expect(work.directories).toEqual([
      { path: '/etc/two', mode: 0o700, link: undefined },
      { path: '/etc/two/conf.d', mode: 0o040700, link: undefined },
      { path: '/restore/pg_tblspc', mode: 0o040711, link: undefined },
      { path: '/srv/fast', mode: 0o040711, link: '/restore/pg_tblspc/16395' },
      { path: '/restore/pg_tblspc/16395/PG_15_202209061', mode: 0o040750, link: undefined },
    ])
    expect(work.files).toMatchObject([
      {
        targetPath: '/etc/two/conf.d/a',
        sources: [{ storedPath: '/backup/backups/main/F9/external_directories/externaldir2/conf.d/a' }],
      },
    ])
  })

  test('outside PGDATA are left out with their files when nobody wants them', () => {
    const work = planWork([listed('F9', entries)], TO)
    expect(work.files).toEqual([])
    expect(work.directories.every(({ path }) => path.startsWith('/restore/'))).toBe(true)
  })

  test('outside PGDATA do not stand for those inside of the same name', () => {
    const outside = { ...plain(20), externalDirNumber: 1 }
    const chain = [listed('F9', [plain(-1, 20), PG_CONTROL]), listed('F8', [outside, PG_CONTROL])]
    expect(failureOf(() => planWork(chain, TO)).code).toBe('backup.damaged')
  })
})

describe('what is written last or not at all', () => {
  test('pg_control is kept apart, and the maps of the backup are left out', () => {
    const maps = ['tablespace_map', 'database_map'].map((name) => fileEntry(name))
    const work = planWork([listed('F9', [...maps, fileEntry('backup_label'), PG_CONTROL])], TO)
    expect(work.files.map(({ name }) => name)).toEqual(['backup_label'])
    expect(work.controlFile).toMatchObject({ targetPath: '/restore/global/pg_control', kind: 'plain' })
  })

  test('only PGDATA has a pg_control and such maps', () => {
    const outside = ['database_map', 'global/pg_control'].map((name) =>
      fileEntry(name, { externalDirNumber: 1 }),
    )
    const to = { ...TO, externalDirs: [{ number: 1, to: '/ext' }] }
    const work = planWork([listed('F9', [...outside, PG_CONTROL])], to)
    expect(work.files.map(({ targetPath }) => targetPath)).toEqual([
      '/ext/database_map',
      '/ext/global/pg_control',
    ])
    expect(failureOf(() => planWork([listed('F9', outside)], to))).toMatchObject({ code: 'backup.damaged' })
  })

  test('an empty chain is refused', () => {
    expect(failureOf(() => planWork([], TO)).code).toBe('backup.chain-broken')
  })
})

describe('a hostile path', () => {
  test.each(['../x', 'base/../../x', '/etc/passwd', 'base\\..\\..\\x', '..', '', 'a\0b'])(
    '%j is refused',
    (path) => {
      for (const entry of [fileEntry(path), directoryEntry(path)]) {
        expect(failureOf(() => planWork([listed('F9', [entry, PG_CONTROL])], TO))).toMatchObject({
          code: 'backup.damaged',
          hint: expect.stringContaining('tampered'),
        })
      }
    },
  )

  test('is refused in a tablespace and in an external directory that is left out', () => {
    const entry = fileEntry('../x', { externalDirNumber: 7 })
    expect(failureOf(() => planWork([listed('F9', [entry, PG_CONTROL])], TO)).code).toBe('backup.damaged')
  })

  test('never leads out of the directory, whatever it is', () => {
    const anyPath = string({ unit: constantFrom('.', '/', '\\', 'a', ' ', '..', '\0', '\n'), maxLength: 8 })
    assert(
      property(anyPath, (path) => {
        try {
          for (const { targetPath } of planWork([listed('F9', [fileEntry(path), PG_CONTROL])], TO).files) {
            expect(targetPath.startsWith('/restore/') || targetPath === '/restore').toBe(true)
            expect(targetPath).not.toContain('/../')
          }
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: 'backup.damaged' })
        }
      }),
      { numRuns: 1000 },
    )
  })
})
