import { Worker } from 'node:worker_threads'
import { EngineError, fromWireError, type WireError } from '../../base/engine-error.ts'

/** What a task may use while it runs in a worker. */
export type TaskContext = {
  /** Counts bytes towards the progress of the pool. Call it once per chunk, not per page. */
  addBytes(count: number): void
  /** Throws `run.cancelled` once the pool's signal has fired. Call it between chunks. */
  throwIfCancelled(): void
}

/**
 * Work for a page worker: synchronous, since blocking system calls in a worker beat promises for files.
 * Input and output are copied between threads. `engine/operations/run-tasks.ts` lists every task.
 */
export type Task<In, Out> = {
  readonly name: string
  run(input: In, context: TaskContext): Out
}

/** A few threads that run {@link Task}s. Disposing ends the threads; tasks under way are given up. */
export type WorkerPool = AsyncDisposable & {
  readonly threads: number
  /** Runs a task on the next free thread. Rejects with what the task threw, or `run.cancelled`. */
  run<In, Out>(task: Task<In, Out>, input: In): Promise<Out>
  /** Bytes that all tasks of the pool have counted so far. */
  doneBytes(): number
}

/** Slots of the memory that pool and workers share. */
export const SHARED_BYTES = 0
export const SHARED_CANCELLED = 1

export type ToWorker = { readonly id: number; readonly task: string; readonly input: unknown }
export type FromWorker =
  { readonly id: number; readonly output: unknown } | { readonly id: number; readonly error: WireError }

/** Files in flight at the same time: a bound on open files and on memory, not a target. */
const MOST_THREADS = 64

/**
 * What threads make and forget goes through a nursery that grows to 48 MB when it may. They work in buffers that they
 * keep, so a small one costs no time.
 */
const YOUNG = { maxYoungGenerationSizeMb: 4 }

/** Both when run from source and when bundled, where the build names the entry `page-worker.js`. */
const WORKER = new URL(import.meta.url.endsWith('.ts') ? '../worker.ts' : './page-worker.js', import.meta.url)

type Waiting = {
  readonly message: ToWorker
  readonly resolve: (output: unknown) => void
  readonly reject: (reason: unknown) => void
}

/** Starts `threads` page workers. When `signal` fires, tasks stop at their next chunk and waiting ones never start. */
export function openWorkerPool({
  threads,
  signal,
  entry = WORKER,
}: {
  readonly threads: number
  readonly signal: AbortSignal
  /** What the threads run; a test has its own. */
  readonly entry?: URL
}): WorkerPool {
  const shared = new BigInt64Array(new SharedArrayBuffer(16))
  const count = Math.max(1, Math.min(threads, MOST_THREADS))
  const idle: Worker[] = []
  const waiting: Waiting[] = []
  const running = new Map<Worker, Waiting>()
  let lastId = 0
  let failure: unknown

  const workers = Array.from({ length: count }, () => {
    const worker = new Worker(entry, { workerData: shared, resourceLimits: YOUNG })
    worker.on('message', (message: FromWorker) => {
      const done = running.get(worker)
      running.delete(worker)
      idle.push(worker)
      if (done !== undefined) {
        if ('error' in message) done.reject(fromWireError(message.error))
        else done.resolve(message.output)
      }
      startNext()
    })
    worker.on('error', (cause) => fail(new EngineError('process.failed', 'a page worker ended', { cause })))
    // It may also end without an error; whoever waits for its task would wait for ever.
    worker.on('exit', (status) =>
      fail(new EngineError('process.failed', `a page worker ended with status ${status}`)),
    )
    idle.push(worker)
    return worker
  })

  const onAbort = (): void => {
    Atomics.store(shared, SHARED_CANCELLED, 1n)
    for (const { reject } of waiting.splice(0)) reject(signal.reason)
  }
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()

  function fail(reason: unknown): void {
    failure ??= reason
    for (const { reject } of running.values()) reject(reason)
    for (const { reject } of waiting.splice(0)) reject(reason)
    running.clear()
  }

  function startNext(): void {
    const worker = waiting.length > 0 ? idle.pop() : undefined
    const next = worker === undefined ? undefined : waiting.shift()
    if (worker === undefined || next === undefined) return
    running.set(worker, next)
    worker.postMessage(next.message)
  }

  return {
    threads: count,
    run<In, Out>(task: Task<In, Out>, input: In): Promise<Out> {
      if (signal.aborted) return Promise.reject(signal.reason as Error)
      if (failure !== undefined) return Promise.reject(failure as Error)
      return new Promise<unknown>((resolve, reject) => {
        waiting.push({ message: { id: ++lastId, task: task.name, input }, resolve, reject })
        startNext()
      }) as Promise<Out>
    },
    doneBytes: () => Number(Atomics.load(shared, SHARED_BYTES)),
    async [Symbol.asyncDispose]() {
      signal.removeEventListener('abort', onAbort)
      Atomics.store(shared, SHARED_CANCELLED, 1n)
      fail(new EngineError('run.cancelled', 'the page workers were stopped'))
      await Promise.all(workers.map((worker) => worker.terminate()))
    },
  }
}
