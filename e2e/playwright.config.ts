import { defineConfig } from '@playwright/test'
import type { Mode } from './app.ts'
import { findElectron } from '../engine/demo/find-electron.ts'
import { openTestDirectory } from '../engine/testing/test-directory.ts'

/** The recorded catalogs, a few small servers at a time, and what the application unpacks. */
const NEEDED_BYTES = 4 * 2 ** 30

const modes: Mode[] = ['web', 'standin']
// Workers load this file as well; once is enough.
const isFirst = process.env['TEST_WORKER_INDEX'] === undefined
if (findElectron() !== undefined) modes.push('electron')
else if (isFirst) process.stdout.write('project "electron" skipped: no Electron binary\n')
// Workers inherit what it puts into the environment.
if (isFirst) process.once('exit', openTestDirectory('journeys', NEEDED_BYTES))

/** Screens that are the same page in either transport, and long: under the stand-in on request. */
const SAME_IN_BOTH =
  process.env['TIDEMARK_EVERY_TRANSPORT'] === undefined
    ? [
        'chains',
        'config',
        'continue-restore',
        'after-restore',
        'drill',
        'faces',
        'forced-restore',
        'moment',
        'pins',
        'plans',
        'restore-options',
        'selection',
        'slots',
      ].map((name) => `**/${name}.spec.ts`)
    : []

export default defineConfig({
  testDir: './journeys',
  outputDir: '../test-results',
  // Limits, not expectations: a machine that has much else to do needs many times what an idle one does.
  timeout: 240_000,
  expect: { timeout: 30_000 },
  workers: 2,
  fullyParallel: true,
  forbidOnly: process.env['CI'] !== undefined,
  retries: 0,
  reporter: [['list']],
  projects: modes.map((mode) => ({
    name: mode,
    metadata: { mode },
    testIgnore: mode === 'standin' ? SAME_IN_BOTH : [],
  })),
})
