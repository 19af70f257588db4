import * as z from 'zod'
import type { IsoTime } from '../../base/iso-time.ts'
import type { WalSetupNote } from '../../base/wal-setup-notes.ts'
import { command, query } from '../define.ts'
import { instanceRef } from './values.ts'

export type { WalSetupNote }

/** One way for WAL to get into the archive. */
export type WalSetupWay = {
  /** `works`: as it should be. `ready`: nothing of the server has to change. */
  readonly state: 'works' | 'ready' | 'needs-change'
  readonly notes: readonly WalSetupNote[]
  readonly settings: readonly {
    readonly name: string
    readonly now: string
    readonly wanted: string
    readonly takesEffect: 'restart' | 'reload'
  }[]
  /** To copy: for a superuser; empty when nothing has to change. */
  readonly sql: string
  /** To copy: the same as lines of postgresql.conf. */
  readonly configuration: string
  readonly needsRestart: boolean
  /** To copy: receives WAL without the application; undefined where the server itself hands WAL over. */
  readonly commandLine: string | undefined
}

/** How the server archives now, and what has to change for either way. */
export type WalSetup = {
  readonly role: 'primary' | 'standby'
  readonly archiveMode: string
  /** Undefined when the role may not see it. */
  readonly archiveCommand: string | undefined
  readonly walLevel: string
  readonly archiver: ArchiverState | undefined
  /** Whether the role may end a segment, which the test needs on a primary; else the SQL that allows it. */
  readonly canSwitch: boolean
  readonly switchGrant: string | undefined
  /** The slot that `receiver` uses. */
  readonly slot: string
  /** A line of pg_hba.conf that lets the receiver in, where it is refused. */
  readonly hbaLine: string | undefined
  readonly command: WalSetupWay
  readonly receiver: WalSetupWay
}

/** `pg_stat_archiver`: what was archived, and what could not be. The reason is in the log of the server. */
export type ArchiverState = {
  readonly archivedCount: number
  readonly lastArchivedWal: string | undefined
  readonly lastArchivedAt: IsoTime | undefined
  readonly failedCount: number
  readonly lastFailedWal: string | undefined
  readonly lastFailedAt: IsoTime | undefined
  /**
   * Files that wait to be archived; undefined when the role may not see it. With a command that cannot be started they
   * become more, and no failure is counted.
   */
  readonly waitingCount: number | undefined
}

/** What came of sending one segment into the archive. */
export type WalSetupTest = {
  readonly segment: string
  /** Undefined = it did not arrive in time. */
  readonly arrivedAfterMs: number | undefined
  readonly archiver: ArchiverState | undefined
  readonly hasArchiverFailed: boolean
}

export const walSetup = {
  /** Asks the server and changes nothing; a replication connection is tried. */
  'wal.setup': query<WalSetup>()(
    z.strictObject({
      ...instanceRef,
      /** Default: `tidemark_` with the name of the instance. */
      slot: z
        .string()
        .regex(/^[a-z0-9_]{1,63}$/, 'is not a name for a replication slot')
        .optional(),
      /** How Tidemark is called on the machine of the server; default `tidemark`. */
      program: z.string().min(1).max(1024).optional(),
    }),
  ),
  /**
   * Ends the segment that the server is writing and waits until it has arrived in the archive; on a standby, for the
   * next one. Not arriving is an answer. Needs the right to call pg_switch_wal.
   */
  'wal.setup-test': command<WalSetupTest>()(
    z.strictObject({ ...instanceRef, timeoutSeconds: z.number().int().min(1).max(600).optional() }),
  ),
}
