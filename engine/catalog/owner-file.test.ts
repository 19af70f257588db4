import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { scratchDirectory } from '../testing/scratch.ts'
import { claimOwnerFile, removeOwnerFile } from './owner-file.ts'

test('of many processes that find the lock of a dead one, one takes it over', async () => {
  await using scratch = await scratchDirectory('owner-file')
  const script = `import { claimOwnerFile } from ${JSON.stringify(path.join(import.meta.dirname, 'owner-file.ts'))}
    process.stdout.write('ready')
    process.stdin.on('data', async (file) => {
      process.stdout.write((await claimOwnerFile(String(file))) === undefined ? 'ours' : 'held')
    })`
  const children = Array.from({ length: 4 }, () =>
    spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] }),
  )
  onTestFinished(() => {
    for (const child of children) child.kill('SIGKILL')
  })
  await Promise.all(children.map(async ({ stdout }) => await once(stdout, 'data')))
  for (let round = 0; round < 25; round++) {
    const file = path.join(scratch.path, String(round))
    writeFileSync(file, `1\n${os.hostname()}\nanother boot ${round}\n`)
    const answers = children.map(async ({ stdout }) => String((await once(stdout, 'data'))[0]))
    for (const { stdin } of children) stdin.write(file)
    expect((await Promise.all(answers)).toSorted()).toEqual(['held', 'held', 'held', 'ours'])
    expect(readdirSync(scratch.path)).toHaveLength(round + 1)
  }
})

test('a lock that is given up while it is looked at is free', async () => {
  await using scratch = await scratchDirectory('owner-file')
  const file = path.join(scratch.path, 'lock')
  expect(await claimOwnerFile(file)).toBeUndefined()
  await removeOwnerFile(file)
  expect(await claimOwnerFile(file)).toBeUndefined()
})
