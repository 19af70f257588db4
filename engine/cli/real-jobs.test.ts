import { expect, test } from 'vitest'
import type { EngineContext } from '../api/context.ts'
import { contract, type EngineHandlers } from '../api/contract/contract.ts'
import type { JobKind, JobResult } from '../api/contract/jobs.ts'
import { jobHandlers } from '../api/handlers/jobs.ts'
import { localClient } from '../api/local.ts'
import { SYSTEM_CLOCK } from '../base/clock.ts'
import { delay } from '../base/concurrency.ts'
import { EngineError } from '../base/engine-error.ts'
import type { Run } from '../base/run.ts'
import { openJobs } from '../jobs/jobs.ts'
import { runCli } from '../testing/cli-world.ts'

const BACKUP = ['backup', '-B', '/srv/catalog', '--instance=main', '-b', 'FULL', '--progress']
const RESULT: JobResult = { kind: 'backup', backupId: 'TOTTEK', status: 'OK', dataBytes: 1, walBytes: 1 }

/** Handlers whose backup is `work`, run by the real job table. */
function handlersFor(work: (run: Run) => Promise<JobResult>): Partial<EngineHandlers> {
  const jobs = openJobs<JobKind, JobResult>({
    clock: SYSTEM_CLOCK,
    journal: undefined,
    logDirectory: undefined,
  })
  return {
    ...jobHandlers({ jobs } as EngineContext),
    'backups.start': async ({ catalog, instance }) => ({
      job: jobs.start({
        kind: 'backup',
        catalog,
        instance,
        run: (run, tell) => {
          tell('TOTTEK')
          return work(run)
        },
      }).id,
    }),
  }
}

test('every line of the log is printed once and in order', async () => {
  const handlers = handlersFor(async ({ log, signal }) => {
    for (let line = 0; line < 500; line++) {
      log.info(`line ${line}`)
      if (line % 100 === 0) await delay(1, signal)
    }
    return RESULT
  })
  const { status, err } = await runCli(BACKUP, { handlers })
  const lines = err.split('\n').filter((line) => line.startsWith('INFO: line'))

  expect(status).toBe(0)
  expect(lines).toEqual(Array.from({ length: 500 }, (_, line) => `INFO: line ${line}`))
  expect(err).toMatch(/INFO: backup TOTTEK \(FULL\) of main: status OK.*\n$/)
})

test('a failure is printed once, with its hint', async () => {
  const handlers = handlersFor(async () => {
    throw new EngineError('storage.full', 'the disk is full', { hint: 'Make room.' })
  })
  const { status, err } = await runCli(BACKUP, { handlers })

  expect(status).toBe(1)
  expect(err).toBe('ERROR: the disk is full\nHINT: Make room.\nINFO: backup TOTTEK was not completed\n')
})

test('Ctrl-C waits until the job has cleaned up', async () => {
  const events: string[] = []
  const started = Promise.withResolvers<void>()
  const handlers = handlersFor(async ({ signal }) => {
    started.resolve()
    try {
      await delay(60_000, signal)
    } finally {
      await delay(20, new AbortController().signal)
      events.push('cleaned up')
    }
    return RESULT
  })
  const { status, err } = await runCli(BACKUP, {
    handlers,
    onInterrupt: (listener) => {
      void started.promise.then(listener)
      return { [Symbol.dispose]: () => undefined }
    },
  })
  events.push('ended')

  expect({ status, events }).toEqual({ status: 130, events: ['cleaned up', 'ended'] })
  expect(err).toMatch(/WARNING: cancelling;.*\nWARNING: cancelled\nINFO: backup TOTTEK was not completed\n$/)
})

test('the engine stays open and Ctrl-C is watched until the command has ended', async () => {
  const events: string[] = []
  const handlers = handlersFor(async ({ signal }) => {
    await delay(20, signal)
    events.push('job done')
    return RESULT
  })
  const { status } = await runCli(BACKUP, {
    onInterrupt: () => ({ [Symbol.dispose]: () => void events.push('no longer watching') }),
    openSession: async () => ({
      client: localClient(contract, { 'instances.config': async () => [], ...handlers } as EngineHandlers),
      [Symbol.asyncDispose]: async () => void events.push('engine closed'),
    }),
  })

  expect({ status, events }).toEqual({
    status: 0,
    events: ['job done', 'engine closed', 'no longer watching'],
  })
})
