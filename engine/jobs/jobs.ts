import { enterPhase, leavePhase } from './phase-times.ts'
import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { describeError, EngineError, isCancelled, toWireError } from '../base/engine-error.ts'
import type { Clock } from '../base/clock.ts'
import { isoFromMs } from '../base/iso-time.ts'
import { type Log, type LogEntry, logTo } from '../base/log.ts'
import type { Progress } from '../base/progress.ts'
import type { Run } from '../base/run.ts'
import { hasEnded, type Snapshot } from './job-snapshot.ts'
import type { Journal } from './journal.ts'
import { LatestFeed } from './latest-feed.ts'
import { countLogFile, LogBook, readLogFile } from './log-book.ts'
import { RateMeter } from './rate-meter.ts'

/** A window is told of a job at most ten times a second. */
const FEED_INTERVAL_MS = 100
/** How often a running job is written to the journal besides its changes of phase. */
const SAVE_INTERVAL_MS = 5000
const MOST_RUNNING = 32
const MOST_SERVICES = 256

/** What a job is to do. `jobs` runs it and knows nothing of it. */
export type JobSpec<Kind extends string, Result> = {
  readonly kind: Kind
  readonly catalog: string
  readonly instance: string | undefined
  readonly backupId?: string | undefined
  readonly mode?: string | undefined
  /** Jobs with the same key run one after the other. */
  readonly queue?: string | undefined
  /** Runs until it is told to stop: waits for no other, and no other has to wait for it or for its place. */
  readonly isService?: boolean
  /** `tell` names the backup as soon as it is known, and the mode where the job itself decides it. */
  run(run: Run, tell: (backupId: string, mode?: string) => void): Promise<Result>
}

/** The jobs of this engine, and of earlier ones as far as the journal has them. */
export type Jobs<Kind extends string, Result> = AsyncDisposable & {
  start(spec: JobSpec<Kind, Result>): Snapshot<Kind, Result>
  list(limit: number): readonly Snapshot<Kind, Result>[]
  /** @throws {EngineError} `job.not-found` */
  require(id: string): Snapshot<Kind, Result>
  watch(id: string, signal: AbortSignal): AsyncIterable<Snapshot<Kind, Result>>
  watchAll(signal: AbortSignal): AsyncIterable<Snapshot<Kind, Result>>
  cancel(id: string): Snapshot<Kind, Result>
  log(
    id: string,
    from: number,
    limit: number,
  ): { readonly total: number; readonly entries: readonly LogEntry[] }
  followLog(id: string, signal: AbortSignal): AsyncIterable<LogEntry>
  /** Told of every job that has ended. */
  onEnd(listener: (snapshot: Snapshot<Kind, Result>) => void): void
}

type Live<Kind extends string, Result> = {
  snapshot: Snapshot<Kind, Result>
  readonly stop: AbortController
  readonly feed: LatestFeed<Snapshot<Kind, Result>>
  readonly book: LogBook
  readonly logFeed: LatestFeed<number>
  readonly done: Promise<void>
  readonly isService: boolean
  /** Whether the journal has refused it. */
  isForgotten: boolean
}

/** Opens the job table. Without a directory for state nothing outlives the process. */
export function openJobs<Kind extends string, Result>(options: {
  readonly clock: Clock
  readonly journal: Journal | undefined
  readonly logDirectory: string | undefined
}): Jobs<Kind, Result> {
  type Job = Snapshot<Kind, Result>
  const { clock, journal, logDirectory } = options
  const live = new Map<string, Live<Kind, Result>>()
  const queues = new Map<string, Promise<void>>()
  const watchers = new Set<(snapshot: Job) => void>()
  const endListeners: ((snapshot: Job) => void)[] = []

  const logFile = (id: string): string | undefined =>
    logDirectory === undefined ? undefined : path.join(logDirectory, `${id}.ndjson`)

  function start(spec: JobSpec<Kind, Result>): Job {
    const isService = spec.isService === true
    const runningCount = [...live.values()].filter(
      (job) => job.isService === isService && !hasEnded(job.snapshot),
    ).length
    if (runningCount >= (isService ? MOST_SERVICES : MOST_RUNNING)) {
      throw new EngineError('plan.refused', `${runningCount} jobs are running or waiting already`, {
        hint: 'Wait until some have ended.',
      })
    }
    const id = `${clock.nowMs().toString(36)}-${randomBytes(4).toString('hex')}`
    const stop = new AbortController()
    const job: Live<Kind, Result> = {
      snapshot: {
        id,
        kind: spec.kind,
        catalog: spec.catalog,
        instance: spec.instance,
        backupId: spec.backupId,
        mode: spec.mode,
        state: 'queued',
        createdAt: isoFromMs(clock.nowMs()),
        startedAt: undefined,
        endedAt: undefined,
        progress: undefined,
        rateBytesPerSecond: undefined,
        etaSeconds: undefined,
        phases: [],
        result: undefined,
        error: undefined,
        warningCount: 0,
        logCount: 0,
      },
      stop,
      feed: new LatestFeed(FEED_INTERVAL_MS),
      book: new LogBook(logFile(id)),
      logFeed: new LatestFeed(0),
      done: Promise.resolve(),
      isService,
      isForgotten: false,
    }
    live.set(id, job)
    keep(job)
    publish(job)
    const before =
      spec.queue === undefined ? Promise.resolve() : (queues.get(spec.queue) ?? Promise.resolve())
    const done = before.then(() => carryOut(job, spec))
    if (spec.queue !== undefined) queues.set(spec.queue, done)
    live.set(id, Object.assign(job, { done }))
    return job.snapshot
  }

  async function carryOut(job: Live<Kind, Result>, spec: JobSpec<Kind, Result>): Promise<void> {
    const meter = new RateMeter()
    let savedMs = 0
    const now = () => isoFromMs(clock.nowMs())

    const log = logOf(job)

    const report = (progress: Progress): void => {
      // A worker that was told to stop may still have something to say.
      if (job.snapshot.endedAt !== undefined) return
      const isNewPhase = progress.phase !== job.snapshot.progress?.phase
      if (isNewPhase) meter.reset()
      meter.add(clock.nowMs(), progress.doneBytes)
      change(job, {
        progress,
        rateBytesPerSecond: meter.rate(),
        etaSeconds: meter.remainingSeconds(progress.totalBytes),
        ...(isNewPhase && {
          phases: enterPhase(job.snapshot.phases, progress.phase, clock.nowMs()),
        }),
      })
      if (isNewPhase || clock.nowMs() - savedMs > SAVE_INTERVAL_MS) {
        savedMs = clock.nowMs()
        keep(job)
      }
    }

    try {
      job.stop.signal.throwIfAborted()
      change(job, { state: 'running', startedAt: now() })
      keep(job)
      const run: Run = { signal: job.stop.signal, report, log, clock }
      const result = await spec.run(run, (backupId, mode = spec.mode) => change(job, { backupId, mode }))
      change(job, { state: 'succeeded', result })
    } catch (thrown) {
      if (isCancelled(thrown)) {
        change(job, { state: 'cancelled' })
        log.warning('cancelled')
      } else {
        change(job, { state: 'failed', error: toWireError(thrown) })
        log.error(thrown instanceof Error ? thrown.message : String(thrown))
      }
    }
    change(job, {
      endedAt: now(),
      rateBytesPerSecond: undefined,
      etaSeconds: undefined,
      phases: leavePhase(job.snapshot.phases, clock.nowMs()),
    })
    keep(job)
    job.book.flush()
    job.feed.end()
    job.logFeed.end()
    for (const listener of endListeners) listener(job.snapshot)
  }

  function logOf(job: Live<Kind, Result>): Log {
    return logTo((entry) => {
      job.book.add(entry)
      job.logFeed.push(job.book.count)
      const isProblem = entry.level === 'warning' || entry.level === 'error'
      change(job, {
        logCount: job.book.count,
        warningCount: job.snapshot.warningCount + (isProblem ? 1 : 0),
      })
    }, clock.nowMs)
  }

  /** A journal that cannot be written must not end a restore: that job is forgotten with this process. */
  function keep(job: Live<Kind, Result>): void {
    try {
      journal?.save(job.snapshot)
    } catch (thrown) {
      if (job.isForgotten) return
      job.isForgotten = true
      logOf(job).warning(`the job cannot be written to the journal: ${describeError(thrown)}`)
    }
  }

  function change(job: Live<Kind, Result>, changes: Partial<Job>): void {
    job.snapshot = { ...job.snapshot, ...changes }
    publish(job)
  }

  function publish(job: Live<Kind, Result>): void {
    job.feed.push(job.snapshot)
    for (const tell of watchers) tell(job.snapshot)
  }

  function require(id: string): Job {
    const found = live.get(id)?.snapshot ?? journal?.find(id)
    if (found === undefined) throw new EngineError('job.not-found', `there is no job ${id}`)
    return found as Job
  }

  return {
    start,
    require,
    list(limit) {
      const jobs = new Map<string, Job>()
      for (const job of journal?.newest(limit) ?? []) jobs.set(job.id, job as Job)
      for (const { snapshot } of live.values()) jobs.set(snapshot.id, snapshot)
      return [...jobs.values()]
        .sort((a, b) => Number(hasEnded(a)) - Number(hasEnded(b)) || (a.createdAt < b.createdAt ? 1 : -1))
        .slice(0, limit)
    },
    async *watch(id, signal) {
      const job = live.get(id)
      if (job === undefined) yield require(id)
      else yield* job.feed.watch(signal)
    },
    async *watchAll(signal) {
      const changed = new Map<string, Job>()
      const ticks = new LatestFeed<number>(FEED_INTERVAL_MS)
      const note = (snapshot: Job): void => {
        changed.set(snapshot.id, snapshot)
        ticks.push(0)
      }
      for (const { snapshot } of live.values()) if (!hasEnded(snapshot)) note(snapshot)
      watchers.add(note)
      try {
        for await (const _ of ticks.watch(signal)) {
          const batch = [...changed.values()]
          changed.clear()
          yield* batch
        }
      } finally {
        watchers.delete(note)
      }
    },
    cancel(id) {
      const job = live.get(id)
      job?.stop.abort(new EngineError('run.cancelled', 'the job was cancelled'))
      return require(id)
    },
    log(id, from, limit) {
      const job = live.get(id)
      if (job !== undefined) return { total: job.book.count, entries: job.book.slice(from, limit) }
      require(id)
      const file = logFile(id)
      return file === undefined
        ? { total: 0, entries: [] }
        : { total: countLogFile(file), entries: readLogFile(file, from, limit) }
    },
    async *followLog(id, signal) {
      const job = live.get(id)
      if (job === undefined) {
        require(id)
        yield* readLogFile(logFile(id), 0, Number.MAX_SAFE_INTEGER)
        return
      }
      let next = 0
      for await (const count of job.logFeed.watch(signal)) {
        while (next < count) {
          // A reader that fell behind what is kept goes on with the oldest line that is there.
          next = Math.max(next, job.book.firstReadable)
          const entries = job.book.slice(next, 1000)
          if (entries.length === 0) break
          yield* entries
          next += entries.length
        }
      }
    },
    onEnd(listener) {
      endListeners.push(listener)
    },
    async [Symbol.asyncDispose]() {
      const reason = new EngineError('run.cancelled', 'the engine is closing')
      for (const job of live.values()) if (!hasEnded(job.snapshot)) job.stop.abort(reason)
      await Promise.all([...live.values()].map((job) => job.done))
    },
  }
}
