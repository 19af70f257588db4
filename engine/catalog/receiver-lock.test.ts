import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { scratchDirectory } from '../testing/scratch.ts'
import { findReceiver, lockReceiver } from './receiver-lock.ts'

async function makeArchive() {
  const scratch = await scratchDirectory('receiver-lock')
  onTestFinished(() => scratch[Symbol.asyncDispose]())
  await mkdir(path.join(scratch.path, 'wal', 'main'), { recursive: true })
  return { catalog: scratch.path, file: path.join(scratch.path, 'wal', 'main', '.tidemark-receiver.pid') }
}

test('one receiver holds the archive until it gives it back', async () => {
  const { catalog, file } = await makeArchive()
  {
    await using _lock = await lockReceiver(catalog, 'main')
    expect(findReceiver(catalog, 'main')).toMatchObject({ pid: process.pid, host: os.hostname() })
    await expect(lockReceiver(catalog, 'main')).rejects.toMatchObject({ code: 'catalog.locked' })
  }
  expect(existsSync(file)).toBe(false)
  expect(findReceiver(catalog, 'main')).toBeUndefined()
  await using _again = await lockReceiver(catalog, 'main')
})

test('a living process keeps others out, and a killed one does not', async () => {
  const { catalog, file } = await makeArchive()
  const script = `import { lockReceiver } from ${JSON.stringify(path.join(import.meta.dirname, 'receiver-lock.ts'))}
    await lockReceiver(process.argv[1], 'main')
    console.log('held')
    setInterval(() => undefined, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, catalog], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child.stdout, 'data')

  expect(findReceiver(catalog, 'main')?.pid).toBe(child.pid)
  await expect(lockReceiver(catalog, 'main')).rejects.toThrow(`process ${child.pid} receives WAL`)

  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(existsSync(file)).toBe(true)
  expect(findReceiver(catalog, 'main')).toBeUndefined()
  await using _lock = await lockReceiver(catalog, 'main')
  expect(await readFile(file, 'utf8')).toContain(`${process.pid}\n`)
})

test.runIf(process.platform === 'linux')(
  'a process that only has the number of the one that died is not taken for it',
  async () => {
    const { catalog, file } = await makeArchive()
    await writeFile(file, `1\n${os.hostname()}\nanother boot 42\n`)
    expect(findReceiver(catalog, 'main')).toBeUndefined()
    await using _lock = await lockReceiver(catalog, 'main')
  },
)

test('a receiver on another machine cannot be looked at and is not taken over', async () => {
  const { catalog, file } = await makeArchive()
  await writeFile(file, '12345\nelsewhere.example\n\n')
  expect(findReceiver(catalog, 'main')?.host).toBe('elsewhere.example')
  await expect(lockReceiver(catalog, 'main')).rejects.toMatchObject({
    code: 'catalog.locked',
    hint: expect.stringContaining('elsewhere.example') as string,
  })
})

test('what a crash left empty is taken over', async () => {
  const { catalog, file } = await makeArchive()
  await writeFile(file, '')
  await using _lock = await lockReceiver(catalog, 'main')
})
