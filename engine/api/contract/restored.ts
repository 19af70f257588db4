import * as z from 'zod'
import type { WireError } from '../../base/engine-error.ts'
import type { IsoTime } from '../../base/iso-time.ts'
import { command, query } from '../define.ts'
import { instanceRef, pathText } from './values.ts'

/** What became of a restored data directory, and of the server that somebody has started on it. */
export type RestoredRecord = {
  readonly dataDirectory: string
  /** By its files. `standby`: it follows a primary for good; `open`: recovery is over. */
  readonly stage: 'not-started' | 'recovering' | 'standby' | 'open'
  /** Undefined while no server runs on it, as far as `postmaster.pid` tells. */
  readonly server:
    | {
        /** A directory where it has a socket. */
        readonly host: string
        readonly port: string
        /**
         * `starting`: replays, and answers nobody yet; `paused`: stands still at the target. Undefined when it could not be asked; `problem`
         * says why then.
         */
        readonly state: 'starting' | 'replaying' | 'paused' | 'open' | undefined
        /** Where replay is; of one that answers nobody what its files and its log tell, which lags behind. */
        readonly lsn: string | undefined
        readonly lastCommitAt: IsoTime | undefined
        readonly problem: WireError | undefined
      }
    | undefined
  /** What its log tells since its last start; undefined where that could not be found. */
  readonly log:
    | {
        readonly file: string
        /** Where recovery stopped, in the words of the server. */
        readonly stop: string | undefined
        /** `FATAL` and `PANIC`: why it gave up. At most five lines. */
        readonly serious: readonly string[]
      }
    | undefined
  /** Files that restore and recovery have made and that are still there. */
  readonly files: readonly string[]
  /** The lines of `postgresql.auto.conf` that the restore has marked as its own. */
  readonly settings: readonly string[]
  /** Recovery settings there that are not marked, any more or ever: `ALTER SYSTEM` leaves no comments. They stay. */
  readonly unmarkedSettings: readonly string[]
}

const restoredRequest = z.strictObject({ ...instanceRef, dataDirectory: pathText })

export const restored = {
  /**
   * Looks at a directory that was restored, and asks the server on it; that this one does not answer is in the record.
   * Changes nothing. `instance.identity-mismatch` when another cluster is there by now.
   */
  'restored.look': query<RestoredRecord>()(restoredRequest),
  /**
   * Ends recovery where it is paused, so that the server opens for writing. Nothing is done to one that is open.
   * `plan.refused` when no server runs there, or it has not come to its target; `run.timeout` after a minute, when the
   * server may still be about to open.
   */
  'restored.promote': command<RestoredRecord>()(restoredRequest),
  /**
   * Takes the marked settings out once recovery is over; `plan.refused` before that. `postgresql.auto.conf` is the old one
   * or the new one, whatever happens.
   */
  'restored.clean-up': command<RestoredRecord>()(restoredRequest),
}
