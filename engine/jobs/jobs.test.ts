import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { heldClock } from '../base/clock.ts'
import { EngineError } from '../base/engine-error.ts'
import type { Progress } from '../base/progress.ts'
import type { Run } from '../base/run.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { hasEnded } from './job-snapshot.ts'
import { type Jobs, type JobSpec, openJobs } from './jobs.ts'
import { type Journal, openJournal } from './journal.ts'

type Spec = JobSpec<'backup', string>
type Work = Spec['run']

const never = new AbortController().signal
const clock = heldClock('2026-11-21T00:30:20Z')

const copying = (doneBytes: number): Progress => ({
  phase: 'copy',
  doneBytes,
  totalBytes: 100,
  doneFiles: 0,
  totalFiles: undefined,
  currentFiles: [],
})

function spec(run: Work, given: Partial<Spec> = {}): Spec {
  return { kind: 'backup', catalog: '/backup', instance: 'main', run, ...given }
}

function opened(given: Partial<Parameters<typeof openJobs>[0]> = {}): Jobs<'backup', string> {
  const jobs = openJobs<'backup', string>({ clock, journal: undefined, logDirectory: undefined, ...given })
  onTestFinished(() => jobs[Symbol.asyncDispose]())
  return jobs
}

/** Follows a job to its end. */
async function ended(jobs: Jobs<'backup', string>, id: string) {
  for await (const snapshot of jobs.watch(id, never))
    if (hasEnded(snapshot) && snapshot.endedAt !== undefined) break
  return jobs.require(id)
}

/** Work that goes on until it is let go or cancelled. */
function held(): { readonly work: Work; readonly started: Promise<Run>; letGo(): void } {
  const started = Promise.withResolvers<Run>()
  const gate = Promise.withResolvers<string>()
  return {
    work: (run) => {
      started.resolve(run)
      run.signal.addEventListener('abort', () => gate.reject(run.signal.reason), { once: true })
      return gate.promise
    },
    started: started.promise,
    letGo: () => gate.resolve('let go'),
  }
}

async function scratch(): Promise<string> {
  const directory = await scratchDirectory('jobs')
  onTestFinished(() => directory[Symbol.asyncDispose]())
  return directory.path
}

describe('a job', () => {
  test('is queued at first, then runs, and ends with its result', async () => {
    const jobs = opened()
    const { work, started, letGo } = held()
    const first = jobs.start(spec(work, { backupId: 'TOTTEK', mode: 'FULL' }))
    expect(first).toMatchObject({ state: 'queued', backupId: 'TOTTEK', mode: 'FULL', startedAt: undefined })
    await started
    expect(jobs.require(first.id)).toMatchObject({ state: 'running', startedAt: '2026-11-21T00:30:20.000Z' })
    letGo()
    expect(await ended(jobs, first.id)).toMatchObject({
      state: 'succeeded',
      result: 'let go',
      endedAt: '2026-11-21T00:30:20.000Z',
      error: undefined,
    })
  })

  test('that fails says why, with the hint', async () => {
    const jobs = opened()
    const { id } = jobs.start(
      spec(async () => {
        throw new EngineError('storage.full', 'no room is left', { hint: 'Free space.' })
      }),
    )
    expect(await ended(jobs, id)).toMatchObject({
      state: 'failed',
      error: { code: 'storage.full', message: 'no room is left', hint: 'Free space.' },
    })
    expect(jobs.log(id, 0, 9).entries).toMatchObject([{ level: 'error', message: 'no room is left' }])
  })

  test('that throws before it waits for anything fails like any other', async () => {
    const jobs = opened()
    const { id } = jobs.start(
      spec(() => {
        throw new TypeError('a mistake')
      }),
    )
    expect(await ended(jobs, id)).toMatchObject({ state: 'failed', error: { code: 'internal.bug' } })
  })

  test('tells its backup, its progress and its log while it runs', async () => {
    const jobs = opened()
    const { id } = jobs.start(
      spec(async (run, tell) => {
        tell('TOTTEK')
        run.report(copying(50))
        run.log.info('one')
        run.log.warning('two')
        return 'done'
      }),
    )
    expect(await ended(jobs, id)).toMatchObject({
      backupId: 'TOTTEK',
      progress: { phase: 'copy', doneBytes: 50 },
      logCount: 2,
      warningCount: 1,
      phases: [{ phase: 'copy', runningSince: undefined }],
    })
    expect(jobs.log(id, 1, 1)).toMatchObject({ total: 2, entries: [{ level: 'warning', message: 'two' }] })
    const lines = await Array.fromAsync(jobs.followLog(id, never))
    expect(lines.map(({ message }) => message)).toEqual(['one', 'two'])
  })

  test('that is a service is neither waited for nor counted', async () => {
    const jobs = opened()
    const service = held()
    const { id } = jobs.start(spec(service.work, { isService: true }))
    await service.started
    const others = Array.from({ length: 32 }, () => held())
    for (const { work } of others) jobs.start(spec(work))
    await Promise.all(others.map(({ started }) => started))
    expect(() => jobs.start(spec(held().work))).toThrow('32 jobs are running')
    const another = held()
    jobs.start(spec(another.work, { isService: true }))
    await another.started
    expect(jobs.require(id).state).toBe('running')
  })

  test('that has ended is not changed by a late report', async () => {
    const jobs = opened()
    const { work, started, letGo } = held()
    const { id } = jobs.start(spec(work))
    const run = await started
    letGo()
    const last = await ended(jobs, id)
    run.report(copying(99))
    expect(jobs.require(id)).toEqual(last)
  })

  test('that nobody knows is not found', () => {
    const jobs = opened()
    const failure = expect.objectContaining({ code: 'job.not-found' })
    expect(() => jobs.require('x')).toThrow(failure)
    expect(() => jobs.cancel('x')).toThrow(failure)
    expect(() => jobs.log('x', 0, 1)).toThrow(failure)
  })

  test('is told of when it has ended', async () => {
    const jobs = opened()
    const told: string[] = []
    jobs.onEnd(({ state }) => told.push(state))
    const { work, started, letGo } = held()
    const { id } = jobs.start(spec(work))
    await started
    expect(told).toEqual([])
    letGo()
    await ended(jobs, id)
    expect(told).toEqual(['succeeded'])
  })
})

describe('cancelling', () => {
  test('stops a running job, which is then cancelled and not failed', async () => {
    const jobs = opened()
    const { work, started } = held()
    const { id } = jobs.start(spec(work))
    await started
    jobs.cancel(id)
    expect(await ended(jobs, id)).toMatchObject({ state: 'cancelled', error: undefined, result: undefined })
  })

  test('keeps a waiting job from ever running', async () => {
    const jobs = opened()
    const first = held()
    jobs.start(spec(first.work, { queue: 'main' }))
    await first.started
    let hasRun = false
    const second = jobs.start(
      spec(
        async () => {
          hasRun = true
          return 'ran'
        },
        { queue: 'main' },
      ),
    )
    jobs.cancel(second.id)
    first.letGo()
    expect(await ended(jobs, second.id)).toMatchObject({ state: 'cancelled', startedAt: undefined })
    expect(hasRun).toBe(false)
  })

  test('does nothing to a job that has ended', async () => {
    const jobs = opened()
    const { id } = jobs.start(spec(async () => 'done'))
    await ended(jobs, id)
    expect(jobs.cancel(id).state).toBe('succeeded')
  })

  test('happens to all when the engine closes, which waits for them', async () => {
    const jobs = opened()
    const { work, started } = held()
    const { id } = jobs.start(spec(work))
    await started
    await jobs[Symbol.asyncDispose]()
    expect(jobs.require(id).state).toBe('cancelled')
  })
})

describe('a queue', () => {
  test('runs its jobs one after the other, also past one that fails', async () => {
    const jobs = opened()
    const order: string[] = []
    const step = (name: string): Work => {
      return async () => {
        order.push(`${name} begins`)
        await new Promise(setImmediate)
        order.push(`${name} ends`)
        if (name === 'a') throw new Error('a failed')
        return name
      }
    }
    const ids = ['a', 'b', 'c'].map((name) => jobs.start(spec(step(name), { queue: 'main' })).id)
    for (const id of ids) await ended(jobs, id)
    expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
  })

  test('does not hold up another', async () => {
    const jobs = opened()
    const first = held()
    jobs.start(spec(first.work, { queue: 'main' }))
    const { id } = jobs.start(spec(async () => 'done', { queue: 'shop' }))
    expect(await ended(jobs, id)).toMatchObject({ state: 'succeeded' })
    first.letGo()
  })

  test('of everything takes 32 jobs at most, and more when one has ended', async () => {
    const jobs = opened()
    const holds = Array.from({ length: 32 }, held)
    const [first] = holds.map(({ work }) => jobs.start(spec(work)))
    expect(() => jobs.start(spec(async () => 'x'))).toThrow(expect.objectContaining({ code: 'plan.refused' }))
    holds[0]?.letGo()
    await ended(jobs, first?.id ?? '')
    const { id } = jobs.start(spec(async () => 'x'))
    expect((await ended(jobs, id)).state).toBe('succeeded')
  })
})

describe('the list', () => {
  test('has unfinished jobs first and then the newest', async () => {
    const jobs = opened()
    const first = held()
    const running = jobs.start(spec(first.work))
    clock.set('2026-11-21T00:31:00Z')
    const older = jobs.start(spec(async () => 'x'))
    clock.set('2026-11-21T00:32:00Z')
    const newer = jobs.start(spec(async () => 'x'))
    for (const { id } of [older, newer]) await ended(jobs, id)
    expect(jobs.list(9).map(({ id }) => id)).toEqual([running.id, newer.id, older.id])
    expect(jobs.list(2).map(({ id }) => id)).toEqual([running.id, newer.id])
    first.letGo()
  })

  test('is told to whoever watches all', async () => {
    const jobs = opened()
    const stop = new AbortController()
    const seen: string[] = []
    const watching = (async () => {
      for await (const { id, state } of jobs.watchAll(stop.signal)) {
        seen.push(`${id} ${state}`)
        if (state === 'succeeded') stop.abort()
      }
    })()
    const { id } = jobs.start(spec(async () => 'x'))
    await watching
    expect(seen.at(-1)).toBe(`${id} succeeded`)
  })
})

describe('with a journal', () => {
  test('jobs and their logs outlive the engine', async () => {
    const state = await scratch()
    const logDirectory = path.join(state, 'logs')
    using journal = openJournal(state)
    const before = opened({ journal, logDirectory })
    const { id } = before.start(
      spec(async (run) => {
        run.log.info('first')
        run.log.info('second')
        return 'done'
      }),
    )
    const last = await ended(before, id)
    expect(readFileSync(path.join(logDirectory, `${id}.ndjson`), 'utf8').split('\n')).toHaveLength(3)

    const after = opened({ journal, logDirectory })
    expect(after.require(id)).toEqual(last)
    expect(after.list(9).map((job) => job.id)).toEqual([id])
    expect(after.log(id, 1, 9)).toMatchObject({ total: 2, entries: [{ message: 'second' }] })
    expect(await Array.fromAsync(after.watch(id, never))).toEqual([last])
    expect(await Array.fromAsync(after.followLog(id, never))).toHaveLength(2)
    expect(after.cancel(id).state).toBe('succeeded')
  })

  test('a job that is cut off by a crash is interrupted in the next engine, with the log as far as it was written', async () => {
    const state = await scratch()
    const saved: string[] = []
    {
      using journal = openJournal(state)
      const crashed = opened({
        journal: { ...journal, save: (job) => (saved.push(job.state), journal.save(job)) },
      })
      const { work, started } = held()
      const { id } = crashed.start(spec(work))
      await started
      expect(saved).toEqual(['queued', 'running'])
      using next = openJournal(state)
      expect(opened({ journal: next, logDirectory: state }).require(id)).toMatchObject({
        id,
        state: 'interrupted',
        endedAt: expect.any(String),
      })
      expect(opened({ journal: next, logDirectory: state }).log(id, 0, 9)).toEqual({ total: 0, entries: [] })
      crashed.cancel(id)
      await ended(crashed, id)
    }
  })

  test('that cannot be written to any more, jobs go on, say so once and hold up nobody', async () => {
    const journal: Journal = {
      save: () => {
        throw new Error('database or disk is full')
      },
      find: () => undefined,
      newest: () => [],
      [Symbol.dispose]: () => undefined,
    }
    const jobs = opened({ journal })
    const first = jobs.start(
      spec(
        async (run) => {
          run.report(copying(1))
          return 'restored'
        },
        { queue: 'main' },
      ),
    )
    const second = jobs.start(spec(async () => 'and the next', { queue: 'main' }))
    expect(await ended(jobs, first.id)).toMatchObject({ state: 'succeeded', result: 'restored' })
    expect(await ended(jobs, second.id)).toMatchObject({ state: 'succeeded', result: 'and the next' })
    expect(jobs.log(first.id, 0, 9).entries).toMatchObject([
      { level: 'warning', message: expect.stringContaining('database or disk is full') },
    ])
  })
})
