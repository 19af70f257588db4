import { appendFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { scratchDirectory } from '../../engine/testing/scratch.ts'
import { startServer } from '../../engine/testing/servers.ts'
import { expectAccessible } from '../accessible.ts'
import { expect, test } from '../app.ts'
import { acceptWarnings, addInstance, backUp } from '../steps.ts'

test('a backup that turned out to be damaged is restored only by force, with its damage listed and the name typed', async ({
  app,
}) => {
  await using scratch = await scratchDirectory('forced')
  await using server = await startServer(scratch.path, { major: 17 })
  const file = 'postgresql.conf'
  const { page } = app
  const catalog = path.join(scratch.path, 'catalog')
  await addInstance(page, catalog, server)
  const id = await backUp(page)
  const [instance = ''] = readdirSync(path.join(catalog, 'backups'))
  const stored = path.join(catalog, 'backups', instance, id, 'database', file)
  appendFileSync(stored, '# and more\n')

  // It looks sound until it is restored; nothing is written then.
  await page.getByRole('button', { name: `Show ${id}` }).click()
  await page.getByRole('button', { name: 'Restore…' }).click()
  await page.getByRole('button', { name: 'Pre-flight' }).first().click()
  await acceptWarnings(page)
  await page.getByRole('button', { name: 'Review' }).click()
  await page.getByRole('main').getByRole('button', { name: 'Restore', exact: true }).click()
  await expect(page.getByText(`backup ${id} is CORRUPT`, { exact: false }).first()).toBeVisible({
    timeout: 30_000,
  })
  await page.getByRole('button', { name: 'Restore all the same…' }).click()

  // It is no choice like others: the steps stay shut until it is asked for in so many words.
  const notice = page.getByRole('group', { name: `${id} is damaged, or needs a backup that is` })
  await expect(notice).toContainText(`FULL ${id}: CORRUPT`)
  await expect(page.getByRole('button', { name: 'Review' })).toBeDisabled()
  await expectAccessible(page)
  await notice.getByRole('button', { name: 'Restore what is left of it…' }).click()
  await page.getByRole('button', { name: 'Pre-flight' }).first().click()
  await expect(page.getByText(`${id} is CORRUPT and is restored all the same`)).toBeVisible()
  await acceptWarnings(page)
  await expectAccessible(page)

  await page.getByRole('button', { name: 'Review' }).click()
  const known = page.getByRole('region', { name: 'What is known to be damaged' })
  await expect(known.getByRole('listitem')).toHaveCount(1)
  await expect(known).toContainText(`database/${file}`)
  await expect(page.getByText('--force', { exact: false })).toBeVisible()
  const start = page.getByRole('button', { name: 'Restore the damaged backup' })
  await expect(start).toBeDisabled()
  await page.getByLabel('Type shop to confirm').fill('shoo')
  await expect(start).toBeDisabled()
  await page.getByLabel('Type shop to confirm').fill('shop')
  await expectAccessible(page)
  await start.click()
  await expect(
    page.getByText('It was restored by force from a damaged backup', { exact: false }),
  ).toBeVisible({ timeout: 60_000 })
  expect(app.complaints).toEqual([])
})
