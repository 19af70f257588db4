import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { SYSTEM_CLOCK } from '../../base/clock.ts'
import { SILENT_LOG } from '../../base/log.ts'
import type { Run } from '../../base/run.ts'
import { writeBackup, writeCatalog } from '../../testing/made-catalog.ts'
import { scratchDirectory } from '../../testing/scratch.ts'
import { deleteInstance } from './run.ts'

const RUN: Run = {
  signal: new AbortController().signal,
  clock: SYSTEM_CLOCK,
  log: SILENT_LOG,
  report: () => undefined,
}

test.each([
  { what: 'both directories', made: ['backups/half', 'wal/half'] },
  { what: 'only that of the backups', made: ['backups/half'] },
  { what: 'only that of the WAL', made: ['wal/half'] },
])('what is left of a registration that died is deleted: $what', async ({ made }) => {
  await using scratch = await scratchDirectory('del-instance')
  const catalog = path.join(scratch.path, 'catalog')
  writeCatalog(catalog)
  for (const directory of made) mkdirSync(path.join(catalog, directory))
  if (made.includes('backups/half'))
    writeFileSync(path.join(catalog, 'backups/half/.tidemark-config.pid'), '1\n')

  expect(await deleteInstance({ catalog, instance: 'half' }, RUN)).toEqual({ deletedBackups: 0 })

  for (const directory of made) expect(existsSync(path.join(catalog, directory))).toBe(false)
  expect(existsSync(path.join(catalog, 'backups/main/pg_probackup.conf'))).toBe(true)
})

test.each([
  { what: 'backups', lose: (instance: string) => void writeBackup(instance, 'TOTTE0') },
  {
    what: 'WAL',
    lose: (instance: string) =>
      writeFileSync(path.join(instance, '../../wal/main/000000010000000000000001'), ''),
  },
])('an instance without settings that has $what is left alone', async ({ lose }) => {
  await using scratch = await scratchDirectory('del-instance')
  const catalog = path.join(scratch.path, 'catalog')
  const instance = writeCatalog(catalog)
  lose(instance)
  rmSync(path.join(instance, 'pg_probackup.conf'))

  await expect(deleteInstance({ catalog, instance: 'main' }, RUN)).rejects.toMatchObject({
    code: 'instance.not-found',
    hint: expect.stringContaining('Put the file back') as string,
  })
  expect(existsSync(instance)).toBe(true)
})

test('an instance that is not there at all is not found', async () => {
  await using scratch = await scratchDirectory('del-instance')
  const catalog = path.join(scratch.path, 'catalog')
  writeCatalog(catalog)

  await expect(deleteInstance({ catalog, instance: 'other' }, RUN)).rejects.toMatchObject({
    code: 'instance.not-found',
  })
})
