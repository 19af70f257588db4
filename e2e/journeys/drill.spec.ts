import path from 'node:path'
import { findEmbeddedPrograms } from '../../engine/host/embedded-postgres.ts'
import { scratchDirectory } from '../../engine/testing/scratch.ts'
import { startServer } from '../../engine/testing/servers.ts'
import { expectAccessible } from '../accessible.ts'
import { expect, test } from '../app.ts'
import { addInstance, backUp } from '../steps.ts'

const PATIENCE = { timeout: 60_000 }

// A scratch server needs the programs of its version; the window finds them on PATH.
process.env['PATH'] = `${findEmbeddedPrograms(17)}${path.delimiter}${process.env['PATH'] ?? ''}`

test('a restore is tested, and a table that was dropped comes back into the live database', async ({
  app,
}) => {
  test.skip(process.getuid?.() === 0, 'root cannot run the scratch server of a window')
  await using scratch = await scratchDirectory('drill-journey')
  await using server = await startServer(scratch.path, { major: 17, walSegmentMb: 1 })
  const { page } = app
  await server.run(
    'postgres',
    'create table price as select n, n * 2 as double from generate_series(1, 500) n',
  )
  const before = await server.value(
    'postgres',
    `select md5(string_agg(p::text, ',' order by n)) from price p`,
  )
  await addInstance(page, path.join(scratch.path, 'catalog'), server)
  await backUp(page)
  await server.run('postgres', 'drop table price')

  await page.keyboard.press('Control+4')
  await expect(page.getByText('No restore has been tested yet')).toBeVisible()
  await expectAccessible(page)
  await page.getByLabel(/A query that must not fail/).fill('select count(*) from public.price')
  await page.getByLabel(/What it must give/).fill('501')
  await page.getByRole('button', { name: 'Test this restore' }).click()
  await expect(page.getByText('1 check has failed')).toBeVisible(PATIENCE)

  // The instance is red, says why, and leads to the test.
  const row = page.locator('.instance-row')
  await expect(row).toHaveClass(/problem/)
  await row.click()
  await expect(page.locator('.hero')).toContainText('The last restore test failed')
  await expect(page.locator('.todo')).toContainText('gave "500", not "501"')
  await expect(page.getByRole('button', { name: /1 check failed \w/ })).toBeVisible()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'See the test' }).click()
  await expect(page.locator('.todo')).toHaveCount(0)
  await expect(page.getByText('gave "500", not "501"')).toBeVisible()
  await page.getByRole('button', { name: 'Test this restore' }).click()
  await expect(page.getByText('Restored, started and queried: nothing is wrong')).toBeVisible(PATIENCE)
  await page.keyboard.press('Control+4')
  await expect(page.getByText('Restored and queried').first()).toBeVisible()
  await expectAccessible(page)

  // The result is where backups and moments are chosen.
  await expect(row).not.toHaveClass(/problem/)
  await row.click()
  await expect(page.locator('.hero')).not.toContainText('restore test failed')
  await page.keyboard.press('Control+2')
  await expect(page.getByRole('gridcell', { name: /Restored and queried$/ })).toBeVisible()
  const inspector = page.locator('.inspector')
  await expect(inspector.getByRole('button', { name: /Restored and queried \w/ })).toBeVisible()
  await expectAccessible(page)
  await inspector.getByRole('button', { name: 'Restore…' }).click()
  await expect(page.locator('.recovery .drill-sign')).toContainText('Restored and queried')
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Show as a table (T)' }).click()
  await expect(page.locator('.reach-table')).toContainText('Restored and queried')
  await expectAccessible(page)
  await page.keyboard.press('Control+4')

  await page.getByRole('button', { name: 'Leave a server up for 2 h to look at' }).click()
  await expect(page.getByText('A scratch server is up and can be looked at')).toBeVisible(PATIENCE)
  await page.keyboard.press('Control+4')
  const panel = page.getByRole('region', { name: /^Scratch server of/ })
  await expect(panel.getByRole('timer')).toContainText('removed in')
  await panel.getByLabel(/^SQL/).fill('select sum(double) from public.price')
  await page.keyboard.press('Control+Enter')
  await expect(panel.getByRole('cell', { name: '250500' })).toBeVisible()
  await panel.getByLabel(/^SQL/).fill('drop table public.price')
  await page.keyboard.press('Control+Enter')
  await expect(panel.getByText(/is not run here/).first()).toBeVisible()
  await panel.getByRole('button', { name: 'Compare with now' }).click()
  await expect(panel.getByRole('row').filter({ hasText: 'public.price' })).toContainText(
    'is gone by now',
    PATIENCE,
  )
  await expectAccessible(page)

  await panel.getByRole('button', { name: 'Pull back… public.price' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Schema').fill('nowhere')
  await expect(dialog.getByRole('alert')).toContainText('has no schema nowhere')
  await expect(dialog.getByRole('button', { name: /^Pull / })).toBeDisabled()
  await dialog.getByLabel('Schema').fill('public')
  await dialog.getByRole('button', { name: 'Pull public.price back into postgres' }).click()
  await expect(page.getByText('500 rows are in public.price of postgres')).toBeVisible(PATIENCE)
  expect(await server.value('postgres', `select md5(string_agg(p::text, ',' order by n)) from price p`)).toBe(
    before,
  )

  await page.keyboard.press('Control+4')
  await expect(panel.getByRole('status').first()).toContainText('paused and read-only')
  await panel.getByRole('button', { name: 'Promote' }).click()
  await expect(panel.getByText(/^psql -h /)).toBeVisible(PATIENCE)
  await expect(panel.getByRole('button', { name: 'Promote' })).toHaveCount(0)
  await panel.getByLabel(/^SQL/).fill('select pg_is_in_recovery()')
  await page.keyboard.press('Control+Enter')
  await expect(panel.getByRole('cell', { name: 'f', exact: true })).toBeVisible()
  await expectAccessible(page)
  await panel.getByRole('button', { name: 'Choose another moment' }).click()
  await expect(page.getByRole('button', { name: 'Show as a table (T)' })).toBeVisible()
  await page.keyboard.press('Control+4')
  // What was written into it is nowhere else: it goes only when that is said.
  await panel.getByRole('button', { name: 'Stop and remove…' }).click()
  await dialog.getByRole('button', { name: 'Leave it up' }).click()
  await expect(dialog).toHaveCount(0)
  await expect(panel.getByRole('timer')).toBeVisible()
  await panel.getByRole('button', { name: 'Stop and remove…' }).press('Enter')
  await expect(dialog.getByRole('button', { name: 'Leave it up' })).toBeFocused()
  await expectAccessible(page)
  await dialog.getByRole('button', { name: 'Remove it with its data' }).click()
  await expect(panel).toHaveCount(0, PATIENCE)
  expect(app.complaints).toEqual([])
})
