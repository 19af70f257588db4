import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { scratchDirectory } from '../../engine/testing/scratch.ts'
import { startRestored, startServer } from '../../engine/testing/servers.ts'
import { expectAccessible } from '../accessible.ts'
import { expect, test } from '../app.ts'
import { acceptWarnings } from '../steps.ts'

test('a DBA adds a server, backs it up, sees the chain, and restores it to the same data', async ({
  app,
}) => {
  await using scratch = await scratchDirectory('journey')
  await using server = await startServer(scratch.path, { major: 17 })
  await server.run(
    'postgres',
    'create table ledger as select g as id, md5(g::text) as v from generate_series(1, 50000) g',
  )
  const sum = `select count(*) || ' ' || md5(string_agg(v, ',' order by id)) from ledger`
  const before = await server.value('postgres', sum)
  const { page } = app
  const catalog = path.join(scratch.path, 'catalog')

  await page.getByRole('main').getByRole('button', { name: 'Add instance' }).click()
  await page.getByLabel('Directory of the catalog').waitFor({ state: 'detached' })
  await page.getByLabel('Catalog', { exact: true }).fill(catalog)
  await page.getByLabel('Host or socket directory').fill('127.0.0.1')
  await page.getByLabel('Port').fill(String(server.port))
  await page.getByLabel('User').fill('postgres')
  await page.getByLabel('Password').fill(server.password)
  await page.getByLabel('Name').fill('shop')
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Probe' }).click()
  await expect(page.getByText('PostgreSQL 17', { exact: false }).first()).toBeVisible()
  await page.getByRole('main').getByRole('button', { name: 'Add instance' }).click()

  await expect(page.getByText('Not protected: there is no backup.')).toBeVisible()
  await expect(page.getByText('System identifier')).toBeVisible()
  await expectAccessible(page)
  await page.keyboard.press('Control+b')
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Note').fill('before the release')
  await expectAccessible(page)
  await page.keyboard.press('Enter')

  await expect(page.getByText(/^Backup \w{6} is OK:/)).toBeVisible({ timeout: 60_000 })
  await expect(page.getByRole('log')).toContainText('completed')
  await expectAccessible(page)
  await page.getByRole('button', { name: /^Show \w{6}$/ }).click()

  const row = page.getByRole('treegrid').getByRole('row', { selected: true })
  await expect(row).toContainText('FULL')
  await expect(row).toContainText('OK')
  await expect(page.getByRole('img', { name: /^FULL \w{6}, .*, OK,/ })).toBeVisible()
  await expect(page.getByLabel('Inspector').getByLabel('Note')).toHaveValue('before the release')
  await expectAccessible(page)
  await page
    .getByRole('tab', { name: 'Overview' })
    .or(page.getByRole('button', { name: 'Overview' }))
    .first()
    .click()
  await expect(page.getByText('Protected.', { exact: true })).toBeVisible()

  await page.keyboard.press('Control+2')
  await expect(row).toHaveCount(1)
  await page.getByRole('treegrid').focus()
  await page.keyboard.press('r')
  await expect(page.getByRole('heading', { name: /^Restore \w{6}$/ })).toBeVisible()
  await page.getByRole('button', { name: 'Where' }).click()
  await expect(page.getByRole('radio', { name: /^Scratch directory/ })).toBeChecked()
  await page.getByRole('radio', { name: /^Another directory/ }).check()
  const dataDirectory = path.join(server.directory('restored'), 'data')
  await page.getByLabel('Data directory of the restored cluster').fill(dataDirectory)
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Pre-flight' }).click()
  await expect(page.getByText(`${dataDirectory} will be made`)).toBeVisible()
  await acceptWarnings(page)
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Review' }).click()
  await expect(page.getByText(`-D ${dataDirectory}`, { exact: false })).toBeVisible()
  await expectAccessible(page)
  await page.locator('.step-foot').getByRole('button', { name: 'Restore' }).click()
  await expect(page.getByText(/files, .* written to/)).toBeVisible({ timeout: 60_000 })

  await server.run('postgres', 'delete from ledger')
  await using restored = await startRestored(dataDirectory, 17, server.password)
  expect(await restored.value('postgres', sum)).toBe(before)

  const built = path.join(import.meta.dirname, '..', '..', 'dist', 'cli', 'tidemark.js')
  const { stderr } = await promisify(execFile)(process.execPath, [built, 'validate', '-B', catalog])
  expect(stderr).toContain('is valid')
  expect(app.complaints).toEqual([])
})

test('a restore into a directory that holds something is stopped before it starts', async ({ app }) => {
  await using scratch = await scratchDirectory('journey')
  await using server = await startServer(scratch.path, { major: 17 })
  const { page } = app
  await page.getByRole('main').getByRole('button', { name: 'Add instance' }).click()
  await page.getByLabel('Catalog', { exact: true }).fill(path.join(scratch.path, 'catalog'))
  await page.getByLabel('Host or socket directory').fill('127.0.0.1')
  await page.getByLabel('Port').fill(String(server.port))
  await page.getByLabel('User').fill('postgres')
  await page.getByLabel('Password').fill('wrong')
  await page.getByRole('button', { name: 'Probe' }).click()
  const refusal = page.getByRole('listitem').filter({ hasText: 'No connection' })
  await expect(refusal).toContainText('The server refused the user or the password.')
  await expect(refusal).toContainText('Give the password again, or put it into .pgpass.')
  await expect(page.getByRole('main').getByRole('button', { name: 'Add instance' })).toBeDisabled()
  await expectAccessible(page)

  await page.getByLabel('Password').fill(server.password)
  await page.getByLabel('Name').fill('shop')
  await page.getByRole('button', { name: 'Probe' }).click()
  await page.getByRole('main').getByRole('button', { name: 'Add instance' }).click()
  await page.getByRole('main').getByRole('button', { name: 'Back up now' }).click()
  await page.getByRole('button', { name: 'Start backup' }).click()
  await page.getByRole('button', { name: /^Show \w{6}$/ }).click({ timeout: 60_000 })
  await page.getByRole('button', { name: 'Restore…' }).click()
  await page.getByRole('button', { name: 'Where' }).click()
  await page.getByRole('radio', { name: /^Another directory/ }).check()
  await page.getByLabel('Data directory of the restored cluster').fill(server.dataDirectory)
  await page.getByRole('button', { name: 'Review' }).click()
  await expect(page.getByRole('alert')).toContainText('Something stands in the way')
  await expect(page.locator('.step-foot').getByRole('button', { name: 'Restore' })).toBeDisabled()
  await page.getByRole('button', { name: 'Pre-flight' }).click()
  await expect(page.getByText(/A server with pid \d+ runs in/)).toBeVisible()
  await expectAccessible(page)

  await server.stop('fast')
  await page.keyboard.press('Control+b')
  const dialog = page.getByRole('dialog')
  await expect(dialog).toContainText('No connection to the server could be made.')
  await expect(dialog).toContainText('The figures rest on the catalog alone.')
  await expect(dialog).toContainText(/reads about [\d.]+ MiB/)
  await expect(dialog.getByRole('radio', { name: 'DELTA' })).toBeEnabled()
  await expectAccessible(page)
  await server.start()
  await dialog.getByRole('button', { name: 'Ask again' }).click()
  await expect(dialog).toContainText('Now DELTA:')
})
