import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { parseBackupId } from '../../base/backup-id.ts'
import { SYSTEM_CLOCK } from '../../base/clock.ts'
import { SILENT_LOG } from '../../base/log.ts'
import type { Run } from '../../base/run.ts'
import { readControl, writeBackupControl } from '../../catalog/backup.ts'
import { lockExclusive } from '../../catalog/lock.ts'
import { madeBackup, writeBackup, writeCatalog } from '../../testing/made-catalog.ts'
import { scratchDirectory } from '../../testing/scratch.ts'
import { annotateBackup } from './run.ts'

const NOTED = { ttlSeconds: undefined, expireSeconds: undefined, note: 'before the move' }

test('a note takes nothing back of what was done to the backup while it was waited for', async () => {
  await using scratch = await scratchDirectory('annotate')
  const { ref, directory, run } = made(scratch.path)
  const merging = await lockExclusive(directory, run)
  const noting = annotateBackup({ ...ref, ...NOTED, patience: QUICK }, run)
  await writeBackupControl(directory, { ...madeBackup('TOTTE1').control, contentCrc: 42, status: 'DONE' })
  await merging[Symbol.asyncDispose]()
  await noting
  expect(readControl(directory).control).toMatchObject({
    mode: 'FULL',
    parentId: undefined,
    contentCrc: 42,
    status: 'DONE',
    note: 'before the move',
  })
})

test('a backup that cannot be read by then is left as it is', async () => {
  await using scratch = await scratchDirectory('annotate')
  const { ref, directory, run } = made(scratch.path)
  const holding = await lockExclusive(directory, run)
  const noting = annotateBackup({ ...ref, ...NOTED, patience: QUICK }, run)
  const refused = expect(noting).rejects.toMatchObject({ code: 'format.damaged' })
  writeFileSync(path.join(directory, 'backup.control'), 'what is this')
  await holding[Symbol.asyncDispose]()
  await refused
})

/** Waits for as long as it takes, in small steps. */
const QUICK = { tries: 10_000, betweenMs: 1, emptyMs: 30 }

function made(scratch: string) {
  const catalog = path.join(scratch, 'catalog')
  const instance = writeCatalog(catalog)
  writeBackup(instance, 'TOTTE0')
  const directory = writeBackup(instance, 'TOTTE1', { parent: 'TOTTE0' })
  const { signal } = new AbortController()
  const run: Run = { signal, log: SILENT_LOG, report: () => undefined, clock: SYSTEM_CLOCK }
  return { ref: { catalog, instance: 'main', id: parseBackupId('TOTTE1') }, directory, run }
}
