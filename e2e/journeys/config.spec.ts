import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Page } from '@playwright/test'
import { writeCatalog } from '../../engine/testing/made-catalog.ts'
import { scratchDirectory } from '../../engine/testing/scratch.ts'
import { expectAccessible } from '../accessible.ts'
import { expect, test } from '../app.ts'

/** As a person left it: a comment, a key of another tool with a secret, an order of its own. */
const FILE = `# Owner: ann
# Backup instance information
pgdata = /srv/pg
system-identifier = 7400000000000000000
xlog-seg-size = 16777216
access-key = geheim
# Archive parameters
archive-timeout = 2min
# Retention parameters
retention-window = 14 # as agreed
wal-depth = 0
`

function made(directory: string) {
  const catalog = path.join(directory, 'catalog')
  const instance = writeCatalog(catalog)
  const file = path.join(instance, 'pg_probackup.conf')
  writeFileSync(file, FILE)
  return { catalog, instance, file, read: () => readFileSync(file, 'utf8') }
}

async function openConfig(page: Page, catalog: string): Promise<void> {
  await page.getByLabel('Directory of the catalog').fill(catalog)
  await page.getByRole('main').getByRole('button', { name: 'Open' }).click()
  await expect(page.getByRole('heading', { name: 'main' })).toBeVisible()
  await page.keyboard.press('Control+6')
  await expect(page.getByLabel('archive-timeout', { exact: true })).toHaveValue('2')
}

test('settings of an instance are changed, corrected, looked at and saved', async ({ app }) => {
  await using scratch = await scratchDirectory('config')
  const { catalog, file, read } = made(scratch.path)
  const { page } = app
  await openConfig(page, catalog)
  const row = (key: string) => page.getByRole('row').filter({ has: page.getByText(key, { exact: true }) })
  const foot = page.locator('.config-foot')

  // What is overridden is said in words; what is the default as well.
  await expect(row('archive-timeout')).toContainText('◆ overridden')
  await expect(row('archive-timeout')).toContainText('5min')
  await expect(row('wal-depth')).toContainText('set, same as the default')
  await expect(row('log-filename')).toContainText('default')
  await expect(row('pgdata')).toContainText('◇ set')
  await expect(row('system-identifier')).toContainText('fixed when the instance was added')
  await expect(row('replica-timeout')).toContainText('only in pg_probackup')
  await expect(page.getByText('2 overridden')).toBeVisible()
  // A secret of another tool stays in the file and is not shown.
  await expect(row('access-key')).toContainText('not shown')
  await expect(page.getByText('geheim')).toHaveCount(0)
  await expectAccessible(page)

  // Errors stand at their fields, in the words of the engine, and nothing can be saved.
  await page.getByLabel('pgport', { exact: true }).fill('65536')
  await page.getByLabel('log-directory', { exact: true }).fill('logs')
  await page.getByLabel('archive-timeout', { exact: true }).fill('soon')
  await expect(row('pgport').getByRole('alert')).toContainText('must be a whole number from 1 to 65535')
  await expect(row('log-directory').getByRole('alert')).toContainText('not an absolute path')
  await expect(row('archive-timeout').getByRole('alert')).toContainText('not a number with a unit')
  await expect(page.getByLabel('pgport', { exact: true })).toHaveAttribute('aria-invalid', 'true')
  await expect(foot).toContainText('3 changes')
  await expect(foot).toContainText('3 values cannot be saved.')
  const look = page.getByRole('button', { name: 'Look at the changes…' })
  await expect(look).toBeDisabled()
  await expectAccessible(page)

  // Corrected; another key goes back to its default, and one is chosen from its words.
  await page.getByLabel('pgport', { exact: true }).fill('6432')
  await page.getByRole('button', { name: 'Back to default: log-directory' }).click()
  await page.getByLabel('archive-timeout', { exact: true }).fill('1')
  await page.getByLabel('Unit of archive-timeout').selectOption('h')
  await page.getByLabel('compress-algorithm', { exact: true }).selectOption('zlib')
  await page.getByRole('button', { name: 'Back to default: wal-depth' }).click()
  await page.getByLabel('retention-window', { exact: true }).fill('30')
  await expect(row('wal-depth')).toContainText('not saved yet')
  await expect(foot).toContainText('5 changes')
  await expect(look).toBeEnabled()

  // A draft outlives its screen.
  await page.keyboard.press('Control+1')
  await expect(foot).toHaveCount(0)
  await page.keyboard.press('Control+6')
  await expect(foot).toContainText('5 changes')

  // By keys from a field to the preview: what goes, what comes, and the command.
  await page.getByLabel('pgport', { exact: true }).press('Enter')
  const dialog = page.getByRole('dialog', { name: 'Save the configuration of main' })
  await expect(dialog.getByRole('listitem')).toHaveText(
    [
      '+new: # Connection parameters',
      '+new: pgport = 6432',
      '−gone: archive-timeout = 2min',
      '+new: archive-timeout = 1h',
      '−gone: retention-window = 14 # as agreed',
      '+new: retention-window = 30 # as agreed',
      '−gone: wal-depth = 0',
      '+new: # Compression parameters',
      '+new: compress-algorithm = zlib',
    ].map((line) => line.replace('new:', 'comes:').replace('gone:', 'goes:')),
  )
  await expect(dialog.locator('.code')).toContainText('tidemark set-config -B')
  await expect(dialog.locator('.code')).toContainText('--wal-depth=')
  await expectAccessible(page)
  await expect(dialog.getByRole('button', { name: 'Save', exact: true })).toBeFocused()
  expect(read()).toBe(FILE)

  // Somebody else saves meanwhile: nothing is saved over it unseen.
  writeFileSync(file, FILE.replace('/srv/pg', '/srv/pg17'))
  await dialog.getByRole('button', { name: 'Save', exact: true }).click()
  await expect(dialog.getByRole('alert')).toBeVisible()
  expect(read()).toContain('archive-timeout = 2min')
  await dialog.getByRole('button', { name: 'Save', exact: true }).click()
  await expect(dialog).toHaveCount(0)
  expect(read()).toBe(`# Owner: ann
# Backup instance information
pgdata = /srv/pg17
system-identifier = 7400000000000000000
xlog-seg-size = 16777216
# Connection parameters
pgport = 6432
access-key = geheim
# Archive parameters
archive-timeout = 1h
# Retention parameters
retention-window = 30 # as agreed
# Compression parameters
compress-algorithm = zlib
`)
  await expect(foot).toContainText('Nothing is changed.')
  await expect(row('wal-depth')).not.toContainText('set, same')

  // Only what is overridden, and what is looked for.
  await page.getByLabel('Only what is overridden').check()
  await expect(page.locator('.config-table label.mono')).toHaveText([
    'archive-timeout',
    'retention-window',
    'compress-algorithm',
  ])
  await page.getByLabel('Only what is overridden').uncheck()
  await page.getByRole('searchbox', { name: 'Find a setting' }).fill('ssh user')
  await expect(page.locator('.config-table label.mono')).toHaveText(['archive-user', 'remote-user'])
  await page.getByRole('searchbox', { name: 'Find a setting' }).fill('no such thing')
  await expect(page.getByText('No setting fits.', { exact: false })).toBeVisible()
  await expectAccessible(page)
  expect(app.complaints).toEqual([])
})

test('settings are told while they come, when they cannot be read, and in Chinese and dark', async ({
  app,
}) => {
  await using scratch = await scratchDirectory('config')
  const { catalog, instance, file } = made(scratch.path)
  const { page } = app
  await openConfig(page, catalog)

  // A file that cannot be read is told with its line; what was known stays.
  writeFileSync(file, `${FILE}what is this\n`)
  await page.keyboard.press('Control+r')
  await expect(page.getByRole('alert').first()).toContainText('line 12')
  await expect(page.getByLabel('archive-timeout', { exact: true })).toHaveValue('2')
  await expectAccessible(page)
  writeFileSync(file, FILE)
  renameSync(instance, `${instance}-away`)
  await page.keyboard.press('Control+r')
  await expect(page.getByRole('alert').first()).toContainText('The catalog has no instance of that name.')
  renameSync(`${instance}-away`, instance)
  await page.keyboard.press('Control+r')
  await expect(page.getByRole('alert')).toHaveCount(0)

  await page.getByRole('button', { name: 'Settings' }).click()
  await page.getByLabel('Language').selectOption('zh-CN')
  await page.getByLabel('外观').selectOption('dark')
  await page.keyboard.press('Alt+ArrowLeft')
  await page.getByLabel('pgport', { exact: true }).fill('0')
  await expect(page.getByRole('alert')).toContainText('须为 1 到 65535 之间的整数。')
  await expect(page.getByRole('row').filter({ hasText: 'archive-timeout' })).toContainText('已覆盖默认值')
  await expectAccessible(page)
  await page.getByLabel('pgport', { exact: true }).fill('6432')
  await page.getByLabel('pgport', { exact: true }).press('Enter')
  await expect(page.getByRole('dialog')).toContainText('pgport = 6432')
  await expectAccessible(page)
  expect(app.complaints).toEqual([])
})
