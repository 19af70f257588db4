import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import {
  _electron,
  type Browser,
  chromium,
  type ElectronApplication,
  expect,
  type Page,
  test as base,
} from '@playwright/test'
import { contract } from '../engine/api/contract/contract.ts'
import { serve } from '../engine/api/serve.ts'
import { startWebHost } from '../engine/web-host/start-web-host.ts'
import { findElectron } from '../engine/demo/find-electron.ts'
import { CHROMIUM, CHROMIUM_FLAGS } from './standin/chromium.ts'

/**
 * How the application runs. `web`: engine and window through the web host. `standin`: the built Electron application
 * on a stand-in for Electron. `electron`: the same on Electron itself.
 */
export type Mode = 'web' | 'standin' | 'electron'

/** The application as a test has it. */
export type AppUnderTest = {
  readonly page: Page
  readonly mode: Mode
  /** The main process; undefined in the web host, which has none. */
  readonly main: ElectronApplication | undefined
  /** The command that started it; undefined in the web host. */
  readonly command: readonly [file: string, ...args: string[]] | undefined
  /** Everything that the page complained of: errors in its console, exceptions, violations of its policy. */
  readonly complaints: readonly string[]
  /** Holds the state of this application; the test may look into it. */
  readonly stateDirectory: string
  /** Ends the application before the test does, and says with which code the main process ended. */
  quit(): Promise<number>
}

/** What the journeys run, and how. */
export type AppOptions = {
  /** Where `dist` and `package.json` are. */
  readonly root: string
  /** For the main process. */
  readonly env: Readonly<Record<string, string>>
}

/** For what a busy machine may take long over; the test has its own limit. */
const PATIENCE_MS = 60_000

const ROOT = path.join(import.meta.dirname, '..')
const STANDIN = path.join(import.meta.dirname, 'standin', 'electron')

type WorkerFixtures = {
  /** One browser for all journeys of a worker; each has a profile of its own in it. */
  readonly sharedBrowser: () => Promise<Browser>
}

/** A test that has the application running, in the mode of its project. */
export const test = base.extend<AppOptions & { app: AppUnderTest }, WorkerFixtures>({
  root: [process.env['TIDEMARK_E2E_ROOT'] ?? ROOT, { option: true }],
  env: [{}, { option: true }],
  sharedBrowser: [
    // oxlint-disable-next-line no-empty-pattern -- Playwright reads from it that nothing is needed
    async ({}, use) => {
      let browser: Promise<Browser> | undefined
      await use(() => (browser ??= chromium.launch({ executablePath: CHROMIUM, args: [...CHROMIUM_FLAGS] })))
      await (await browser)?.close()
    },
    { scope: 'worker' },
  ],
  app: async ({ root, env, sharedBrowser }, use, info) => {
    const stateDirectory = await mkdtemp(path.join(os.tmpdir(), 'tidemark-e2e-'))
    try {
      const mode = info.project.metadata['mode'] as Mode
      const useAndRest: Use = async (app) => {
        await use(app)
        // What went wrong is told as it is, not as what it has left running.
        if (info.status === info.expectedStatus && !app.page.isClosed()) await untilIdle(app)
      }
      if (mode === 'web') await useWebHost(root, stateDirectory, await sharedBrowser(), useAndRest)
      else await useElectron(mode, { root, env }, stateDirectory, useAndRest)
    } finally {
      await rm(stateDirectory, { recursive: true, force: true, maxRetries: 5 })
    }
  },
})

export { expect } from '@playwright/test'

type Use = (app: AppUnderTest) => Promise<void>

/** A job that has told its result may not have ended yet; whoever leaves then would be asked about it. */
async function untilIdle({ page, mode, main }: AppUnderTest): Promise<void> {
  await expect(page.locator('.dock-job'), 'a journey leaves nothing running').toHaveCount(0)
  if (mode !== 'standin') return
  type Desktop = { readonly onDesktop: { readonly wakeLocks: ReadonlyMap<number, string> } }
  // The main process hears of jobs on a way of its own; while one runs it keeps the computer awake.
  await expect
    .poll(() => main?.evaluate((electron) => (electron as unknown as Desktop).onDesktop.wakeLocks.size))
    .toBe(0)
}

async function useWebHost(root: string, stateDirectory: string, browser: Browser, use: Use): Promise<void> {
  // Only this mode needs the engine in the test's own process.
  const { openEngine } = await import('../engine/api/engine.ts')
  await using engine = await openEngine({
    stateDirectory,
    transport: 'web',
    env: process.env,
  })
  const host = await startWebHost({
    rendererDirectory: path.join(root, 'dist', 'renderer'),
    connectEngine: (port) => serve(contract, engine.handlers, port),
  })
  const profile = await browser.newContext({ viewport: { width: 1280, height: 820 } })
  try {
    const page = await profile.newPage()
    const complaints = listenForComplaints(page)
    await page.goto(host.url)
    await use({
      page,
      mode: 'web',
      main: undefined,
      command: undefined,
      complaints,
      stateDirectory,
      async quit() {
        await profile.close()
        return 0
      },
    })
  } finally {
    await profile.close()
    await host.close()
  }
}

async function useElectron(
  mode: 'standin' | 'electron',
  { root, env }: AppOptions,
  stateDirectory: string,
  use: Use,
): Promise<void> {
  const executablePath = mode === 'standin' ? STANDIN : findElectron()
  if (executablePath === undefined) throw new Error('there is no Electron binary')
  const args = [
    path.join(root, 'dist', 'electron', 'main.js'),
    `--user-data-dir=${stateDirectory}`,
    '--lang=en-US',
  ]
  const main = await _electron.launch({
    executablePath,
    args,
    env: { ...definedEnv(), ...env },
    timeout: PATIENCE_MS,
  })
  main.context().setDefaultTimeout(PATIENCE_MS)
  const child = main.process()
  let output = ''
  child.stderr?.on('data', (data: Buffer) => {
    output = (output + data.toString()).slice(-8000)
  })
  const exited = new Promise<number>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? (signal === null ? 0 : 128)))
  })
  let hasQuit = false
  const quit = async (): Promise<number> => {
    hasQuit = true
    await main.close()
    return exited
  }
  try {
    const page = await main.firstWindow({ timeout: PATIENCE_MS })
    const complaints = listenForComplaints(page)
    const command = [executablePath, ...args] as const
    await use({ page, mode, main, command, complaints, stateDirectory, quit })
    if (!hasQuit) {
      const code = await quit()
      if (code !== 0) throw new Error(`the main process ended with code ${code}:\n${output}`)
    }
  } finally {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
  }
}

function listenForComplaints(page: Page): string[] {
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error' || /Content Security Policy/i.test(message.text())) {
      complaints.push(message.text())
    }
  })
  return complaints
}

function definedEnv(): Record<string, string> {
  const entries = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  )
  return Object.fromEntries(entries)
}
