import * as z from 'zod'
import type { DrillCheck } from '../../base/drill-notes.ts'
import type { IsoTime } from '../../base/iso-time.ts'
import { command, query } from '../define.ts'
import type { RecoveryTargetInput } from './restore.ts'
import { backupId, instanceRef, pathText, recoveryTarget } from './values.ts'

/** A restore to a moment into a place of its own, with a server on it. */
export const scratchRequest = z.strictObject({
  ...instanceRef,
  /** The newest usable backup that reaches the target, when left out. */
  id: backupId.optional(),
  target: recoveryTarget.optional(),
  isInclusive: z.boolean().optional(),
  /** A number, `current` or `latest`. */
  targetTimeline: z.string().max(10).optional(),
  restoreCommand: z.string().max(4096).optional(),
  threads: z.number().int().min(1).max(64).optional(),
  /** Validates the backup, with every page, before it is restored. That is the default. */
  isValidated: z.boolean().optional(),
  /** Where to make the scratch directory; below the temporary directory, when left out. */
  scratchDirectory: pathText.optional(),
  /** The directory with the programs of the server; where they usually are, when left out. */
  programs: pathText.optional(),
  /** How long recovery may take. 21,600 when left out. */
  recoveryLimitSeconds: z.number().int().min(1).max(604_800).optional(),
})

export const drillRequest = scratchRequest.extend({
  sqlChecks: z
    .array(
      z.strictObject({
        database: z.string().min(1).max(63),
        sql: z.string().min(1).max(100_000),
        /** Lines of cells joined by `|`, as `psql -At` prints them. Left out: it must not fail. */
        expected: z.string().max(100_000).optional(),
      }),
    )
    .max(100)
    .optional(),
  /** By so much row counts may differ from those of the last drill. 50 when left out. */
  tolerancePercent: z.number().min(0).max(1000).optional(),
  /** Checks indexes where the extension amcheck is installed. */
  checksIndexes: z.boolean().optional(),
  /** No check takes longer. 600 when left out. */
  checkLimitSeconds: z.number().int().min(1).max(86_400).optional(),
  /** Leaves the server up for so long when all is over; removed at once when left out. */
  keepMinutes: z.number().int().min(1).max(10_080).optional(),
})

export type ScratchRequest = z.output<typeof scratchRequest>
export type DrillRequest = z.output<typeof drillRequest>

export type DrillStep = {
  readonly step: 'restore' | 'start' | 'replay' | 'checks' | 'remove'
  readonly durationMs: number
  /** Written, or replayed; undefined where that is not known. */
  readonly bytes: number | undefined
}

/** What came of a drill. */
export type DrillRecord = {
  readonly id: string
  readonly catalog: string
  readonly instance: string
  readonly backupId: string
  /** Undefined: the end of the backup, or of the WAL. */
  readonly target: RecoveryTargetInput | undefined
  readonly startedAt: IsoTime
  readonly durationMs: number
  /** Whether no check has failed. */
  readonly isPassed: boolean
  readonly steps: readonly DrillStep[]
  readonly checks: readonly DrillCheck[]
  /** Where recovery stood; undefined when it did not get that far. */
  readonly stop:
    | {
        readonly timeline: number | undefined
        readonly lsn: string | undefined
        readonly lastCommitAt: IsoTime | undefined
      }
    | undefined
  /** The scratch server that was left up; undefined when everything was removed. */
  readonly scratchId: string | undefined
}

export const drills = {
  /**
   * Restores into a scratch place, starts a server there, looks at it, and removes everything. What is wrong is in the
   * result.
   */
  'drills.start': command<{ readonly job: string }>()(drillRequest),
  /** Newest first; of one backup when it is named. */
  'drills.list': query<readonly DrillRecord[]>()(
    z.strictObject({
      ...instanceRef,
      id: backupId.optional(),
      limit: z.number().int().min(1).max(500).optional(),
    }),
  ),
  /** The newest drill of each backup. */
  'drills.latest': query<readonly DrillRecord[]>()(z.strictObject(instanceRef)),
}
