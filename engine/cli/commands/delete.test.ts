import { describe, expect, test } from 'vitest'
import type { BackupId } from '../../base/backup-id.ts'
import { EngineError } from '../../base/engine-error.ts'
import { jobHandlers, ON_MAIN, runCli } from '../../testing/cli-world.ts'

describe('delete', () => {
  const plan = {
    hash: 'h1',
    backups: [
      { id: 'TOTTEK' as BackupId, reason: 'asked' as const, dataBytes: 8008355 },
      { id: 'TOTTEV' as BackupId, reason: 'descendant' as const, dataBytes: 131072 },
    ],
    freedBytes: 8139427,
  }
  const deleted = jobHandlers({
    result: { kind: 'delete', backupIds: ['TOTTEK', 'TOTTEV'], freedBytes: 8139427 },
  })

  test('names what goes and why, and deletes exactly the plan', async () => {
    const asked: unknown[] = []
    const { status, err } = await runCli(['delete', ...ON_MAIN, '-i', 'TOTTEK', '-j2'], {
      handlers: {
        'backups.plan-delete': async () => plan,
        'backups.delete': async (input) => {
          asked.push(input)
          return { job: 'job-1' }
        },
        ...deleted,
      },
    })

    expect(asked).toEqual([{ catalog: '/srv/catalog', instance: 'main', id: 'TOTTEK', hash: 'h1' }])
    expect({ status, err }).toEqual({
      status: 0,
      err:
        'INFO: --threads changes nothing for delete\n' +
        'INFO: deleting backup TOTTEK (7821kB)\n' +
        'INFO: deleting backup TOTTEV, which needs a backup that is deleted (128kB)\n' +
        'INFO: 2 backups were deleted, 7949kB freed\n',
    })
  })

  test('--dry-run deletes nothing', async () => {
    const { status, err } = await runCli(['delete', ...ON_MAIN, '--status=error', '--dry-run'], {
      handlers: {
        'backups.plan-delete': async ({ status: asked }) => {
          expect(asked).toBe('ERROR')
          return plan
        },
      },
    })

    expect(status).toBe(0)
    expect(err).toContain('INFO: would delete backup TOTTEK')
    expect(err).toContain('nothing was changed')
  })

  test.each([[['--dry-run']], [[]]])('--format=json says what goes, with %j', async (more) => {
    const { status, out } = await runCli(['delete', ...ON_MAIN, '-i', 'TOTTEK', '--format=json', ...more], {
      handlers: {
        'backups.plan-delete': async () => plan,
        'backups.delete': async () => ({ job: 'job-1' }),
        ...deleted,
      },
    })
    expect(status).toBe(0)
    expect(JSON.parse(out)).toEqual({
      backups: [
        { id: 'TOTTEK', reason: 'asked', 'data-bytes': 8008355 },
        { id: 'TOTTEV', reason: 'descendant', 'data-bytes': 131072 },
      ],
      'freed-bytes': 8139427,
    })
  })

  test('a plan that has become stale is made again, but not for ever', async () => {
    let plans = 0
    const { status, err } = await runCli(['delete', ...ON_MAIN, '-i', 'TOTTEK'], {
      handlers: {
        'backups.plan-delete': async () => {
          plans++
          return plan
        },
        'backups.delete': async () => {
          throw new EngineError('plan.stale', 'the catalog has changed')
        },
      },
    })

    expect({ status, plans }).toEqual({ status: 1, plans: 3 })
    expect(err).toContain('ERROR: the catalog has changed')
  })

  test.each([
    [[], /was not told which backups/],
    [['-i', 'TOTTEK', '--status=OK'], /exclude each other/],
    [['-i', 'TOTTEK', '--delete-expired'], /exclude each other/],
    [['--wal-depth=1'], /nothing asks to apply it/],
  ])('refuses %j', async (options, message) => {
    const { status, err } = await runCli(['delete', ...ON_MAIN, ...options])

    expect(status).toBe(1)
    expect(err).toMatch(message)
  })
})
