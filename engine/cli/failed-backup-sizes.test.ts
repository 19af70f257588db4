import path from 'node:path'
import { expect, test } from 'vitest'
import { startEngine } from '../testing/engines.ts'
import { writeBackup, writeCatalog } from '../testing/made-catalog.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { backupToJson } from './backup-listing.ts'

// As pg_probackup 2.5.16 shows a control file without these lines, with and without --archive.
test('a failed backup has two sizes of nothing, and two that are not known', async () => {
  await using scratch = await scratchDirectory('failed-sizes')
  await using engine = await startEngine()
  const catalog = path.join(scratch.path, 'catalog')
  writeBackup(writeCatalog(catalog), 'TOTUGH', {
    status: 'ERROR',
    dataBytes: undefined,
    walBytes: undefined,
    uncompressedBytes: undefined,
    pgdataBytes: undefined,
  })
  const { backups } = await engine.client['backups.list']({ catalog, instance: 'main' })
  const [failed] = backups.map((backup) => Object.entries(backupToJson(backup, undefined)))
  expect(failed?.filter(([key, value]) => key.endsWith('-bytes') && value !== undefined)).toEqual([
    ['uncompressed-bytes', 0],
    ['pgdata-bytes', 0],
  ])
})
