import type { Lsn } from '../base/lsn.ts'
import type { Timeline } from '../base/wal-segment.ts'
import type { Inventory } from './inventory.ts'
import type { WalArchive } from './wal-archive.ts'

/** A commit or abort in the WAL, and its time in Unix microseconds. */
export type TimedLsn = { readonly lsn: Lsn; readonly micros: bigint }

/** What reading a segment said about its times. */
export type SegmentTimes = {
  readonly timeline: Timeline
  readonly number: bigint
  /** Of the records that begin in it, the first end of a transaction; undefined when there is none. */
  readonly first: TimedLsn | undefined
  /** The last one, with the latest time of all: WAL is not ordered by time to the microsecond. */
  readonly last: TimedLsn | undefined
}

/** What is known around the place where a timeline left its parent. */
export type SwitchTimes = {
  readonly timeline: Timeline
  readonly parent: Timeline
  readonly switchLsn: Lsn
  /** The last end of a transaction before it, on whichever ancestor; undefined when not all up to the switch was read. */
  readonly before: TimedLsn | undefined
  /** The first one of the timeline itself; undefined when there is none, or not all up to there was read. */
  readonly after: TimedLsn | undefined
  /** From the switch up to here no transaction ended. */
  readonly quietTo: Lsn
  /** The first record of the timeline that has a time: nothing before it is younger. Looked up only without `before`. */
  readonly begun: TimedLsn | undefined
}

/** Why a segment that is there cannot be replayed. */
export type DefectKind = 'damaged' | 'foreign' | 'truncated'

/** A segment that is there and is of no use, or only up to `soundTo`. */
export type SegmentDefect = {
  readonly timeline: Timeline
  readonly number: bigint
  readonly kind: DefectKind
  /** Records that end here or before can be replayed; undefined = none. */
  readonly soundTo: Lsn | undefined
}

/** How far a segment goes that is there only as a partial one, and its times. */
export type PartialReach = SegmentTimes & {
  /** Records that end here or before can be replayed; the start of the segment = none. */
  readonly soundTo: Lsn
}

/** All that decides which moments can be reached. */
export type RecoveryInput = Pick<Inventory, 'backups'> & {
  readonly archive: Pick<WalArchive, 'segmentBytes' | 'timelines'>
  /** Segments that were read, in no order; none without an index. */
  readonly times: readonly SegmentTimes[]
  /** Segments that were read and found wanting. Files of the wrong size need not be named. */
  readonly defects: readonly SegmentDefect[]
  /** The last segments of timelines that are partial and were read; others that are partial count as absent. */
  readonly partials?: readonly PartialReach[]
  /** None without an index. */
  readonly switches?: readonly SwitchTimes[]
}
