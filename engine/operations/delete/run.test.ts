import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { parseBackupId } from '../../base/backup-id.ts'
import { SYSTEM_CLOCK } from '../../base/clock.ts'
import { logTo, SILENT_LOG } from '../../base/log.ts'
import type { Run } from '../../base/run.ts'
import { readControl } from '../../catalog/backup.ts'
import { readInventory } from '../../catalog/inventory.ts'
import { lockExclusive } from '../../catalog/lock.ts'
import { formatBackupControl } from '../../format/backup-control.ts'
import { madeBackup, writeBackup, writeCatalog } from '../../testing/made-catalog.ts'
import { scratchDirectory } from '../../testing/scratch.ts'
import { measurePlan } from './measure.ts'
import { planDelete } from './plan.ts'
import { deleteBackups } from './run.ts'

test('what became another backup while it was waited for is not deleted, nor what hangs on it', async () => {
  await using scratch = await scratchDirectory('delete-run')
  const catalog = path.join(scratch.path, 'catalog')
  const instance = writeCatalog(catalog)
  writeBackup(instance, 'TOTTE0')
  writeBackup(instance, 'TOTTE1', { parent: 'TOTTE0' })
  writeBackup(instance, 'TOTTE2', { parent: 'TOTTE1' })
  const run = quietRun()
  const request = { ids: [parseBackupId('TOTTE1')], status: undefined }
  const { hash } = planDelete(await readInventory(catalog, 'main', run), request)
  const merging = await lockExclusive(path.join(instance, 'TOTTE1'), run)
  let isMerged = false
  const report = (): void => {
    if (isMerged) return
    isMerged = true
    const text = formatBackupControl(madeBackup('TOTTE1').control)
    writeFileSync(path.join(instance, 'TOTTE1', 'backup.control'), text)
    void merging[Symbol.asyncDispose]()
  }
  await expect(
    deleteBackups({ catalog, instance: 'main', request, hash, patience: QUICK }, { ...run, report }),
  ).rejects.toMatchObject({ code: 'plan.stale' })
  expect(idsIn(instance)).toEqual(['TOTTE0', 'TOTTE1', 'TOTTE2'])
})

test('nothing is deleted while one of them is in use', async () => {
  await using scratch = await scratchDirectory('delete-run')
  const catalog = path.join(scratch.path, 'catalog')
  const instance = writeCatalog(catalog)
  writeBackup(instance, 'TOTTE0')
  writeBackup(instance, 'TOTTE1', { parent: 'TOTTE0', status: 'RUNNING' })
  const run = quietRun()
  const request = { ids: [parseBackupId('TOTTE0')], status: undefined }
  const { hash } = planDelete(await readInventory(catalog, 'main', run), request)
  await using _running = await lockExclusive(path.join(instance, 'TOTTE1'), run)
  await expect(
    deleteBackups({ catalog, instance: 'main', request, hash, patience: { ...QUICK, tries: 2 } }, run),
  ).rejects.toMatchObject({ code: 'catalog.locked' })
  expect(idsIn(instance)).toEqual(['TOTTE0', 'TOTTE1'])
  const { control } = readControl(path.join(instance, 'TOTTE0'))
  expect(control?.status).toBe('OK')
})

test('a backup that failed is told with the size of its files', async () => {
  await using scratch = await scratchDirectory('delete-run')
  const catalog = path.join(scratch.path, 'catalog')
  const instance = writeCatalog(catalog)
  const failed = writeBackup(instance, 'TOTTE0', { status: 'ERROR' })
  const told = writeBackup(instance, 'TOTTE1', { status: 'ERROR', dataBytes: 7 })
  mkdirSync(path.join(failed, 'database', 'base'), { recursive: true })
  writeFileSync(path.join(failed, 'database', 'base', '1'), Buffer.alloc(10_000))
  writeFileSync(path.join(told, 'more'), Buffer.alloc(10_000))
  const controlBytes = statSync(path.join(failed, 'backup.control')).size
  const run = quietRun()
  const request = { ids: undefined, status: 'ERROR' }
  const inventory = await readInventory(catalog, 'main', run)
  const plan = planDelete(inventory, request)

  const measured = await measurePlan(inventory, plan, run.signal)
  expect(measured).toMatchObject({
    hash: plan.hash,
    backups: [
      { id: 'TOTTE0', dataBytes: 10_000 + controlBytes },
      { id: 'TOTTE1', dataBytes: 7 },
    ],
    freedBytes: 10_007 + controlBytes,
  })
  const totals: (number | undefined)[] = []
  const report: Run['report'] = ({ totalBytes }) => totals.push(totalBytes)
  await deleteBackups({ catalog, instance: 'main', request, hash: plan.hash }, { ...run, report })
  expect(totals[0]).toBe(10_007 + controlBytes)
})

/** Waits for as long as it takes, in small steps. */
const QUICK = { tries: 10_000, betweenMs: 1, emptyMs: 30 }

function quietRun(): Run {
  const { signal } = new AbortController()
  return { signal, log: SILENT_LOG, report: () => undefined, clock: SYSTEM_CLOCK }
}

function idsIn(instance: string): readonly string[] {
  return readdirSync(instance).filter((name) => name.startsWith('TOTTE'))
}

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
