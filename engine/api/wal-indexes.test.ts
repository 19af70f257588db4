import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { type MadeArchive, makeArchiveCatalog, UNWATCHED } from '../testing/made-archive.ts'
import { updateWalIndex } from '../wal-index/update.ts'
import type { InstanceRef } from './contract/values.ts'
import { openWalIndexes, type WalIndexes } from './wal-indexes.ts'

async function setUp() {
  const made = await makeArchiveCatalog()
  onTestFinished(() => made[Symbol.asyncDispose]())
  for (const name of [made.addSegment(), made.addSegment()])
    writeFileSync(path.join(made.archive, name), readFileSync(path.join(made.walDirectory, name)))
  const state = path.join(made.dataDirectory, 'state')
  const directory = path.join(state, 'wal-index')
  return { ref: refOf(made), state, directory }
}

const refOf = ({ catalog, instance }: MadeArchive) => ({ catalog, instance }) as InstanceRef

/** Makes an index, and closes it. */
async function fill(state: string, ref: InstanceRef): Promise<void> {
  using indexes = openWalIndexes(state)
  expect(await update(indexes, ref)).toBe(2)
}

async function update(indexes: WalIndexes, ref: InstanceRef): Promise<number> {
  const listed = await indexes.list(ref, UNWATCHED)
  const { archive, store } = indexes.open(ref)
  return (await updateWalIndex(store, archive, listed, UNWATCHED)).readSegments
}

test('an index whose list of segments is damaged is made anew when it is opened', async () => {
  const { ref, state, directory } = await setUp()
  await fill(state, ref)
  damagePages(path.join(directory, readdirSync(directory)[0] ?? ''), 'segment')

  using indexes = openWalIndexes(state)
  expect(indexes.open(ref).store.segments()).toEqual([])
  expect(await update(indexes, ref)).toBe(2)
})

test('an index with damage that is only met later fails once, with its name, and is then made anew', async () => {
  const { ref, state, directory } = await setUp()
  await fill(state, ref)
  const file = path.join(directory, readdirSync(directory)[0] ?? '')
  damagePages(file, 'event_kind')

  using indexes = openWalIndexes(state)
  const { store } = indexes.open(ref)
  expect(store.segments()).toHaveLength(2)
  expect(() => store.events(['loss'], 0, 1, 1)).toThrow(
    expect.objectContaining({ code: 'storage.failed', message: expect.stringContaining(file) }),
  )
  expect(indexes.open(ref).store.segments()).toEqual([])
  expect(await update(indexes, ref)).toBe(2)
  expect(await update(indexes, ref)).toBe(0)
})

test('an index that cannot be opened is a failure that names it', async () => {
  const { ref, state, directory } = await setUp()
  {
    using indexes = openWalIndexes(state)
    indexes.open(ref)
  }
  const file = path.join(directory, readdirSync(directory)[0] ?? '')
  rmSync(file)
  mkdirSync(file)
  using indexes = openWalIndexes(state)
  expect(() => indexes.open(ref)).toThrow(
    expect.objectContaining({ code: 'storage.denied', message: expect.stringContaining(file) }),
  )
})

/** Overwrites the page at which a table or an index begins. */
function damagePages(file: string, name: string): void {
  const database = new DatabaseSync(file)
  const root = Number(
    database.prepare('select rootpage from sqlite_master where name = ?').get(name)?.['rootpage'],
  )
  const pageBytes = Number(database.prepare('pragma page_size').get()?.['page_size'])
  database.close()
  const bytes = readFileSync(file)
  bytes.fill(0xa5, (root - 1) * pageBytes, root * pageBytes)
  writeFileSync(file, bytes)
}
