import { chmod, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { scratchDirectory } from '../../engine/testing/scratch.ts'
import { startServer, type TestServer } from '../../engine/testing/servers.ts'
import { expectAccessible } from '../accessible.ts'
import { expect, test } from '../app.ts'
import { addInstance, backUp } from '../steps.ts'

const PATIENCE = { timeout: 60_000 }

test('WAL is received, its damage is named by what it makes unreachable, and the receiver is stopped', async ({
  app,
}) => {
  await using scratch = await scratchDirectory('wal-journey')
  await using server = await startServer(scratch.path, { major: 17, walSegmentMb: 1 })
  const { page } = app
  const catalog = path.join(scratch.path, 'catalog')
  await addInstance(page, catalog, server)

  await page.keyboard.press('Control+3')
  await expect(page.getByText('No WAL is archived yet.')).toBeVisible()
  const receiver = page.getByRole('region', { name: /WAL receiver/ })
  const archiving = page.getByRole('region', { name: /archive_command/ })
  await expect(archiving).toContainText('archive_mode is off')
  await expect(archiving).toContainText('The server has to be restarted for this.')
  await expect(archiving).toContainText('ALTER SYSTEM SET archive_command')
  await expect(receiver).toContainText('A replication connection can be made.')
  await expectAccessible(page)

  await receiver.getByLabel(/^Replication slot/).fill('Not A Slot')
  await expect(receiver.getByRole('button', { name: 'Start receiving' })).toBeDisabled()
  await receiver.getByLabel(/^Replication slot/).fill('shop_wal')
  await receiver.getByRole('button', { name: 'Start receiving' }).click()
  await expect(receiver.getByRole('status')).toContainText('receives', PATIENCE)
  await expectSlot(server, { isActive: true })
  await backUp(page)
  await writeWal(server, 12)

  await page.keyboard.press('Control+3')
  const lanes = page.getByRole('region', { name: 'WAL in the archive' })
  await expect(lanes.getByRole('group', { name: /WAL in the archive/ })).toBeVisible(PATIENCE)
  await expect(page.getByText('0 B not safe in the archive yet')).toBeVisible(PATIENCE)
  await page.getByRole('button', { name: 'Read WAL' }).click()
  await expect(page.getByText(/All WAL is read|1 segment is not read yet/)).toBeVisible(PATIENCE)
  await expect(
    page.getByText('No gap: all WAL between the first and the last segment is there.'),
  ).toBeVisible()

  const directory = path.join(catalog, 'wal', 'shop')
  const files = (await readdir(directory)).filter((name) => /^[0-9A-F]{24}(\.gz)?$/.test(name)).toSorted()
  const [lost, bad] = [files.at(-9), files.at(-5)]
  if (lost === undefined || bad === undefined) throw new Error('too little WAL for the test')
  await rm(path.join(directory, lost))
  await flipByte(path.join(directory, bad))
  await page.keyboard.press('Control+r')
  await page.getByRole('button', { name: 'Read WAL' }).click()
  const gaps = page.getByRole('region', { name: 'Gaps, the worst first' }).first()
  await expect(gaps.getByRole('row').filter({ hasText: 'missing' })).toContainText(
    lost.slice(0, 24),
    PATIENCE,
  )
  const damaged = gaps.getByRole('row').filter({ hasText: 'damaged' })
  await expect(damaged).toContainText(bad.slice(0, 24), PATIENCE)
  await expect(damaged).toContainText('Nothing after it can be reached until there is a new backup.')
  await expect(page.getByText('Something is wrong in', { exact: false })).toBeVisible()
  await expectAccessible(page)

  // The notches are one stop; the list follows.
  await lanes.locator('.wal-notch[tabindex="0"]').focus()
  await page.keyboard.press('End')
  await page.keyboard.press('Enter')
  await expect(damaged).toHaveAttribute('aria-current', 'true')
  await page.keyboard.press('t')
  await expect(lanes.getByRole('table')).toContainText(/[89]\d(\.\d)? %/)
  await expect(lanes.getByRole('columnheader', { name: 'Gaps' })).toBeVisible()
  await expectAccessible(page)

  await page.getByRole('button', { name: 'Settings' }).click()
  await page.getByLabel('Language').selectOption('zh-CN')
  await page.keyboard.press('Alt+ArrowLeft')
  await expect(page.getByText('缺口（影响最大的在前）')).toBeVisible()
  await expect(page.getByRole('row').filter({ hasText: '已损坏' })).toContainText(bad.slice(0, 24))
  await expectAccessible(page)
  await page.getByRole('button', { name: '停止…' }).first().click()
  const dialog = page.getByRole('dialog')
  await expect(dialog).toContainText('shop_wal')
  await expect(dialog.getByRole('button', { name: '继续接收' })).toBeFocused()
  await expectAccessible(page)
  await dialog.getByRole('button', { name: '停止接收' }).click()
  await expect(page.getByRole('button', { name: '开始接收' })).toBeVisible(PATIENCE)
  await expectSlot(server, { isActive: false })
  expect(app.complaints).toEqual([])
})

test('an archive_command is set up from what the window says, and one segment proves or refutes it', async ({
  app,
}) => {
  await using scratch = await scratchDirectory('wal-journey')
  await using server = await startServer(scratch.path, {
    major: 17,
    walSegmentMb: 1,
    settings: { archive_mode: 'on' },
  })
  const { page } = app
  const catalog = path.join(scratch.path, 'catalog')
  await addInstance(page, catalog, server)
  await page.keyboard.press('Control+3')
  const archiving = page.getByRole('region', { name: /archive_command/ })
  await expect(archiving).toContainText('archive_command is empty')
  const sql = (await archiving.locator('pre').first().textContent()) ?? ''
  expect(sql).toContain('archive-push')

  // Not installed on the machine of the server: the program is called where it is. The segment is there before the
  // command ends, and before the archiver counts it.
  const program = `"${process.execPath}" "${path.join(import.meta.dirname, '..', '..', 'engine', 'cli', 'main.ts')}"`
  const mended = sql.replace("'tidemark ", `'${program} `).replace(/%f'/, "%f && sleep 1 || exit 1'")
  for (const statement of mended.split(';').filter((one) => one.trim() !== '')) {
    await server.run('postgres', statement)
  }
  // The server reads its settings again in its own time.
  await expect
    .poll(() => server.value('postgres', 'show archive_command'), PATIENCE)
    .toContain('archive-push')
  await archiving.getByRole('button', { name: 'Check again' }).click()
  await expect(archiving).toContainText('archive_command leads into this catalog.')

  // The server may not write there yet.
  const archive = path.join(catalog, 'wal', 'shop')
  if (server.owner !== undefined) {
    await archiving.getByRole('button', { name: 'Test with one segment' }).click()
    await expect(archiving).toContainText(/The archiver failed with [0-9A-F]{24}/, { timeout: 70_000 })
    await expectAccessible(page)
  }
  await chmod(catalog, 0o755)
  await chmod(path.join(catalog, 'wal'), 0o755)
  await chmod(archive, 0o777)
  for (const name of ['backups', path.join('backups', 'shop')]) await chmod(path.join(catalog, name), 0o755)
  await chmod(path.join(catalog, 'backups', 'shop', 'pg_probackup.conf'), 0o644)
  await archiving.getByRole('button', { name: 'Test with one segment' }).click()
  await expect(archiving).toContainText(/[0-9A-F]{24} arrived within/, { timeout: 70_000 })
  await expect(page.getByRole('region', { name: 'WAL in the archive' })).toBeVisible()
  await expect(page.getByText('WAL gets into the archive already; this way is not needed.')).toBeVisible()
  await expectAccessible(page)
  expect(app.complaints).toEqual([])
})

/** Whether somebody receives from the one slot there is; the server sees a connection end later than the receiver. */
async function expectSlot(server: TestServer, { isActive }: { readonly isActive: boolean }): Promise<void> {
  await expect
    .poll(() => server.value('postgres', 'select active::text from pg_replication_slots'), PATIENCE)
    .toBe(String(isActive))
}

/** So many segments and a few rows. */
async function writeWal(server: TestServer, segments: number): Promise<void> {
  await server.run('postgres', 'create table if not exists filler (a int, b text)')
  for (let done = 0; done < segments; done++) {
    await server.run(
      'postgres',
      'insert into filler select g, repeat(md5(g::text), 4) from generate_series(1, 200) g',
      'select pg_switch_wal()',
    )
  }
}

async function flipByte(file: string): Promise<void> {
  const bytes = await readFile(file)
  const middle = bytes.length >> 1
  bytes[middle] = (bytes[middle] ?? 0) ^ 0xff
  await writeFile(file, bytes)
}
