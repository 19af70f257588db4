import { existsSync, readdirSync, statSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { parseBackupId } from '../../base/backup-id.ts'
import { thisProcess } from '../../catalog/owner-file.ts'
import { scratchDirectory } from '../../testing/scratch.ts'
import { mountTinyDisk, whyNoTinyDisk } from '../../testing/tiny-disk.ts'
import {
  findRestoreMark,
  giveUpRestoreMark,
  RESTORE_MARK,
  restoredBy,
  type UnfinishedRestore,
  writeRestoreMark,
} from './interrupted.ts'

const MARK: UnfinishedRestore = {
  systemIdentifier: '7',
  instance: 'main',
  backupId: parseBackupId('F1'),
  startedAt: '2026-11-21T01:00:00.000Z',
  places: ['/fast'],
}
/** The parent of this process runs as long as the test does. */
const RUNNING = { pid: process.ppid, host: os.hostname(), birth: undefined }

test('a process that restores right now is named, and a mark that it gave up names none', async () => {
  await using scratch = await scratchDirectory('mark')
  await writeRestoreMark(scratch.path, { ...MARK, owner: RUNNING })
  expect(restoredBy(findRestoreMark(scratch.path))).toEqual(RUNNING)
  await giveUpRestoreMark(scratch.path)
  expect(restoredBy(findRestoreMark(scratch.path))).toBeUndefined()
  expect(findRestoreMark(scratch.path)).toEqual({ ...MARK, owner: undefined })
})

test.each([
  ['this process, whose restores wait for each other', thisProcess()],
  ['a later process that has only the number', { ...RUNNING, birth: 'another boot 1' }],
  ['a process of another machine', { ...RUNNING, host: `not-${os.hostname()}` }],
  ['no process', undefined],
])('%s is not in the way', async (_, owner) => {
  await using scratch = await scratchDirectory('mark')
  await writeRestoreMark(scratch.path, { ...MARK, owner })
  expect(findRestoreMark(scratch.path)).toEqual({ ...MARK, owner })
  expect(restoredBy(findRestoreMark(scratch.path))).toBeUndefined()
})

test('where there is no mark none is made by giving up', async () => {
  await using scratch = await scratchDirectory('mark')
  await giveUpRestoreMark(scratch.path)
  expect(existsSync(path.join(scratch.path, RESTORE_MARK))).toBe(false)
})

const whyNot = whyNoTinyDisk()

test.skipIf(whyNot !== '')(`on a full disk it is given up in its place${whyNot}`, async () => {
  await using scratch = await scratchDirectory('mark')
  await using disk = mountTinyDisk(path.join(scratch.path, 'disk'), { bytes: 1 << 20 })
  const mark = { ...MARK, instance: 'größe', places: ['/fast', '/快'] }
  await writeRestoreMark(disk.path, { ...mark, owner: RUNNING })
  await disk.fill(0)
  await giveUpRestoreMark(disk.path)
  expect(findRestoreMark(disk.path)).toEqual({ ...mark, owner: undefined })
  expect(readdirSync(disk.path).toSorted()).toEqual([RESTORE_MARK, 'filler'])
})

test('a mark that names no process stays byte for byte', async () => {
  await using scratch = await scratchDirectory('mark')
  await writeRestoreMark(scratch.path, MARK)
  const before = statSync(path.join(scratch.path, RESTORE_MARK)).ino
  await giveUpRestoreMark(scratch.path)
  expect(statSync(path.join(scratch.path, RESTORE_MARK)).ino).toBe(before)
})
