import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { backupIdFromSeconds } from '../../engine/base/backup-id.ts'
import { type MadeBackup, writeBackup, writeCatalog } from '../../engine/testing/made-catalog.ts'
import { scratchDirectory } from '../../engine/testing/scratch.ts'
import { expectAccessible } from '../accessible.ts'
import { expect, test } from '../app.ts'

const HOUR = 3600

/** Two chains: a FULL with five increments, and a newer FULL with one. Oldest first. */
function writeChains(catalog: string): readonly string[] {
  const instance = writeCatalog(catalog)
  appendFileSync(path.join(instance, 'pg_probackup.conf'), 'system-identifier = 7000000000000000001\n')
  const now = Math.floor(Date.now() / 1000)
  const write = (hoursAgo: number, given: MadeBackup): string => {
    const id = backupIdFromSeconds(now - hoursAgo * HOUR)
    const directory = writeBackup(instance, id, { dataBytes: 1 << 30, isStream: false, ...given })
    mkdirSync(path.join(directory, 'database'))
    writeFileSync(path.join(directory, 'backup_content.control'), '')
    return id
  }
  const ids = [write(50, {})]
  for (let hours = 49; hours > 44; hours--) ids.push(write(hours, { parent: String(ids.at(-1)) }))
  ids.push(write(20, {}))
  ids.push(write(19, { parent: String(ids.at(-1)) }))
  return ids
}

test('several backups are chosen by keys and by the pointer, and deleted with one plan', async ({ app }) => {
  await using scratch = await scratchDirectory('selection')
  const catalog = path.join(scratch.path, 'catalog')
  const ids = writeChains(catalog)
  const { page } = app
  await page.getByLabel('Directory of the catalog').fill(catalog)
  await page.getByRole('main').getByRole('button', { name: 'Open' }).click()
  await expect(page.getByRole('heading', { name: 'main' })).toBeVisible()
  await page.keyboard.press('Control+2')
  const list = page.getByRole('treegrid')
  const row = (index: number) => page.getByRole('row', { name: String(ids.at(index)) })
  const chosen = list.getByRole('row', { selected: true })
  const inspector = page.getByRole('complementary', { name: 'Inspector' })
  await expect(chosen).toHaveCount(1)

  // By keys: down with Shift, back by one, then one more beside it.
  await list.focus()
  await page.keyboard.press('End')
  await expect(row(1)).toHaveAttribute('aria-selected', 'true')
  await page.keyboard.press('Shift+ArrowUp')
  await page.keyboard.press('Shift+ArrowUp')
  await expect(chosen).toHaveCount(3)
  await expect(inspector).toContainText('3 backups selected')
  await expect(inspector).toContainText('3.00 GiB')
  await page.keyboard.press('Shift+ArrowDown')
  await expect(inspector).toContainText('2 backups selected')
  await page.keyboard.press('Control+Home')
  await expect(inspector).toContainText('2 backups selected')
  await page.keyboard.press('Space')
  await expect(inspector).toContainText('3 backups selected')
  await expectAccessible(page)
  await page.keyboard.press('Control+a')
  await expect(inspector).toContainText('8 backups selected')
  await page.keyboard.press('Escape')
  await expect(chosen).toHaveCount(1)

  // By the pointer. What the filter hides is still chosen, and is said to be.
  await row(4).click()
  await row(7).click({ modifiers: ['Control'] })
  await row(5).click({ modifiers: ['ControlOrMeta'] })
  await expect(inspector).toContainText('3 backups selected')
  const search = page.getByRole('searchbox', { name: 'Filter', exact: true })
  await search.fill('mode:full')
  await expect(inspector).toContainText('3 of them are hidden by the filter')
  await search.fill('')
  await row(5).click({ modifiers: ['ControlOrMeta'] })
  await expect(inspector).toContainText('2 backups selected')

  // One plan takes them with what needs them.
  await page.keyboard.press('Delete')
  const sheet = page.getByRole('dialog')
  await expect(sheet.getByRole('heading', { name: 'Delete 2 backups' })).toBeVisible()
  const going = sheet.getByRole('listitem')
  await expect(going).toHaveCount(3)
  await expect(going.filter({ hasText: String(ids.at(5)) })).toContainText('needs it')
  await expectAccessible(page)
  await sheet.getByLabel('Type main to confirm').fill('main')
  await sheet.getByRole('button', { name: 'Delete 3 backups (3.00 GiB)' }).click()
  await expect(page.getByText(/^3 backups deleted,/)).toBeVisible()
  await page.keyboard.press('Control+2')
  await expect(list.getByRole('row')).toHaveCount(6)

  // All that are listed are looked at in one job.
  await list.focus()
  await page.keyboard.press('Control+a')
  await expect(inspector).toContainText('5 backups selected')
  await page.keyboard.press('v')
  await expect(page.getByRole('heading', { name: 'main validation' })).toBeVisible()
  await page.keyboard.press('Control+j')
  await expect(page.getByRole('button', { name: /^validation/ })).toHaveCount(1)
  // Leaving while it runs would be asked about.
  await expect(page.getByText('No job is running.')).toBeVisible()
  expect(app.complaints).toEqual([])
})
