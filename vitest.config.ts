import { defineConfig } from 'vitest/config'

const ALONE = '{engine,electron,renderer}/**/*.alone.test.ts'

const unit = {
  include: ['{engine,electron,renderer}/**/*.test.{ts,tsx}'],
  globalSetup: 'engine/testing/around-units.ts',
  environment: 'node',
  // Only what hangs meets this.
  testTimeout: 60_000,
  // Its own is one second, which a busy machine may take for a step.
  expect: { poll: { timeout: 15_000 } },
  pool: 'forks' as const,
}

export default defineConfig({
  test: {
    // Vitest would leave one core alone.
    maxWorkers: '100%',
    // A run that is cut off must show how far it came.
    reporters: process.env['CI'] === undefined ? ['default'] : ['verbose'],
    projects: [
      {
        test: {
          // One process for many files: to load the engine again for each takes longer than most of them.
          ...unit,
          name: 'unit',
          exclude: [ALONE],
          isolate: false,
        },
      },
      {
        test: {
          // Those that put something else in the place of a module.
          ...unit,
          name: 'unit-alone',
          include: [ALONE],
        },
      },
      {
        test: {
          // Real servers. They and whoever waits for them leave a third of two cores idle, which a third file takes.
          name: 'servers',
          include: ['engine/**/*.scenario.ts'],
          globalSetup: 'engine/testing/around-scenarios.ts',
          environment: 'node',
          // Only what hangs meets these: on a quiet machine nothing takes a quarter of them.
          testTimeout: 240_000,
          hookTimeout: 240_000,
          expect: { poll: { timeout: 60_000 } },
          pool: 'forks',
          maxWorkers: 3,
        },
      },
    ],
  },
})
