import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { scratchDirectory } from '../../engine/testing/scratch.ts'
import { startRestored, startServer } from '../../engine/testing/servers.ts'
import { expectAccessible } from '../accessible.ts'
import { expect, test } from '../app.ts'
import { acceptWarnings, addInstance, backUp } from '../steps.ts'

const SUM = `select count(*) || ' ' || md5(string_agg(v, ',' order by id)) from ledger`
const LEDGER = 'create table ledger as select g as id, md5(g::text) as v from generate_series(1, 20000) g'

test('a restore that broke off in the middle is continued, and what it wrote is kept', async ({ app }) => {
  await using scratch = await scratchDirectory('continue')
  await using server = await startServer(scratch.path, { major: 17 })
  await server.run('postgres', LEDGER)
  const stored = await server.value('postgres', "select pg_relation_filepath('ledger')")
  const { page } = app
  const catalog = path.join(scratch.path, 'catalog')
  await addInstance(page, catalog, server)
  const id = await backUp(page)
  const dataDirectory = path.join(server.directory('restored'), 'data')
  const restore = async (): Promise<void> => {
    await page.getByRole('button', { name: `Show ${id}` }).click()
    await page.getByRole('button', { name: 'Restore…' }).click()
    await choosePlace()
  }
  const choosePlace = async (): Promise<void> => {
    await page.getByRole('button', { name: 'Where' }).click()
    await page.getByRole('radio', { name: /^Another directory/ }).check()
    await page.getByLabel('Data directory of the restored cluster').fill(dataDirectory)
  }
  const look = async (): Promise<void> => {
    await page.getByRole('button', { name: 'Pre-flight' }).first().click()
    await acceptWarnings(page)
  }
  const start = async (): Promise<void> => {
    await page.getByRole('button', { name: 'Review' }).click()
    await page
      .locator('.step-foot')
      .getByRole('button', { name: /^(Continue the restore|Restore)$/ })
      .click()
  }

  // The disk of the catalog loses a file while the restore is under way, which nobody has looked at before.
  const file = path.join(catalog, 'backups', 'shop', id, 'database', stored)
  await restore()
  await page.getByRole('button', { name: 'How' }).click()
  await page.getByText('9 defaults unchanged').click()
  await page.getByRole('checkbox', { name: 'Check the chain before anything is written' }).uncheck()
  await look()
  await rename(file, `${file}.away`)
  await start()
  const failure = page.getByRole('alert').filter({ hasText: path.basename(stored) })
  await expect(failure.first()).toBeVisible({ timeout: 60_000 })
  // The page says what is left, and leads to where it is taken up.
  const left = page.getByRole('region', { name: 'What is left' })
  await expect(left).toContainText('no server starts')
  await expectAccessible(page)
  const globals = await readdir(path.join(dataDirectory, 'global'))
  expect(globals).not.toContain('pg_control')

  await rename(`${file}.away`, file)
  await left.getByRole('button', { name: 'Restore again…' }).click()
  await choosePlace()
  await expect(page.getByText('An interrupted restore is continued.')).toBeVisible()
  await expectAccessible(page)
  await look()
  await start()
  await expect(page.getByText('What to do next')).toBeVisible({ timeout: 60_000 })
  await expect(page.getByText(/were there already and stayed/)).toBeVisible()

  await using restored = await startRestored(dataDirectory, 17, server.password)
  expect(await restored.value('postgres', SUM)).toBe(await server.value('postgres', SUM))
})

test('what is in a directory moves aside, and the restore takes its place', async ({ app }) => {
  await using scratch = await scratchDirectory('aside')
  await using server = await startServer(scratch.path, { major: 17 })
  await server.run('postgres', LEDGER)
  const { page } = app
  await addInstance(page, path.join(scratch.path, 'catalog'), server)
  const id = await backUp(page)
  const place = path.join(server.directory('place'), 'data')
  await mkdir(place)
  await writeFile(path.join(place, 'letter'), 'mine')

  await page.getByRole('button', { name: `Show ${id}` }).click()
  await page.getByRole('button', { name: 'Restore…' }).click()
  await page.getByRole('button', { name: 'Where' }).click()
  await page.getByRole('radio', { name: /^Another directory/ }).check()
  await page.getByLabel('Data directory of the restored cluster').fill(place)
  const aside = page.getByRole('radio', { name: /^moves aside/ })
  await expect(aside).not.toBeChecked()
  await page.getByRole('button', { name: 'Pre-flight' }).first().click()
  await page.getByRole('listitem').getByRole('button', { name: 'Move it aside' }).click()
  await expect(page.getByText(`What is in ${place} is moved to ${place}.before-restore`)).toBeVisible()
  await page.getByRole('button', { name: 'Where' }).click()
  await expect(aside).toBeChecked()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Pre-flight' }).first().click()
  await acceptWarnings(page)
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Review' }).click()
  await expect(page.getByText('--move-aside', { exact: false })).toBeVisible()
  await page.locator('.step-foot').getByRole('button', { name: 'Restore' }).click()
  await expect(page.getByText('What to do next')).toBeVisible({ timeout: 60_000 })
  expect(await readFile(path.join(`${place}.before-restore`, 'letter'), 'utf8')).toBe('mine')
  expect((await stat(path.join(place, 'global', 'pg_control'))).size).toBeGreaterThan(0)

  // The password that the window knows does not hold any more: it is given where the refusal is told.
  await server.run('postgres', `alter user postgres password 'another'`)
  await page.keyboard.press('Control+1')
  const use = page.getByRole('button', { name: 'Use this password' })
  await expect(use).toBeDisabled()
  await expectAccessible(page)
  await page.getByLabel('Password').fill('not this one')
  await use.click()
  await expect(page.getByLabel('Password')).toHaveValue('')
  await expect(use).toBeDisabled()
  await page.getByLabel('Password').fill('another')
  await use.click()
  await expect(page.getByText(/PostgreSQL 17\.\d+/)).toBeVisible()
  await expect(use).toHaveCount(0)
  expect(app.complaints).toEqual([])
})
