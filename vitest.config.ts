import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // A run that is cut off must show how far it came.
    reporters: process.env['CI'] === undefined ? ['default'] : ['verbose'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{engine,electron,renderer}/**/*.test.{ts,tsx}'],
          environment: 'node',
          testTimeout: 20_000,
        },
      },
      {
        test: {
          // Real servers: two files at a time, so that two cores are not shared by five PostgreSQLs.
          name: 'servers',
          include: ['engine/**/*.scenario.ts'],
          globalSetup: 'engine/testing/around-scenarios.ts',
          environment: 'node',
          testTimeout: 90_000,
          hookTimeout: 60_000,
          pool: 'forks',
          maxWorkers: 2,
        },
      },
    ],
  },
})
