import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { parseBackupId } from '../../base/backup-id.ts'
import { heldClock } from '../../base/clock.ts'
import { SILENT_LOG } from '../../base/log.ts'
import { readControl } from '../../catalog/backup.ts'
import { lockExclusive, lockShared } from '../../catalog/lock.ts'
import { formatBackupControl } from '../../format/backup-control.ts'
import { startEngine } from '../../testing/engines.ts'
import { type MadeBackup, madeControl, writeBackup } from '../../testing/made-catalog.ts'
import { scratchDirectory } from '../../testing/scratch.ts'

const id = parseBackupId('TOTTEK')
const call = { signal: new AbortController().signal, log: SILENT_LOG }
/** Higher than any pid that Linux gives out. */
const DEAD_PID = 2 ** 22 + 1

/** A catalog with one backup of instance `main`, and an engine on it. */
async function catalogWith(given: MadeBackup) {
  const scratch = await scratchDirectory('mark-failed')
  onTestFinished(() => scratch[Symbol.asyncDispose]())
  const engine = await startEngine({ clock: heldClock('2026-11-21T01:00:00Z') })
  onTestFinished(() => engine[Symbol.asyncDispose]())
  const catalog = path.join(scratch.path, 'catalog')
  await engine.client['catalogs.create']({ path: catalog })
  const root = path.join(catalog, 'backups', 'main')
  mkdirSync(root)
  writeFileSync(path.join(root, 'pg_probackup.conf'), '')
  const directory = writeBackup(root, id, given)
  const ref = { catalog, instance: 'main' }
  return { directory, ref, client: engine.client }
}

test('a backup whose process is gone becomes ERROR with its end, and nothing else of it changes', async () => {
  const { client, ref, directory } = await catalogWith({ status: 'RUNNING', note: 'kept' })
  writeFileSync(path.join(directory, 'backup.pid'), `${DEAD_PID}\n`)
  const { control: before } = readControl(directory)
  const changes = client['app.changes']({})[Symbol.asyncIterator]()
  const told = changes.next()

  const record = await client['backups.mark-failed']({ ...ref, id })

  expect(record).toMatchObject({ status: 'ERROR', isStale: false, endTime: '2026-11-21T01:00:00Z' })
  expect(readControl(directory).control).toEqual({
    ...before,
    status: 'ERROR',
    endSeconds: Date.parse('2026-11-21T01:00:00Z') / 1000,
  })
  expect((await told).value).toMatchObject({ subject: 'instance', ...ref })
  await changes.return?.(undefined)
  await using _free = await lockExclusive(directory, call)
})

test('one that a living process writes is refused at once, and left as it is', async () => {
  const { client, ref, directory } = await catalogWith({ status: 'RUNNING' })
  const before = readFileSync(path.join(directory, 'backup.control'), 'utf8')
  await using _lock = await lockExclusive(directory, call)

  await expect(client['backups.mark-failed']({ ...ref, id })).rejects.toMatchObject({
    code: 'catalog.locked',
    hint: expect.stringContaining('Wait for its job'),
  })
  expect(readFileSync(path.join(directory, 'backup.control'), 'utf8')).toBe(before)
})

test('one that somebody marked while we waited for the lock is refused', async () => {
  const { client, ref, directory } = await catalogWith({ status: 'RUNNING' })
  // A lock that is just being written: not yet somebody's, and not free.
  writeFileSync(path.join(directory, 'backup.pid'), '')
  const marking = client['backups.mark-failed']({ ...ref, id })
  setTimeout(() => {
    writeFileSync(
      path.join(directory, 'backup.control'),
      formatBackupControl(madeControl({ status: 'DELETING' })),
    )
    rmSync(path.join(directory, 'backup.pid'))
  }, 50)

  await expect(marking).rejects.toMatchObject({ code: 'backup.not-restorable' })
  expect(readControl(directory).control?.status).toBe('DELETING')
})

test.each(['OK', 'ERROR', 'MERGING', 'DELETING'] as const)(
  '%s is refused with a hint, also while it is read',
  async (status) => {
    const { client, ref, directory } = await catalogWith({ status })
    await using _lock = await lockShared(directory, call)

    await expect(client['backups.mark-failed']({ ...ref, id })).rejects.toMatchObject({
      code: 'backup.not-restorable',
      message: expect.stringContaining(status),
      hint: expect.any(String),
    })
    expect(readControl(directory).control?.status).toBe(status)
  },
)

test('one that is not there is refused', async () => {
  const { client, ref } = await catalogWith({ status: 'RUNNING' })

  await expect(client['backups.mark-failed']({ ...ref, id: parseBackupId('TOTTEV') })).rejects.toMatchObject({
    code: 'backup.not-found',
  })
})
