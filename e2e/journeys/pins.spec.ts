import path from 'node:path'
import { readFileSync } from 'node:fs'
import type { Page } from '@playwright/test'
import { backupIdFromSeconds } from '../../engine/base/backup-id.ts'
import { parseLsn } from '../../engine/base/lsn.ts'
import { writeBackup, writeCatalog } from '../../engine/testing/made-catalog.ts'
import { scratchDirectory } from '../../engine/testing/scratch.ts'
import { expectAccessible } from '../accessible.ts'
import { expect, test } from '../app.ts'
import { resting, restingBox } from '../steps.ts'

const DAY = 86_400
const GB = 1_000_000_000

/** Three chains, a week apart, of a FULL and six daily increments; the newest backup is half a day old. Oldest first. */
function writeWeeks(instance: string): readonly string[] {
  const now = Math.floor(Date.now() / 1000)
  const all: string[] = []
  for (let at = 0; at < 21; at++) {
    const startSeconds = now - Math.floor((20.5 - at) * DAY)
    const id = backupIdFromSeconds(startSeconds)
    const parent = at % 7 === 0 ? undefined : all.at(-1)
    writeBackup(instance, id, {
      dataBytes: parent === undefined ? 5 * GB : GB / 10,
      recoverySeconds: startSeconds + 600,
      startLsn: parseLsn(`0/${(at + 2).toString(16)}000028`),
      stopLsn: parseLsn(`0/${(at + 2).toString(16)}000100`),
      ...(parent === undefined ? {} : { parent }),
    })
    all.push(id)
  }
  return all
}

async function openRetention(page: Page, catalog: string): Promise<void> {
  await page.getByLabel('Directory of the catalog').fill(catalog)
  await page.getByRole('main').getByRole('button', { name: 'Open' }).click()
  await page
    .getByRole('navigation', { name: 'Screens of main' })
    .getByRole('button', { name: 'Retention' })
    .click()
  await page.getByLabel('Window in days').fill('10')
  // The facts are those of what is set, or none are shown.
  await expect(page.getByRole('region', { name: 'Promise check' }).locator('dl')).toBeVisible()
}

test('a pin is dragged and undone, moved by keys, and taken away only by name where it keeps others', async ({
  app,
}) => {
  await using scratch = await scratchDirectory('pins')
  const catalog = path.join(scratch.path, 'catalog')
  const instance = writeCatalog(catalog)
  const all = writeWeeks(instance)
  const { page } = app
  const expireOf = (id: string): string | undefined =>
    /expire-time = '(\d{4}-\d\d-\d\d)/.exec(
      readFileSync(path.join(instance, id, 'backup.control'), 'utf8'),
    )?.[1]
  await openRetention(page, catalog)
  const lines = page.getByRole('listbox', { name: 'Backups and how long they are kept' })
  const now = page.locator('.retention-sums p').first()

  // From here on the clock of the page is moved on by hand.
  await page.clock.install()
  // By the pointer: the end of the second line of the last chain, some days further on.
  const first = all[15] ?? ''
  await lines.focus()
  await page.keyboard.press('Home')
  for (let step = 0; step < 15; step++) await page.keyboard.press('ArrowDown')
  await expect(lines.getByRole('option')).toHaveAttribute('aria-label', new RegExp(`^DELTA ${first}`))
  const mark = await restingBox(page.locator('.life .current'))
  const [x, y] = [mark.x + mark.width - 3, mark.y + mark.height / 2]
  await page.mouse.move(x, y)
  await page.mouse.down()
  await page.mouse.move(x + 40, y, { steps: 4 })
  await expect(page.locator('.life .draft text')).toHaveText(/^Keep until \d{4}-\d\d-\d\d$/)
  expect(expireOf(first)).toBeUndefined()
  const shown = (await resting(() => page.locator('.life .draft text').textContent())).slice(-10)
  await page.mouse.up()
  const undo = page.locator('.undo')
  await expect(undo).toContainText(`${first} is kept until ${shown}.`)
  expect(expireOf(first)).toBeDefined()
  // It is offered for ten seconds, and for as long as somebody is at it.
  await undo.getByRole('button', { name: 'Undo' }).focus()
  await page.clock.fastForward(60_000)
  await page.keyboard.press('Enter')
  await expect(undo).toHaveCount(0)
  await expect(page.locator('.life .pin')).toHaveCount(0)
  expect(expireOf(first)).toBeUndefined()

  // Let go in the same frame as the last move, so that this was never drawn: it is pinned to there all the same.
  await page.mouse.move(x, y)
  await page.mouse.down()
  await page.locator('.life').evaluate(
    (life, [clientX, clientY]) => {
      for (const type of ['pointermove', 'pointerup'])
        life.dispatchEvent(new PointerEvent(type, { clientX, clientY, bubbles: true }))
    },
    [x + 40, y] as const,
  )
  await page.mouse.up()
  await expect(undo).toContainText(`${first} is kept until ${shown}.`)
  await undo.getByRole('button', { name: 'Undo' }).click()
  await expect(undo).toHaveCount(0)
  expect(expireOf(first)).toBeUndefined()

  // By keys, on one that is overdue; Escape leaves it as it was.
  const oldest = all[6] ?? ''
  await lines.focus()
  await page.keyboard.press('Home')
  for (let step = 0; step < 6; step++) await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Shift+ArrowRight')
  await expect(lines.getByRole('option')).toHaveAttribute(
    'aria-label',
    new RegExp(`^${oldest}: keep until .*; Enter sets the pin`),
  )
  await page.keyboard.press('Escape')
  await expect(page.locator('.life .draft')).toHaveCount(0)
  await page.keyboard.press('Shift+PageDown')
  await expect(undo).toHaveText(`${oldest} has no pin that could end sooner.`)
  await page.keyboard.press('Shift+PageUp')
  await page.keyboard.press('Enter')
  await expect(undo).toContainText(`${oldest} is kept until`)
  await expect(now).toContainText('0 deleted')
  await expect(page.locator('.life .pin')).toHaveCount(1)
  expect(expireOf(oldest)).toBeDefined()

  // With the policy in force, that pin keeps a whole chain: it goes by the name of the instance only.
  await page.getByRole('button', { name: 'Save policy' }).click()
  await expect(page.getByText('This is the policy of the instance.')).toBeVisible()
  await lines.focus()
  await page.keyboard.press('p')
  const sheet = page.getByRole('dialog')
  await sheet.getByRole('button', { name: 'Remove the pin' }).click()
  await expect(sheet).toContainText(`What the pin of ${oldest} keeps`)
  await expect(sheet.getByRole('listitem')).toHaveCount(7)
  const confirm = sheet.getByRole('button', { name: 'Let 7 backups go (5.22 GiB)' })
  await expect(confirm).toBeDisabled()
  await expectAccessible(page)
  expect(expireOf(oldest)).toBeDefined()
  await sheet.getByLabel('Type main to confirm').fill('main')
  await confirm.click()
  await expect(undo).toContainText(`${oldest} is not pinned any more.`)
  expect(expireOf(oldest)).toBeUndefined()
  await expect(now).toContainText('7 deleted')

  // Where nothing ends, keys that move an end say so.
  await page.getByLabel('Window in days').fill('0')
  await expect(now).toContainText('0 deleted')
  await lines.focus()
  await page.keyboard.press('Shift+PageDown')
  await expect(undo).toContainText('is kept for ever by this policy')
  expect(app.complaints).toEqual([])
})

test('storage is foretold, and backups to come are drawn when they are assumed', async ({ app }) => {
  await using scratch = await scratchDirectory('pins')
  const catalog = path.join(scratch.path, 'catalog')
  writeWeeks(writeCatalog(catalog))
  const { page } = app
  await openRetention(page, catalog)
  const storage = page.getByRole('region', { name: 'Storage forecast' })
  await expect(storage).toContainText('It grows by 777 MiB a day: 777 MiB of backups, 0 B of WAL.')
  await expect(storage).toContainText(
    /Full on \d{4}-\d\d-\d\d at this rate|does not fill within a hundred years/,
  )

  const handle = page.getByRole('slider', { name: 'As of' })
  await handle.focus()
  for (let week = 0; week < 5; week++) await page.keyboard.press('Shift+ArrowRight')
  const then = page.locator('.retention-sums p').nth(1)
  // Nothing new assumed, nothing would be left.
  await expect(handle).toHaveAttribute('aria-valuetext', /21 deleted$/)
  await expect(then).toContainText('0 kept')
  await expect(storage).toContainText(/As of .* it occupies .* under this policy/)
  await expect(page.locator('.life .future')).toHaveAttribute('d', '')

  await page.getByLabel('Assume backups go on').check()
  await expect(page.getByText('DELTA every 1 d, FULL every 7 d')).toBeVisible()
  await expect(then).toContainText('10 kept · 5 kept only')
  await expect(then).toContainText('(15 backups to come are counted)')
  await page.locator('.life-lines').evaluate((box) => box.scrollTo(0, box.scrollHeight))
  await expect(page.locator('.life .future')).not.toHaveAttribute('d', '')
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Show as a table (T)' }).click()
  await expect(page.getByRole('grid').getByRole('row').nth(1)).toContainText('≈')
  expect(app.complaints).toEqual([])
})
