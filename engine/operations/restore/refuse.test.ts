import { rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readControl } from '../../catalog/backup.ts'
import { formatBackupControl } from '../../format/backup-control.ts'
import { madeBackup, writeBackup, writeCatalog } from '../../testing/made-catalog.ts'
import { scratchDirectory } from '../../testing/scratch.ts'
import { requireChainUnchanged } from './refuse.ts'

/** What is thrown once `meanwhile` has happened to a backup that is being restored. */
async function codeAfter(meanwhile: (directory: string) => void): Promise<unknown> {
  const scratch = await scratchDirectory('refuse')
  onTestFinished(() => scratch[Symbol.asyncDispose]())
  const directory = writeBackup(writeCatalog(path.join(scratch.path, 'catalog')), 'TOTTE0', {})
  const { control } = readControl(directory)
  if (control === undefined) throw new Error('the backup was not written')
  const backup = { ...madeBackup('TOTTE0', {}), directory, control }
  meanwhile(directory)
  try {
    requireChainUnchanged({ chain: [{ backup, entries: [] }] })
    return undefined
  } catch (thrown) {
    return thrown
  }
}

const put = (given: Parameters<typeof madeBackup>[1]) => (directory: string) =>
  writeFileSync(
    path.join(directory, 'backup.control'),
    formatBackupControl(madeBackup('TOTTE0', given).control),
  )

test.each<readonly [string, (directory: string) => void]>([
  ['deleted', (directory) => rmSync(directory, { recursive: true })],
  ['being deleted', put({ status: 'DELETING' })],
  ['being merged', put({ status: 'MERGING' })],
  ['merged', put({ contentCrc: 7 })],
])('what was %s while it was restored is not taken for whole', async (_, meanwhile) => {
  expect(await codeAfter(meanwhile)).toMatchObject({
    code: 'plan.stale',
    message: 'backup TOTTE0 was deleted or merged while it was restored',
  })
})

test.each<readonly [string, (directory: string) => void]>([
  ['nothing', () => undefined],
  ['a verdict', put({ status: 'CORRUPT' })],
  ['a note', put({ note: 'weekly' })],
])('%s in between is no matter', async (_, meanwhile) => {
  expect(await codeAfter(meanwhile)).toBeUndefined()
})
