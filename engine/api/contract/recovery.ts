import * as z from 'zod'
import type { Range } from '../../base/figures.ts'
import type { IsoTime } from '../../base/iso-time.ts'
import { query } from '../define.ts'
import { backupId, instanceRef, recoveryTarget, type Sentence } from './values.ts'

/** A time with microseconds. Where it is not exact, it follows from dates of files and backups. */
export type WalTime = { readonly at: IsoTime; readonly isExact: boolean }

/** WAL from one LSN up to, not including, another, as text. */
export type LsnRange = {
  readonly from: string
  readonly to: string
  readonly fromTime: WalTime | undefined
  readonly toTime: WalTime | undefined
  readonly bytes: number
}

/** Every position in it can be restored to. */
export type RecoveryZoneRecord = LsnRange & {
  /** The backup that opens it. */
  readonly baseId: string
  readonly baseCount: number
  /** `archive-end`: what comes next is not archived yet. `timeline-left`: it never will be. */
  readonly endsBy: 'gap' | 'timeline-left' | 'archive-end'
}

/** The end of a backup after which nothing can be reached. */
export type RecoveryPointRecord = {
  readonly backupId: string
  readonly lsn: string
  readonly time: WalTime | undefined
}

/** One timeline of the picture. */
export type RecoveryLaneRecord = {
  readonly timeline: number
  readonly parent: number | undefined
  readonly switchLsn: string | undefined
  readonly switchTime: WalTime | undefined
  /** False when its history file is missing: it cannot be a target. */
  readonly hasHistory: boolean
  /** From the first to the last WAL in the archive. */
  readonly wal: LsnRange | undefined
  readonly zones: readonly RecoveryZoneRecord[]
  readonly points: readonly RecoveryPointRecord[]
}

/** WAL that is missing or of no use, and what that puts out of reach. */
export type RecoveryGapRecord = LsnRange & {
  readonly timeline: number
  readonly firstSegment: string
  readonly lastSegment: string
  readonly segmentCount: number
  readonly cause: 'missing' | 'before-archive' | 'damaged' | 'foreign' | 'truncated'
  /** Empty when no backup could have used it. */
  readonly impacts: readonly (LsnRange & {
    readonly timeline: number
    /** The backup after which moments can be reached again. */
    readonly healedBy: string | undefined
  })[]
}

/** Which moments of an instance can be restored to. */
export type RecoveryWindowRecord = {
  /** Parents before children. */
  readonly lanes: readonly RecoveryLaneRecord[]
  readonly gaps: readonly RecoveryGapRecord[]
  /** Backups that cannot be used, since WAL between their start and stop is missing. */
  readonly strandedIds: readonly string[]
}

/** A place that can be chosen instead. */
export type NearMomentRecord = {
  readonly timeline: number
  readonly lsn: string
  readonly time: WalTime | undefined
  /** The end of that backup and nothing else. */
  readonly pointOf: string | undefined
}

/** Whether recovery can stop at a target. */
export type MomentRecord =
  | {
      readonly kind: 'reachable'
      /** Replay stops after `afterLsn`, and at `lsn` at the latest. */
      readonly position: { readonly timeline: number; readonly afterLsn: string; readonly lsn: string }
      readonly time: WalTime | undefined
      /** The timeline to follow. */
      readonly recoveryTimeline: number
      /** FULL first. */
      readonly chain: readonly string[]
      /** What is fetched from the archive, in the order of replay. */
      readonly segments: readonly { readonly first: string; readonly last: string; readonly count: number }[]
      readonly backupBytes: number
      readonly archiveBytes: number
      readonly replayBytes: number
      readonly writtenBytes: number | undefined
      /** Undefined where nothing was measured. */
      readonly writeSeconds: Range | undefined
      readonly replaySeconds: Range | undefined
      /** `commits` are undefined where not all WAL after the moment was read. */
      readonly lost: {
        readonly bytes: number
        readonly seconds: number | undefined
        readonly commits: number | undefined
      }
      readonly remarks: readonly ('unchecked' | 'estimated' | 'stops-at-gap')[]
    }
  | {
      readonly kind: 'unreachable'
      /**
       * `no-usable-backup` (`known`), `before-first-backup` (`id`, `lsn`), `gap` (`timeline`, `first`, `last`, `count`,
       * `cause`, `from`, `to`), `no-wal-archive`, `not-archived-yet` (`lsn`), `after-end` (`timeline`, `lsn`), `in-future`,
       * `timeline-unknown` (`timeline`), `history-missing` (`timeline`), `backup-not-usable` (`id`), `not-found`,
       * `other-timeline` (`timeline`), `comes-earlier` (`lsn`).
       */
      readonly reason: Sentence
      readonly before: NearMomentRecord | undefined
      readonly after: NearMomentRecord | undefined
    }
  /** `not-indexed`: only reading the WAL tells where the transaction or restore point is. */
  | { readonly kind: 'unknown'; readonly reason: Sentence }

export const recovery = {
  /** Reads backups and archive, opens no segment. */
  'recovery.window': query<RecoveryWindowRecord>()(z.strictObject(instanceRef)),
  /** One target, by the newest timeline that has it unless one is named. */
  'recovery.moment': query<MomentRecord>()(
    z.strictObject({
      ...instanceRef,
      target: recoveryTarget,
      isInclusive: z.boolean().optional(),
      /** A number, `current` or `latest`. */
      targetTimeline: z.string().max(10).optional(),
      /** A moment of that timeline that only one which branched off from it leads to is reached by following that one. */
      mayFollowHeir: z.boolean().optional(),
      /** From this backup and no other. */
      id: backupId.optional(),
      /** The zone of a time that has none, as an offset or a name; without it such a time is refused. */
      zone: z.string().max(64).optional(),
    }),
  ),
}
