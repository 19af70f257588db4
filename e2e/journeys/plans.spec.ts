import path from 'node:path'
import type { Page } from '@playwright/test'
import { scratchDirectory } from '../../engine/testing/scratch.ts'
import { startServer } from '../../engine/testing/servers.ts'
import { expectAccessible } from '../accessible.ts'
import { expect, test } from '../app.ts'
import { addInstance, startBackup } from '../steps.ts'

test('a chain is grown, merged and deleted, each time with a look at what it does', async ({ app }) => {
  await using scratch = await scratchDirectory('plans')
  await using server = await startServer(scratch.path, { major: 17 })
  await server.run('postgres', 'create table ledger as select g as id from generate_series(1, 20000) g')
  const { page } = app
  await addInstance(page, path.join(scratch.path, 'catalog'), server)

  // AUTO: the first is a FULL, what follows are increments.
  const ids: string[] = []
  for (const mode of ['FULL', 'DELTA', 'DELTA']) {
    await page.keyboard.press('Control+b')
    if (ids.length === 2) await lookAtModes(page)
    const id = await startBackup(page)
    await expect(page.getByRole('heading', { name: `shop ${mode} backup` })).toBeVisible()
    expect(ids).not.toContain(id)
    ids.push(id)
    await server.run('postgres', 'update ledger set id = -id where id % 100 = 0')
  }
  const [full, middle, tip] = ids

  await page.keyboard.press('Control+2')
  await page.getByRole('row', { name: new RegExp(`${middle}`) }).click()
  const sheet = page.getByRole('dialog')
  // A sheet that is left gives the keys back to the list.
  await page.keyboard.press('m')
  await expect(sheet).toContainText('Merge up to')
  await page.keyboard.press('Escape')
  await expect(page.getByRole('treegrid')).toBeFocused()
  await page.keyboard.press('m')
  await expect(sheet).toContainText(`become one FULL named ${middle}`)
  await expect(sheet).toContainText(`These moments can no longer be restored: ${full}`)
  await expect(sheet).toContainText(
    /more until the increments go; [\d.]+ \wiB are free on the disk of the catalog/,
  )
  await expectAccessible(page)
  await sheet.getByRole('button', { name: 'Merge' }).click()
  await expect(page.getByText(`Backup ${middle} is a FULL now`, { exact: false })).toBeVisible({
    timeout: 60_000,
  })

  await page.keyboard.press('Control+2')
  await expect(page.getByRole('treegrid').getByRole('row')).toHaveCount(3)
  await page.getByRole('row', { name: new RegExp(`${middle}`) }).click()
  await page.getByRole('button', { name: 'Delete…' }).click()
  await expect(sheet).toContainText(`${tip} needs it`)
  const confirm = sheet.getByRole('button', { name: /^Delete 2 backups/ })
  await expect(confirm).toBeDisabled()
  await expectAccessible(page)
  await sheet.getByLabel('Type shop to confirm').fill('shop')
  await confirm.click()
  await expect(page.getByText(/^2 backups deleted,/)).toBeVisible({ timeout: 60_000 })
  await page.keyboard.press('Control+2')
  await expect(page.getByText('No backup yet.')).toBeVisible()
  expect(app.complaints).toEqual([])
})

/** The mode chooser against a server that neither archives nor tracks, after a FULL and a DELTA. Leaves AUTO chosen. */
async function lookAtModes(page: Page): Promise<void> {
  const modes = page.getByRole('radiogroup', { name: 'Mode' })
  const mode = (name: string) => page.getByRole('radio', { name, exact: true })
  const card = (name: string) => modes.locator('label').filter({ has: mode(name) })
  await expect(mode('AUTO')).toBeFocused()
  await expect(card('AUTO')).toContainText('Now DELTA: no PTRACK, since summarize_wal is off on the server')
  await expect(mode('PTRACK')).toBeDisabled()
  await expect(card('PTRACK')).toContainText('Not possible now: summarize_wal is off on the server')
  await expect(mode('PAGE')).toBeDisabled()
  await expect(card('PAGE')).toContainText('archive_mode is off')
  await expect(card('FULL')).toContainText(
    /reads about [\d.]+ MiB.*stores about [\d.]+ MiB.*takes under a minute/,
  )
  await expect(card('DELTA')).toContainText(/reads about [\d.]+ MiB.*stores about .+iB.*takes under a minute/)

  await page.keyboard.press('ArrowDown')
  await expect(mode('FULL')).toBeChecked()
  await page.getByText('What the figures for FULL rest on').click()
  await expect(page.getByRole('dialog')).toContainText(
    'as long as the last FULL backup with this compression took',
  )
  await expectAccessible(page)
  // There is no backup with that one to compare with.
  await page.getByLabel('Compression').selectOption('pglz')
  await expect(card('FULL')).toContainText(/stores at most [\d.]+ MiB.*takes not known yet/)
  await page.getByLabel('Compression').selectOption('zlib')
  await mode('AUTO').check()
}
