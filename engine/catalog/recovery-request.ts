import type { BackupId } from '../base/backup-id.ts'
import type { Range } from '../base/figures.ts'
import type { Lsn } from '../base/lsn.ts'
import type { Timeline } from '../base/wal-segment.ts'
import type { TimedLsn } from './recovery-input.ts'
import type { ReadTarget, TargetTimeline } from './recovery-target.ts'
import type { PathSection } from './recovery-timelines.ts'

/** Where the index has the transaction or restore point of a target. */
export type LocatedRecord = { readonly timeline: Timeline; readonly lsn: Lsn; readonly endLsn: Lsn }

/** One question about a moment. */
export type MomentRequest = {
  readonly target: ReadTarget
  /** Undefined: whichever timeline has the moment, newest first. */
  readonly timeline: TargetTimeline | undefined
  /**
   * A moment of the timeline that is named may also be reached by following one that branched off from it: the end of one
   * that was left is often only in the first segment of the next.
   */
  readonly mayFollowHeir?: boolean | undefined
  /** Undefined: the one from which the least WAL is replayed. */
  readonly baseId: BackupId | undefined
  /** For an xid or a name: every place where the index has it, in any order; undefined when not all WAL was read. */
  readonly located: readonly LocatedRecord[] | undefined
  readonly nowMicros: bigint
  readonly rates: RestoreRates | undefined
  /** The last end of a transaction before a place on a way; undefined when not all WAL up to there was read. */
  readonly timeBefore?: ((path: readonly PathSection[], lsn: Lsn) => TimedLsn | undefined) | undefined
  /** How many commits come after a place; undefined when not all WAL was read. */
  readonly countLost?: ((rest: LostRest) => number | undefined) | undefined
}

/** What a moment leaves out: on that way from the stop, which is after `low` and at `lsn` at the latest, up to `end`. */
export type LostRest = {
  readonly path: readonly PathSection[]
  readonly low: Lsn
  readonly lsn: Lsn
  readonly end: Lsn
}

/** What was done before, in bytes per second. */
export type RestoreRates = {
  /** Of files that restores wrote. */
  readonly write: Range | undefined
  /** Of WAL that servers replayed. */
  readonly replay: Range | undefined
}
