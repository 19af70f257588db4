import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { backupIdFromSeconds } from '../../engine/base/backup-id.ts'
import { formatContentEntry } from '../../engine/format/content-list.ts'
import { type MadeBackup, writeBackup, writeCatalog } from '../../engine/testing/made-catalog.ts'
import { fileEntry } from '../../engine/testing/made-content.ts'
import { scratchDirectory } from '../../engine/testing/scratch.ts'
import { expectAccessible } from '../accessible.ts'
import { expect, test } from '../app.ts'
import { restingBox } from '../steps.ts'

const HOUR = 3600
/** The one file without which a backup is none; that it is empty nobody looks at. */
const CONTROL_FILE = fileEntry('global/pg_control', { sizeBytes: 0 })

/** Backups at certain hours before now: a merge and a backup that were broken off, a branch, and sixty increments. */
function writeHistory(catalog: string): {
  readonly into: string
  readonly stale: string
} {
  const instance = writeCatalog(catalog)
  appendFileSync(path.join(instance, 'pg_probackup.conf'), 'system-identifier = 7000000000000000001\n')
  const now = Math.floor(Date.now() / 1000)
  const at = (hoursAgo: number) => backupIdFromSeconds(now - hoursAgo * HOUR)
  const write = (hoursAgo: number, given: MadeBackup): string => {
    const directory = writeBackup(instance, at(hoursAgo), {
      dataBytes: given.parent === undefined ? 5_000_000_000 : 20_000_000,
      ...given,
    })
    mkdirSync(path.join(directory, 'database'))
    writeFileSync(path.join(directory, 'backup_content.control'), `${formatContentEntry(CONTROL_FILE)}\n`)
    return at(hoursAgo)
  }
  const [begun, into] = [at(300), at(280)]
  write(300, { status: 'MERGED', mergeDestinationId: into })
  write(280, { status: 'DELETING', parent: begun })
  let parent = write(100, {})
  for (let hours = 99; hours >= 40; hours--) {
    if (hours === 59) continue
    if (hours === 60) {
      const corrupt = write(hours, { parent, status: 'CORRUPT' })
      write(59, { parent: corrupt, status: 'ORPHAN' })
    } else parent = write(hours, { parent })
  }
  return { into, stale: write(1, { status: 'RUNNING' }) }
}

test('a long history is searched, and what was broken off is put in order', async ({ app }) => {
  await using scratch = await scratchDirectory('chains')
  const catalog = path.join(scratch.path, 'catalog')
  const { into, stale } = writeHistory(catalog)
  const { page } = app
  await page.getByLabel('Directory of the catalog').fill(catalog)
  await page.getByRole('main').getByRole('button', { name: 'Open' }).click()
  await expect(page.getByRole('heading', { name: 'main' })).toBeVisible()
  await page.keyboard.press('Control+2')
  const count = page.getByRole('search').getByRole('status')
  await expect(count).toHaveText('64 of 64')
  await expect(page.getByText('1 ORPHAN', { exact: false })).toBeVisible()

  // The range: by keys, by the pointer, and typed. Picture, fields and list follow each.
  const edge = page.getByRole('slider', { name: 'From' })
  await edge.focus()
  for (let step = 0; step < 20; step++) await page.keyboard.press('ArrowRight')
  await expect(count).toHaveText('62 of 64')
  await expect(
    page.getByRole('textbox', { name: 'From' }).or(page.getByLabel('From').last()),
  ).not.toHaveValue('')
  await expectAccessible(page)
  await page.keyboard.press('Escape')
  await expect(count).toHaveText('64 of 64')
  const minimap = await restingBox(page.getByRole('group', { name: 'The whole history' }))
  await page.mouse.move(minimap.x + minimap.width * 0.95, minimap.y + 12)
  await page.mouse.down()
  await page.mouse.move(minimap.x + minimap.width * 0.6, minimap.y + 12, { steps: 3 })
  await page.mouse.up()
  await expect(count).toHaveText('61 of 64')
  const search = page.getByRole('searchbox', { name: 'Filter', exact: true })
  await search.fill('after:2020-01-01 before:2020-02-01')
  await page.keyboard.press('Enter')
  await expect(page.getByText('No backup fits the filter.')).toBeVisible()
  await page.getByRole('button', { name: 'Show everything' }).click()

  // A double-click fits a chain, so that its backups have their own marks.
  await page.getByText('+ 60 increments').dblclick()
  await expect(count).toHaveText('61 of 64')
  await page.getByRole('button', { name: 'Show everything' }).click()

  // Chips are alternatives of one condition, and are still there after a look at something else.
  await page.getByRole('button', { name: 'CORRUPT' }).click()
  await page.getByRole('button', { name: 'ORPHAN' }).click()
  await expect(page.getByRole('treegrid').getByRole('row')).toHaveCount(3)
  await page.keyboard.press('Control+1')
  await expect(count).toHaveCount(0)
  await page.keyboard.press('Control+2')
  await expect(count).toHaveText('2 of 64')
  await page.getByRole('button', { name: 'Show everything' }).click()

  // What the merge was deleting leads to the merge as well.
  await search.fill(into)
  await page.getByRole('row', { name: into }).click()
  const inspector = page.getByRole('complementary', { name: 'Inspector' })
  await expect(inspector).toContainText('Only deleting and renaming are left')
  await inspector.getByRole('button', { name: 'Finish the merge…' }).click()
  const sheet = page.getByRole('dialog')
  await expect(sheet).toContainText(`Finish the merge into ${into}`)
  await expect(sheet.getByRole('button', { name: 'Finish the merge' })).toBeFocused()
  await expectAccessible(page)
  await page.keyboard.press('Enter')
  await expect(page.getByText(`Backup ${into} is a FULL now`, { exact: false })).toBeVisible()

  await page.keyboard.press('Control+2')
  await expect(count).toHaveText('63 of 63')
  await search.fill(stale)
  await page.getByRole('row', { name: stale }).click()
  await expect(inspector).toContainText('that process is gone')
  await inspector.getByRole('button', { name: 'Mark as failed' }).click()
  await expect(page.getByRole('row', { name: stale })).toContainText('ERROR')
  expect(app.complaints).toEqual([])
})
