import type { WireError } from '../base/engine-error.ts'
import type { IsoTime } from '../base/iso-time.ts'
import type { Phase, Progress } from '../base/progress.ts'

/** `interrupted`: the process that ran the job ended before the job did. */
export type JobState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'interrupted'

/** How long a phase took: `elapsedMs` until it last ended, and since `runningSince` where it runs now. */
export type PhaseTime = {
  readonly phase: Phase
  readonly elapsedMs: number
  readonly runningSince: IsoTime | undefined
}

/** A job as it is now. A plain value: it is sent to windows and kept in the journal. */
export type Snapshot<Kind extends string, Result> = {
  readonly id: string
  readonly kind: Kind
  readonly catalog: string
  /** Undefined for a whole catalog. */
  readonly instance: string | undefined
  /** The backup being made, checked or restored, as soon as it is known. */
  readonly backupId: string | undefined
  /** `FULL` and the like, for a backup. */
  readonly mode: string | undefined
  readonly state: JobState
  readonly createdAt: IsoTime
  readonly startedAt: IsoTime | undefined
  readonly endedAt: IsoTime | undefined
  readonly progress: Progress | undefined
  /** Bytes per second over the last seconds; undefined while nothing is measured. */
  readonly rateBytesPerSecond: number | undefined
  /** Seconds, from and to; undefined before 5 % and 20 s, or where the total is not known. */
  readonly etaSeconds: readonly [number, number] | undefined
  /** Each phase once, in the order of their first start; a phase that comes again adds to its time. */
  readonly phases: readonly PhaseTime[]
  readonly result: Result | undefined
  readonly error: WireError | undefined
  readonly warningCount: number
  readonly logCount: number
}

/** Whether nothing more will come of it. */
export function hasEnded(snapshot: { readonly state: JobState }): boolean {
  return snapshot.state !== 'queued' && snapshot.state !== 'running'
}
