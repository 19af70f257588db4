import { readdirSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { parseBackupId } from '../../base/backup-id.ts'
import { SYSTEM_CLOCK } from '../../base/clock.ts'
import { logTo } from '../../base/log.ts'
import type { Run } from '../../base/run.ts'
import { readInventory } from '../../catalog/inventory.ts'
import { writeBackup, writeCatalog } from '../../testing/made-catalog.ts'
import { scratchDirectory } from '../../testing/scratch.ts'
import { planDelete } from './plan.ts'
import { deleteBackups } from './run.ts'

test('deleting stops before a backup that one needs which came meanwhile', async () => {
  await using scratch = await scratchDirectory('delete-run')
  const catalog = path.join(scratch.path, 'catalog')
  const instance = writeCatalog(catalog)
  writeBackup(instance, 'TOTTE0')
  writeBackup(instance, 'TOTTE1')
  const log = logTo(({ message }) => {
    if (message === 'deleting backup TOTTE0') writeBackup(instance, 'TOTTE2', { parent: 'TOTTE1' })
  })
  const { signal } = new AbortController()
  const run: Run = { signal, log, report: () => undefined, clock: SYSTEM_CLOCK }
  const request = { ids: [parseBackupId('TOTTE0'), parseBackupId('TOTTE1')], status: undefined }
  const { hash } = planDelete(await readInventory(catalog, 'main', run), request)
  await expect(deleteBackups({ catalog, instance: 'main', request, hash }, run)).rejects.toMatchObject({
    code: 'plan.stale',
  })
  expect(readdirSync(instance).filter((name) => name.startsWith('TOTTE'))).toEqual(['TOTTE1', 'TOTTE2'])
})
