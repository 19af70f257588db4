import { describe, expect, test } from 'vitest'
import type { MergePlan } from '../../api/contract/backups.ts'
import { parseBackupId } from '../../base/backup-id.ts'
import { EngineError } from '../../base/engine-error.ts'
import { jobHandlers, runCli } from '../../testing/cli-world.ts'

const ON_MAIN = ['merge', '-B', '/srv/catalog', '--instance=main']
const [FULL, DELTA, PAGE, BRANCH] = ['TOTTEK', 'TOTTEV', 'TOTTEZ', 'TOTTF1'].map(parseBackupId) as [
  MergePlan['fullId'],
  MergePlan['fullId'],
  MergePlan['fullId'],
  MergePlan['fullId'],
]

const plan: MergePlan = {
  hash: 'h1',
  stage: 'start',
  fullId: FULL,
  destinationId: PAGE,
  members: [
    { id: FULL, mode: 'FULL', dataBytes: 8008355 },
    { id: DELTA, mode: 'DELTA', dataBytes: 131072 },
    { id: PAGE, mode: 'PAGE', dataBytes: 131072 },
  ],
  vanishingIds: [FULL, DELTA],
  orphanedIds: [BRANCH],
  incrementBytes: 262144,
}

describe('merge', () => {
  test('says what becomes of what, and carries out exactly the plan', async () => {
    const asked: unknown[] = []
    const { status, err } = await runCli([...ON_MAIN, '-i', PAGE, '-j2', '--no-validate', '--no-sync'], {
      handlers: {
        'backups.plan-merge': async () => plan,
        'backups.merge': async (input) => {
          asked.push(input)
          return { job: 'job-1' }
        },
        ...jobHandlers({
          result: {
            kind: 'merge',
            backupId: PAGE,
            vanishedIds: [FULL, DELTA],
            writtenBytes: 204800,
            freedBytes: 131072,
          },
        }),
      },
    })
    expect(asked).toEqual([
      {
        catalog: '/srv/catalog',
        instance: 'main',
        id: PAGE,
        hash: 'h1',
        threads: 2,
        isValidated: false,
        isSynced: false,
      },
    ])
    expect({ status, err }).toEqual({
      status: 0,
      err:
        'INFO: TOTTEK, TOTTEV, TOTTEZ become one FULL backup, TOTTEZ\n' +
        'WARNING: backup TOTTF1 needs a backup that is merged, and cannot be restored afterwards\n' +
        'INFO: backup TOTTEZ is a FULL backup now: 200kB written, 128kB freed\n',
    })
  })

  test('--dry-run merges nothing', async () => {
    const { status, err } = await runCli([...ON_MAIN, '-i', PAGE, '--dry-run'], {
      handlers: { 'backups.plan-merge': async () => ({ ...plan, stage: 'finish' }) },
    })
    expect(status).toBe(0)
    expect(err).toContain('an earlier merge into TOTTEZ is taken up again')
    expect(err).toContain('nothing was changed')
  })

  test('a plan that has become stale is made again, but not for ever', async () => {
    let plans = 0
    const { status, err } = await runCli([...ON_MAIN, '-i', PAGE], {
      handlers: {
        'backups.plan-merge': async () => {
          plans++
          return plan
        },
        'backups.merge': async () => {
          throw new EngineError('plan.stale', 'the catalog has changed')
        },
      },
    })
    expect({ status, plans }).toEqual({ status: 1, plans: 3 })
    expect(err).toContain('ERROR: the catalog has changed')
  })

  test('asks for the backup that is meant', async () => {
    const { status, err } = await runCli(ON_MAIN)
    expect(status).toBe(1)
    expect(err).toContain('merge was not told which backup')
  })
})
