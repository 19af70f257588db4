import * as z from 'zod'
import type { IsoTime } from '../../base/iso-time.ts'
import { command, query } from '../define.ts'
import { instanceRef, type Sentence, type Severity } from './values.ts'

/** The file of a relation: its number names the file, and is not always its OID. */
export type RelationRecord = {
  readonly tablespaceOid: number
  readonly databaseOid: number
  readonly relationNumber: number
  /** As a backup has it; left out when none does. */
  readonly name?: RelationNameRecord
}

/** What a file is of, by the system tables in a backup. */
export type RelationNameRecord = {
  /** Undefined when only that could not be read. */
  readonly database: string | undefined
  readonly schema: string
  readonly relation: string
  /** `part`: it belongs to `owner`, be it the table itself, an index or what holds its long values. */
  readonly kind: 'table' | 'materialized-view' | 'sequence' | 'index' | 'toast' | 'toast-index' | 'part'
  /** The table of an index, or whose long values these are. */
  readonly owner: { readonly schema: string; readonly relation: string } | undefined
  /** What the same file was called besides, before a renaming or after one that was just under way. */
  readonly otherNames: readonly { readonly schema: string; readonly relation: string }[]
  /**
   * No backup has this file; but a transaction that took away all files of that relation made as many. So does a rewrite;
   * so might one that dropped it and made another.
   */
  readonly isInferred: boolean
  /** Where the name comes from. It may have had another since. */
  readonly backupId: string
}

/**
 * A commit, or an abort of a transaction that was asked for by its number. Times have microseconds; counts are of rows of
 * users' tables, and the least where WAL before is missing.
 */
export type CommitRecord = {
  readonly timeline: number
  /** Where its record starts, and where it ends: a target LSN of `endLsn`, inclusive, has it. */
  readonly lsn: string
  readonly endLsn: string
  readonly at: IsoTime
  /** 0 = it needed none. */
  readonly xid: number
  readonly isAborted: boolean
  readonly deleted: number
  readonly inserted: number
  readonly updated: number
  /** Files of relations, or databases, that are gone with it; rewritten ones included. */
  readonly dropped: number
}

/** A page of a list; `next` is given back to get the one after. */
export type CommitPage = { readonly commits: readonly CommitRecord[]; readonly next: string | undefined }

/**
 * A commit that may have been one too many. `commit` and `abort` are of a transaction that was asked for by its number.
 */
export type AccidentRecord = {
  readonly kind: 'drop' | 'truncate' | 'rewrite' | 'database-drop' | 'delete' | 'update' | 'commit' | 'abort'
  readonly timeline: number
  readonly lsn: string
  readonly endLsn: string
  readonly at: IsoTime
  readonly xid: number
  /**
   * Files of relations or databases that are gone; deleted rows for `delete`, updated ones for `update`,
   * and all that were changed for `commit`.
   */
  readonly count: number
  /** The database of the transaction, if the record says so. */
  readonly databaseOid: number | undefined
  /** The first hundred. */
  readonly relations: readonly RelationRecord[]
  readonly databases: readonly number[]
  /** Of these databases, as far as a backup tells. */
  readonly databaseNames?: readonly { readonly oid: number; readonly name: string }[]
  /**
   * Why names are missing: `names.no-backup`; `names.not-in-backup` and `names.unreadable` with the `backup` that was
   * looked at, the latter with a `message`.
   */
  readonly namesProblem?: Sentence
  /** OIDs of truncated tables, which only `wal_level = logical` tells. */
  readonly truncatedOids: readonly number[]
}

export type RestorePointRecord = {
  readonly name: string
  readonly timeline: number
  readonly lsn: string
  readonly endLsn: string
  readonly at: IsoTime
}

/** Something that is wrong with the archive, found by reading it. */
export type WalFindingRecord = {
  readonly severity: Severity
  /** `missing`, `truncated`, `unreadable`, `crc-mismatch`, `zeroed`, `wrong-system`, and what else WAL can be. */
  readonly kind: string
  /** The first and the last segment that it is about. */
  readonly segment: string
  readonly lastSegment: string
  readonly timeline: number
  /** Undefined for the archive, or the backup whose WAL it is. */
  readonly backupId: string | undefined
  /** Up to here WAL can be replayed. */
  readonly lsn: string
  readonly message: string
}

/** A segment as it was read. */
export type IndexedSegmentRecord = {
  readonly segment: string
  readonly file: string
  readonly backupId: string | undefined
  readonly timeline: number
  readonly number: string
  readonly sizeBytes: number
  /** `whole`, `open` where its WAL ends for now, or what is wrong. */
  readonly state: string
  readonly commitCount: number
  readonly abortCount: number
  /** The first and the last end of a transaction. */
  readonly first: { readonly lsn: string; readonly at: IsoTime } | undefined
  readonly last: { readonly lsn: string; readonly at: IsoTime } | undefined
}

/** How far the index has come. */
export type WalIndexStatus = {
  /** When an update last came to its end. */
  readonly updatedAt: IsoTime | undefined
  readonly segmentCount: number
  /** Segments that are there and not in the index as they are now, and their bytes of WAL. */
  readonly pendingCount: number
  readonly pendingBytes: number
  readonly commitCount: number
  readonly abortCount: number
  /** By the clock. */
  readonly firstCommitAt: IsoTime | undefined
  readonly lastCommitAt: IsoTime | undefined
  /** At most a thousand. */
  readonly findings: readonly WalFindingRecord[]
}

const time = z.string().max(64)
const lsn = z.string().max(20)
const timeline = z.number().int().min(1).max(0xffff_ffff)
const limit = z.number().int().min(1).max(1000)
const xid = z.number().int().min(0).max(0xffff_ffff)
/** Both ends are included. A time says its offset. */
const range = { from: time.optional(), to: time.optional(), timeline: timeline.optional() }

export const walIndex = {
  /** Lists archive and backups to see what is new; opens no segment. */
  'wal.index-status': query<WalIndexStatus>()(z.strictObject(instanceRef)),
  /** Reads what is new in the archive and in WAL of backups. */
  'wal.index.start': command<{ readonly job: string }>()(z.strictObject(instanceRef)),
  /**
   * Of segments by timeline and number, at most `limit` (default 200) after `after`, a file as its list named it; backward
   * the latest of all first. With times those in which a transaction ended then.
   */
  'wal.segments': query<{
    readonly segments: readonly IndexedSegmentRecord[]
    readonly next: string | undefined
  }>()(
    z.strictObject({
      ...instanceRef,
      ...range,
      direction: z.enum(['forward', 'backward']).optional(),
      after: z.string().max(100).optional(),
      limit: limit.optional(),
    }),
  ),
  /** In the order of timelines and LSNs; `limit` is 100. */
  'wal.commits': query<CommitPage>()(
    z.strictObject({
      ...instanceRef,
      ...range,
      fromLsn: lsn.optional(),
      toLsn: lsn.optional(),
      xid: xid.optional(),
      minDeleted: z.number().int().min(0).optional(),
      minUpdated: z.number().int().min(0).optional(),
      direction: z.enum(['forward', 'backward']).optional(),
      after: z.string().max(100).optional(),
      limit: limit.optional(),
    }),
  ),
  /** The last commit at or before a time, and the first after it. */
  'wal.nearest': query<{
    readonly before: CommitRecord | undefined
    readonly after: CommitRecord | undefined
  }>()(z.strictObject({ ...instanceRef, at: time, timeline: timeline.optional() })),
  /**
   * Dropped and truncated relations and databases, and the commits that deleted most rows, the latest first. Rewrites, and
   * commits that updated many rows, only when asked for; a relation by the number of its file, or by a part of
   * `database.schema.relation` as it was called in a backup, upper and lower case alike; also what belongs to a table of
   * that name. Which relations were updated is not kept. `limit` (100) holds for each kind. Of a transaction that is asked
   * for by its number, and by no relation, the commit or abort is there whatever it did.
   */
  'wal.accidents': query<{ readonly accidents: readonly AccidentRecord[] }>()(
    z.strictObject({
      ...instanceRef,
      ...range,
      kinds: z
        .array(
          z.enum(['drop', 'truncate', 'rewrite', 'database-drop', 'delete', 'update', 'commit', 'abort']),
        )
        .optional(),
      xid: xid.optional(),
      relationNumber: z.number().int().min(1).max(0xffff_ffff).optional(),
      relationName: z.string().min(1).max(200).optional(),
      /** Of deleted rows; 1,000 when left out. */
      minDeleted: z.number().int().min(1).optional(),
      /** Of updated rows; none are listed when left out. */
      minUpdated: z.number().int().min(1).optional(),
      limit: limit.optional(),
    }),
  ),
  /** The latest first; `limit` is 100. */
  'wal.restore-points': query<{ readonly points: readonly RestorePointRecord[] }>()(
    z.strictObject({
      ...instanceRef,
      ...range,
      name: z.string().max(64).optional(),
      limit: limit.optional(),
    }),
  ),
  /** Commits in equal parts of a range, all of the index when none is given. */
  'wal.activity': query<{
    readonly from: IsoTime | undefined
    readonly to: IsoTime | undefined
    readonly counts: readonly number[]
  }>()(z.strictObject({ ...instanceRef, ...range, buckets: z.number().int().min(1).max(4000) })),
  /**
   * Bytes of WAL in the archive that was written between each of the edges and the next one, ascending, counted at the
   * last commit of each segment; segments without a commit have no time and are not counted.
   */
  'wal.volume': query<{ readonly bytes: readonly number[] }>()(
    z.strictObject({ ...instanceRef, edges: z.array(time).min(2).max(400) }),
  ),
}
