import { type Lsn, lsnFromBigint } from '../base/lsn.ts'
import { walSegmentStart } from '../base/wal-segment.ts'
import type { WalProblemKind } from '../format/wal-cursor.ts'
import { decodeWalEvent, type WalEvent } from '../format/wal-events.ts'
import { serverMajorOfMagic } from '../format/wal-page.ts'
import { WAL_RECORD_HEADER_BYTES, type WalRecord, walRecordMainData } from '../format/wal-record.ts'
import { POSTGRES_EPOCH_MICROS } from '../format/wal-times.ts'
import type { GivenRecord, OnPlainEnd, WalCounter } from '../kernel/wal-scan.ts'
import { CommitBlob } from './commit-blob.ts'
import type { IndexEvent } from './index-events.ts'
import { deletedFrom, type OpenTransactions } from './open-transactions.ts'

/** How reading a segment ended: to its end, where its WAL ends for now, or at what is wrong with it. */
export type SegmentState = 'whole' | 'open' | Exclude<WalProblemKind, 'missing'>

/** The first or the last end of a transaction. Microseconds since 2000. */
export type TimedEnd = { readonly lsn: Lsn; readonly time: number }

/** What reading a segment told, but for how it ended. */
export type SegmentFacts = {
  readonly commitCount: number
  readonly abortCount: number
  /** In the order of the records, commits and aborts. */
  readonly first: TimedEnd | undefined
  readonly last: TimedEnd | undefined
  /** Of ends of transactions, by the clock and by number; undefined when there is none. */
  readonly range:
    | { readonly minTime: number; readonly maxTime: number; readonly minXid: number; readonly maxXid: number }
    | undefined
  readonly mostDeleted: number
  readonly commits: Uint8Array
  readonly events: readonly IndexEvent[]
}

/** Events of a segment that are kept; one that has more is odd, and its others are left out. */
const MOST_EVENTS = 20_000

/** A commit that deleted so many rows is kept with the relations it deleted them from; of others the number is. */
const MANY_DELETED = 100

/** Collects what a segment tells, record by record. */
export class SegmentCollector {
  readonly #open: OpenTransactions
  readonly #blob: CommitBlob
  /** What ended before belongs to the timeline before, and is indexed there. */
  readonly #skipBefore: Lsn
  readonly #events: IndexEvent[] = []
  readonly #skipBeforePlace: number
  #commitCount = 0
  #abortCount = 0
  #first: { place: number; time: number } | undefined
  #last = { place: 0, time: 0 }
  #range = { minTime: Infinity, maxTime: -Infinity, minXid: Infinity, maxXid: -Infinity }
  #mostDeleted = 0

  constructor(options: {
    readonly open: OpenTransactions
    readonly number: bigint
    readonly segmentBytes: number
    readonly skipBefore: Lsn
  }) {
    this.#open = options.open
    this.#blob = new CommitBlob(walSegmentStart(options.number, options.segmentBytes))
    this.#skipBefore = options.skipBefore
    this.#skipBeforePlace = Number(options.skipBefore)
  }

  readonly onCounter = (counter: WalCounter): void => this.#open.count(counter)

  readonly onPlainEnd: OnPlainEnd = (isCommit, xid, time, lsn, lengthBytes) => {
    const deeds = this.#open.endPlain(xid)
    if (deeds === undefined) return false
    if (lsn < this.#skipBeforePlace) return true
    const { deleted, inserted, updated } = isCommit ? deeds : NO_DEEDS
    const at = withinReason(time)
    this.#addEnd(!isCommit, lsn, lengthBytes, at, xid, deleted, inserted, updated, 0)
    if (deleted >= MANY_DELETED) {
      const place = { lsn: lsnFromBigint(BigInt(lsn)), endLsn: lsnFromBigint(BigInt(lsn + lengthBytes)) }
      this.#keep({ kind: 'deletion', ...place, time: at, xid, relations: deletedFrom(deeds) })
    }
    return true
  }

  readonly onRecord = (given: GivenRecord): void => {
    const { bytes, magic, lsn, endLsn } = given
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const head = {
      xid: view.getUint32(4, true),
      rmgr: view.getUint8(17),
      info: view.getUint8(16),
      serverMajor: serverMajorOfMagic(magic) ?? 0,
    }
    const event = decodeWalEvent(head, mainDataOf(given, head))
    if (event !== undefined) this.#take(event, lsn, endLsn, head.xid)
  }

  facts(): SegmentFacts {
    return {
      commitCount: this.#commitCount,
      abortCount: this.#abortCount,
      first: this.#first && timedEnd(this.#first),
      last: this.#first && timedEnd(this.#last),
      range: this.#first && this.#range,
      mostDeleted: this.#mostDeleted,
      commits: this.#blob.take(),
      events: this.#events,
    }
  }

  #take(event: WalEvent, lsn: Lsn, endLsn: Lsn, xid: number): void {
    switch (event.kind) {
      case 'commit':
      case 'abort': {
        const deeds = this.#open.end(event)
        if (lsn < this.#skipBefore) return
        const time = timeOf(event.micros)
        const isAborted = event.kind === 'abort'
        const { deleted, inserted, updated } = isAborted ? NO_DEEDS : deeds
        const loss = isAborted ? undefined : deeds.loss
        const lengthBytes = Number(endLsn - lsn)
        const dropped = loss?.count ?? 0
        this.#addEnd(
          isAborted,
          Number(lsn),
          lengthBytes,
          time,
          event.xid,
          deleted,
          inserted,
          updated,
          dropped,
        )
        if (deleted >= MANY_DELETED)
          this.#keep({ kind: 'deletion', lsn, endLsn, time, xid: event.xid, relations: deeds.deletedFrom })
        if (loss !== undefined) this.#keep({ kind: 'loss', lsn, endLsn, time, xid: event.xid, loss })
        return
      }
      case 'storage-created':
        return this.#open.create(xid, event.relation, event.isMain)
      case 'database-dropped':
        return this.#open.dropDatabase(xid, event.databaseOid)
      case 'truncate':
        return this.#open.truncate(xid, event.databaseOid, event.relationOids)
      case 'running':
        return this.#open.forgetBefore(event.oldestXid)
      case 'database-created':
        return
      default: {
        if (lsn < this.#skipBefore) return
        const { micros, ...rest } = event
        const place = { lsn, endLsn, time: timeOf(micros), xid }
        if (rest.kind === 'restore-point') return this.#keep({ ...place, ...rest })
        if (rest.kind === 'end-of-recovery') return this.#keep({ ...place, ...rest, kind: 'timeline-begin' })
        const { kind, isShutdown, redoLsn, timeline } = rest
        return this.#keep({ ...place, kind, isShutdown, redoLsn, timeline })
      }
    }
  }

  #addEnd(
    isAborted: boolean,
    place: number,
    lengthBytes: number,
    time: number,
    xid: number,
    deleted: number,
    inserted: number,
    updated: number,
    dropped: number,
  ): void {
    if (isAborted) this.#abortCount++
    else this.#commitCount++
    this.#first ??= { place, time }
    this.#last.place = place
    this.#last.time = time
    this.#blob.put(isAborted, place, lengthBytes, time, xid, deleted, inserted, updated, dropped)
    if (deleted > this.#mostDeleted) this.#mostDeleted = deleted
    const range = this.#range
    if (time < range.minTime) range.minTime = time
    if (time > range.maxTime) range.maxTime = time
    if (xid < range.minXid) range.minXid = xid
    if (xid > range.maxXid) range.maxXid = xid
  }

  #keep(event: IndexEvent): void {
    if (this.#events.length < MOST_EVENTS) this.#events.push(event)
  }
}

const NO_DEEDS = { deleted: 0, inserted: 0, updated: 0 } as const

/** Beyond these a clock was wrong: some 140 years around 2000. */
const LATEST_TIME = 2 ** 52

function timeOf(micros: bigint): number {
  return withinReason(Number(micros - POSTGRES_EPOCH_MICROS))
}

function withinReason(time: number): number {
  return time > LATEST_TIME ? LATEST_TIME : time < -LATEST_TIME ? -LATEST_TIME : time
}

function timedEnd({ place, time }: { readonly place: number; readonly time: number }): TimedEnd {
  return { lsn: lsnFromBigint(BigInt(place)), time }
}

/** Most records have one short header and their data; the others are read with care. */
function mainDataOf(
  { bytes, lsn, endLsn }: GivenRecord,
  head: Pick<WalRecord, 'xid' | 'rmgr' | 'info' | 'serverMajor'>,
): Uint8Array {
  const first = WAL_RECORD_HEADER_BYTES
  const totalBytes = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)
  if (bytes[first] === 255 && first + 2 + (bytes[first + 1] ?? 0) === totalBytes)
    return bytes.subarray(first + 2)
  if (bytes.length === totalBytes)
    return walRecordMainData({ ...head, lsn, endLsn, previousLsn: lsnFromBigint(0n), totalBytes, bytes })
  // Only a transaction is so long, and then its data are all but this header.
  return bytes[first] === 254 ? bytes.subarray(first + 5) : new Uint8Array(0)
}
