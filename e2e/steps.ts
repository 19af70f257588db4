import { expect, type Page } from '@playwright/test'
import type { TestServer } from '../engine/testing/servers.ts'

/** Adds a running server to a catalog that is made for it, and waits for its overview. */
export async function addInstance(page: Page, catalog: string, server: TestServer): Promise<void> {
  await page.getByRole('main').getByRole('button', { name: 'Add instance' }).click()
  await page.getByLabel('Catalog', { exact: true }).fill(catalog)
  await page.getByLabel('Host or socket directory').fill('127.0.0.1')
  await page.getByLabel('Port').fill(String(server.port))
  await page.getByLabel('User').fill('postgres')
  await page.getByLabel('Password').fill(server.password)
  await page.getByLabel('Name').fill('shop')
  await page.getByRole('button', { name: 'Probe' }).click()
  await page.getByRole('main').getByRole('button', { name: 'Add instance' }).click()
  await expect(page.getByText('Not protected: there is no backup.')).toBeVisible()
}

/** Takes a backup as it is offered; gives its id. */
export async function backUp(page: Page): Promise<string> {
  await page.keyboard.press('Control+b')
  await page.getByRole('dialog').getByRole('button', { name: 'Start backup' }).click()
  const done = page.getByText(/^Backup \w{6} is OK:/)
  await expect(done).toBeVisible({ timeout: 60_000 })
  return String(/Backup (\w{6})/.exec((await done.textContent()) ?? '')?.[1])
}

/** Ticks every warning of the pre-flight, which is shown: as root there is always one. */
export async function acceptWarnings(page: Page): Promise<void> {
  await expect(page.getByText('The chain is complete', { exact: false })).toBeVisible()
  for (const box of await page.getByLabel('I have seen this and go on.').all()) await box.check()
}
