import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { scratchDirectory } from '../testing/scratch.ts'
import { isUnread, readControl } from './backup.ts'

test('a control file that is there and says nothing is told from one that is not there', async () => {
  await using scratch = await scratchDirectory('unread')
  const file = path.join(scratch.path, 'backup.control')
  expect(isUnread(readControl(scratch.path))).toBe(false)
  mkdirSync(file)
  expect(isUnread(readControl(scratch.path))).toBe(true)
  rmSync(file, { recursive: true })
  writeFileSync(file, 'what is this\n')
  expect(isUnread(readControl(scratch.path))).toBe(true)
  // As a copy on a full disk has it.
  writeFileSync(file, '')
  expect(isUnread(readControl(scratch.path))).toBe(true)
  writeFileSync(file, '#Configuration\nbackup-mode = DELTA\nstream = true\n')
  expect(isUnread(readControl(scratch.path))).toBe(true)
})
