import { expect, type Locator, type Page } from '@playwright/test'
import type { TestServer } from '../engine/testing/servers.ts'

type Box = { readonly x: number; readonly y: number; readonly width: number; readonly height: number }

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
  return startBackup(page)
}

/** Starts what the open dialog offers and waits for its end; gives the id of the backup. */
export async function startBackup(page: Page): Promise<string> {
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Start backup' }).click()
  // The screen below may be that of the backup before: it is left when the dialog is.
  await expect(dialog).toHaveCount(0)
  const done = page.getByText(/^Backup \w{6} is OK:/)
  await expect(done).toBeVisible({ timeout: 60_000 })
  return String(/Backup (\w{6})/.exec((await done.textContent()) ?? '')?.[1])
}

/** What the screen says of the moment that is chosen; nothing while that is still the answer about another one. */
export function verdictOf(page: Page): Locator {
  return page.locator('.verdict[aria-busy=false]')
}

/** What is read, once it is the same twice in a row: what is asked for draws it once more when it comes. */
export async function resting<Value>(read: () => Promise<Value | null>): Promise<Value> {
  let seen: Value | null = null
  await expect
    .poll(async () => {
      const last = seen
      seen = await read()
      return seen !== null && JSON.stringify(seen) === JSON.stringify(last)
    })
    .toBe(true)
  if (seen === null) throw new Error('there is nothing to read')
  return seen
}

/** Where something is once it has come to rest: what is told above a picture moves it. */
export function restingBox(place: Locator): ReturnType<typeof resting<Box>> {
  return resting(() => place.boundingBox())
}

/** Ticks every warning of the pre-flight, which is shown: as root there is always one. */
export async function acceptWarnings(page: Page): Promise<void> {
  // The lines of the plan before stay while one is made for what was changed last.
  await expect(page.locator('.probe')).toHaveAttribute('aria-busy', 'false')
  await expect(page.getByText('The chain is complete', { exact: false })).toBeVisible()
  for (const box of await page.getByLabel('I have seen this and go on.').all()) await box.check()
}
