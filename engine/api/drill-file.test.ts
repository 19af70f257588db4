import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { IsoTime } from '../base/iso-time.ts'
import { logTo, SILENT_LOG } from '../base/log.ts'
import { readInventory } from '../catalog/inventory.ts'
import { writeBackup, writeCatalog } from '../testing/made-catalog.ts'
import { UNWATCHED } from '../testing/made-archive.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import type { DrillRecord } from './contract/drills.ts'
import { openDrillBook } from './drill-book.ts'
import { DRILL_FILE, keepWithBackup, learnDrills } from './drill-file.ts'

const ROWS = [{ database: 'shop', schema: 'public', name: 'item', rows: 7 }]

async function made() {
  const scratch = await scratchDirectory('drill-file')
  const catalog = path.join(scratch.path, 'catalog')
  const instance = writeCatalog(catalog)
  const directory = writeBackup(instance, 'TOTUG8')
  const other = writeBackup(instance, 'TOTUG9')
  const record = (id: string, backupId = 'TOTUG8'): DrillRecord => ({
    id,
    catalog,
    instance: 'main',
    backupId,
    target: { kind: 'latest' },
    startedAt: `2026-11-21T10:00:${id.padStart(2, '0')}Z` as IsoTime,
    durationMs: 5,
    isPassed: false,
    steps: [{ step: 'restore', durationMs: 3, bytes: undefined }],
    checks: [
      { check: 'restore', state: 'failed', code: 'restore-failed', values: { message: 'no' }, durationMs: 0 },
    ],
    stop: undefined,
    scratchId: 'left up',
  })
  const learnedBy = async (book: ReturnType<typeof openDrillBook>) => {
    learnDrills(book, await readInventory(catalog, 'main', UNWATCHED))
    return book.list({ catalog, instance: 'main' }, undefined, 100).map(({ id }) => id)
  }
  return { scratch, catalog, directory, other, record, learnedBy }
}

test('a result lies beside the backup, and a book that knows nothing learns it once', async () => {
  const { scratch, catalog, record, learnedBy } = await made()
  await using _scratch = scratch
  await keepWithBackup(record('1'), ROWS, SILENT_LOG)
  using book = openDrillBook(undefined)

  expect(await learnedBy(book)).toEqual(['1'])

  const ref = { catalog, instance: 'main' }
  expect(book.latest(ref)).toEqual([JSON.parse(JSON.stringify({ ...record('1'), scratchId: undefined }))])
  expect(book.lastCounts(ref)).toEqual(ROWS)
  // What others add later is learned as well, and what is known stays as it is.
  await keepWithBackup(record('2'), undefined, SILENT_LOG)
  expect(await learnedBy(book)).toEqual(['2', '1'])
  expect(book.lastCounts(ref)).toEqual(ROWS)
})

test('the newest results are kept, and the counts of the last that has some', async () => {
  const { scratch, directory, record } = await made()
  await using _scratch = scratch
  for (let id = 10; id < 25; id++) await keepWithBackup(record(String(id)), ROWS, SILENT_LOG)
  const { drills } = JSON.parse(readFileSync(path.join(directory, DRILL_FILE), 'utf8')) as {
    drills: readonly { readonly drill: { readonly id: string }; readonly counts?: unknown }[]
  }
  expect(drills.map(({ drill }) => drill.id)).toEqual(
    Array.from({ length: 10 }, (_, index) => String(24 - index)),
  )
  expect(drills.filter(({ counts }) => counts !== undefined)).toHaveLength(1)
})

test.each([
  ['no JSON', () => 'gone'],
  ['of another form', () => '{"version":1,"drills":[{"drill":{"id":7}}]}'],
  ['of another backup, as after a merge', (text: string) => text],
])('a file that is %s is left out, and hinders nothing', async (name, change) => {
  const { scratch, directory, other, record, learnedBy } = await made()
  await using _scratch = scratch
  await keepWithBackup(record('1'), ROWS, SILENT_LOG)
  const text = readFileSync(path.join(directory, DRILL_FILE), 'utf8')
  writeFileSync(path.join(other, DRILL_FILE), change(text))
  using book = openDrillBook(undefined)

  expect(await learnedBy(book)).toEqual(['1'])

  await keepWithBackup(record('2', 'TOTUG9'), undefined, SILENT_LOG)
  expect(await learnedBy(book), name).toEqual(['2', '1'])
})

test('a result that cannot be kept is warned of', async () => {
  const { scratch, record } = await made()
  await using _scratch = scratch
  const told: string[] = []
  const log = logTo(({ level, message }) => void told.push(`${level} ${message}`))
  await keepWithBackup(record('1', 'TOTUGA'), ROWS, log)
  expect(told).toEqual([expect.stringMatching(/^warning the result of the restore test is not kept with/)])
})

test('a drill of an earlier moment is not held against what was there later', async () => {
  const { scratch, catalog, record } = await made()
  await using _scratch = scratch
  using book = openDrillBook(undefined)
  const at = (id: string, lsn: string) => ({
    ...record(id),
    stop: { timeline: 1, lsn, lastCommitAt: undefined },
  })
  const rows = (count: number) => ROWS.map((one) => ({ ...one, rows: count }))
  book.save(at('1', '0/9000000'), rows(9))
  book.save(at('2', '1/0'), rows(16))
  const ref = { catalog, instance: 'main' }

  expect(book.lastCounts(ref, '1/0')).toEqual(rows(16))
  expect(book.lastCounts(ref, '0/FFFFFFF8')).toEqual(rows(9))
  expect(book.lastCounts(ref, '0/8000000')).toBeUndefined()
  expect(book.lastCounts(ref)).toEqual(rows(16))
})
