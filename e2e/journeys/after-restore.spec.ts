import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { makeArchive } from '../../engine/testing/archives.ts'
import { scratchDirectory } from '../../engine/testing/scratch.ts'
import { serverDirectory, startRestored, startServer } from '../../engine/testing/servers.ts'
import { expectAccessible } from '../accessible.ts'
import { expect, test } from '../app.ts'
import { acceptWarnings, addInstance, backUp, verdictOf } from '../steps.ts'

const PATIENCE = { timeout: 60_000 }

test('a server that pauses at its target is looked at, promoted, and rid of its recovery settings', async ({
  app,
}) => {
  await using scratch = await scratchDirectory('after-restore')
  const archive = makeArchive(scratch.path)
  await using server = await startServer(scratch.path, {
    major: 17,
    walSegmentMb: 1,
    settings: archive.settings,
  })
  const { page } = app
  const catalog = path.join(scratch.path, 'catalog')
  await addInstance(page, catalog, server)
  await archive.serve({ catalog, instance: 'shop' })
  await backUp(page)
  await server.run(
    'postgres',
    'create table sale as select n from generate_series(1, 10) n',
    `select pg_create_restore_point('before_drop')`,
    'drop table sale',
  )
  const segment = await server.value('postgres', 'select pg_walfile_name(pg_current_wal_lsn())')
  await server.run('postgres', 'select pg_switch_wal()')
  // What is not in the archive when the WAL is scanned is not found.
  await expect.poll(() => readdir(archive.directory), PATIENCE).toContain(segment)

  await page.keyboard.press('Control+2')
  await page.getByRole('button', { name: 'Restore to a moment…' }).click()
  await page.getByRole('button', { name: 'Scan WAL for exact times' }).click()
  await page.getByRole('radio', { name: 'Restore point' }).check()
  await page.getByRole('button', { name: /^before_drop/ }).click()
  await expect(verdictOf(page)).toContainText('restore point before_drop')
  await page.getByRole('button', { name: 'Where' }).click()
  await page.getByRole('radio', { name: /^Another directory/ }).check()
  const dataDirectory = path.join(serverDirectory(path.join(scratch.path, 'restored')), 'data')
  await page.getByLabel('Data directory of the restored cluster').fill(dataDirectory)
  await page.getByRole('button', { name: 'Pre-flight' }).first().click()
  await acceptWarnings(page)
  await page.getByRole('button', { name: 'Review' }).click()
  await page.locator('.step-foot').getByRole('button', { name: 'Restore' }).click()

  const after = page.getByRole('region', { name: 'The restored server' })
  const standing = after.getByRole('status')
  await expect(standing).toHaveText('No server has been started on it yet.', PATIENCE)
  await expect(after.getByText('recovery.signal')).toBeVisible()
  const cleanUp = after.getByRole('button', { name: 'Take the recovery settings out' })
  await expect(cleanUp).toBeDisabled()
  await expectAccessible(page)

  await using restored = await startRestored(dataDirectory, 17, server.password)
  await expect(standing).toContainText('stands at its target and is read-only', PATIENCE)
  await expect(cleanUp).toBeDisabled()
  expect(await restored.value('postgres', 'select count(*) from sale')).toBe('10')
  await expectAccessible(page)
  await after.getByRole('button', { name: 'Promote' }).click()
  await expect(standing).toContainText('open for writing', PATIENCE)
  await restored.run('postgres', 'insert into sale values (11)')

  await cleanUp.click()
  await expect(after.getByText(/lines in postgresql.auto.conf/)).toHaveCount(0)
  await expect(after.getByText('backup_label.old')).toBeVisible()
  await expectAccessible(page)
  expect(await readFile(path.join(dataDirectory, 'postgresql.auto.conf'), 'utf8')).toBe(
    await readFile(path.join(server.dataDirectory, 'postgresql.auto.conf'), 'utf8'),
  )
  expect(app.complaints).toEqual([])
})
