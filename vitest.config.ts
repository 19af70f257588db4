import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
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
          environment: 'node',
          testTimeout: 180_000,
          hookTimeout: 60_000,
          pool: 'forks',
          maxWorkers: 2,
        },
      },
    ],
  },
})
