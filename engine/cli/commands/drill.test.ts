import { describe, expect, test } from 'vitest'
import type { DrillRecord } from '../../api/contract/drills.ts'
import { jobHandlers, ON_MAIN, runCli } from '../../testing/cli-world.ts'

const RECORD: DrillRecord = {
  id: 'one',
  catalog: '/srv/catalog',
  instance: 'main',
  backupId: 'TOTTEK',
  target: undefined,
  startedAt: '2026-11-21T10:00:00.000Z' as DrillRecord['startedAt'],
  durationMs: 61_000,
  isPassed: true,
  steps: [{ step: 'restore', durationMs: 60_000, bytes: 1000 }],
  checks: [{ check: 'log', state: 'passed', code: 'log-clean', values: {}, durationMs: 3 }],
  stop: { timeline: 1, lsn: '0/3000060', lastCommitAt: undefined },
  scratchId: undefined,
}

describe('drill', () => {
  test('a restore that stands: 0, and what was looked at', async () => {
    const asked: unknown[] = []
    const { status, out } = await runCli(
      [
        'drill',
        ...ON_MAIN,
        '-i',
        'TOTTEK',
        '--check-sql=select 1 => 1',
        '--check-sql=select now()',
        '--check-timeout=5s',
      ],
      {
        handlers: {
          'drills.start': async (request) => {
            asked.push(request)
            return { job: 'job-1' }
          },
          ...jobHandlers({ result: { kind: 'drill', drill: RECORD } }),
        },
      },
    )
    expect(status).toBe(0)
    expect(asked).toMatchObject([
      {
        id: 'TOTTEK',
        checkLimitSeconds: 5,
        sqlChecks: [
          { database: 'postgres', sql: 'select 1', expected: '1' },
          { database: 'postgres', sql: 'select now()' },
        ],
      },
    ])
    expect(out).toBe(
      'ok       log         The log of the server has no FATAL and no PANIC.\n\n' +
        'The restore test of TOTTEK has passed in 1m:1s: restore 1m:0s\n',
    )
  })

  test('a check that failed: 1, also as JSON', async () => {
    const drill: DrillRecord = {
      ...RECORD,
      isPassed: false,
      checks: [
        {
          check: 'log',
          state: 'failed',
          code: 'log-fatal',
          values: { message: 'out of memory' },
          durationMs: 3,
        },
      ],
    }
    const handlers = {
      'drills.start': async () => ({ job: 'job-1' }),
      ...jobHandlers({ result: { kind: 'drill', drill } }),
    }
    const { status, out } = await runCli(['drill', ...ON_MAIN, '--format=json'], { handlers })
    expect(status).toBe(1)
    expect(JSON.parse(out)).toMatchObject({
      passed: false,
      checks: [{ check: 'log', state: 'failed', text: 'The log of the server says: out of memory' }],
    })
  })
})
