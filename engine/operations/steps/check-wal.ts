import { assert } from '../../base/assert.ts'
import { EngineError } from '../../base/engine-error.ts'
import { formatLsn, type Lsn, lsnFromBigint } from '../../base/lsn.ts'
import { walSegmentNumber, walSegmentStart } from '../../base/wal-segment.ts'
import type { WalProblem } from '../../format/wal-cursor.ts'
import { type DatabaseChange, databaseChange } from '../../format/wal-databases.ts'
import { isRecordPlace, recordStartAt, WAL_PAGE_BYTES } from '../../format/wal-page.ts'
import type { WalRecord } from '../../format/wal-record.ts'
import { recordTimestampMicros } from '../../format/wal-times.ts'
import { readWalRecords, type WalIdentity, type WalPlace, type WalSource } from './read-wal.ts'

type WalRange = WalSource & {
  /** Where the first record starts. */
  readonly start: Lsn
  /** Where the last record starts, itself included. */
  readonly stop: Lsn
}

/** The outcome of reading a range of WAL. */
export type WalCheck =
  | {
      readonly kind: 'complete'
      /** The one at `stop`, or the first after it. */
      readonly lastRecord: Pick<WalRecord, 'lsn' | 'endLsn' | 'xid'>
      readonly endLsn: Lsn
      /** Of the last commit, abort or restore point up to `stop`, in Unix microseconds; undefined when there is none. */
      readonly recoveryTimeMicros: bigint | undefined
      /** What was done to directories of databases up to `stop`, in that order; each of it took a while. */
      readonly databaseChanges: readonly DatabaseChange[]
      /** Names of the segments that were read. */
      readonly segments: readonly string[]
    }
  | {
      readonly kind: 'incomplete'
      readonly problem: WalProblem
      /** Where the last sound record ends; undefined when not even the first could be read. */
      readonly lastGoodLsn: Lsn | undefined
    }

/** What a caller that waits for the end of a backup is told. */
export type StopLsnSearch =
  | { readonly kind: 'found'; readonly stopLsn: Lsn }
  | { readonly kind: 'not-yet'; readonly problem: WalProblem }

/**
 * Reads every record from `start` to `stop` and verifies it. Damaged and missing WAL is an outcome, not a failure. At
 * most two segments are in memory. Source: `catalog-format.md` sections 7.8 and 9.2.
 *
 * @throws {EngineError} `storage.*` when a directory or file cannot be read at all.
 */
export async function checkWalRange(range: WalRange): Promise<WalCheck> {
  const checked = await checkRange(range, { ...range, nothingAfter: range.stop })
  return checked.kind === 'incomplete' && checked.problem.what === 'truncated'
    ? await checkRange(range, range)
    : checked
}

async function checkRange(range: WalRange, source: WalSource): Promise<WalCheck> {
  const from = isRecordPlace(range.start, range.segmentBytes) ? 'record' : 'at-or-after'
  const segments: string[] = []
  const databaseChanges: DatabaseChange[] = []
  let recoveryTimeMicros: bigint | undefined
  let lastRecord: WalRecord | undefined
  const problem = await readWalRecords(
    source,
    { start: range.start, from },
    (record) => {
      lastRecord = record
      if (record.lsn <= range.stop) {
        recoveryTimeMicros = recordTimestampMicros(record) ?? recoveryTimeMicros
        const change = databaseChange(record)
        if (change !== undefined) databaseChanges.push(change)
      }
      return record.lsn < range.stop
    },
    (segment) => segments.push(segment),
  )
  if (problem !== undefined) return { kind: 'incomplete', problem, lastGoodLsn: lastRecord?.endLsn }
  assert(lastRecord !== undefined, 'reading stops early only at a record')
  const { lsn, endLsn, xid } = lastRecord
  return {
    kind: 'complete',
    lastRecord: { lsn, endLsn, xid },
    endLsn,
    recoveryTimeMicros,
    databaseChanges,
    segments,
  }
}

/**
 * Looks once for the record with which a backup ends, given the LSN that the server returned from stopping it. To be
 * asked again until it is found: `waitedMs` of `timeoutMs` says how patient to be with a standby, which may have no
 * record at that LSN until its primary writes more. Source: `catalog-format.md` section 7.7.
 *
 * @throws {EngineError} `value.malformed` for an LSN at which a backup cannot end; `storage.*` as {@link checkWalRange}.
 */
export async function findStopLsn(
  search: WalIdentity & {
    readonly place: WalPlace
    readonly startLsn: Lsn
    /** As the server returned it. */
    readonly stopLsn: Lsn
    readonly isFromReplica: boolean
    readonly waitedMs: number
    readonly timeoutMs: number
    readonly signal: AbortSignal
  },
): Promise<StopLsnSearch> {
  const { stopLsn, isFromReplica } = search
  const isAtPageEdge = stopLsn % BigInt(WAL_PAGE_BYTES) === 0n
  if (!isAtPageEdge && !isRecordPlace(stopLsn, search.segmentBytes)) {
    throw new EngineError(
      'value.malformed',
      `no WAL record can start at ${formatLsn(stopLsn)}, where the backup ended`,
      {
        hint: 'Take the backup again; if it happens again, report the version of the server.',
      },
    )
  }
  const source = { ...search, places: [search.place] }
  let found: Lsn | undefined
  const look = (nothingAfter: Lsn | undefined) =>
    readWalRecords(
      nothingAfter === undefined ? source : { ...source, nothingAfter },
      { start: stopLsn, from: isAtPageEdge ? 'at-or-after' : 'record' },
      ({ lsn }) => {
        found = lsn
        return false
      },
    )
  let problem = await look(stopLsn)
  if (problem?.what === 'truncated') problem = await look(undefined)
  if (found !== undefined || problem === undefined) return { kind: 'found', stopLsn: found ?? stopLsn }
  if (isFromReplica && (isAtPageEdge || search.waitedMs * 2 >= search.timeoutMs)) {
    const prior = await findRecordEndingAt(source, search.startLsn, stopLsn)
    if (prior !== undefined) return { kind: 'found', stopLsn: prior }
  }
  return { kind: 'not-yet', problem }
}

/** The start of the record up to whose end WAL reaches `lsn`; looked for in the segment before it and the one before that. */
async function findRecordEndingAt(source: WalSource, startLsn: Lsn, lsn: Lsn): Promise<Lsn | undefined> {
  const { segmentBytes } = source
  const last = walSegmentNumber(lsnFromBigint(lsn - 1n), segmentBytes)
  const earliest = walSegmentNumber(startLsn, segmentBytes)
  for (let number = last; number >= earliest && number >= last - 1n; number--) {
    const segmentStart = walSegmentStart(number, segmentBytes)
    const from = startLsn > segmentStart ? startLsn : segmentStart
    let found: Lsn | undefined
    await readWalRecords(source, { start: from, from: 'at-or-after' }, (record) => {
      if (record.lsn < lsn && recordStartAt(record.endLsn, segmentBytes) >= lsn) found = record.lsn
      return found === undefined && record.lsn < lsn
    })
    if (found !== undefined) return found
  }
  return undefined
}
