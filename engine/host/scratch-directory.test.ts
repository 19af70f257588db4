import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, chown, mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { scratchDirectory } from '../testing/scratch.ts'
import { makeScratchDirectory, removeLeftScratchDirectories } from './scratch-directory.ts'

const isRoot = process.getuid?.() === 0

async function parentOf(directory: string): Promise<string> {
  const parent = path.join(directory, 'parent')
  await mkdir(parent)
  if (isRoot) await chown(parent, 65534, 65534)
  return parent
}

test('a scratch directory belongs to whom its parent belongs, and goes with all that is in it', async () => {
  await using place = await scratchDirectory('scratch')
  const parent = await parentOf(place.path)
  {
    await using scratch = await makeScratchDirectory(parent, 'one')
    expect((await stat(scratch.path)).uid).toBe((await stat(parent)).uid)
    await mkdir(scratch.dataDirectory)
    await writeFile(path.join(scratch.dataDirectory, 'PG_VERSION'), '17\n')
  }
  expect(await readdir(parent)).toEqual([])
})

test.skipIf(!isRoot)('none is made that would belong to root (only root can try)', async () => {
  await using place = await scratchDirectory('scratch')
  await expect(makeScratchDirectory(place.path, 'one')).rejects.toMatchObject({ code: 'server.denied' })
  await expect(makeScratchDirectory(path.join(place.path, 'new'), 'one')).rejects.toMatchObject({
    code: 'server.denied',
  })
  expect(await readdir(place.path)).toEqual([])
})

test('what a process left that is gone is removed, and nothing else', async () => {
  await using place = await scratchDirectory('scratch')
  const parent = await parentOf(place.path)
  await using own = await makeScratchDirectory(parent, 'own')
  const gone = spawn('true')
  await once(gone, 'exit')
  const mark = (pid: number | undefined, name: string): string =>
    JSON.stringify({ pid, path: path.join(parent, name) })
  for (const [name, text] of [
    ['left', mark(gone.pid, 'left')],
    ['copied', mark(gone.pid, 'left')],
    ['moved', mark(gone.pid, 'elsewhere')],
    ['of-a-machine', JSON.stringify({ pid: gone.pid, host: 'x', path: path.join(parent, 'of-a-machine') })],
    ['without-path', JSON.stringify({ pid: gone.pid })],
    ['of-another', mark(process.ppid, 'of-another')],
    ['unreadable', '{'],
  ] as const) {
    await mkdir(path.join(parent, name, 'data'), { recursive: true })
    await writeFile(path.join(parent, name, 'tidemark-scratch.json'), text)
  }
  await mkdir(path.join(parent, 'of-the-user'))
  expect(await removeLeftScratchDirectories(parent)).toEqual([path.join(parent, 'left')])
  expect((await readdir(parent)).toSorted()).toEqual([
    'copied',
    'moved',
    'of-a-machine',
    'of-another',
    'of-the-user',
    'own',
    'unreadable',
    'without-path',
  ])
  await access(own.path)
  expect(await removeLeftScratchDirectories(path.join(parent, 'nowhere'))).toEqual([])
})
