import type { BackupId } from '../base/backup-id.ts'
import type { Range } from '../base/figures.ts'
import type { Lsn } from '../base/lsn.ts'
import type { Timeline } from '../base/wal-segment.ts'
import type { RecoveryGap } from './recovery-gaps.ts'
import type { WalMoment } from './recovery-times.ts'

/** Why a moment cannot be reached. */
export type UnreachableReason =
  /** No backup of this way has a sound chain. `known`: how many there are of any status. */
  | { readonly code: 'no-usable-backup'; readonly known: number }
  /** It is before the stop of the first backup that could be used. */
  | { readonly code: 'before-first-backup'; readonly backupId: BackupId; readonly lsn: Lsn }
  /** WAL on the way from the last backup before it is missing or of no use. */
  | {
      readonly code: 'gap'
      readonly timeline: Timeline
      readonly from: Lsn
      readonly to: Lsn
      readonly firstSegment: bigint
      readonly lastSegment: bigint
      readonly segmentCount: number
      readonly cause: RecoveryGap['cause']
    }
  /** The archive has no WAL after the backup, and of this way none at all: only ends of backups can be restored. */
  | { readonly code: 'no-wal-archive' }
  /** It is after all that the archive has, and the timeline goes on. */
  | { readonly code: 'not-archived-yet'; readonly lsn: Lsn }
  /** It is after all that the archive has of a timeline that was left. */
  | { readonly code: 'after-end'; readonly timeline: Timeline; readonly lsn: Lsn }
  | { readonly code: 'in-future' }
  | { readonly code: 'timeline-unknown'; readonly timeline: Timeline }
  /** Servers refuse a target timeline of which they find no history file. */
  | { readonly code: 'history-missing'; readonly timeline: Timeline }
  /** The named backup is not there, not usable, or not on the way. */
  | { readonly code: 'backup-not-usable'; readonly backupId: BackupId }
  /** All WAL was read, and there is no such transaction or restore point. */
  | { readonly code: 'not-found' }
  /** There is one, on a timeline that this way does not pass, or after it was left. */
  | { readonly code: 'other-timeline'; readonly timeline: Timeline }
  /** Another of that name or number comes first, whichever backup is used. */
  | { readonly code: 'comes-earlier'; readonly lsn: Lsn }

/** A place that can be chosen instead. */
export type NearMoment = {
  readonly timeline: Timeline
  readonly lsn: Lsn
  readonly time: WalMoment | undefined
  /** The end of that backup and nothing else. */
  readonly pointOf: BackupId | undefined
}

/** Segments that are fetched from the archive, first and last included. */
export type ReplayedSegments = {
  readonly timeline: Timeline
  readonly first: bigint
  readonly last: bigint
}

export type ReachableMoment = {
  readonly kind: 'reachable'
  /** Where replay stops: after `low`, at `lsn` at the latest. They are the same where it is known exactly. */
  readonly position: { readonly timeline: Timeline; readonly low: Lsn; readonly lsn: Lsn }
  readonly time: WalMoment | undefined
  /** What recovery must follow. */
  readonly recoveryTimeline: Timeline
  /** FULL first. */
  readonly chain: readonly BackupId[]
  /** In the order of replay; empty when the backup has all it needs. */
  readonly segments: readonly ReplayedSegments[]
  /** Bytes of backups that are read. */
  readonly backupBytes: number
  /** Bytes that are fetched from the archive, as they lie there. */
  readonly archiveBytes: number
  /** WAL that is replayed. */
  readonly replayBytes: bigint
  /** The size of the data directory; undefined when the backup does not say. */
  readonly writtenBytes: number | undefined
  /** How long writing the files takes; undefined when no restore was measured. */
  readonly writeSeconds: Range | undefined
  /** How long the replay of WAL takes; undefined when none was measured. */
  readonly replaySeconds: Range | undefined
  /**
   * What comes after it on this timeline and will not be there. `micros` is the time it spans; `commits` are undefined where
   * not all of it was read.
   */
  readonly lost: {
    readonly bytes: bigint
    readonly micros: bigint | undefined
    readonly commits: number | undefined
  }
  /**
   * `unchecked`: a backup of the chain was never validated; `estimated`: the place follows from dates of files;
   * `stops-at-gap`: the end of WAL is a gap, after which there is more.
   */
  readonly remarks: readonly ('unchecked' | 'estimated' | 'stops-at-gap')[]
}

/** Whether recovery can stop at a target, and what it takes. */
export type MomentVerdict =
  | ReachableMoment
  | {
      readonly kind: 'unreachable'
      readonly reason: UnreachableReason
      readonly before: NearMoment | undefined
      readonly after: NearMoment | undefined
    }
  /** Only reading the WAL tells where the transaction or the restore point is. */
  | { readonly kind: 'unknown'; readonly reason: { readonly code: 'not-indexed' } }
