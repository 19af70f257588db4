import { MessageChannel, Worker } from 'node:worker_threads'
import type { ClientPort, FromEngine, ToEngine } from '../engine/api/port.ts'
import type { SecretStore } from '../engine/api/secrets.ts'
import { serveSecrets } from './secrets-link.ts'
import { type ThreadData, threadPort, type ToThread } from './thread-messages.ts'

/** A stop waits for jobs to write their last state; a thread that takes longer is ended. */
const STOP_MS = 20_000

/** The engine in its thread. */
export type EngineThread = {
  /** A further client of the engine. Calls wait until the engine has started. */
  connect(): ClientPort
  /** Settles when the thread has ended: with nothing after {@link EngineThread.stop}, else with the reason. */
  readonly ended: Promise<Error | undefined>
  /** Lets the engine record what runs and end. Calling it again waits for the same end. */
  stop(): Promise<void>
}

/** What {@link startEngine} needs. */
type StartEngineOptions = {
  /** The module that composes the engine, `engine-thread.js`. */
  readonly entry: URL
  readonly stateDirectory: string
  readonly secrets: SecretStore
}

/** Starts the engine in a thread of its own, so that its work never holds up windows. */
export function startEngine({ entry, stateDirectory, secrets }: StartEngineOptions): EngineThread {
  const { port1: mine, port2: secretsPort } = new MessageChannel()
  serveSecrets(secrets, mine)
  const workerData: ThreadData = { stateDirectory, secretsKind: secrets.kind, secretsPort }
  const worker = new Worker(entry, { workerData, transferList: [secretsPort], name: 'engine' })
  const tell = (message: ToThread, transfer: Parameters<Worker['postMessage']>[1] = []): void =>
    worker.postMessage(message, transfer)
  let isStopping = false
  let hasEnded = false
  let failure: Error | undefined
  worker.once('error', (thrown: unknown) => {
    failure = thrown instanceof Error ? thrown : new Error(String(thrown))
  })
  const ended = new Promise<Error | undefined>((resolve) => {
    worker.once('exit', (code) => {
      hasEnded = true
      mine.close()
      resolve(isStopping ? undefined : (failure ?? new Error(`the engine's thread ended with code ${code}`)))
    })
  })

  return {
    ended,
    connect() {
      const { port1, port2 } = new MessageChannel()
      // A thread that has ended takes no more messages, and would leave the client waiting.
      if (hasEnded) port2.close()
      else tell({ type: 'connect', port: port2 }, [port2])
      return threadPort<ToEngine, FromEngine>(port1)
    },
    async stop() {
      if (!isStopping) {
        isStopping = true
        tell({ type: 'stop' })
      }
      const timer = setTimeout(() => void worker.terminate(), STOP_MS)
      await ended
      clearTimeout(timer)
    },
  }
}
