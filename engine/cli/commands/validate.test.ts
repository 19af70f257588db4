import { describe, expect, test } from 'vitest'
import type { EngineHandlers } from '../../api/contract/contract.ts'
import { jobHandlers, ON_MAIN, runCli } from '../../testing/cli-world.ts'

describe('validate', () => {
  const verdict = (backupId: string, status: string) => ({ instance: 'main', backupId, status })
  const job = (verdicts: ReturnType<typeof verdict>[], isSound: boolean): Partial<EngineHandlers> => ({
    'backups.validate': async () => ({ job: 'job-1' }),
    ...jobHandlers({ result: { kind: 'validate', verdicts, findings: [], isSound } }),
  })

  test('everything sound: 0', async () => {
    const one = await runCli(['validate', ...ON_MAIN, '-i', 'TOTTEK'], {
      handlers: job([verdict('TOTTEK', 'OK')], true),
    })
    const all = await runCli(['validate', '-B', '/srv/catalog'], {
      handlers: job([verdict('TOTTEK', 'OK'), verdict('TOTTEV', 'OK')], true),
    })

    expect(one).toEqual({ status: 0, out: '', err: 'INFO: backup TOTTEK is sound\n' })
    expect(all).toEqual({ status: 0, out: '', err: 'INFO: all 2 backups are sound\n' })
  })

  test('something damaged: 1, and each bad backup is named', async () => {
    const { status, err } = await runCli(['validate', ...ON_MAIN], {
      handlers: job(
        [verdict('TOTTEK', 'CORRUPT'), verdict('TOTTEV', 'ORPHAN'), verdict('TOTTEZ', 'OK')],
        false,
      ),
    })

    expect(status).toBe(1)
    expect(err).toBe(
      'WARNING: backup TOTTEK of main is CORRUPT\nWARNING: backup TOTTEV of main is ORPHAN\n' +
        'ERROR: 2 of 3 backups are not sound\n',
    )
  })

  test('of one backup the parent is named that it needs', async () => {
    const asked = ['validate', ...ON_MAIN, '-i', 'TOTTEV']
    const orphaned = await runCli(asked, { handlers: job([verdict('TOTTEK', 'CORRUPT')], false) })
    const damaged = await runCli(asked, {
      handlers: job([verdict('TOTTEK', 'OK'), verdict('TOTTEV', 'CORRUPT')], false),
    })

    expect(orphaned).toMatchObject({
      status: 1,
      err:
        'WARNING: backup TOTTEK of main is CORRUPT\n' +
        'ERROR: backup TOTTEV cannot be restored: it needs backup TOTTEK, which is CORRUPT\n',
    })
    expect(damaged.err).toMatch(/ERROR: backup TOTTEV is not sound\n$/)
  })

  test('what could not be looked at is not sound either', async () => {
    expect((await runCli(['validate', ...ON_MAIN], { handlers: job([], false) })).status).toBe(1)
  })

  test('a target that is not reached: 1, and the log of the job has said why', async () => {
    const finding = {
      severity: 'problem' as const,
      code: 'target-unreachable' as const,
      instance: 'main',
      backupId: 'TOTTEK',
      where: 'WAL',
      message: 'the recovery target is not reached',
    }
    const handlers = {
      ...job([], false),
      ...jobHandlers({
        result: {
          kind: 'validate',
          verdicts: [verdict('TOTTEK', 'OK')],
          findings: [finding],
          isSound: false,
        },
      }),
    }
    const argv = ['validate', ...ON_MAIN, '--recovery-target-xid=7000']
    expect(await runCli(argv, { handlers })).toEqual({ status: 1, out: '', err: '' })
  })

  test('a timeline without an instance is refused', async () => {
    const { status, err } = await runCli(['validate', '-B', '/srv/catalog', '--recovery-target-timeline=7'])
    expect(status).toBe(1)
    expect(err).toMatch(/which instance is meant/)
  })

  test('a backup without its instance is refused', async () => {
    expect((await runCli(['validate', '-B', '/srv/catalog', '-i', 'TOTTEK'])).err).toMatch(
      /which instance is meant/,
    )
  })
})
