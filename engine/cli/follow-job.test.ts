import { describe, expect, test } from 'vitest'
import type { EngineHandlers } from '../api/contract/contract.ts'
import type { JobSnapshot } from '../api/contract/jobs.ts'
import { jobHandlers, ON_MAIN, runCli } from '../testing/cli-world.ts'

describe('Ctrl-C', () => {
  /** A job that runs until it is cancelled. */
  function endlessJob() {
    const cancelled = Promise.withResolvers<void>()
    const end = jobHandlers({ state: 'cancelled', backupId: 'TOTTEK' })
    const handlers: Partial<EngineHandlers> = {
      ...end,
      'backups.start': async () => ({ job: 'job-1' }),
      'jobs.cancel': async (input, call) => {
        cancelled.resolve()
        return (await end['jobs.get']?.(input, call)) as JobSnapshot
      },
      async *'jobs.follow-log'() {
        yield { level: 'info', atMs: 0, message: 'copying' }
        await cancelled.promise
        yield { level: 'warning', atMs: 0, message: 'cancelled' }
      },
      async *'jobs.watch'() {
        await cancelled.promise
        yield* end['jobs.watch']?.({ job: 'job-1' }, { signal: AbortSignal.abort() }) ?? []
      },
    }
    return handlers
  }

  /** Presses Ctrl-C when `text` has been printed. */
  function interruptAt(text: string, presses: number) {
    let press = (): void => undefined
    let err = ''
    return {
      writeErr: (chunk: string) => {
        err += chunk
        if (err.includes(text)) for (; presses > 0; presses--) queueMicrotask(() => press())
      },
      onInterrupt: (listener: () => void) => {
        press = listener
        return { [Symbol.dispose]: () => undefined }
      },
      printed: () => err,
    }
  }

  test('cancels the job, waits for its end and exits with 130', async () => {
    const { printed, ...world } = interruptAt('copying', 1)
    const { status } = await runCli(['backup', ...ON_MAIN, '-b', 'FULL'], {
      handlers: endlessJob(),
      ...world,
    })

    expect(status).toBe(130)
    expect(printed()).toMatch(
      /copying\nWARNING: cancelling; .*\nWARNING: cancelled\nINFO: backup TOTTEK was not/,
    )
  })

  test('a second one ends at once', async () => {
    const exits: number[] = []
    const { printed: _printed, ...world } = interruptAt('copying', 2)
    await runCli(['backup', ...ON_MAIN, '-b', 'FULL'], {
      handlers: endlessJob(),
      ...world,
      exitNow: (status) => void exits.push(status),
    })

    expect(exits).toEqual([130])
  })

  test('before a job has started it ends the call', async () => {
    const { printed, ...world } = interruptAt('never', 0)
    const { status } = await runCli(['backup', ...ON_MAIN, '-b', 'FULL'], {
      ...world,
      onInterrupt: (listener) => {
        queueMicrotask(listener)
        return { [Symbol.dispose]: () => undefined }
      },
      handlers: {
        'backups.start': (_input, { signal }) =>
          new Promise((_resolve, reject) => {
            if (signal.aborted) reject(signal.reason)
            signal.addEventListener('abort', () => reject(signal.reason))
          }),
      },
    })

    expect(status).toBe(130)
    expect(printed()).toBe('WARNING: cancelled\n')
  })
})
