import { LSN_NONE, type Lsn } from '../../base/lsn.ts'
import { findWalSegment, type Timeline, walSegmentName, walSegmentNumber } from '../../base/wal-segment.ts'
import { findRecoveryStop } from '../../catalog/recovery-stop.ts'
import type { ReadTarget } from '../../catalog/recovery-target.ts'
import { ownerOf, type PathSection } from '../../catalog/recovery-timelines.ts'
import type { WalProblem } from '../../format/wal-cursor.ts'
import { isRecordPlace, recordStartAt } from '../../format/wal-page.ts'
import { RMGR_XACT, type WalRecord, walRecordMainData } from '../../format/wal-record.ts'
import { restorePointName } from '../../format/wal-times.ts'
import { decodeTransactionEnd, type TransactionEnd } from '../../format/wal-transactions.ts'
import { readWalRecords, type WalPlace } from './read-wal.ts'

/** What recovery does, and with which WAL. */
export type TargetQuestion = {
  readonly target: ReadTarget
  /** Where the backup starts and stops. */
  readonly startLsn: Lsn
  readonly stopLsn: Lsn
  /** The way of recovery over timelines, the target timeline last. */
  readonly path: readonly PathSection[]
  readonly segmentBytes: number
  readonly systemIdentifier: bigint
  /** In the order in which the server looks: the archive, then the backup itself. */
  readonly places: readonly WalPlace[]
  /** The last segment on the way that comes after that one; undefined when there is none, and WAL just ends. */
  readonly laterThan: (segmentName: string) => string | undefined
  readonly signal: AbortSignal
  /** After every segment. */
  readonly report?: (segment: string, readBytes: number) => void
  /** Told of every restore point that is passed on the way to another one. */
  readonly onRestorePoint?: (name: string) => void
  /** Gives up once this many milliseconds have passed; the rest stays unread. */
  readonly limitMs?: number
  /** From here on it is known that recovery does not stop at the target. */
  readonly searchedFrom?: Lsn
}

/** Where recovery is when the last record is replayed that can be. */
export type WalReach = {
  readonly timeline: Timeline
  /** Of the last record, undefined when there is none. */
  readonly lsn: Lsn | undefined
  /** Where it ends. */
  readonly endLsn: Lsn
  /** Of the last end of a transaction; undefined when there was none. */
  readonly xid: number | undefined
  /** The latest end of a transaction, in Unix microseconds. */
  readonly micros: bigint | undefined
}

/** Whether recovery stops at the target. */
export type TargetCheck =
  | {
      readonly kind: 'reached'
      /** The record at which it stops; undefined for the end of WAL. */
      readonly stop: { readonly side: 'before' | 'after'; readonly lsn: Lsn } | undefined
      readonly reach: WalReach
    }
  /** The stop is before the end of the backup, where no server starts: an older backup is needed. */
  | { readonly kind: 'before-end'; readonly lsn: Lsn }
  /**
   * `problem` is what ended the WAL; `isEnd` when nothing is wrong, and the rest just is not there yet. `later` is the last
   * segment that comes after it on the way, and is not replayed.
   */
  | {
      readonly kind: 'not-reached'
      readonly reach: WalReach
      readonly problem: WalProblem
      readonly isEnd: boolean
      readonly later?: string
    }
  /** Up to where the search was to go there is no stop. */
  | { readonly kind: 'not-found' }
  /** The time was up. */
  | { readonly kind: 'unread'; readonly reach: WalReach }

/** WAL ends in some way everywhere; this is how it does where nothing is wrong with what is there. */
const ENDINGS: ReadonlySet<WalProblem['what']> = new Set(['missing', 'zeroed', 'wrong-address'])

/**
 * Replays in thought: reads every record from the start of the backup up to where the server would stop for the target,
 * over timelines as the server does. Damaged and missing WAL is an outcome. At most two segments are in memory.
 * Source: `catalog-format.md` section 9.2; PostgreSQL `src/backend/access/transam/xlogrecovery.c`.
 *
 * @throws {EngineError} `storage.*` when a file cannot be read at all
 */
export async function checkTarget(question: TargetQuestion): Promise<TargetCheck> {
  const { target, startLsn, stopLsn, path, segmentBytes, signal } = question
  const timeline = path.at(-1)?.timeline ?? 1
  const trail = new SegmentTrail(path, segmentBytes)
  const deadline = question.limitMs === undefined ? undefined : AbortSignal.timeout(question.limitMs)
  let last: { readonly lsn: Lsn; readonly endLsn: Lsn } | undefined
  let xid: number | undefined
  let micros: bigint | undefined
  const reach = (): WalReach => {
    const endLsn = last?.endLsn ?? startLsn
    return { timeline: ownerOf(path, last?.lsn ?? startLsn) ?? timeline, lsn: last?.lsn, endLsn, xid, micros }
  }
  const isConsistentAt = (lsn: Lsn): boolean => recordStartAt(lsn, segmentBytes) >= stopLsn
  let outcome: TargetCheck | undefined
  const visit = (record: WalRecord): boolean => {
    const { lsn, endLsn } = record
    if (trail.isPastItsTimeline(lsn)) return false
    if (question.searchedFrom !== undefined && lsn >= question.searchedFrom) outcome = { kind: 'not-found' }
    if (outcome !== undefined) return false
    const end =
      record.rmgr === RMGR_XACT ? decodeTransactionEnd(record, walRecordMainData(record)) : undefined
    const side = sideOfStop(record, end, target, isConsistentAt)
    if (target.kind === 'name' && side === undefined && question.onRestorePoint !== undefined) {
      const name = restorePointName(record)
      if (name !== undefined) question.onRestorePoint(name)
    }
    if (side !== 'before') {
      last = { lsn, endLsn }
      if (end !== undefined) {
        xid = end.xid
        if (micros === undefined || end.micros > micros) micros = end.micros
      }
    }
    if (side !== undefined) {
      const isConsistent = isConsistentAt(side === 'before' ? lsn : endLsn)
      outcome = isConsistent
        ? { kind: 'reached', stop: { side, lsn }, reach: reach() }
        : { kind: 'before-end', lsn }
    } else if (deadline?.aborted === true) outcome = { kind: 'unread', reach: reach() }
    return outcome === undefined
  }
  const found = await readWalRecords(
    {
      timeline,
      segmentBytes,
      systemIdentifier: question.systemIdentifier,
      places: question.places,
      timelinesOf: (number) => trail.candidates(number),
      signal,
    },
    { start: startLsn, from: isRecordPlace(startLsn, segmentBytes) ? 'record' : 'at-or-after' },
    visit,
    (name, owner) => {
      trail.enter(owner)
      question.report?.(name, segmentBytes)
    },
  )
  if (outcome !== undefined) return outcome
  const problem = trail.named(found, reach().endLsn)
  const later = question.laterThan(problem.segment)
  const isEnd = ENDINGS.has(problem.what) && later === undefined
  if (target.kind === 'latest' && isEnd && isConsistentAt(reach().endLsn))
    return { kind: 'reached', stop: undefined, reach: reach() }
  return { kind: 'not-reached', reach: reach(), problem, isEnd, ...(later !== undefined && { later }) }
}

function sideOfStop(
  record: WalRecord,
  end: TransactionEnd | undefined,
  target: ReadTarget,
  isConsistentAt: (lsn: Lsn) => boolean,
): 'before' | 'after' | undefined {
  switch (target.kind) {
    case 'lsn':
      return record.lsn < target.lsn ? undefined : target.isInclusive ? 'after' : 'before'
    case 'time':
    case 'xid': {
      if (end === undefined) return undefined
      const stop = findRecoveryStop(
        [{ ...end, lsn: record.lsn, previousLsn: record.previousLsn }],
        target,
        LSN_NONE,
      )
      return stop.kind === 'end' ? undefined : stop.kind
    }
    case 'name':
      return restorePointName(record) === target.name ? 'after' : undefined
    case 'immediate':
      return isConsistentAt(record.lsn) ? 'before' : isConsistentAt(record.endLsn) ? 'after' : undefined
    case 'latest':
      return undefined
  }
}

/**
 * Whose segments are read. A server asks for a segment of the newest timeline that has begun by then, and when it is
 * missing for one of its ancestors; never again for an older one than it has read from. Source: PostgreSQL
 * `src/backend/access/transam/xlogrecovery.c`, `XLogFileReadAnyTLI`.
 */
class SegmentTrail {
  readonly #path: readonly PathSection[]
  readonly #segmentBytes: number
  #current: PathSection | undefined

  constructor(path: readonly PathSection[], segmentBytes: number) {
    this.#path = path
    this.#segmentBytes = segmentBytes
  }

  candidates(number: bigint): readonly Timeline[] {
    return this.#path
      .filter(
        ({ timeline, begin }) =>
          timeline >= (this.#current?.timeline ?? 0) && walSegmentNumber(begin, this.#segmentBytes) <= number,
      )
      .map(({ timeline }) => timeline)
      .toReversed()
  }

  enter(timeline: Timeline): void {
    this.#current = this.#path.find((section) => section.timeline === timeline)
  }

  /** What an ancestor wrote after the way had left it is not to be replayed. */
  isPastItsTimeline(lsn: Lsn): boolean {
    return this.#current?.end !== undefined && lsn >= this.#current.end
  }

  /** The problem with the name of the file that was read, or should have been. Undefined: the way led past a timeline. */
  named(problem: WalProblem | undefined, endLsn: Lsn): WalProblem {
    const number =
      (problem && findWalSegment(problem.segment, this.#segmentBytes)?.number) ??
      walSegmentNumber(endLsn, this.#segmentBytes)
    const isUnread = problem === undefined || problem.what === 'missing'
    const owner = isUnread ? this.candidates(number)[0] : this.#current?.timeline
    const segment = walSegmentName({ timeline: owner ?? 1, number }, this.#segmentBytes)
    if (problem !== undefined)
      return { ...problem, segment, message: problem.message.replace(problem.segment, segment) }
    return {
      what: 'missing',
      lsn: endLsn,
      segment,
      message: `the segment is missing (WAL segment ${segment})`,
    }
  }
}
