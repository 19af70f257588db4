import type { Lsn } from '../base/lsn.ts'
import type { ReadTarget } from './recovery-target.ts'

/** A record of the WAL at which recovery may stop. Prepared transactions count when their second phase ends. */
export type WalEvent = {
  /** Where the record begins. */
  readonly lsn: Lsn
  /** Where the record before it begins; undefined when that is not known. */
  readonly previousLsn: Lsn | undefined
  /** Unix microseconds. */
  readonly micros: bigint
} & (
  | { readonly kind: 'commit' | 'abort'; readonly xid: number }
  | { readonly kind: 'restore-point'; readonly name: string }
)

/** Where a server stops: before or after the record at that LSN, or at the end of all WAL there is. */
export type RecoveryStop =
  /** The record at `lsn`, or the first one after it, is not replayed. */
  | { readonly kind: 'before'; readonly lsn: Lsn }
  /** The record at `lsn` is the last one that is replayed. */
  | { readonly kind: 'after'; readonly lsn: Lsn }
  | { readonly kind: 'end' }

/**
 * Where a server stops for a target. `events` are in the order of the WAL, from where replay begins, on the timeline that
 * recovery follows; `consistentLsn` is the stop of the backup. When the stop is before that, the server refuses to start;
 * and from PostgreSQL 13 on it does so too when the WAL ends before a target.
 *
 * - A time stops before the first end of a transaction that is later (not inclusive: as late or later), whatever follows.
 * - A transaction ID stops at its own commit or abort, not at smaller ones: transactions end in another order.
 * - An LSN stops after the first record that begins there or later (not inclusive: before it).
 * - A name stops after the first restore point of that name.
 *
 * Source: PostgreSQL `src/backend/access/transam/xlogrecovery.c`, `recoveryStopsBefore` and `recoveryStopsAfter`.
 */
export function findRecoveryStop(
  events: Iterable<WalEvent>,
  target: ReadTarget,
  consistentLsn: Lsn,
): RecoveryStop {
  if (target.kind === 'immediate') return { kind: 'before', lsn: consistentLsn }
  if (target.kind === 'latest') return { kind: 'end' }
  if (target.kind === 'lsn' && !target.isInclusive) return { kind: 'before', lsn: target.lsn }
  for (const event of events) {
    const stop = stopAt(event, target)
    if (stop !== undefined) return stop
  }
  return { kind: 'end' }
}

/** Whether a restored server has what that record says: a commit is there, a restore point is passed. */
export function willBeApplied({ lsn }: Pick<WalEvent, 'lsn'>, stop: RecoveryStop): boolean {
  switch (stop.kind) {
    case 'before':
      return lsn < stop.lsn
    case 'after':
      return lsn <= stop.lsn
    case 'end':
      return true
  }
}

/** Whether a server would stop before the backup is consistent, and so not start. */
export function isBeforeConsistency(stop: RecoveryStop, consistentLsn: Lsn): boolean {
  return stop.kind !== 'end' && stop.lsn < consistentLsn
}

function stopAt(event: WalEvent, target: ReadTarget): RecoveryStop | undefined {
  const { lsn, micros } = event
  switch (target.kind) {
    case 'time': {
      if (event.kind === 'restore-point') return undefined
      const isLater = target.isInclusive ? micros > target.micros : micros >= target.micros
      return isLater ? { kind: 'before', lsn } : undefined
    }
    case 'xid':
      if (event.kind === 'restore-point' || event.xid !== target.xid) return undefined
      return { kind: target.isInclusive ? 'after' : 'before', lsn }
    case 'lsn':
      if (lsn < target.lsn) return undefined
      return { kind: isFirstFrom(event, target.lsn) ? 'after' : 'before', lsn }
    case 'name':
      return event.kind === 'restore-point' && event.name === target.name ? { kind: 'after', lsn } : undefined
    case 'immediate':
    case 'latest':
      return undefined
  }
}

const PAGE_BYTES = 8192n
/** Of a page header that is not the first of a segment, and of a record without any data. */
const HEADER_BYTES = 24n

/**
 * Whether no other record begins between an LSN and this event. Where the record before it is not known, there must be no
 * room for one; a backup or a server names LSNs at which a record begins, or that are followed by a page header only.
 * Source: PostgreSQL `src/include/access/xlogrecord.h`, `SizeOfXLogRecord`; `xlog_internal.h`, `SizeOfXLogShortPHD`.
 */
function isFirstFrom({ lsn, previousLsn }: WalEvent, from: Lsn): boolean {
  if (previousLsn !== undefined) return previousLsn < from
  const offset = from % PAGE_BYTES
  const start = offset < HEADER_BYTES ? from - offset + HEADER_BYTES : from
  return lsn - start < HEADER_BYTES
}
