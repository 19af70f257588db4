import type { Lsn } from '../base/lsn.ts'
import { walSegmentStart } from '../base/wal-segment.ts'
import type { SegmentDefect, SegmentTimes } from '../catalog/recovery-input.ts'
import type { LocatedRecord } from '../catalog/recovery-request.ts'
import { POSTGRES_EPOCH_MICROS } from '../format/wal-times.ts'
import type { WalIndexReader } from './queries.ts'
import type { TimedEnd } from './segment-facts.ts'
import type { SegmentRow } from './segment-row.ts'

/** What the index of an archive says about which moments can be reached. WAL inside of backups is not in it. */
export function recoveryFacts(
  rows: readonly SegmentRow[],
  segmentBytes: number,
): { readonly times: readonly SegmentTimes[]; readonly defects: readonly SegmentDefect[] } {
  const archived = rows.filter(({ place }) => place === '')
  return {
    // Of a segment with damage nothing is known behind it.
    times: archived.flatMap(({ timeline, number, state, first, last }) =>
      state === 'whole' ? [{ timeline, number, first: timedLsn(first), last: timedLsn(last) }] : [],
    ),
    defects: archived.flatMap((row) => defectOf(row, segmentBytes) ?? []),
  }
}

function defectOf(
  { timeline, number, state, soundLsn, file }: SegmentRow,
  segmentBytes: number,
): SegmentDefect | undefined {
  if (state === 'whole' || isPartial(file)) return undefined
  const isForeign = state === 'wrong-system' || state === 'wrong-address'
  const kind = isForeign ? 'foreign' : state === 'truncated' ? 'truncated' : 'damaged'
  const start = walSegmentStart(number, segmentBytes)
  return { timeline, number, kind, soundTo: soundLsn > start ? soundLsn : undefined }
}

/** Those do not count as segments. */
function isPartial(file: string): boolean {
  return file.endsWith('.partial')
}

function timedLsn(end: TimedEnd | undefined): { readonly lsn: Lsn; readonly micros: bigint } | undefined {
  return end && { lsn: end.lsn, micros: unixMicros(end.time) }
}

/** Every place where the index has the end of a transaction, be it a commit or an abort. */
export function locateTransaction(reader: WalIndexReader, xid: number): readonly LocatedRecord[] {
  return Array.from(reader.commits({ xid, withAborts: true }), ({ timeline, lsn, endLsn }) => ({
    timeline,
    lsn,
    endLsn,
  }))
}

/** Every place where the index has a restore point of that name. */
export function locateRestorePoint(reader: WalIndexReader, name: string): readonly LocatedRecord[] {
  return reader
    .events(
      ['restore-point'],
      { limit: MOST_NAMESAKES },
      (event) => event.kind === 'restore-point' && event.name === name,
    )
    .map(({ timeline, event: { lsn, endLsn } }) => ({ timeline, lsn, endLsn }))
}

const MOST_NAMESAKES = 1000

/** Unix microseconds of a time as the index keeps it. */
export function unixMicros(time: number): bigint {
  return BigInt(time) + POSTGRES_EPOCH_MICROS
}

/** The inverse of {@link unixMicros}. */
export function indexTime(micros: bigint): number {
  return Number(micros - POSTGRES_EPOCH_MICROS)
}
