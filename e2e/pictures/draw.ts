import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { chromium, type Page } from '@playwright/test'
import { contract } from '../../engine/api/contract/contract.ts'
import { openEngine } from '../../engine/api/engine.ts'
import { localClient } from '../../engine/api/local.ts'
import { serve } from '../../engine/api/serve.ts'
import { startWebHost } from '../../engine/web-host/start-web-host.ts'
import { CHROMIUM, CHROMIUM_FLAGS } from '../standin/chromium.ts'
import { writeLedger, writeShop } from './sample-catalog.ts'

// Draws the pictures of README.md into docs/pictures, or where the first argument says, from a catalog that is made up:
// `npm run build:renderer && npm run pictures`.

const root = process.env['TIDEMARK_E2E_ROOT'] ?? path.join(import.meta.dirname, '..', '..')
const target = process.argv[2] ?? path.join(root, 'docs', 'pictures')
/** Shown instead of the directory in which they are drawn. */
const SHOWN_CATALOG = '/backup'

const place = await mkdtemp(path.join(os.tmpdir(), 'tidemark-pictures-'))
try {
  const catalog = path.join(place, 'catalog')
  const nowSeconds = Math.floor(Date.now() / 1000)
  writeShop(catalog, nowSeconds)
  writeLedger(catalog, nowSeconds)
  await using engine = await openEngine({
    stateDirectory: path.join(place, 'state'),
    transport: 'web',
    env: {},
  })
  await localClient(contract, engine.handlers)['catalogs.open']({ path: catalog })
  const host = await startWebHost({
    rendererDirectory: path.join(root, 'dist', 'renderer'),
    connectEngine: (port) => serve(contract, engine.handlers, port),
  })
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: [...CHROMIUM_FLAGS] })
  try {
    const profile = await browser.newContext({
      viewport: { width: 1280, height: 800 },
      timezoneId: 'UTC',
      colorScheme: 'light',
    })
    const page = await profile.newPage()
    await page.goto(host.url)
    await drawChains(page)
    await drawMoment(page)
    await drawRetention(page)
    await profile.close()

    async function save(name: string): Promise<void> {
      await page.evaluate(
        ([from, to]) => {
          const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
          while (texts.nextNode() !== null) {
            const { currentNode: text } = texts
            text.nodeValue = text.nodeValue?.replaceAll(from, to) ?? null
          }
        },
        [catalog, SHOWN_CATALOG] as const,
      )
      await page.locator('main').evaluate((main) => main.scrollTo(0, 0))
      await page.mouse.move(0, 0)
      await page.screenshot({ path: path.join(target, `${name}.png`) })
      process.stdout.write(`${path.join(target, `${name}.png`)}\n`)
    }

    async function drawChains(shown: Page): Promise<void> {
      await shown.setViewportSize({ width: 1280, height: 900 })
      await openInstance(shown, 'shop', 'Chains')
      await shown.getByRole('button', { name: /^CORRUPT/ }).waitFor()
      await shown.getByRole('treegrid').getByRole('row').nth(3).click()
      await settled(shown)
      await save('chains')
    }

    async function drawMoment(shown: Page): Promise<void> {
      await shown.setViewportSize({ width: 1280, height: 920 })
      await openInstance(shown, 'ledger', 'Overview')
      await shown.getByRole('button', { name: 'Restore to a moment…' }).click()
      await shown.getByRole('button', { name: 'Scan WAL for exact times' }).click()
      await shown.getByRole('button', { name: 'Before the last accident' }).click()
      await shown.locator('.verdict').getByText('just before xid').waitFor()
      await settled(shown)
      await save('moment')
    }

    async function drawRetention(shown: Page): Promise<void> {
      await shown.setViewportSize({ width: 1280, height: 860 })
      await openInstance(shown, 'shop', 'Retention')
      await shown.getByLabel('Assume backups go on').check()
      const handle = shown.getByRole('slider', { name: 'As of' })
      await handle.focus()
      for (let day = 0; day < 12; day++) await shown.keyboard.press('ArrowRight')
      await settled(shown)
      await save('retention')
    }
  } finally {
    await browser.close()
    await host.close()
  }
} finally {
  await rm(place, { recursive: true, force: true })
}

async function openInstance(page: Page, instance: string, screen: string): Promise<void> {
  await page.locator('.instance-row').filter({ hasText: instance }).click()
  await page
    .getByRole('navigation', { name: `Screens of ${instance}` })
    .getByRole('button', { name: screen })
    .click()
}

/** Figures of the engine come when the hand rests. */
async function settled(page: Page): Promise<void> {
  await page.waitForTimeout(1500)
}
