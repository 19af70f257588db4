import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { scratchDirectory } from '../../engine/testing/scratch.ts'
import { startServer } from '../../engine/testing/servers.ts'
import { expectAccessible } from '../accessible.ts'
import { expect, test } from '../app.ts'
import { acceptWarnings, addInstance, backUp } from '../steps.ts'

const SUM = `select count(*) || ' ' || md5(string_agg(v, ',' order by id)) from ledger`

test('a server is brought back in place: stopped first, the name typed, what is the same kept', async ({
  app,
}) => {
  await using scratch = await scratchDirectory('in-place')
  await using server = await startServer(scratch.path, { major: 17 })
  const fast = server.directory('fast')
  await server.run(
    'postgres',
    `create tablespace fast location '${fast}'`,
    'create table ledger tablespace fast as select g as id, md5(g::text) as v from generate_series(1, 20000) g',
  )
  const { page } = app
  await addInstance(page, path.join(scratch.path, 'catalog'), server)
  const id = await backUp(page)
  const before = await server.value('postgres', SUM)
  await server.run('postgres', 'delete from ledger where id > 100', 'checkpoint')

  await page.getByRole('button', { name: `Show ${id}` }).click()
  await page.getByRole('button', { name: 'Restore…' }).click()
  await page.getByRole('button', { name: 'Where' }).click()
  await page.getByRole('radio', { name: /^In place/ }).check()
  await expect(page.getByLabel('Data directory of the restored cluster')).toHaveValue(server.dataDirectory)
  await expect(page.getByText(/A server with pid \d+ runs in/)).toBeVisible()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Pre-flight' }).first().click()
  await expect(page.getByText(`pg_ctl -D ${server.dataDirectory} stop -m fast`)).toBeVisible()
  await expectAccessible(page)
  await server.stop('fast')
  await page.getByRole('listitem').getByRole('button', { name: 'Look again' }).click()
  await expect(page.getByText('every page is compared', { exact: false })).toBeVisible()
  await expect(page.getByText(`${fast} is of this cluster; what is the same stays`)).toBeVisible()

  // Nothing starts before the warnings are ticked and the name is typed.
  await page.getByRole('button', { name: 'Review' }).click()
  const replace = page.getByRole('button', { name: 'Replace the data' })
  await expect(page.getByRole('alert')).toContainText(/warnings? of the pre-flight want/)
  await page.getByLabel('Type shop to confirm').fill('shop')
  await expect(replace).toBeDisabled()
  await page.getByRole('button', { name: 'Pre-flight' }).first().click()
  await acceptWarnings(page)
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Review' }).click()
  await page.getByLabel('Type shop to confirm').fill('shoo')
  await expect(replace).toBeDisabled()
  await page.getByLabel('Type shop to confirm').fill('shop')
  await expect(page.getByText('-I checksum', { exact: false })).toBeVisible()
  await expectAccessible(page)
  await replace.click()

  await expect(page.getByText('What to do next')).toBeVisible({ timeout: 60_000 })
  await expect(page.getByText(/were there already and stayed/)).toBeVisible()
  await expect(
    page.getByText(`pg_ctl -D ${server.dataDirectory} -l ${server.dataDirectory}.log start`),
  ).toBeVisible()
  const after = page.getByRole('region', { name: 'The restored server' })
  await expect(after.getByRole('status')).toHaveText('No server has been started on it yet.')
  await expect(after.getByText('1 line in postgresql.auto.conf')).toBeVisible()
  await expect(after.getByRole('button', { name: 'Take the recovery settings out' })).toBeDisabled()
  await expectAccessible(page)
  await server.start()
  expect(await server.value('postgres', SUM)).toBe(before)
  await after.getByRole('button', { name: 'Look again' }).click()
  await expect(after.getByRole('status')).toContainText('open for writing')
  await after.getByRole('button', { name: 'Take the recovery settings out' }).click()
  await expect(after.getByText(/lines? in postgresql.auto.conf/)).toHaveCount(0)
  await expect(after.getByText('backup_label.old')).toBeVisible()
  await expectAccessible(page)
  const settings = await readFile(path.join(server.dataDirectory, 'postgresql.auto.conf'), 'utf8')
  expect(settings).not.toContain('recovery')
  expect(app.complaints).toEqual([])
})

test('options are refused where they cannot be, with the way out beside them', async ({ app }) => {
  await using scratch = await scratchDirectory('options')
  await using server = await startServer(scratch.path, { major: 17 })
  await server.run('postgres', 'create database keep', 'create database spare')
  const { page } = app
  await addInstance(page, path.join(scratch.path, 'catalog'), server)
  const id = await backUp(page)
  await page.getByRole('button', { name: `Show ${id}` }).click()
  await page.getByRole('button', { name: 'Restore…' }).click()

  const full = path.join(scratch.path, 'full')
  await mkdir(full)
  await writeFile(path.join(full, 'letter'), '')
  await page.getByRole('button', { name: 'Where' }).click()
  await page.getByRole('radio', { name: /^Another directory/ }).check()
  const directory = page.getByLabel('Data directory of the restored cluster')
  await directory.fill('not/absolute')
  await expect(page.getByText('The path must be absolute.')).toBeVisible()
  await directory.fill(full)
  await page.getByRole('button', { name: 'Pre-flight' }).first().click()
  await expect(page.getByText(`${full} is not empty: it holds letter`)).toBeVisible()
  await page.getByRole('listitem').getByRole('button', { name: 'Choose another place' }).click()
  const empty = path.join(scratch.path, 'restored')
  await directory.fill(empty)
  await expect(page.getByText(`${empty} will be made`)).toBeVisible()

  await page.getByRole('button', { name: 'How' }).click()
  await page.getByText('9 defaults unchanged').click()
  await page.getByRole('radio', { name: 'all but these' }).check()
  await expect(page.getByText('Choose at least one.')).toBeVisible()
  await page.getByRole('checkbox', { name: 'spare' }).check()
  await expect(page.getByText('1 changed, 8 defaults unchanged')).toBeVisible()
  await page.getByRole('radio', { name: 'Copy what recovery needs into the cluster' }).check()
  await expect(page.getByText('2 changed, 7 defaults unchanged')).toBeVisible()
  await expect(page.getByLabel('restore_command')).toHaveCount(0)
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Pre-flight' }).first().click()
  await expect(page.getByText('Left out: spare')).toBeVisible()
  await expect(page.getByText('The backup has all WAL that it needs; none is copied')).toBeVisible()
  await acceptWarnings(page)
  await page.getByRole('button', { name: 'Review' }).click()
  await expect(page.getByText(/--copy-wal .*--db-exclude=spare/)).toBeVisible()
  await page.locator('.step-foot').getByRole('button', { name: 'Restore' }).click()
  await expect(page.getByText('DROP DATABASE "spare";')).toBeVisible({ timeout: 60_000 })
  await expectAccessible(page)
  expect(app.complaints).toEqual([])
})
