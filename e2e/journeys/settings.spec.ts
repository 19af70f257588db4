import { expectAccessible } from '../accessible.ts'
import { expect, test } from '../app.ts'

test('language, appearance and density hold at once and after a reload', async ({ app }) => {
  const { page } = app
  await page.getByRole('button', { name: 'Settings' }).click()
  await expect(page.getByRole('heading', { name: 'Settings' })).toBeVisible()
  await expectAccessible(page)
  await page.getByLabel('Appearance').selectOption('dark')
  await page.getByLabel('Density').selectOption('compact')
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark')
  await expectAccessible(page)
  await page.getByLabel('Language').selectOption('zh-CN')
  await expect(page.getByRole('heading', { name: '设置' })).toBeVisible()
  await expect(page.locator('html')).toHaveAttribute('lang', 'zh-CN')

  await page.reload()
  await expect(page.getByRole('heading', { name: '查看、创建、保留和恢复备份' })).toBeVisible()
  await expect(page.locator('html')).toHaveAttribute('data-density', 'compact')
  await expectAccessible(page)
  await page.getByRole('navigation').getByRole('button', { name: '任务' }).click()
  await expect(page.getByText('还没有运行过任务。')).toBeVisible()
  await expectAccessible(page)
  expect(app.complaints).toEqual([])
})

test('everything can be reached with the keyboard', async ({ app }) => {
  const { page } = app
  await expect(page.getByRole('navigation')).toBeVisible()
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox', { name: 'Search or run' }).fill('sett')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { name: 'Settings' })).toBeVisible()
  await page.keyboard.press('Control+j')
  await expect(page.getByRole('heading', { name: 'Jobs' })).toBeVisible()
  await page.keyboard.press('Alt+ArrowLeft')
  await expect(page.getByRole('heading', { name: 'Settings' })).toBeVisible()
  await page.keyboard.press('/')
  await expect(page.getByRole('searchbox', { name: 'Filter instances' })).toBeFocused()
  await page.keyboard.press('F6')
  await expect(page.getByRole('searchbox', { name: 'Filter instances' })).not.toBeFocused()
  await page.keyboard.press('?')
  const sheet = page.getByRole('dialog', { name: 'Keys' })
  await expect(sheet).toBeVisible()
  await expectAccessible(page)
  await page.keyboard.press('Escape')
  await expect(sheet).toBeHidden()
})

test('a directory that is no catalog is refused with what to do', async ({ app }) => {
  const { page } = app
  await page.getByLabel('Directory of the catalog').fill(app.stateDirectory)
  await page.getByRole('button', { name: 'Open', exact: true }).click()
  const card = page.getByRole('alert')
  await expect(card).toContainText('The directory is not a backup catalog.')
  await expect(card).toContainText('What to do')
  await expectAccessible(page)
})

test('a further catalog can be opened from anywhere', async ({ app }) => {
  const { page } = app
  await page.getByRole('button', { name: 'Settings' }).click()
  await expect(page.getByLabel('Directory of the catalog')).toBeHidden()
  await page.getByRole('button', { name: 'Open a catalog' }).click()
  await expect(page.getByLabel('Directory of the catalog')).toBeVisible()
})
