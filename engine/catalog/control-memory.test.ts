import { readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { writeBackup, writeCatalog } from '../testing/made-catalog.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { type ControlMemory, recallControl } from './control-memory.ts'
import { readInventory } from './inventory.ts'

const signal = new AbortController().signal
const LATER = 60_000

test('a control file is read once, and again when it has changed', async () => {
  await using scratch = await scratchDirectory('memory')
  const directory = writeBackup(writeCatalog(scratch.path), 'TOIQS0')
  const memory: ControlMemory = new Map()
  const first = recallControl(memory, directory, Date.now() + LATER)
  expect(first.control?.status).toBe('OK')
  expect(recallControl(memory, directory, Date.now() + LATER)).toBe(first)

  // In place, of the same size and with its time of modification put back: the time of change tells.
  const file = path.join(directory, 'backup.control')
  const { mtime, size, ctimeMs } = statSync(file)
  writeFileSync(file, readFileSync(file, 'utf8').replace('2.5.16', '2.5.15'))
  // On a quick machine both writes may fall into one tick of the clock that stamps files.
  do utimesSync(file, mtime, mtime)
  while (statSync(file).ctimeMs === ctimeMs)
  expect(statSync(file).size).toBe(size)
  expect(recallControl(memory, directory, Date.now() + LATER).control?.programVersion).toBe('2.5.15')
})

test('what was written just now is not remembered, for the next write may bear the same time', async () => {
  await using scratch = await scratchDirectory('memory')
  const directory = writeBackup(writeCatalog(scratch.path), 'TOIQS0')
  const memory: ControlMemory = new Map()
  recallControl(memory, directory, statSync(path.join(directory, 'backup.control')).ctimeMs)
  expect(memory.size).toBe(0)
})

test('an inventory with a memory is the one without, whatever comes and goes', async () => {
  await using scratch = await scratchDirectory('memory')
  const catalog = scratch.path
  const instance = writeCatalog(catalog)
  const memory: ControlMemory = new Map()
  const both = async () => [
    await readInventory(catalog, 'main', { signal, memory }),
    await readInventory(catalog, 'main', { signal }),
  ]
  for (const id of ['TOIQS0', 'TOIQS1', 'TOIQS2']) {
    const directory = writeBackup(instance, id)
    const [remembered, read] = await both()
    expect(remembered).toEqual(read)
    if (id === 'TOIQS1') writeFileSync(path.join(directory, 'backup.control'), 'nonsense')
  }
  const [remembered, read] = await both()
  expect(remembered).toEqual(read)
  expect(read?.problems).toHaveLength(1)
})
