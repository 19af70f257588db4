import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { scratchDirectory } from '../testing/scratch.ts'
import { openRegular } from './regular-file.ts'

async function scratchFile(): Promise<string> {
  const scratch = await scratchDirectory('regular-file')
  onTestFinished(() => scratch[Symbol.asyncDispose]())
  return path.join(scratch.path, 'file')
}

test.each([
  ['a file', (file: string) => writeFileSync(file, 'content')],
  [
    'a link to a file',
    (file: string) => {
      writeFileSync(`${file}.real`, 'content')
      symlinkSync(`${file}.real`, file)
    },
  ],
])('%s is opened', async (_, make) => {
  const file = await scratchFile()
  make(file)
  await using handle = await openRegular(file)
  expect(await handle?.readFile('utf8')).toBe('content')
})

test.each([
  ['a directory', (file: string) => void mkdirSync(file)],
  ['a pipe that nobody writes to', (file: string) => void execFileSync('mkfifo', [file])],
])('%s is none, and is told at once', async (_, make) => {
  const file = await scratchFile()
  make(file)
  expect(await openRegular(file)).toBeUndefined()
})

test('a file that is not there is what the file system says', async () => {
  await expect(openRegular(await scratchFile())).rejects.toMatchObject({ code: 'ENOENT' })
})
