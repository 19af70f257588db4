import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { ElectronApplication, Page } from '@playwright/test'
import { expect, test } from '../app.ts'

test.skip(({ app }) => app.mode === 'web', 'a browser has no desktop')

type TestBridge = {
  onMessage(hear: (message: { readonly id: number }) => void): void
  post(message: object): void
}
type StandinTray = { readonly image: { readonly path: string }; readonly tooltip: string }

/** Calls the engine past the page's own client, which loses its ear by it: reload before using the page. */
function call(page: Page, name: string, input: object): Promise<unknown> {
  return page.evaluate(
    ([calledName, calledInput]) =>
      new Promise((resolve) => {
        const bridge = (globalThis as unknown as { tidemark: TestBridge }).tidemark
        bridge.onMessage((message) => {
          if (message.id === 900_001) resolve(message)
        })
        bridge.post({ id: 900_001, type: 'call', name: calledName, input: calledInput })
      }),
    [name, input] as const,
  )
}

function menuLabels(main: ElectronApplication): Promise<string[]> {
  return main.evaluate(({ Menu }) => Menu.getApplicationMenu()?.items.map(({ label }) => label) ?? [])
}

test('menu and theme follow the settings at once', async ({ app }) => {
  const { page, main } = app
  if (main === undefined) throw new Error('there is no main process')
  // The page's own client would take the ear back if it came later.
  await expect(page.getByRole('main')).toBeVisible()
  expect(await call(page, 'app.change-settings', { language: 'en', theme: 'light' })).toMatchObject({
    type: 'done',
  })
  await expect
    .poll(() => menuLabels(main))
    .toEqual(expect.arrayContaining(['File', 'Edit', 'View', 'Window']))
  await call(page, 'app.change-settings', { language: 'zh-CN', theme: 'dark' })
  await expect.poll(() => menuLabels(main)).toEqual(expect.arrayContaining(['文件', '编辑', '视图', '窗口']))
  await expect.poll(() => main.evaluate(({ nativeTheme }) => nativeTheme.themeSource)).toBe('dark')
})

test('the tray shows that nothing is the matter', async ({ app }) => {
  test.skip(app.mode !== 'standin', 'Electron does not say what its tray shows')
  await expect
    .poll(() =>
      app.main?.evaluate((electron) => {
        const { trays } = (electron as unknown as { onDesktop: { trays: StandinTray[] } }).onDesktop
        return trays.map(({ image, tooltip }) => [image.path.split(/[\\/]/).at(-1), tooltip])
      }),
    )
    .toEqual([['calm-dark.png', 'Tidemark: all is well']])
})

test('a further window has a port of its own', async ({ app }) => {
  const { page, main } = app
  if (main === undefined) throw new Error('there is no main process')
  const opened = main.waitForEvent('window')
  await main.evaluate(({ Menu }) => {
    const file = Menu.getApplicationMenu()?.items.find(({ label }) => label === 'File')
    const items = file?.submenu as unknown as { items?: { click?: () => void }[] } | { click?: () => void }[]
    const [first] = Array.isArray(items) ? items : (items.items ?? [])
    first?.click?.()
  })
  const second = await opened
  for (const each of [page, second]) await expect(each.getByRole('main')).toBeVisible()
  const answers = await Promise.all([call(page, 'app.settings', {}), call(second, 'app.settings', {})])
  expect(answers).toEqual([answers[0], answers[0]])
  expect(answers[0]).toMatchObject({ type: 'done' })
})

test('a second start brings the first to the front and ends', async ({ app }) => {
  const { main, command } = app
  if (main === undefined || command === undefined) throw new Error('there is no main process')
  const [file, ...args] = command
  await app.page.waitForFunction(() => 'tidemark' in globalThis)
  await main.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.hide())
  await promisify(execFile)(file, args, { timeout: 30_000 })
  await expect
    .poll(() => main.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.isVisible()))
    .toBe(true)
  expect(main.process().exitCode).toBeNull()
})
