import { cp, rm } from 'node:fs/promises'
import path from 'node:path'
import { parseLsn } from '../../engine/base/lsn.ts'
import { scratchDirectory } from '../../engine/testing/scratch.ts'
import { unpackFixture, whyNoFixture } from '../../engine/testing/fixtures.ts'
import { writeBackup, writeCatalog } from '../../engine/testing/made-catalog.ts'
import { expectAccessible } from '../accessible.ts'
import { expect, test } from '../app.ts'
import { restingBox, verdictOf } from '../steps.ts'
import type { Page } from '@playwright/test'

const why = whyNoFixture('probackup-pg15-zlib16')
/** Between the ARCHIVE backups, after the last commit that segment 7 could tell of. */
const MISSING = '000000010000000000000008.gz'

async function openCatalog(page: Page, catalog: string): Promise<void> {
  await page.getByLabel('Directory of the catalog').fill(catalog)
  await page.getByRole('main').getByRole('button', { name: 'Open' }).click()
  await expect(page.getByRole('heading', { name: 'main' })).toBeVisible()
  await page.getByRole('button', { name: 'Restore to a moment…' }).click()
}

/** Pastes into what has the focus. */
async function paste(page: Page, text: string): Promise<void> {
  await page.evaluate((pasted) => {
    const clipboardData = new DataTransfer()
    clipboardData.setData('text/plain', pasted)
    document.activeElement?.dispatchEvent(
      new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }),
    )
  }, text)
}

test(`a moment is chosen by keys, by an accident and by name, and goes into the plan${why}`, async ({
  app,
}) => {
  test.skip(why !== '', why)
  await using scratch = await scratchDirectory('moment')
  await using fixture = await unpackFixture('probackup-pg15-zlib16')
  const catalog = path.join(scratch.path, 'catalog')
  await cp(path.join(fixture.dir, 'catalog'), catalog, { recursive: true, preserveTimestamps: true })
  const { page } = app
  await openCatalog(page, catalog)
  const handle = page.getByRole('slider', { name: 'Moment to restore to' })
  const verdict = verdictOf(page)
  const next = page.locator('.step-foot').getByRole('button', { name: 'Next' })
  await expect(verdict).toContainText('end of the archived WAL')

  // Times are estimated until the WAL was read, and said to be.
  await expect(verdict).toContainText('≈')
  await page.getByRole('button', { name: 'Scan WAL for exact times' }).click()
  await expect(page.getByRole('button', { name: 'Before the last accident' })).toBeEnabled()
  await expect(verdict).not.toContainText('≈')
  await expectAccessible(page)

  // The keys: a step, the commit before, the edges.
  await handle.focus()
  const latest = await handle.getAttribute('aria-valuetext')
  await page.keyboard.press('Shift+ArrowLeft')
  await expect(handle).not.toHaveAttribute('aria-valuetext', latest ?? '')
  await expect(page.getByRole('radio', { name: 'Time' })).toBeChecked()
  await expect(verdict).toContainText('Loses')
  await page.keyboard.press(',')
  await expect(page.getByRole('radio', { name: 'LSN' })).toBeChecked()
  await expect(verdict).toContainText(/after xid \d+/)
  await expect(verdict).toContainText(/Loses .*[1-9]\d* (later commit|commit)/)
  await page.keyboard.press('End')
  await expect(handle).toHaveAttribute('aria-valuetext', latest ?? '')
  await page.keyboard.press('Home')
  await expect(verdict).toContainText('Uses FULL TOTUFL')

  // The accident, found by its transaction.
  await page.getByRole('button', { name: 'Find the accident' }).click()
  const accidents = page.getByRole('region', { name: 'Find the accident' })
  await expect(accidents.getByRole('row')).toHaveCount(3)
  await accidents.getByLabel('xid').fill('700')
  await expect(accidents.getByText('xid 700 committed')).toBeVisible()
  await accidents.getByLabel('xid').fill('779')
  await expect(accidents.getByText('xid 779 dropped')).toBeVisible()
  await expect(accidents.getByRole('row')).toHaveCount(2)
  await accidents.getByRole('button', { name: 'Just before this' }).press('Enter')
  await expect(verdict).toContainText('2026-11-21 00:53:01.869694')
  await expect(verdict).toContainText('just before xid 779')
  await expectAccessible(page)

  // The restore point, by its name; then all the way to the settings of the server.
  await page.getByRole('radio', { name: 'Restore point' }).check()
  await page.getByRole('button', { name: /^before_drop/ }).click()
  await expect(verdict).toContainText('restore point before_drop')
  await expect(verdict).toContainText('Uses FULL TOTUG8')
  await expect(next).toBeEnabled()
  await handle.focus()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('radio', { name: /^Scratch directory/ })).toBeChecked()
  await expect(page.getByRole('button', { name: 'Where', exact: true })).toBeFocused()
  await page.getByRole('button', { name: 'How' }).click()
  await page.getByRole('radio', { name: /^opens for writing/ }).check()
  await page.getByRole('button', { name: 'Pre-flight' }).click()
  await expect(page.getByText('WAL leads to the target', { exact: false })).toBeVisible()
  await page.getByRole('button', { name: 'Review' }).click()
  await expect(page.getByText("recovery_target_name = 'before_drop'", { exact: false })).toBeVisible()
  await expect(page.getByText("recovery_target_action = 'promote'", { exact: false })).toBeVisible()

  // Who looks something up comes back to what was decided.
  await page.keyboard.press('Control+2')
  await expect(page.getByRole('treegrid')).toBeVisible()
  await page.getByRole('button', { name: 'Restore to a moment…' }).click()
  await expect(page.getByText("recovery_target_name = 'before_drop'", { exact: false })).toBeVisible()
  expect(app.complaints).toEqual([])
})

test(`nothing outside of green can be chosen, and the reason is told with what is nearest${why}`, async ({
  app,
}) => {
  test.skip(why !== '', why)
  await using scratch = await scratchDirectory('moment')
  await using fixture = await unpackFixture('probackup-pg15-zlib16')
  const catalog = path.join(scratch.path, 'catalog')
  await cp(path.join(fixture.dir, 'catalog'), catalog, { recursive: true, preserveTimestamps: true })
  await rm(path.join(catalog, 'wal', 'main', MISSING))
  const { page } = app
  await openCatalog(page, catalog)
  await page.getByRole('button', { name: 'Scan WAL for exact times' }).click()
  await expect(page.getByRole('button', { name: 'Before the last accident' })).toBeEnabled()
  const picture = page.getByRole('group', { name: 'What can be restored' })
  await expect(picture).toHaveAttribute('aria-description', /Gaps: 1/)
  await expect(picture).toContainText('1 segment missing: …0008')

  // The table has the same gap.
  const handle = page.getByRole('slider')
  await handle.focus()
  await page.keyboard.press('t')
  await expect(page.getByRole('table', { name: 'What is missing' })).toContainText('1 segment missing: …0008')
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Show as a picture' }).click()

  // Whatever is dragged over the gap, the handle is never in it: it sticks to an edge, and then it jumps.
  const gap = await restingBox(picture.locator('.gap'))
  const y = gap.y + gap.height / 2
  await page.mouse.move(gap.x - 40, y)
  await page.mouse.down()
  for (const x of [gap.x + 4, gap.x + gap.width / 2, gap.x + gap.width + 30]) {
    await page.mouse.move(x, y)
    const at = await handle.boundingBox()
    if (at === null) throw new Error('there is no handle')
    const middle = at.x + at.width / 2
    expect(
      middle <= gap.x + 1 || middle >= gap.x + gap.width - 1,
      `at ${middle} with the pointer at ${x}`,
    ).toBe(true)
  }
  await page.mouse.up()

  // An LSN in the missing segment is refused; what is nearest is one press away.
  const verdict = verdictOf(page)
  const next = page.locator('.step-foot').getByRole('button', { name: 'Next' })
  await expect(next).toBeEnabled()
  await page.getByRole('radio', { name: 'LSN' }).check()
  await page.getByRole('textbox', { name: 'LSN' }).fill('0/8100000')
  await page.getByRole('button', { name: 'Go there' }).click()
  await expect(verdict).toContainText('WAL on the way is missing or of no use')
  await expect(next).toBeDisabled()
  await expect(page.getByRole('button', { name: 'Review' })).toBeDisabled()
  await expectAccessible(page)
  await verdict.getByRole('button', { name: /^Nearest before/ }).click()
  await expect(verdict).toContainText('Uses FULL')
  await expect(next).toBeEnabled()

  // A time that is typed part by part: next year, whenever this runs, is in the future.
  await page.getByRole('radio', { name: 'Time' }).check()
  await page.getByRole('spinbutton', { name: 'Year' }).focus()
  await page.keyboard.type(String(new Date().getUTCFullYear() + 2))
  await expect(verdict).toContainText('This is in the future.')
  await expect(next).toBeDisabled()
  await page.getByRole('spinbutton', { name: 'Year' }).focus()
  await page.keyboard.type('2026')
  await expect(page.getByRole('spinbutton', { name: 'Month' })).toBeFocused()
  await expect(next).toBeEnabled()

  // What is pasted and is no time is told, and changes nothing; the next key ends that.
  const refusal = page.getByRole('group', { name: 'Time' }).getByRole('alert')
  await paste(page, '2026-02-31 09:12')
  await expect(refusal).toContainText('“2026-02-31 09:12” is no time')
  await expect(next).toBeEnabled()
  await expectAccessible(page)
  await page.keyboard.press('ArrowRight')
  await expect(refusal).toHaveCount(0)
  await paste(page, `${new Date().getUTCFullYear() + 2}-03-04 05:06:07`)
  await expect(verdict).toContainText('This is in the future.')
  expect(app.complaints).toEqual([])
})

test('an instance without an archive offers the ends of its backups alone, and one without backups says so', async ({
  app,
}) => {
  await using scratch = await scratchDirectory('moment')
  const catalog = path.join(scratch.path, 'catalog')
  const instance = writeCatalog(catalog)
  const { page } = app
  await page.getByLabel('Directory of the catalog').fill(catalog)
  await page.getByRole('main').getByRole('button', { name: 'Open' }).click()
  // Nothing is offered that is not there; who comes by another way is told.
  await expect(page.getByRole('button', { name: 'Restore to a moment…' })).toBeDisabled()
  await page.keyboard.press('Control+k')
  await page.getByRole('dialog').getByText('Restore to a moment…').click()
  await expect(page.getByText('There is no backup yet.')).toBeVisible()
  await expect(page.locator('.step-foot').getByRole('button', { name: 'Next' })).toBeDisabled()
  await expectAccessible(page)

  const stop = {
    startLsn: parseLsn('0/2000028'),
    stopLsn: parseLsn('0/2000100'),
    isStream: true,
    status: 'OK',
  } as const
  writeBackup(instance, 'TOTUFL', { ...stop, recoverySeconds: 1_795_222_353 })
  await page.keyboard.press('Control+r')
  await expect(page.getByText('Only 1 moment can be restored', { exact: false })).toBeVisible()
  await expect(verdictOf(page)).toContainText('end of backup TOTUFL')
  await expect(page.getByRole('button', { name: 'Set up WAL archiving' })).toBeVisible()
  await expectAccessible(page)
  expect(app.complaints).toEqual([])
})
