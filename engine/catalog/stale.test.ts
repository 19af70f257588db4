import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { SILENT_LOG } from '../base/log.ts'
import { type MadeBackup, writeBackup } from '../testing/made-catalog.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { readControl } from './backup.ts'
import { lockExclusive, lockShared } from './lock.ts'
import { markStaleAsError, staleness } from './stale.ts'

const call = { signal: new AbortController().signal, log: SILENT_LOG }
/** Higher than any pid that Linux gives out. */
const DEAD_PID = 2 ** 22 + 1
const NOW = 1_795_300_000

async function backup(given: MadeBackup): Promise<string> {
  const scratch = await scratchDirectory('stale')
  onTestFinished(() => scratch[Symbol.asyncDispose]())
  return writeBackup(scratch.path, 'TOTTEK', given)
}

const stateOf = (directory: string) => staleness({ directory, ...readControl(directory) })

test.each(['RUNNING', 'MERGING', 'DELETING'] as const)(
  '%s is busy while it is locked and stale when nobody locks it',
  async (status) => {
    const directory = await backup({ status })
    expect(stateOf(directory)).toBe('stale')
    const lock = await lockExclusive(directory, call)
    expect(stateOf(directory)).toBe('busy')
    await lock[Symbol.asyncDispose]()
    expect(stateOf(directory)).toBe('stale')
  },
)

test.each(['OK', 'DONE', 'ERROR', 'CORRUPT', 'ORPHAN', 'MERGED', 'UNKNOWN'] as const)(
  '%s is idle, locked or not',
  async (status) => {
    const directory = await backup({ status })
    expect(stateOf(directory)).toBe('idle')
    await using _lock = await lockExclusive(directory, call)
    expect(stateOf(directory)).toBe('idle')
  },
)

test('a reader does no work on a backup', async () => {
  const directory = await backup({ status: 'RUNNING' })
  await using _lock = await lockShared(directory, call)
  expect(stateOf(directory)).toBe('stale')
})

test.each([
  ['the lock of a living process is busy', `${process.ppid}\n`, 'busy'],
  ['the lock of a dead process is stale', `${DEAD_PID}\n`, 'stale'],
  ['garbage in the lock file is stale', 'x', 'stale'],
])('%s, and looking changes nothing', async (_, text, state) => {
  const directory = await backup({ status: 'RUNNING' })
  writeFileSync(path.join(directory, 'backup.pid'), text)
  expect(stateOf(directory)).toBe(state)
  expect(readdirSync(directory)).toEqual(['backup.control', 'backup.pid'])
})

test('a lock file that cannot be read is somebody’s: nothing is called stale for it', async () => {
  const directory = await backup({ status: 'RUNNING' })
  mkdirSync(path.join(directory, 'backup.pid'))
  expect(stateOf(directory)).toBe('busy')
})

test('a backup without a control file is idle', async () => {
  const directory = await backup({})
  rmSync(path.join(directory, 'backup.control'))
  expect(stateOf(directory)).toBe('idle')
})

test('a stale RUNNING becomes ERROR with its end, and nothing else of it changes', async () => {
  const directory = await backup({ status: 'RUNNING', note: "it's kept", dataBytes: 5 })
  const { control: before } = readControl(directory)
  await markStaleAsError({ directory }, NOW)
  expect(readControl(directory).control).toEqual({ ...before, status: 'ERROR', endSeconds: NOW })
  expect(readdirSync(directory)).toEqual(['backup.control'])
})

test('what is no longer RUNNING is left as it is', async () => {
  const directory = await backup({ status: 'DONE' })
  await markStaleAsError({ directory }, NOW)
  expect(readControl(directory).control).toMatchObject({ status: 'DONE', endSeconds: undefined })
})
