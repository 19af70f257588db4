import type { Lsn } from '../base/lsn.ts'
import type { RelationStorage } from '../format/wal-transactions.ts'

export type LostRelation = RelationStorage

/** What a commit took away. */
export type Loss = {
  /**
   * `drop`: relations are gone; `truncate`: they got new files that stayed empty; `rewrite`: they got new files with their
   * rows, as by `VACUUM FULL`; `database-drop`: a database with all that was in it. Only the last is certain beyond doubt:
   * a transaction may do several of them, and a rewrite of next to nothing looks like a truncate.
   */
  readonly kind: 'drop' | 'truncate' | 'rewrite' | 'database-drop'
  /** Files that are gone: tables, their indexes and what holds their long values; or databases. */
  readonly count: number
  /** The first hundred. */
  readonly relations: readonly LostRelation[]
  /** New files that the same transaction made, the first hundred: those of what it wrote anew, and of what it created. */
  readonly created?: readonly LostRelation[]
  readonly createdCount?: number
  readonly databases?: readonly number[]
  /** OIDs of the truncated tables, which only `wal_level = logical` tells. */
  readonly truncatedOids?: readonly number[]
  /** The database that the transaction was in. */
  readonly databaseOid?: number
}

/** Something to be listed by itself. Times are microseconds since 2000, as PostgreSQL counts. */
export type IndexEvent = {
  readonly lsn: Lsn
  readonly endLsn: Lsn
  readonly time: number
  readonly xid: number
} & (
  | { readonly kind: 'loss'; readonly loss: Loss }
  /** Of a commit that deleted many rows; the relations of which it deleted most, these first. */
  | { readonly kind: 'deletion'; readonly relations: readonly LostRelation[] }
  | { readonly kind: 'restore-point'; readonly name: string }
  | {
      readonly kind: 'checkpoint'
      readonly isShutdown: boolean
      readonly redoLsn: Lsn
      readonly timeline: number
    }
  | { readonly kind: 'timeline-begin'; readonly timeline: number; readonly previousTimeline: number }
)

/** The end of a transaction as the index keeps it: a commit, or an abort, which counts nothing. */
export type IndexedEnd = {
  readonly isAborted: boolean
  readonly lsn: Lsn
  readonly endLsn: Lsn
  /** Microseconds since 2000. */
  readonly time: number
  readonly xid: number
  readonly deleted: number
  readonly inserted: number
  readonly updated: number
  /** Relations or databases that are gone with it, rewritten ones included. */
  readonly dropped: number
}
