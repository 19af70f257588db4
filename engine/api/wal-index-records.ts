import type { IsoTime } from '../base/iso-time.ts'
import { formatLsn, type Lsn } from '../base/lsn.ts'
import { walSegmentName, walSegmentStart } from '../base/wal-segment.ts'
import { isoMicros } from '../catalog/recovery-time-text.ts'
import type { FoundCommit, FoundEvent } from '../wal-index/queries.ts'
import { unixMicros } from '../wal-index/recovery-facts.ts'
import type { TimedEnd } from '../wal-index/segment-facts.ts'
import type { SegmentRow } from '../wal-index/segment-row.ts'
import type {
  AccidentRecord,
  CommitRecord,
  IndexedSegmentRecord,
  RestorePointRecord,
  WalFindingRecord,
} from './contract/wal-index.ts'

/** A time of the index as the contract has it. */
export function isoOf(time: number): IsoTime {
  return isoMicros(unixMicros(time)) as IsoTime
}

export function commitRecord(commit: FoundCommit): CommitRecord {
  const { place: _place, time, lsn, endLsn, ...rest } = commit
  return { ...rest, lsn: formatLsn(lsn), endLsn: formatLsn(endLsn), at: isoOf(time) }
}

/** What a commit took away; undefined for other events. */
export function lossRecord({ event, timeline }: FoundEvent): AccidentRecord | undefined {
  if (event.kind !== 'loss') return undefined
  const { kind, count, relations, databases, truncatedOids, databaseOid } = event.loss
  return {
    kind,
    timeline,
    lsn: formatLsn(event.lsn),
    endLsn: formatLsn(event.endLsn),
    at: isoOf(event.time),
    xid: event.xid,
    count,
    databaseOid,
    relations,
    databases: databases ?? [],
    truncatedOids: truncatedOids ?? [],
  }
}

/** Whether a database, or a relation or its owner, is called so or has that in its name with schema and database. */
export function isNamed({ relations, databaseNames = [] }: AccidentRecord, text: string): boolean {
  // As it is to be written in SQL.
  const part = text.replaceAll('"', '').toLowerCase()
  const full = relations.flatMap(({ name }) =>
    name === undefined
      ? []
      : [name, name.owner ?? name, ...name.otherNames].map(
          ({ schema, relation }) => `${name.database ?? ''}.${schema}.${relation}`,
        ),
  )
  return [...full, ...databaseNames.map(({ name }) => name)].some((one) =>
    one.replaceAll('"', '').toLowerCase().includes(part),
  )
}

/** A commit that deleted many rows. */
export function deleteRecord(
  commit: FoundCommit,
  relations: AccidentRecord['relations'] = [],
): AccidentRecord {
  const { timeline, lsn, endLsn, at, xid, deleted } = commitRecord(commit)
  const nothing = { databaseOid: undefined, relations, databases: [], truncatedOids: [] }
  return { kind: 'delete', timeline, lsn, endLsn, at, xid, count: deleted, ...nothing }
}

/** A commit that updated many rows; of which relations is not known. */
export function updateRecord(commit: FoundCommit): AccidentRecord {
  return { ...deleteRecord(commit), kind: 'update', count: commit.updated }
}

/** How a transaction ended, whatever it did. */
export function endRecord(end: FoundCommit): AccidentRecord {
  const { deleted, inserted, updated } = end
  return end.isAborted
    ? { ...deleteRecord(end), kind: 'abort' }
    : { ...deleteRecord(end), kind: 'commit', count: deleted + inserted + updated }
}

export function restorePointRecord({ event, timeline }: FoundEvent): RestorePointRecord | undefined {
  if (event.kind !== 'restore-point') return undefined
  const { name, lsn, endLsn, time } = event
  return { name, timeline, lsn: formatLsn(lsn), endLsn: formatLsn(endLsn), at: isoOf(time) }
}

export function segmentRecord(row: SegmentRow, segmentBytes: number): IndexedSegmentRecord {
  const { timeline, number, place, file, sizeBytes, state, commitCount, abortCount, first, last } = row
  const end = (one: TimedEnd | undefined) => one && { lsn: formatLsn(one.lsn), at: isoOf(one.time) }
  return {
    segment: walSegmentName({ timeline, number }, segmentBytes),
    file,
    backupId: place === '' ? undefined : place,
    timeline,
    number: String(number),
    sizeBytes,
    state,
    commitCount,
    abortCount,
    first: end(first),
    last: end(last),
  }
}

/**
 * A file that is whole as far as its records go, cut off behind the end of a segment that was left early, or longer than
 * one: recovery ends there all the same.
 */
function hasWrongSize({ place, file, sizeBytes }: SegmentRow, segmentBytes: number): boolean {
  return place === '' && /^[0-9A-F]{24}$/.test(file) && sizeBytes !== segmentBytes
}

/** What is wrong with what was read: segments with damage, and those that are missing between others. */
export function walFindings(
  rows: readonly SegmentRow[],
  segmentBytes: number,
  most: number,
): readonly WalFindingRecord[] {
  const findings: WalFindingRecord[] = []
  const nameOf = (timeline: number, number: bigint): string =>
    walSegmentName({ timeline, number }, segmentBytes)
  let previous: SegmentRow | undefined
  for (const row of rows) {
    if (findings.length >= most) break
    const { place, timeline, number, state, problem, soundLsn } = row
    const backupId = place === '' ? undefined : place
    const isNext = previous?.place === place && previous.timeline === timeline
    const expected = isNext && previous !== undefined ? previous.number + 1n : number
    if (number > expected) {
      const count = number - expected
      findings.push({
        severity: 'problem',
        kind: 'missing',
        segment: nameOf(timeline, expected),
        lastSegment: nameOf(timeline, number - 1n),
        timeline,
        backupId,
        lsn: formatLsn(previous?.soundLsn ?? startOf(expected)),
        message: count === 1n ? 'is missing' : `and ${count - 1n} more are missing`,
      })
    }
    if (problem !== undefined)
      findings.push({
        severity: 'problem',
        kind: state,
        segment: nameOf(timeline, number),
        lastSegment: nameOf(timeline, number),
        timeline,
        backupId,
        lsn: formatLsn(soundLsn),
        message: problem,
      })
    else if (hasWrongSize(row, segmentBytes))
      findings.push({
        severity: 'problem',
        kind: 'truncated',
        segment: nameOf(timeline, number),
        lastSegment: nameOf(timeline, number),
        timeline,
        backupId,
        lsn: formatLsn(startOf(number)),
        message: `has ${row.sizeBytes} bytes instead of ${segmentBytes}, and no server takes it`,
      })
    previous = row
  }
  return findings

  function startOf(number: bigint): Lsn {
    return walSegmentStart(number, segmentBytes)
  }
}
