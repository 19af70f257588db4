import type { Clock } from './clock.ts'
import type { Log } from './log.ts'
import type { Report } from './progress.ts'

/** What every operation is given: how to be stopped, where to report, what time it is. */
export type Run = {
  /** Fires when the job is cancelled. Cleaning up is never stopped by it. */
  readonly signal: AbortSignal
  readonly report: Report
  readonly log: Log
  readonly clock: Clock
}
