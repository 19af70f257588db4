import { rename } from 'node:fs/promises'
import path from 'node:path'
import { backupIdFromSeconds } from '../../engine/base/backup-id.ts'
import { writeBackup, writeCatalog } from '../../engine/testing/made-catalog.ts'
import { scratchDirectory } from '../../engine/testing/scratch.ts'
import { expectAccessible } from '../accessible.ts'
import { expect, test } from '../app.ts'

test('the chains of an instance are told when there are none, some, and when they cannot be read', async ({
  app,
}) => {
  await using scratch = await scratchDirectory('faces')
  const catalog = path.join(scratch.path, 'catalog')
  const instance = writeCatalog(catalog)
  const { page } = app
  await page.getByLabel('Directory of the catalog').fill(catalog)
  await page.getByRole('main').getByRole('button', { name: 'Open' }).click()
  await expect(page.getByRole('heading', { name: 'main' })).toBeVisible()
  await page.keyboard.press('Control+2')
  await expect(page.getByText('No backup yet.')).toBeVisible()
  await expectAccessible(page)

  const id = backupIdFromSeconds(Math.floor(Date.now() / 1000) - 3600)
  writeBackup(instance, id)
  await page.keyboard.press('Control+r')
  await expect(page.getByRole('row', { name: id })).toBeVisible()
  await expectAccessible(page)

  // What was known stays, below what went wrong.
  await rename(instance, `${instance}-away`)
  await page.keyboard.press('Control+r')
  const card = page.getByRole('alert').filter({ hasText: 'The catalog has no instance of that name.' })
  await expect(card).toBeVisible()
  await expect(card).toContainText('What to do')
  await expect(page.getByRole('row', { name: id })).toBeVisible()
  await expectAccessible(page)

  // In Chinese the advice is Chinese, and the words of the engine are there to be copied.
  await page.getByRole('button', { name: 'Settings' }).click()
  await page.getByLabel('Language').selectOption('zh-CN')
  await page.keyboard.press('Alt+ArrowLeft')
  const chinese = page.getByRole('alert').filter({ hasText: '备份目录中没有该实例。' })
  await expect(chinese).toContainText('请检查名称，或先添加该实例。')
  await expect(chinese.locator('[lang=en]')).toContainText('main')
  await expectAccessible(page)

  await rename(`${instance}-away`, instance)
  await chinese.getByRole('button', { name: '重试' }).click()
  await expect(page.getByRole('row', { name: id })).toBeVisible()
  await expect(chinese).toHaveCount(0)
  expect(app.complaints).toEqual([])
})
