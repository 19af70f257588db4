import { execFileSync } from 'node:child_process'
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { scratchDirectory } from '../testing/scratch.ts'
import { readSmallFile } from './small-file.ts'

async function scratchFile(): Promise<string> {
  const scratch = await scratchDirectory('small-file')
  onTestFinished(() => scratch[Symbol.asyncDispose]())
  return path.join(scratch.path, 'file')
}

test('a file of up to a mebibyte is read whole', async () => {
  const file = await scratchFile()
  const text = 'ä'.repeat(512 * 1024)
  writeFileSync(file, text)
  expect(readSmallFile(file) === text).toBe(true)
})

test('a larger file is refused unread', async () => {
  const file = await scratchFile()
  writeFileSync(file, '')
  truncateSync(file, 2 ** 40)
  expect(() => readSmallFile(file)).toThrow('it has 1099511627776 bytes')
})

test.each([
  ['a directory', (file: string) => void mkdirSync(file)],
  ['a pipe that nobody writes to', (file: string) => void execFileSync('mkfifo', [file])],
])('%s is refused at once', async (_, make) => {
  const file = await scratchFile()
  make(file)
  expect(() => readSmallFile(file)).toThrow('it is not a regular file')
})

test('a file that is not there is what the file system says', async () => {
  const file = await scratchFile()
  expect(() => readSmallFile(file)).toThrow(expect.objectContaining({ code: 'ENOENT' }))
})
