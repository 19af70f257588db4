import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Page } from '@playwright/test'
import { backupIdFromSeconds } from '../../engine/base/backup-id.ts'
import { parseLsn } from '../../engine/base/lsn.ts'
import { type MadeBackup, writeBackup, writeCatalog } from '../../engine/testing/made-catalog.ts'
import { scratchDirectory } from '../../engine/testing/scratch.ts'
import { expectAccessible } from '../accessible.ts'
import { expect, test } from '../app.ts'
import { restingBox } from '../steps.ts'

const DAY = 86_400
const GB = 1_000_000_000

/** Three chains, a week apart: a FULL and six daily increments each; the newest backup is a day and a half old. */
function writeWeeks(instance: string): {
  readonly fulls: readonly string[]
  readonly all: readonly string[]
} {
  const now = Math.floor(Date.now() / 1000)
  const fulls: string[] = []
  const all: string[] = []
  for (const week of [2, 1, 0]) {
    let parent: string | undefined
    for (let day = 0; day < 7; day++) {
      const daysAgo = week * 7 + 7.5 - day
      const id = backupIdFromSeconds(now - daysAgo * DAY)
      const place = all.length + 2
      const given: MadeBackup = {
        dataBytes: day === 0 ? 5 * GB : GB / 10,
        recoverySeconds: now - daysAgo * DAY + 600,
        startLsn: parseLsn(`0/${place.toString(16)}000028`),
        stopLsn: parseLsn(`0/${place.toString(16)}000100`),
        ...(parent === undefined ? {} : { parent }),
      }
      const directory = writeBackup(instance, id, given)
      mkdirSync(path.join(directory, 'database'))
      writeFileSync(path.join(directory, 'backup_content.control'), '')
      if (parent === undefined) fulls.push(id)
      parent = id
      all.push(id)
    }
  }
  return { fulls, all }
}

async function openRetention(page: Page, catalog: string): Promise<void> {
  await page.getByLabel('Directory of the catalog').fill(catalog)
  await page.getByRole('main').getByRole('button', { name: 'Open' }).click()
  await expect(page.getByRole('heading', { name: 'main' })).toBeVisible()
  await page
    .getByRole('navigation', { name: 'Screens of main' })
    .getByRole('button', { name: 'Retention' })
    .click()
}

test('a policy is set, rehearsed for another day, refused by the promise check, corrected and applied', async ({
  app,
}) => {
  await using scratch = await scratchDirectory('retention')
  const catalog = path.join(scratch.path, 'catalog')
  const instance = writeCatalog(catalog)
  const { fulls, all } = writeWeeks(instance)
  const [oldest = '', pinned = ''] = all
  const { page } = app
  await openRetention(page, catalog)
  const now = page.locator('.retention-sums p').first()
  const promise = page.getByRole('region', { name: 'Promise check' })
  await expect(page.getByText('No rule is set: everything is kept for ever.')).toBeVisible()
  await expect(now).toContainText('21 kept')
  await expectAccessible(page)

  // A window alone: everything is redrawn at once, and said in words.
  await page.getByLabel('Window in days').fill('10')
  await expect(page.getByText('Only the window is set', { exact: false })).toBeVisible()
  await expect(now).toContainText('9 kept · 5 kept only because a child needs them · 7 deleted (5.22 GiB)')
  await expect(promise).toContainText('The plan keeps the promise.')
  await expectAccessible(page)

  // Why a line is kept, by keys.
  const lines = page.getByRole('listbox', { name: 'Backups and how long they are kept' })
  await lines.focus()
  await expect(lines.getByRole('option')).toHaveAttribute(
    'aria-label',
    new RegExp(`^FULL ${oldest}.*will go, older than the window of 10 d$`),
  )
  for (let step = 0; step < 7; step++) await page.keyboard.press('ArrowDown')
  await expect(lines.getByRole('option')).toHaveAttribute(
    'aria-label',
    new RegExp(`^FULL ${fulls[1]}.*held, needed by ${all[13]}$`),
  )

  // Ahead by keys: three weeks from now nothing would be left, and that is refused.
  const handle = page.getByRole('slider', { name: 'As of' })
  await handle.focus()
  await page.keyboard.press('ArrowRight')
  await expect(handle).toHaveAttribute('aria-valuenow', '1')
  await page.keyboard.press('Shift+ArrowRight')
  await expect(handle).toHaveAttribute('aria-valuetext', /, 8 days ahead: 14 deleted$/)
  await page.keyboard.press('End')
  await expect(page.locator('.retention-sums')).toContainText('0 kept · 0 kept only because')
  await expect(promise.getByRole('alert')).toContainText('nothing that can be restored would be left')
  await expectAccessible(page)
  await page.keyboard.press('Home')
  await expect(handle).toHaveAttribute('aria-valuenow', '0')
  await expect(promise).toContainText('The plan keeps the promise.')

  // By the pointer and by the date it goes there as well, and never into the past.
  const grip = await restingBox(handle)
  const [x, y] = [grip.x + grip.width / 2, grip.y + grip.height / 2]
  await page.mouse.move(x, y)
  await page.mouse.down()
  await page.mouse.move(x + 60, y, { steps: 4 })
  await expect(handle).toHaveAttribute('aria-valuetext', /days ahead/)
  await page.mouse.move(x - 200, y, { steps: 2 })
  await page.mouse.up()
  await expect(handle).toHaveAttribute('aria-valuenow', '0')
  await expect(async () => {
    // Again, where midnight came in between.
    const inThreeDays = new Date(Date.now() + 3 * DAY * 1000).toLocaleDateString('en-CA')
    await page.getByLabel('As of').first().fill(inThreeDays)
    await expect(handle).toHaveAttribute('aria-valuenow', '3', { timeout: 2000 })
  }).toPass({ timeout: 60_000 })
  // A day is stepped by the keys; what is none says how one is written, and goes when the field is left.
  const day = page.getByRole('textbox', { name: 'As of' })
  await day.press('ArrowDown')
  await expect(handle).not.toHaveAttribute('aria-valuenow', '3')
  await day.fill('soon')
  await expect(day).toHaveAttribute('aria-invalid', 'true')
  await page.getByRole('button', { name: 'Now', exact: true }).click()
  await expect(day).toHaveValue(/^\d{4}-\d\d-\d\d$/)
  await expect(promise).toContainText('The plan keeps the promise.')

  // A policy that leaves nothing today: only the name of the instance would let it pass.
  await page.getByLabel('Window in days').fill('1')
  await expect(promise.getByRole('alert')).toBeVisible()
  await expect(page.locator('.retention-sums')).toContainText('Refused')
  await page.getByRole('button', { name: 'Apply all the same…' }).click()
  const sheet = page.getByRole('dialog')
  await expect(sheet).toContainText('nothing that can be restored would be left')
  await expect(sheet.getByRole('button', { name: /^Delete 21 backups/ })).toBeDisabled()
  await expect(sheet.getByLabel('The promise is broken. To do it all the same, type main')).toBeFocused()
  await expectAccessible(page)
  await page.keyboard.press('Escape')
  await expect(sheet).toHaveCount(0)

  // Corrected: redundancy keeps two chains whatever their age.
  await page.getByLabel('Window in days').fill('10')
  await page.getByLabel('Redundancy').fill('2')
  await expect(page.getByText('A backup is kept if either keeps it', { exact: false })).toBeVisible()
  await expect(now).toContainText('14 kept · 0 kept only because a child needs them · 7 deleted')
  await page.getByRole('button', { name: 'Save policy' }).click()
  await expect(page.getByText('This is the policy of the instance.')).toBeVisible()
  expect(readFileSync(path.join(instance, 'pg_probackup.conf'), 'utf8')).toMatch(/retention-redundancy = 2/)

  // A pin keeps an increment of the oldest chain, and with it the FULL that it needs.
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Show as a table (T)' }).click()
  const table = page.getByRole('grid', { name: 'Backups and how long they are kept' })
  await table.getByRole('row', { name: new RegExp(`^${pinned}`) }).click()
  await expectAccessible(page)
  await table.focus()
  await page.keyboard.press('p')
  await expect(sheet).toContainText(`Keep ${pinned} until a date`)
  await page.keyboard.press('Enter')
  await expect(table.getByRole('row', { name: new RegExp(`^${pinned}`) })).toContainText('pinned to')
  await expect(table.getByRole('row', { name: new RegExp(`^${oldest}`) })).toContainText(
    `needed by ${pinned}`,
  )
  await page.getByRole('button', { name: 'Show as a picture (T)' }).click()
  await expect(page.locator('.life .pin')).toHaveCount(1)
  await expect(now).toContainText('15 kept · 1 kept only because a child needs it · 5 deleted')

  // Applied: exactly that, after the name.
  await page.getByRole('button', { name: 'Apply…' }).click()
  await expect(sheet.getByRole('listitem')).toHaveCount(5)
  const confirm = sheet.getByRole('button', { name: /^Delete 5 backups/ })
  await expect(confirm).toBeDisabled()
  await sheet.getByLabel('Type main to confirm').fill('main')
  await expectAccessible(page)
  await confirm.click()
  await expect(page.locator('.result')).toContainText('5 backups deleted')
  const left = readdirSync(instance).filter((name) => name !== 'pg_probackup.conf')
  expect(left.toSorted()).toEqual([...all.slice(0, 2), ...all.slice(7)].toSorted())
  expect(app.complaints).toEqual([])
})

test('retention is told when there is nothing, something, and when it cannot be read, in Chinese too', async ({
  app,
}) => {
  await using scratch = await scratchDirectory('retention')
  const catalog = path.join(scratch.path, 'catalog')
  const instance = writeCatalog(catalog)
  const { page } = app
  await openRetention(page, catalog)
  await expect(page.getByText('There is nothing to keep yet.')).toBeVisible()
  await expectAccessible(page)

  writeWeeks(instance)
  await page.keyboard.press('Control+r')
  const picture = page.getByRole('group', { name: 'What is kept, and until when' })
  await expect(picture).toHaveAttribute('aria-description', /^21 backups in 3 chains, 21 kept/)

  // What was known stays, below what went wrong.
  renameSync(instance, `${instance}-away`)
  await page.keyboard.press('Control+r')
  await expect(
    page.getByRole('alert').filter({ hasText: 'The catalog has no instance of that name.' }).first(),
  ).toBeVisible()
  await expect(picture).toBeVisible()
  await expectAccessible(page)
  renameSync(`${instance}-away`, instance)

  await page.getByRole('button', { name: 'Settings' }).click()
  await page.getByLabel('Language').selectOption('zh-CN')
  await page.getByLabel('外观').selectOption('dark')
  await page.keyboard.press('Alt+ArrowLeft')
  await page.getByLabel('留存窗口（天）').fill('10')
  await expect(page.getByText('若现在执行：')).toBeVisible()
  await expect(page.locator('.retention-sums p').first()).toContainText('删除 7 个（5.22 GiB）')
  await expect(page.getByRole('region', { name: '承诺检查' })).toContainText('该计划遵守承诺。')
  await expectAccessible(page)
  expect(app.complaints).toEqual([])
})

test('a catalog of gs_probackup is counted as that tool does, until another rule is chosen', async ({
  app,
}) => {
  await using scratch = await scratchDirectory('retention')
  const catalog = path.join(scratch.path, 'catalog')
  const instance = writeCatalog(catalog)
  const now = Math.floor(Date.now() / 1000)
  for (const days of [8, 0.01])
    writeBackup(instance, backupIdFromSeconds(now - days * DAY), {
      recoverySeconds: now - days * DAY + 60,
      serverVersion: '9.2',
    })
  const { page } = app
  await openRetention(page, catalog)
  await page.getByLabel('Window in days').fill('7')
  await expect(page.getByText('gs_probackup: from midnight', { exact: false })).toBeVisible()
  await page.getByLabel('Rule in force').selectOption('pg_probackup')
  await expect(page.getByText('pg_probackup: 7 × 24 h before now')).toBeVisible()
  expect(app.complaints).toEqual([])
})
