import { expect, test } from '../app.ts'

type Reach = { readonly tidemark?: Readonly<Record<string, unknown>> }

/** The first window is there before its page is: whatever has been drawn is waited for. */
test.beforeEach(async ({ app }) => {
  await expect(app.page.locator('body')).not.toBeEmpty()
  if (app.mode !== 'web') await app.page.waitForFunction(() => 'tidemark' in globalThis)
  await app.page.waitForLoadState('load')
})

test('a page cannot reach Node', async ({ app }) => {
  const found = await app.page.evaluate(() =>
    ['require', 'process', 'module', 'Buffer', 'global', 'electron'].filter((name) => name in globalThis),
  )
  expect(found).toEqual([])
})

test('the bridge is frozen and offers five things', async ({ app }) => {
  test.skip(app.mode === 'web', 'the web host has no bridge')
  const seen = await app.page.evaluate(() => {
    const { tidemark } = globalThis as Reach
    const before = tidemark
    const attempt = (change: () => void): void => {
      try {
        change()
      } catch {
        // Strict mode throws, sloppy mode does not: what counts is what it is like afterwards.
        return
      }
    }
    attempt(() => Object.assign(globalThis, { tidemark: { post: 1 } }))
    attempt(() => Object.assign(tidemark ?? {}, { post: 1 }))
    attempt(() => Reflect.deleteProperty(globalThis, 'tidemark'))
    const after = (globalThis as Reach).tidemark
    return {
      types: Object.fromEntries(Object.entries(after ?? {}).map(([name, value]) => [name, typeof value])),
      isFrozen: Object.isFrozen(after),
      isSame: after === before,
    }
  })
  expect(seen).toEqual({
    types: {
      post: 'function',
      onMessage: 'function',
      onClose: 'function',
      platform: 'string',
      chooseDirectory: 'function',
    },
    isFrozen: true,
    isSame: true,
  })
})

test('the page says nothing in anger', async ({ app }) => {
  await app.page.reload()
  await expect(app.page.locator('body')).not.toBeEmpty()
  expect(app.complaints).toEqual([])
})

test('the policy stops scripts, styles, frames and connections from elsewhere', async ({ app }) => {
  const { page } = app
  const response = await page.reload()
  const policy = await page.evaluate(
    async () => (await fetch(location.pathname)).headers.get('content-security-policy') ?? '',
  )
  expect(response?.status()).toBe(200)
  expect(policy).toContain(`default-src 'none'`)
  expect(policy).not.toContain('unsafe')

  const outcome = await page.evaluate(async () => {
    const violated: string[] = []
    document.addEventListener('securitypolicyviolation', (event) => violated.push(event.effectiveDirective))
    const seen = (directives: string[]): Promise<void> =>
      new Promise((resolve) => {
        const look = (): void => {
          if (directives.every((directive) => violated.includes(directive))) resolve()
          else setTimeout(look, 20)
        }
        look()
      })
    const style = document.createElement('style')
    style.textContent = 'body { outline: 3px solid red }'
    document.head.append(style)
    const frame = document.createElement('iframe')
    frame.src = 'https://example.invalid/'
    document.body.append(frame)
    const reached = await fetch('https://example.invalid/').then(
      () => true,
      () => false,
    )
    // What the test sends may use eval for as long as it is on the stack.
    await new Promise((resolve) => setTimeout(resolve, 0))
    let evalResult = 'ran'
    try {
      // A policy without 'unsafe-eval' refuses it by throwing.
      // oxlint-disable-next-line no-eval
      ;(0, eval)('1')
    } catch (thrown) {
      evalResult = (thrown as Error).name
    }
    let sinkResult = 'taken'
    try {
      document.createElement('div').innerHTML = '<img src=x onerror=alert(1)>'
    } catch (thrown) {
      sinkResult = (thrown as Error).name
    }
    // What is not refused never comes, and the test ends by its limit.
    await seen(['connect-src', 'frame-src', 'style-src-elem'])
    return { reached, evalResult, sinkResult }
  })
  expect(outcome).toEqual({ reached: false, evalResult: 'EvalError', sinkResult: 'TypeError' })
})

test('a window stays on its page', async ({ app }) => {
  test.skip(app.mode === 'web', 'a browser tab is free to go')
  const { page } = app
  const before = page.url()
  await page.evaluate(() => Object.assign(globalThis, { mark: 'still here' }))
  for (const target of [
    'https://example.invalid/',
    'app://other/',
    'app://bundle/assets/x.js',
    '/nothing.html',
  ]) {
    await page.evaluate((url) => location.assign(url), target).catch(() => undefined)
    // What comes after is answered by whatever document is there then.
    await page.waitForFunction(() => document.readyState === 'complete')
    expect(await page.evaluate(() => (globalThis as { mark?: string }).mark)).toBe('still here')
    expect(page.url()).toBe(before)
  }
  await page.evaluate(() => void window.open('https://example.invalid/'))
  expect(await app.main?.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(1)
})

test('a reload gets a new port to the engine', async ({ app }) => {
  test.skip(app.mode === 'web', 'a browser tab keeps its own')
  const { page } = app
  const settings = (): Promise<unknown> =>
    page.evaluate(
      () =>
        new Promise((resolve) => {
          const bridge = (globalThis as unknown as { tidemark: TestBridge }).tidemark
          type TestBridge = {
            onMessage(hear: (message: { id: number }) => void): void
            post(message: object): void
          }
          bridge.onMessage((message) => {
            if (message.id === 900_001) resolve(message)
          })
          bridge.post({ id: 900_001, type: 'call', name: 'app.settings', input: {} })
        }),
    )
  // The page's own client would take the ear back if it came later.
  await expect(page.getByRole('main')).toBeVisible()
  expect(await settings()).toMatchObject({ type: 'done' })
  await page.reload()
  await expect(page.getByRole('main')).toBeVisible()
  expect(await settings()).toMatchObject({ type: 'done' })
})

test('a directory is chosen with the dialog of the system', async ({ app }) => {
  test.skip(app.mode === 'web', 'a browser has no dialog for directories of the engine')
  await app.main?.evaluate(({ dialog }) => {
    dialog.showOpenDialog = () => Promise.resolve({ canceled: false, filePaths: ['/srv/backups'] })
  })
  const choose = (): Promise<unknown> =>
    app.page.evaluate(() =>
      (
        globalThis as unknown as { tidemark: { chooseDirectory(question: object): Promise<unknown> } }
      ).tidemark.chooseDirectory({ title: 'Catalog', from: '/srv' }),
    )
  expect(await choose()).toBe('/srv/backups')
  await app.main?.evaluate(({ dialog }) => {
    dialog.showOpenDialog = () => Promise.resolve({ canceled: true, filePaths: [] })
  })
  expect(await choose()).toBeUndefined()
})

test('the last window ends the application', async ({ app }) => {
  test.skip(app.mode === 'web', 'the web host outlives its browser')
  expect(await app.quit()).toBe(0)
})
