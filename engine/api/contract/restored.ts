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
        /** `paused`: stands still at the target. Undefined when it could not be asked; `problem` says why then. */
        readonly state: 'replaying' | 'paused' | 'open' | undefined
        readonly lsn: string | undefined
        readonly lastCommitAt: IsoTime | undefined
        readonly problem: WireError | undefined
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
  /** Looks at a directory that was restored, and asks the server on it. Changes nothing. */
  'restored.look': query<RestoredRecord>()(restoredRequest),
  /** Ends recovery where it is paused, so that the server opens for writing. Nothing is done to one that is open. */
  'restored.promote': command<RestoredRecord>()(restoredRequest),
  /** Takes the marked settings out once recovery is over. */
  'restored.clean-up': command<RestoredRecord>()(restoredRequest),
}
