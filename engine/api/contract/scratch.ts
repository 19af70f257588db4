import * as z from 'zod'
import type { IsoTime } from '../../base/iso-time.ts'
import { command, query } from '../define.ts'
import { scratchRequest } from './drills.ts'
import type { RecoveryTargetInput } from './restore.ts'

/** A server on a restore, up until its deadline. Nobody but the engine reaches it. */
export type ScratchServerRecord = {
  readonly id: string
  readonly catalog: string
  readonly instance: string
  readonly backupId: string
  readonly target: RecoveryTargetInput | undefined
  readonly databases: readonly string[]
  readonly startedAt: IsoTime
  /** Then it is stopped and removed. */
  readonly deadline: IsoTime
  readonly dataDirectory: string
  /** `paused`: at the target, read-only; `open`: recovery is over, on a timeline of its own. It archives nothing. */
  readonly state: 'paused' | 'open'
  /** How other programs of this user reach it, without a password. The host is a directory where there are sockets. */
  readonly connection: { readonly host: string; readonly port: string; readonly user: string }
  /** Where recovery stands, or has ended. */
  readonly timeline: number | undefined
  readonly lsn: string | undefined
  readonly lastCommitAt: IsoTime | undefined
}

/** A result as text. */
export type ScratchRows = {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly (string | null)[])[]
  /** There are more rows. */
  readonly isCut: boolean
  /** Cells that were too long to be shown whole. */
  readonly cutCells: number
  readonly durationMs: number
}

/** One table then and now. */
export type TableDifference = {
  readonly database: string
  readonly schema: string
  readonly name: string
  /** `only-then`: it is gone by now; `only-now`: it came later; `unknown`: one side could not be read. */
  readonly state: 'only-then' | 'only-now' | 'differs' | 'same' | 'unknown'
  readonly rowsThen: number | undefined
  readonly rowsNow: number | undefined
  /** Whether both were counted; else the estimate of a server had to do for one of them. */
  readonly isExact: boolean
}

export type ScratchComparison = {
  readonly tables: readonly TableDifference[]
  /** Databases that only one of the two servers has. */
  readonly onlyThen: readonly string[]
  readonly onlyNow: readonly string[]
  /** There are more tables than were looked at. */
  readonly isCut: boolean
}

/** What pulling a table would do; nothing has been done yet. */
export type PullTablePlan = {
  readonly database: string
  readonly schema: string
  readonly name: string
  readonly estimatedRows: number
  readonly sizeBytes: number
  /** Why it cannot be done; empty when it can. */
  readonly blockers: readonly {
    readonly code: 'exists' | 'schema-missing' | 'denied' | 'type-missing' | 'standby'
    readonly values: Readonly<Record<string, string>>
  }[]
  /** What of the table is not taken along. */
  readonly leftBehind: readonly {
    readonly code:
      | 'triggers'
      | 'foreign-keys'
      | 'referencing-keys'
      | 'rules'
      | 'policies'
      | 'grants'
      | 'comments'
      | 'statistics'
      | 'partitioning'
      | 'inheritance'
      | 'storage-options'
      | 'owner'
      | 'indexes'
    readonly count: number
  }[]
  /** What is run on the live server, in one transaction. */
  readonly statements: readonly string[]
}

const scratch = { id: z.string().min(1).max(64) }
const name = z.string().min(1).max(63)

const pullRequest = z.strictObject({
  ...scratch,
  database: name,
  schema: name,
  table: name,
  /** Where it is put, in the server of the instance; what is left out is as it was. */
  toDatabase: name.optional(),
  toSchema: name.optional(),
  toTable: name.optional(),
})

export type PullTableRequest = z.output<typeof pullRequest>

const minutes = z.number().int().min(1).max(10_080)

export const scratchServers = {
  /** Restores and starts a server on it; the job ends when it can be read. It is up for `keepMinutes` (120) from then. */
  'scratch.start': command<{ readonly job: string }>()(
    scratchRequest.extend({ keepMinutes: minutes.optional() }),
  ),
  'scratch.list': query<readonly ScratchServerRecord[]>()(z.strictObject({})),
  /** Sets the deadline: so many minutes from now. */
  'scratch.keep': command<ScratchServerRecord>()(z.strictObject({ ...scratch, minutes })),
  /**
   * Ends recovery where it is paused, so that the server opens for writing. Nothing is done to one that is open.
   * `run.timeout` after a minute, when the server may still be about to open; its deadline stays in any case.
   */
  'scratch.promote': command<ScratchServerRecord>()(z.strictObject(scratch)),
  /** Stops the server and removes its files. */
  'scratch.stop': command<null>()(z.strictObject(scratch)),
  /** One statement that reads, 1,000 rows at most. */
  'scratch.query': query<ScratchRows>()(
    z.strictObject({
      ...scratch,
      database: name,
      sql: z.string().min(1).max(100_000),
      limitSeconds: z.number().int().min(1).max(600).optional(),
    }),
  ),
  /** Counts the rows of the tables of both servers, for `limitSeconds` (20) on each; then estimates have to do. */
  'scratch.compare': query<ScratchComparison>()(
    z.strictObject({
      ...scratch,
      /** All of them, when left out. */
      database: name.optional(),
      limitSeconds: z.number().int().min(1).max(600).optional(),
    }),
  ),
  'scratch.plan-pull': query<PullTablePlan>()(pullRequest),
  /** Copies a table into the live server, in one transaction. What is there is never touched. */
  'scratch.pull-table': command<{ readonly job: string }>()(pullRequest),
}
