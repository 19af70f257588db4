import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { type Browser, chromium, type Page } from '@playwright/test'
import { contract } from '../../engine/api/contract/contract.ts'
import { openEngine } from '../../engine/api/engine.ts'
import { localClient } from '../../engine/api/local.ts'
import { serve } from '../../engine/api/serve.ts'
import { startWebHost } from '../../engine/web-host/start-web-host.ts'
import { CHROMIUM, CHROMIUM_FLAGS } from '../standin/chromium.ts'
import { writeYears } from './years.ts'

// How smoothly "as of" of the retention screen moves over 20,000 backups, in a real browser: `npm run build:renderer &&
// npm run bench:frames`. With `--profile` it also says which functions took the time.

const CHAINS = 119
const CHAIN_BACKUPS = 168
const STEPS = 300
const STEP_PX = 3
/** A frame of a display of 60 Hz; its stamp is rounded to tenths, and at rest varies by one or two. */
const MOST_FRAME_MS = 16.9
const PLANS = 5
const OPEN_MS = 120_000

type Frames = { readonly count: number; readonly p50: number; readonly p95: number; readonly most: number }

const root = process.env['TIDEMARK_E2E_ROOT'] ?? path.join(import.meta.dirname, '..', '..')
const isProfiled = process.argv.includes('--profile')
const place = await mkdtemp(path.join(os.tmpdir(), 'tidemark-frames-'))
try {
  const catalog = path.join(place, 'catalog')
  const count = writeYears(catalog, CHAINS, CHAIN_BACKUPS)
  await using engine = await openEngine({
    stateDirectory: path.join(place, 'state'),
    transport: 'web',
    env: {},
  })
  const client = localClient(contract, engine.handlers)
  const instance = { catalog, instance: 'main' }
  say(`${count} backups in ${CHAINS} chains`)
  for (const mergesExpired of [false, true]) {
    const request = {
      ...instance,
      policy: { redundancy: 2, windowDays: 400, walDepth: 0 },
      deletesExpired: true,
      mergesExpired,
    }
    const times: number[] = []
    for (let run = 0; run <= PLANS; run++) {
      const began = performance.now()
      await client['retention.plan'](request)
      // The first one compiles the code.
      if (run > 0) times.push(performance.now() - began)
    }
    say(
      `retention.plan${mergesExpired ? ', merging' : ''}: ${at(times, 0.5).toFixed(0)} ms, median of ${PLANS}`,
    )
  }
  const host = await startWebHost({
    rendererDirectory: path.join(root, 'dist', 'renderer'),
    connectEngine: (port) => serve(contract, engine.handlers, port),
  })
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: [...CHROMIUM_FLAGS] })
  try {
    const page = await openRetention(browser, host.url, catalog)
    const missed: string[] = []
    for (const name of ['as of', 'as of, merging', 'as of, in the middle', 'as of, with future backups']) {
      if (name.endsWith('merging')) await page.getByLabel('Merge expired').check()
      if (name.endsWith('middle'))
        await page.locator('.life-lines').evaluate((box) => box.scrollTo(0, 40_000))
      if (name.endsWith('future backups')) await page.getByLabel('Assume backups go on').check()
      await page.waitForTimeout(1500)
      const frames = await drag(page, isProfiled)
      const { p50, p95, most } = frames
      say(`${name}: ${frames.count} frames, median ${ms(p50)}, 95 % within ${ms(p95)}, longest ${ms(most)}`)
      if (p95 > MOST_FRAME_MS) missed.push(name)
    }
    if (missed.length > 0) {
      say(`slower than 60 frames a second: ${missed.join('; ')}`)
      process.exitCode = 1
    }
  } finally {
    await browser.close()
    await host.close()
  }
} finally {
  await rm(place, { recursive: true, force: true })
}

async function openRetention(browser: Browser, url: string, catalog: string): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
  page.setDefaultTimeout(OPEN_MS)
  await page.goto(url)
  await page.getByLabel('Directory of the catalog').fill(catalog)
  await page.getByRole('main').getByRole('button', { name: 'Open' }).click()
  await page
    .getByRole('navigation', { name: 'Screens of main' })
    .getByRole('button', { name: 'Retention' })
    .click()
  await page.getByLabel('Window in days').fill('400')
  await page.getByLabel('Redundancy').fill('2')
  return page
}

/** Drags the handle to the right end and back, one move a frame, and tells how far apart the frames were. */
async function drag(page: Page, isLogged: boolean): Promise<Frames> {
  const session = await page.context().newCDPSession(page)
  const handle = page.getByRole('slider', { name: 'As of' })
  const grip = await handle.boundingBox()
  if (grip === null) throw new Error('there is no handle')
  const [x, y] = [grip.x + grip.width / 2, grip.y + grip.height / 2]
  await page.mouse.move(x, y)
  await page.mouse.down()
  if (isLogged) {
    await session.send('Profiler.enable')
    await session.send('Profiler.start')
  }
  const stamps = page.evaluate(
    async ([steps]) => {
      const times: number[] = []
      // A frame is asked for whether anything was drawn or not: one that comes late shows that something took long.
      await new Promise<void>((resolve) => {
        const next = (time: number): void => {
          times.push(time)
          if (times.length <= steps) requestAnimationFrame(next)
          else resolve()
        }
        requestAnimationFrame(next)
      })
      return times
    },
    [STEPS] as const,
  )
  const recording = { isDone: false }
  const ended = stamps.then((times) => {
    recording.isDone = true
    return times
  })
  for (let step = 0; !recording.isDone; step++) {
    const way = (step * STEP_PX) % 720
    await page.mouse.move(x + (way < 360 ? way : 720 - way), y)
  }
  const times = await ended
  await page.mouse.move(x, y)
  await page.mouse.up()
  if (isLogged) {
    const { profile } = await session.send('Profiler.stop')
    tellProfile(profile)
  }
  await session.detach()
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? time))
  return { count: gaps.length, p50: at(gaps, 0.5), p95: at(gaps, 0.95), most: Math.max(...gaps) }
}

type Profile = {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly lineNumber: number }
  }[]
  readonly samples?: readonly number[]
  readonly timeDeltas?: readonly number[]
}

/** Where the time was spent, the most first; not what was called from there. */
function tellProfile({ nodes, samples = [], timeDeltas = [] }: Profile): void {
  const names = new Map(
    nodes.map(({ id, callFrame }) => [id, `${callFrame.functionName}:${callFrame.lineNumber}`]),
  )
  const spent = new Map<string, number>()
  for (const [index, id] of samples.entries()) {
    const name = names.get(id) ?? ''
    spent.set(name, (spent.get(name) ?? 0) + (timeDeltas[index] ?? 0))
  }
  for (const [name, micros] of [...spent].toSorted((a, b) => b[1] - a[1]).slice(0, 25))
    say(`  ${(micros / 1000).toFixed(0).padStart(6)} ms ${name}`)
}

function at(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
