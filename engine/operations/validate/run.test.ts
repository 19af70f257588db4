import { renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parseBackupId } from '../../base/backup-id.ts'
import { SYSTEM_CLOCK } from '../../base/clock.ts'
import { logTo } from '../../base/log.ts'
import { readControl, writeContentList } from '../../catalog/backup.ts'
import { formatBackupControl } from '../../format/backup-control.ts'
import { madeBackup, writeBackup, writeCatalog } from '../../testing/made-catalog.ts'
import { directoryEntry } from '../../testing/made-content.ts'
import { scratchDirectory } from '../../testing/scratch.ts'
import { validateBackups } from './run.ts'

/** Validates one backup; `meanwhile` happens when the inventory has been read and the first backup is looked at. */
async function validating(meanwhile: (instance: string) => void, which: 'one' | 'all' = 'one') {
  const scratch = await scratchDirectory('validate')
  onTestFinished(() => scratch[Symbol.asyncDispose]())
  const catalog = path.join(scratch.path, 'catalog')
  const instance = writeCatalog(catalog)
  writeFileSync(path.join(instance, 'pg_probackup.conf'), 'system-identifier = 7\nxlog-seg-size = 1048576\n')
  const full = writeBackup(instance, 'TOTTE0', { contentCrc: 1 })
  const { crc } = await writeContentList(full, [directoryEntry('base')])
  writeBackup(instance, 'TOTTE1', { parent: 'TOTTE0' })
  const log = logTo(({ message }) => {
    if (message === 'validating backup TOTTE0') meanwhile(instance)
  })
  const outcome = await validateBackups(
    {
      catalog,
      instances: ['main'],
      ids: which === 'one' ? [parseBackupId('TOTTE0')] : undefined,
      threads: 1,
      checksBlocks: true,
      newestProgramVersion: '2.5.99',
    },
    { signal: new AbortController().signal, log, report: () => undefined, clock: SYSTEM_CLOCK },
  )
  return { instance, crc, outcome }
}

function put(instance: string, id: string, given: Parameters<typeof madeBackup>[1]): void {
  writeFileSync(path.join(instance, id, 'backup.control'), formatBackupControl(madeBackup(id, given).control))
}

const statusOf = (instance: string, id: string) => readControl(path.join(instance, id)).control?.status

test('a backup is judged by what it is once its lock is ours', async () => {
  const { crc } = await validating(() => undefined)
  const { outcome } = await validating((instance) => put(instance, 'TOTTE0', { contentCrc: crc }))
  expect(outcome.findings.filter(({ message }) => message.includes('checksum'))).toEqual([])
  const { outcome: damaged } = await validating(() => undefined)
  expect(damaged.findings.some(({ message }) => message.includes('checksum'))).toBe(true)
})

test('what was merged meanwhile does not lose a parent that it no longer has', async () => {
  const merged = await validating((instance) => put(instance, 'TOTTE1', {}))
  expect(statusOf(merged.instance, 'TOTTE0')).toBe('CORRUPT')
  expect(statusOf(merged.instance, 'TOTTE1')).toBe('OK')
  const { instance } = await validating(() => undefined)
  expect(statusOf(instance, 'TOTTE1')).toBe('ORPHAN')
})

test('a backup that is being deleted by then is not examined', async () => {
  const { instance, outcome } = await validating((at) => put(at, 'TOTTE0', { status: 'DELETING' }))
  expect(statusOf(instance, 'TOTTE0')).toBe('DELETING')
  expect(outcome.verdicts).toMatchObject([{ backupId: 'TOTTE0', status: 'DELETING' }])
})

test('a directory that cannot be listed keeps no backup from its verdict', async () => {
  const { crc } = await validating(() => undefined)
  const { outcome } = await validating((at) => {
    put(at, 'TOTTE0', { contentCrc: crc })
    const directory = path.join(at, 'TOTTE0', 'external_directories')
    symlinkSync(directory, directory)
  })
  expect(outcome.verdicts).toMatchObject([{ backupId: 'TOTTE0', status: 'CORRUPT' }])
  expect(outcome.findings.at(-1)).toMatchObject({
    severity: 'attention',
    code: 'file-unlisted',
    message: expect.stringContaining('external_directories') as string,
  })
})

describe('a backup that is deleted while validation waits for it', () => {
  const remove = (instance: string, ...ids: readonly string[]): void => {
    for (const id of ids) rmSync(path.join(instance, id), { recursive: true })
  }

  test('is told of, and the others are validated', async () => {
    const { outcome } = await validating((at) => remove(at, 'TOTTE0', 'TOTTE1'), 'all')
    expect(outcome.verdicts).toEqual([])
    expect(outcome.findings).toMatchObject([
      { severity: 'attention', code: 'vanished', backupId: 'TOTTE0' },
      { severity: 'attention', code: 'vanished', backupId: 'TOTTE1' },
    ])
    const { outcome: rest } = await validating((at) => remove(at, 'TOTTE1'), 'all')
    expect(rest.verdicts).toMatchObject([{ backupId: 'TOTTE0', status: 'CORRUPT' }])
    expect(rest.findings.at(-1)).toMatchObject({ code: 'vanished', backupId: 'TOTTE1' })
  })

  test('is a failure where it was named', async () => {
    await expect(validating((at) => remove(at, 'TOTTE0', 'TOTTE1'))).rejects.toMatchObject({
      code: 'backup.not-found',
    })
  })

  test('is no reason to go on where the instance is gone, as with its disk', async () => {
    const away = validating((at) => renameSync(at, `${at}-away`), 'all')
    await expect(away).rejects.toMatchObject({ code: 'storage.not-found' })
  })

  test('takes its status from no child that a merge has made a FULL of it', async () => {
    const { instance, outcome } = await validating((at) => {
      remove(at, 'TOTTE1')
      renameSync(path.join(at, 'TOTTE0'), path.join(at, 'TOTTE1'))
      put(at, 'TOTTE1', {})
    }, 'all')
    expect(outcome.findings.map(({ code }) => code)).not.toContain('parent')
    expect(statusOf(instance, 'TOTTE1')).not.toBe('ORPHAN')
  })
})
