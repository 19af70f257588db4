import path from 'node:path'
import { scratchDirectory } from '../../engine/testing/scratch.ts'
import { startServer } from '../../engine/testing/servers.ts'
import { expectAccessible } from '../accessible.ts'
import { expect, test } from '../app.ts'
import { addInstance, startBackup } from '../steps.ts'

const PATIENCE = { timeout: 60_000 }

test('replication slots say what makes the server keep WAL, and a server that is gone breaks nothing', async ({
  app,
}) => {
  await using scratch = await scratchDirectory('slots-journey')
  await using server = await startServer(scratch.path, {
    major: 17,
    walSegmentMb: 1,
    settings: { wal_level: 'logical' },
  })
  const { page } = app
  await addInstance(page, path.join(scratch.path, 'catalog'), server)
  await page.keyboard.press('Control+3')
  const slots = page.getByRole('region', { name: 'Replication slots' }).first()
  await expect(slots).toContainText('The server has none')
  await expectAccessible(page)

  await server.run(
    'postgres',
    "select pg_create_physical_replication_slot('forgotten', true)",
    "select pg_create_physical_replication_slot('unused')",
    "select pg_create_logical_replication_slot('feed', 'pgoutput')",
    "select pg_logical_emit_message(true, 'x', repeat(md5(random()::text), 3200)) from generate_series(1, 90)",
  )
  const receiver = page.getByRole('region', { name: /WAL receiver/ })
  await receiver.getByLabel(/^Replication slot/).fill('shop_wal')
  await receiver.getByRole('button', { name: 'Start receiving' }).click()
  await expect(receiver.getByRole('status')).toContainText('receives', PATIENCE)
  const item = (name: string) => slots.getByRole('listitem').filter({ hasText: name })
  await expect(item('shop_wal')).toContainText('of our receiver', PATIENCE)
  await expect(item('shop_wal')).toContainText('in use')
  await expect(item('forgotten')).toContainText('nobody uses it')
  await expect(item('forgotten')).toContainText(/\d MB behind|MiB behind/)
  await expect(item('forgotten').locator('.status.look')).toBeVisible()
  await expect(item('unused')).toContainText('never used yet')
  await expectAccessible(page)
  await slots.getByRole('button', { name: 'As a table' }).focus()
  await page.keyboard.press('t')
  await expect(slots.getByRole('row').filter({ hasText: 'forgotten' })).toContainText('reserved')
  await expectAccessible(page)
  await page.keyboard.press('t')

  // Before a backup the logical one is named, and stops nothing.
  await page.keyboard.press('Control+b')
  const dialog = page.getByRole('dialog')
  const idle = dialog.getByRole('note', { name: /Replication slots that nobody uses/ })
  await expect(idle.getByRole('listitem')).toHaveText(
    /^feed postgres · .*MiB of WAL, from .* unused since/,
    PATIENCE,
  )
  await expect(dialog.getByRole('button', { name: 'Start backup' })).toBeEnabled()
  await expectAccessible(page)
  await startBackup(page)

  // What nothing uses can be dropped here, after asking.
  await page.keyboard.press('Control+3')
  await expect(item('feed')).toContainText('older than the newest backup', PATIENCE)
  await expect(item('shop_wal')).toContainText('in use')
  await expect(item('shop_wal').getByRole('button')).toHaveCount(0)
  await item('feed').getByRole('button', { name: 'Drop… feed' }).press('Enter')
  await expect(dialog).toContainText('logical, postgres')
  await expectAccessible(page)
  await dialog.getByRole('button', { name: 'Keep the slot' }).press('Enter')
  await expect(item('feed').getByRole('button', { name: 'Drop… feed' })).toBeFocused()
  await page.keyboard.press('Enter')
  await dialog.getByRole('button', { name: 'Drop the slot' }).press('Enter')
  await expect(slots).toContainText('The slot feed was dropped.', PATIENCE)
  await expect(item('feed')).toHaveCount(0, PATIENCE)
  await expect(slots.getByRole('group', { name: 'Replication slots' })).toBeFocused()
  await expectAccessible(page)
  // One that somebody else has dropped meanwhile.
  await item('unused').getByRole('button', { name: 'Drop… unused' }).click()
  await server.run('postgres', "select pg_drop_replication_slot('unused')")
  await dialog.getByRole('button', { name: 'Drop the slot' }).click()
  await expect(slots).toContainText('The slot unused was gone already.', PATIENCE)
  expect(
    await server.value(
      'postgres',
      "select string_agg(slot_name, ' ' order by slot_name) from pg_replication_slots",
    ),
  ).toBe('forgotten shop_wal')

  await page.getByRole('button', { name: 'Settings' }).click()
  await page.getByLabel('Language').selectOption('zh-CN')
  await page.keyboard.press('Alt+ArrowLeft')
  const zh = page.getByRole('region', { name: '复制槽列表' }).first()
  await expect(zh).toContainText('无人使用')
  await expect(zh).toContainText('本接收器的复制槽')
  await expectAccessible(page)

  await server.stop('immediate')
  // It is asked again every ten seconds: what was known stays.
  await expect(zh).toContainText('目前无法查询服务器', PATIENCE)
  await expect(zh.getByRole('listitem').filter({ hasText: 'forgotten' })).toBeVisible()
  await expectAccessible(page)
  await server.start()
  await zh.getByRole('button', { name: '重试' }).click()
  await expect(zh).not.toContainText('目前无法查询服务器', PATIENCE)
  // Leaving while the receiver runs would be asked about.
  await page.getByRole('button', { name: '停止…' }).first().click()
  await page.getByRole('dialog').getByRole('button', { name: '停止接收' }).click()
  await expect(page.getByRole('button', { name: '开始接收' })).toBeVisible(PATIENCE)
  expect(app.complaints).toEqual([])
})
