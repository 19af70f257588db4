import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { directoryEntry, fileEntry } from '../../testing/made-content.ts'
import { scratchDirectory } from '../../testing/scratch.ts'
import { findUnlistedFiles } from './unlisted-files.ts'

const SIGNAL = new AbortController().signal

const LISTED = [
  directoryEntry('base/5'),
  fileEntry('base/5/1255'),
  fileEntry('base/5/1259', { sizeBytes: -1 }),
  fileEntry('base/5/1260', { sizeBytes: 0 }),
  fileEntry('pg_tblspc/16395/PG_15_202209061/5/16400'),
  fileEntry('notes.txt', { externalDirNumber: 1 }),
]

/** A backup with these files, each of one byte. */
async function backupWith(...names: readonly string[]): Promise<string> {
  const scratch = await scratchDirectory('unlisted')
  onTestFinished(() => scratch[Symbol.asyncDispose]())
  for (const name of names) {
    const file = path.join(scratch.path, name)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, 'x')
  }
  return scratch.path
}

const SOUND = [
  'database/base/5/1255',
  'database/pg_tblspc/16395/PG_15_202209061/5/16400',
  'external_directories/externaldir1/notes.txt',
]

test('files that the list does not name are told: of the cluster, a tablespace and external directories', async () => {
  const directory = await backupWith(
    ...SOUND,
    'database/base/5/99999',
    'database/pg_tblspc/16395/PG_15_202209061/5/16401',
    'external_directories/externaldir1/base/5/1255',
    'external_directories/externaldir2/notes.txt',
    'database/notes.txt',
  )
  symlinkSync('/', path.join(directory, 'database', 'out'))
  expect(await findUnlistedFiles(directory, LISTED, 20, SIGNAL)).toEqual({
    count: 6,
    names: [
      'database/base/5/99999',
      'database/notes.txt',
      'database/out',
      'database/pg_tblspc/16395/PG_15_202209061/5/16401',
      'external_directories/externaldir1/base/5/1255',
      'external_directories/externaldir2/notes.txt',
    ],
  })
})

test('of many the first are named and the others counted', async () => {
  const directory = await backupWith(...SOUND, 'database/a', 'database/b', 'database/c')
  expect(await findUnlistedFiles(directory, LISTED, 2, SIGNAL)).toEqual({
    count: 3,
    names: ['database/a', 'database/b'],
  })
})

test('what belongs to a backup or is left by a merge is nothing to tell', async () => {
  const directory = await backupWith(
    ...SOUND,
    'database/base/5/1259',
    'database/base/5/1260',
    'database/base/5/1255_tmp',
    'database/base/5/1255_tmp1',
    'database/base/5/1255_tmp2',
    'database/base/5/.nfs0000000000c0ffee00000001',
    'page_header_map',
    'page_header_map.tmp',
    'page_header_map_tmp',
    'backup.pid',
    'backup_ro.pid',
    'backup_content.control.tmp',
    'tidemark-drills.json',
  )
  mkdirSync(path.join(directory, 'database', 'pg_wal', 'archive_status'), { recursive: true })
  expect(await findUnlistedFiles(directory, LISTED, 20, SIGNAL)).toEqual({ count: 0, names: [] })
})

test('a backup without directories has none, and a walk can be stopped', async () => {
  const directory = await backupWith('backup.control')
  expect(await findUnlistedFiles(directory, LISTED, 20, SIGNAL)).toEqual({ count: 0, names: [] })
  await expect(findUnlistedFiles(directory, LISTED, 20, AbortSignal.abort())).rejects.toThrow()
})
