import type { ArchivingClient } from '../api/archiving-engine.ts'
import type { EngineClient } from '../api/contract/contract.ts'
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Environment } from './given.ts'

/** An engine that a command speaks to. Disposing of it stops what still runs and waits for the cleaning up. */
export type Session = AsyncDisposable & { readonly client: EngineClient }

/** Everything outside the command line that it touches; tests give their own. */
export type World = {
  readonly environment: Environment
  readonly workingDirectory: string
  readonly clock: Clock
  readonly pid: number
  /** Tidemark's own version. */
  readonly version: string
  /** Program and machine, for `version`: `Node.js 24.21.0, linux x64`. */
  readonly platform: string
  writeOut(text: string): void
  writeErr(text: string): void
  readonly isOutTerminal: boolean
  readonly isErrTerminal: boolean
  /** Columns of the terminal on standard error. */
  readonly errColumns: number
  /** Asks on the terminal without echo; undefined where there is no terminal to ask on. */
  readonly askPassword: ((prompt: string, signal: AbortSignal) => Promise<string>) | undefined
  /** Calls `listener` at every Ctrl-C or request to end, until disposed of. */
  onInterrupt(listener: () => void): Disposable
  /** Ends the process at once, without cleaning up. */
  exitNow(status: number): void
  /** `log` gets what the engine says outside of any job. */
  openSession(log: Log): Promise<Session>
  /** The part of it that archives and fetches WAL: there is nothing to end. */
  openArchiving(log: Log): Promise<ArchivingClient>
}
