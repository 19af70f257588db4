import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { Page } from '@playwright/test'
import { readControl, writeBackupControl } from '../../engine/catalog/backup.ts'
import { startCli } from '../../engine/testing/cli-process.ts'
import { scratchDirectory } from '../../engine/testing/scratch.ts'
import { startRestored, startServer, type TestServer } from '../../engine/testing/servers.ts'
import { expectAccessible } from '../accessible.ts'
import { expect, test } from '../app.ts'
import { addInstance, backUp, restingBox } from '../steps.ts'

const MAJOR = 17
const DAY = 86_400
const SUM = "select count(*) || ' ' || md5(string_agg(v, ',' order by n)) from ledger"

/** A real instance with real backups, made older on disk: FULLs of 20, 10 and 1 days, and an increment of 5. */
async function makeHistory(page: Page, catalog: string, server: TestServer) {
  await server.run(
    'postgres',
    'create table ledger as select n, md5(n::text) as v from generate_series(1, 20000) n',
  )
  await addInstance(page, catalog, server)
  const directoryOf = (id: string): string => path.join(catalog, 'backups', 'shop', id)
  const cli = async (...words: readonly string[]) => {
    const [verb = '', ...rest] = words
    await using program = startCli([verb, '-B', catalog, '--instance=shop', ...rest], {
      PGPASSWORD: server.password,
    })
    return await program.ended
  }
  const listed = async (): Promise<readonly string[]> => {
    const { out, err } = await cli('show', '--format=json')
    const [instance] = JSON.parse(out) as { backups: { id: string; status: string }[] }[]
    expect(
      instance?.backups.every(({ status }) => status === 'OK'),
      err,
    ).toBe(true)
    return instance?.backups.map(({ id }) => id) ?? []
  }
  const sums = new Map<string, string>()
  const age = async (id: string, days: number): Promise<string> => {
    sums.set(id, await server.value('postgres', SUM))
    const { control } = readControl(directoryOf(id))
    if (control?.recoverySeconds === undefined) throw new Error(`there is no backup ${id}`)
    const recoverySeconds = control.recoverySeconds - days * DAY
    await writeBackupControl(directoryOf(id), { ...control, recoverySeconds })
    await server.run('postgres', `update ledger set v = md5(v) where n % 5 = ${days % 5}`)
    return id
  }
  const take = async (mode: 'FULL' | 'DELTA', days: number): Promise<string> => {
    const { status, err } = await cli('backup', '-b', mode, '--stream')
    expect(status, err).toBe(0)
    const [newest = ''] = await listed()
    return await age(newest, days)
  }
  const old = await age(await backUp(page), 20)
  const full = await take('FULL', 10)
  const increment = await take('DELTA', 5)
  const young = await take('FULL', 1)
  const expectRestorable = async (id: string): Promise<void> => {
    const dataDirectory = path.join(server.directory(`restored-${id}`), 'data')
    const { status, err } = await cli('restore', '-i', id, '-D', dataDirectory)
    expect(status, err).toBe(0)
    await using restored = await startRestored(dataDirectory, MAJOR, server.password)
    expect(await restored.value('postgres', SUM)).toBe(sums.get(id))
  }
  await page.keyboard.press('Control+5')
  await page.keyboard.press('Control+r')
  await expect(page.getByRole('group', { name: 'What is kept, and until when' })).toHaveAttribute(
    'aria-description',
    /^4 backups in 3 chains, 4 kept/,
  )
  return { old, full, increment, young, directoryOf, cli, listed, expectRestorable }
}

test('the policy of a real instance is set, rehearsed, refused, corrected and applied', async ({ app }) => {
  test.setTimeout(300_000)
  await using scratch = await scratchDirectory('retention-real')
  await using server = await startServer(scratch.path, { major: MAJOR })
  const { page } = app
  const catalog = path.join(scratch.path, 'catalog')
  const made = await makeHistory(page, catalog, server)
  const { old, full, increment, young } = made
  const now = page.locator('.retention-sums p').first()
  const promise = page.getByRole('region', { name: 'Promise check' })
  const sheet = page.getByRole('dialog')

  // Set and previewed: the increment holds its FULL, the oldest goes.
  await page.getByLabel('Window in days').fill('7')
  await expect(now).toContainText('2 kept · 1 kept only because a child needs it · 1 deleted')
  await expect(promise).toContainText('The plan keeps the promise.')
  await page.getByRole('button', { name: 'Save policy' }).click()
  await expect(page.getByText('This is the policy of the instance.')).toBeVisible()
  expect(readFileSync(path.join(catalog, 'backups', 'shop', 'pg_probackup.conf'), 'utf8')).toMatch(
    /retention-window = 7\n/,
  )

  // Dragged to a future date: by then nothing would be left.
  const handle = page.getByRole('slider', { name: 'As of' })
  await handle.focus()
  const grip = await restingBox(handle)
  const [x, y] = [grip.x + grip.width / 2, grip.y + grip.height / 2]
  await page.mouse.move(x, y)
  await page.mouse.down()
  await page.mouse.move(x + 40, y, { steps: 4 })
  await page.mouse.up()
  await expect(handle).toHaveAttribute('aria-valuetext', /days? ahead/)
  await page.keyboard.press('End')
  await expect(promise.getByRole('alert')).toContainText('nothing that can be restored would be left')
  await page.keyboard.press('Home')
  await expect(handle).toHaveAttribute('aria-valuenow', '0')
  await expect(promise).toContainText('The plan keeps the promise.')

  // With merging, the past would begin after the window: refused here, and on the command line.
  await page.getByRole('checkbox', { name: 'Merge expired' }).check()
  await expect(promise.getByRole('alert')).toBeVisible()
  await expect(page.locator('.retention-sums')).toContainText('Refused')
  await page.getByRole('button', { name: 'Apply all the same…' }).click()
  const confirmAll = sheet.getByRole('button', { name: /^Delete 1 backup/ })
  await sheet.getByLabel('The promise is broken. To do it all the same, type shop').fill('shops')
  await expect(confirmAll).toBeDisabled()
  await expectAccessible(page)
  await page.keyboard.press('Escape')
  await expect(sheet).toHaveCount(0)
  const refused = await made.cli('delete', '--delete-expired', '--merge-expired')
  expect(refused.status).toBe(1)
  expect(refused.err).toContain('--accept-broken-promise')
  expect(await made.listed()).toEqual([young, increment, full, old])

  // Corrected, looked at and applied.
  await page.getByRole('checkbox', { name: 'Merge expired' }).uncheck()
  await expect(promise).toContainText('The plan keeps the promise.')
  await page.getByRole('button', { name: 'Apply…' }).click()
  await expect(sheet.getByRole('listitem')).toHaveCount(1)
  await expect(sheet.getByRole('listitem')).toContainText(old)
  await sheet.getByLabel('Type shop to confirm').fill('shop')
  await confirmAll.click()
  await expect(page.locator('.result')).toContainText('1 backup deleted', { timeout: 60_000 })
  expect(existsSync(made.directoryOf(old))).toBe(false)
  expect(await made.listed()).toEqual([young, increment, full])
  const validated = await made.cli('validate')
  expect(validated.status, validated.err).toBe(0)
  await made.expectRestorable(increment)
  await made.expectRestorable(young)
  expect(app.complaints).toEqual([])
})

test('a plan that breaks the promise is applied to a real instance by its name alone', async ({ app }) => {
  test.setTimeout(300_000)
  await using scratch = await scratchDirectory('retention-real')
  await using server = await startServer(scratch.path, { major: MAJOR })
  const { page } = app
  const catalog = path.join(scratch.path, 'catalog')
  const made = await makeHistory(page, catalog, server)
  const { old, full, increment, young } = made
  const sheet = page.getByRole('dialog')

  await page.getByLabel('Window in days').fill('7')
  await page.getByRole('checkbox', { name: 'Merge expired' }).check()
  await expect(page.locator('.retention-sums')).toContainText('Refused')
  await page.getByRole('button', { name: 'Apply all the same…' }).click()
  await expect(sheet.getByRole('list').first().getByRole('listitem')).toContainText([old])
  await expect(sheet).toContainText(increment)
  const confirm = sheet.getByRole('button', { name: /^Delete 1 backup/ })
  await expect(confirm).toBeDisabled()
  await sheet.getByLabel('The promise is broken. To do it all the same, type shop').fill('shop')
  await confirm.click()
  await expect(page.locator('.result')).toContainText('1 backup deleted', { timeout: 60_000 })

  // Exactly what was shown: the oldest is gone, the chain is one FULL with the id of its increment.
  expect(await made.listed()).toEqual([young, increment])
  for (const id of [old, full]) expect(existsSync(made.directoryOf(id))).toBe(false)
  const { control } = readControl(made.directoryOf(increment))
  expect(control).toMatchObject({ mode: 'FULL', status: 'OK' })
  const validated = await made.cli('validate')
  expect(validated.status, validated.err).toBe(0)
  await made.expectRestorable(increment)
  await made.expectRestorable(young)
  expect(app.complaints).toEqual([])
})
