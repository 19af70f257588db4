import { describe, expect, test } from 'vitest'
import type { EngineHandlers } from '../api/contract/contract.ts'
import type { JobSnapshot } from '../api/contract/jobs.ts'
import { heldClock } from '../base/clock.ts'
import { jobHandlers, ON_MAIN, runCli } from '../testing/cli-world.ts'

describe('--progress', () => {
  const running = (phase: 'copy' | 'validate', doneBytes: number): JobSnapshot => ({
    ...(snapshotOf() as JobSnapshot),
    state: 'running',
    progress: { phase, doneBytes, totalBytes: 20_971_520, doneFiles: 3, totalFiles: 12, currentFiles: [] },
    rateBytesPerSecond: 10_485_760,
    etaSeconds: [1, 2],
  })

  test('prints a line at each new phase where there is no terminal, and not at every report', async () => {
    const { err } = await runCli(['backup', ...ON_MAIN, '-b', 'FULL', '--progress'], {
      handlers: progressing([running('copy', 0), running('copy', 10_485_760), running('validate', 0)]),
    })

    expect(err.match(/progress: .*/g)).toEqual([
      'progress: copying 0%, 0 of 20MB, 3 of 12 files, 10MB/s, 1s to 2s left',
      'progress: validating 0%, 0 of 20MB, 3 of 12 files, 10MB/s, 1s to 2s left',
    ])
  })

  test('prints again after five seconds of one phase', async () => {
    const clock = heldClock('2026-11-21T01:00:00Z')
    const times = ['01:00:00', '01:00:04', '01:00:05']
    const { err } = await runCli(['backup', ...ON_MAIN, '-b', 'FULL', '--progress'], {
      clock,
      handlers: progressing(
        times.map((_time, index) => running('copy', index * 5_242_880)),
        (index) => clock.set(`2026-11-21T${times[index]}Z`),
      ),
    })

    expect(err.match(/copying \d+%/g)).toEqual(['copying 0%', 'copying 50%'])
  })

  test('redraws one line on a terminal, within its width, and takes it away at the end', async () => {
    const { err } = await runCli(['backup', ...ON_MAIN, '-b', 'FULL', '--progress', '--no-color'], {
      isErrTerminal: true,
      errColumns: 40,
      handlers: progressing([running('copy', 0), running('copy', 10_485_760)]),
    })

    expect(err).toBe(
      '\r\x1b[Kcopying 0%, 0 of 20MB, 3 of 12 files, 1' +
        '\r\x1b[Kcopying 50%, 10MB of 20MB, 3 of 12 file' +
        '\r\x1b[K',
    )
  })

  test('a rate of nothing has its unit', async () => {
    const { err } = await runCli(['backup', ...ON_MAIN, '-b', 'FULL', '--progress'], {
      handlers: progressing([{ ...running('copy', 0), rateBytesPerSecond: 0 }]),
    })

    expect(err).toContain('3 of 12 files, 0B/s')
  })

  test('without it nothing is shown', async () => {
    const { err } = await runCli(['backup', ...ON_MAIN, '-b', 'FULL'], {
      isErrTerminal: true,
      handlers: progressing([running('copy', 0)]),
    })

    expect(err).toBe('')
  })

  function progressing(snapshots: JobSnapshot[], before: (index: number) => void = () => undefined) {
    return {
      ...jobHandlers({}),
      'backups.start': async () => ({ job: 'job-1' }),
      async *'jobs.watch'() {
        for (const [index, snapshot] of snapshots.entries()) {
          before(index)
          yield snapshot
        }
      },
    } satisfies Partial<EngineHandlers>
  }

  function snapshotOf() {
    return { id: 'job-1', kind: 'backup', phases: [], warningCount: 0, logCount: 0 } as unknown
  }
})
