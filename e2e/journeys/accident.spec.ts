import { readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import type { Page } from '@playwright/test'
import { findEmbeddedPrograms } from '../../engine/host/embedded-postgres.ts'
import { scratchDirectory } from '../../engine/testing/scratch.ts'
import { startServer, type TestServer } from '../../engine/testing/servers.ts'
import { expectAccessible } from '../accessible.ts'
import { expect, test } from '../app.ts'
import { addInstance, backUp, verdictOf } from '../steps.ts'

const PATIENCE = { timeout: 60_000 }
const ROWS_OF_SALE = `select md5(string_agg(s::text, ',' order by id)) from sale s`

// A scratch server needs the programs of its version; the window finds them on PATH.
process.env['PATH'] = `${findEmbeddedPrograms(17)}${path.delimiter}${process.env['PATH'] ?? ''}`

test('a table dropped at an unknown time is found by its name and back in the live database', async ({
  app,
}) => {
  test.skip(process.getuid?.() === 0, 'root cannot run the scratch server of a window')
  await using scratch = await scratchDirectory('accident')
  await using server = await startServer(scratch.path, { major: 17, walSegmentMb: 1 })
  const { page } = app
  await protect(page, path.join(scratch.path, 'catalog'), server)
  const { rows } = await sellAndDrop(server)
  const later = await server.value('postgres', 'select count(*) from visit')

  await findTheDrop(page)
  const verdict = verdictOf(page)
  await expect(verdict).toContainText('just before xid')
  await expect(verdict).toContainText('Uses FULL')
  // The receiver has everything: that the server has written nothing since is no loss.
  await expect(page.locator('.recovery .zone')).not.toHaveCount(0)
  await expect(page.locator('.recovery .tail')).toHaveCount(0)
  await page.getByRole('button', { name: 'Test this restore' }).click()

  const what = page.getByLabel('What is restored').locator('option:checked')
  await expect(what).toHaveText(/^The chosen moment: just before xid \d+$/)
  await page.getByRole('button', { name: 'Leave a server up for 2 h to look at' }).click()
  await expect(page.getByText('A scratch server is up and can be looked at')).toBeVisible(PATIENCE)
  // A reload is no way to lose it.
  await page.reload()
  await page.getByRole('button', { name: 'Look at the server' }).click()
  const panel = page.getByRole('region', { name: /^Scratch server of/ })
  await panel.getByRole('button', { name: 'Compare with now' }).click()
  await expect(panel.getByRole('row').filter({ hasText: 'public.sale' })).toContainText(
    'is gone by now',
    PATIENCE,
  )
  await expectAccessible(page)
  await panel.getByRole('button', { name: 'Pull back… public.sale' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Pull public.sale back into postgres' }).click()
  await expect(page.getByText('2,000 rows are in public.sale of postgres')).toBeVisible(PATIENCE)

  // What was committed last before the drop is there, and so is all that came after it.
  expect(await server.value('postgres', ROWS_OF_SALE)).toBe(rows)
  expect(await server.value('postgres', 'select count(*) from visit')).toBe(later)
  await page.keyboard.press('Control+4')
  // To read a table that is about to be dropped, recovery had to end: the server takes writes, and is not removed unasked.
  await panel.getByRole('button', { name: 'Stop and remove…' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Remove it with its data' }).click()
  await expect(panel).toHaveCount(0, PATIENCE)
  // Whoever stops it is not told that it is gone.
  await expect(page.getByText(/ is stopped and removed with its files/)).toHaveCount(0)
  await stopReceiving(page)
  expect(app.complaints).toEqual([])
})

test('without the segment of the drop the window refuses the moment, says why and offers what is nearest', async ({
  app,
}) => {
  await using scratch = await scratchDirectory('accident')
  await using server = await startServer(scratch.path, { major: 17, walSegmentMb: 1 })
  const { page } = app
  const catalog = path.join(scratch.path, 'catalog')
  await protect(page, catalog, server)
  const { segment } = await sellAndDrop(server)
  await findTheDrop(page)
  const verdict = verdictOf(page)
  const next = page.locator('.step-foot').getByRole('button', { name: 'Next' })
  const tested = page.getByRole('button', { name: 'Test this restore' })
  await expect(verdict).toContainText('just before xid')
  await expect(next).toBeEnabled()

  const archive = path.join(catalog, 'wal', 'shop')
  const lost = (await readdir(archive)).filter((name) => name.startsWith(segment))
  expect(lost).toHaveLength(1)
  for (const name of lost) await rm(path.join(archive, name))
  await page.keyboard.press('Control+r')
  await expect(verdict).toContainText('WAL on the way is missing or of no use')
  await expect(next).toBeDisabled()
  await expect(tested).toBeDisabled()
  await expectAccessible(page)
  await verdict.getByRole('button', { name: /^Nearest before/ }).click()
  await expect(verdict).toContainText('Uses FULL')
  await expect(tested).toBeEnabled()
  await stopReceiving(page)
  expect(app.complaints).toEqual([])
})

/** An instance with a receiver of its WAL and one backup, which knows the table, all by the window. */
async function protect(page: Page, catalog: string, server: TestServer): Promise<void> {
  await server.run(
    'postgres',
    'create table sale (id int primary key, what text not null)',
    'create table visit (id int)',
    'insert into sale select n, md5(n::text) from generate_series(1, 500) n',
  )
  await addInstance(page, catalog, server)
  await page.keyboard.press('Control+3')
  const receiver = page.getByRole('region', { name: /WAL receiver/ })
  await receiver.getByLabel(/^Replication slot/).fill('shop_wal')
  await receiver.getByRole('button', { name: 'Start receiving' }).click()
  await expect(receiver.getByRole('status')).toContainText('receives', PATIENCE)
  await backUp(page)
}

/** Leaving while it runs would be asked about. */
async function stopReceiving(page: Page): Promise<void> {
  await page.keyboard.press('Control+3')
  const receiver = page.getByRole('region', { name: /WAL receiver/ })
  await receiver.getByRole('button', { name: 'Stop…' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Stop receiving' }).click()
  await expect(receiver.getByRole('button', { name: 'Start receiving' })).toBeVisible(PATIENCE)
}

/**
 * Rows, the drop, and a life that goes on after it. Gives what the table had, and the name of the segment of the drop. When
 * it was, nobody notes.
 */
async function sellAndDrop(server: TestServer): Promise<{ readonly rows: string; readonly segment: string }> {
  await server.run(
    'postgres',
    'insert into sale select n, md5(n::text) from generate_series(501, 2000) n',
    `update sale set what = 'changed last' where id = 7`,
  )
  const rows = await server.value('postgres', ROWS_OF_SALE)
  await server.run('postgres', 'select pg_switch_wal()')
  const segment = await server.value('postgres', 'select pg_walfile_name(pg_current_wal_insert_lsn())')
  await server.run('postgres', 'drop table sale')
  for (let day = 1; day <= 3; day++)
    await server.run('postgres', `insert into visit values (${day})`, 'select pg_switch_wal()')
  await expect
    .poll(
      () =>
        server.value('postgres', 'select min(flush_lsn) >= pg_current_wal_lsn() from pg_stat_replication'),
      PATIENCE,
    )
    .toBe('true')
  return { rows, segment }
}

/** From wherever the window is to the moment just before the drop. */
async function findTheDrop(page: Page): Promise<void> {
  await page.keyboard.press('Control+2')
  await page.getByRole('button', { name: 'Restore to a moment…' }).click()
  await page.getByRole('button', { name: 'Scan WAL for exact times' }).click()
  await page.getByRole('button', { name: 'Find the accident' }).click()
  const accidents = page.getByRole('region', { name: 'Find the accident' })
  await accidents.getByLabel('Table, by name or file number').fill('sale')
  const found = accidents.getByRole('row').filter({ hasText: 'public.sale' })
  await expect(found).toHaveCount(1, PATIENCE)
  await expect(found).toContainText('dropped')
  await found.getByRole('button', { name: 'Just before this' }).click()
}
