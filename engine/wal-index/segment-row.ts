import type { SQLInputValue } from 'node:sqlite'
import { type Lsn, lsnFromBigint } from '../base/lsn.ts'
import type { Timeline } from '../base/wal-segment.ts'
import type { OpenTransactionsState } from './open-transactions.ts'
import type { SegmentFacts, SegmentState, TimedEnd } from './segment-facts.ts'

/** A file as it was when it was read. */
export type SegmentFile = {
  readonly file: string
  readonly sizeBytes: number
  readonly modifiedMs: number
}

/** Names a segment in the index: `place` is '' for the archive, or the backup whose WAL it is. */
export type SegmentKey = { readonly place: string; readonly timeline: Timeline; readonly number: bigint }

/** What the next segment has to know: how to go on with a record that does not end in this one, and who is not done. */
export type SegmentRest = {
  /** Of the record before; '' = not known. In hexadecimal. */
  readonly previous: string
  /** Where the record starts that the segment ends in; '' = none. */
  readonly inside: string
  readonly open: OpenTransactionsState
}

/** What is known of a segment without its commits. */
export type SegmentRow = SegmentKey &
  SegmentFile & {
    readonly id: number
    /** What it was read with: when that changes, it has to be read again. */
    readonly basis: string
    /** Stands for what the next segment is read with. */
    readonly outcome: string
    readonly state: SegmentState
    /** What ends here or before can be replayed. */
    readonly soundLsn: Lsn
    readonly problem: string | undefined
    /** Before it, what the segment holds is of `parentTimeline`; 0 = all is of its own. */
    readonly switchLsn: Lsn
    readonly parentTimeline: Timeline
    readonly commitCount: number
    readonly abortCount: number
    readonly first: TimedEnd | undefined
    readonly last: TimedEnd | undefined
    readonly minTime: number | undefined
    readonly maxTime: number | undefined
    readonly minXid: number | undefined
    readonly maxXid: number | undefined
    readonly mostDeleted: number
  }

/** A segment that was read, to be stored. */
export type ReadSegment = SegmentKey &
  SegmentFile &
  Pick<
    SegmentRow,
    'basis' | 'outcome' | 'state' | 'soundLsn' | 'problem' | 'switchLsn' | 'parentTimeline'
  > & {
    readonly rest: SegmentRest
    readonly facts: SegmentFacts
  }

/** The columns of a segment, and what stands in them. */
const VALUES: readonly (readonly [
  column: string,
  value: (read: ReadSegment) => SQLInputValue | undefined,
])[] = [
  ['place', ({ place }) => place],
  ['timeline', ({ timeline }) => timeline],
  ['number', ({ number }) => number],
  ['file', ({ file }) => file],
  ['size_bytes', ({ sizeBytes }) => sizeBytes],
  ['modified_ms', ({ modifiedMs }) => modifiedMs],
  ['basis', ({ basis }) => basis],
  ['outcome', ({ outcome }) => outcome],
  ['rest', ({ rest }) => JSON.stringify(rest)],
  ['state', ({ state }) => state],
  ['sound_lsn', ({ soundLsn }) => soundLsn],
  ['problem', ({ problem }) => problem],
  ['switch_lsn', ({ switchLsn }) => switchLsn],
  ['parent_timeline', ({ parentTimeline }) => parentTimeline],
  ['commit_count', ({ facts }) => facts.commitCount],
  ['abort_count', ({ facts }) => facts.abortCount],
  ['first_lsn', ({ facts }) => facts.first?.lsn],
  ['first_time', ({ facts }) => facts.first?.time],
  ['last_lsn', ({ facts }) => facts.last?.lsn],
  ['last_time', ({ facts }) => facts.last?.time],
  ['min_time', ({ facts }) => facts.range?.minTime],
  ['max_time', ({ facts }) => facts.range?.maxTime],
  ['min_xid', ({ facts }) => facts.range?.minXid],
  ['max_xid', ({ facts }) => facts.range?.maxXid],
  ['most_deleted', ({ facts }) => facts.mostDeleted],
  ['commits', ({ facts }) => facts.commits],
]

export const COLUMNS = VALUES.map(([column]) => column)

/** In the order of {@link COLUMNS}. */
export function valuesOf(read: ReadSegment): readonly SQLInputValue[] {
  return VALUES.map(([, value]) => value(read) ?? null)
}

/** Reads a row whose integers are big ones; without what the next segment has to know, and the commits. */
export function rowOf(row: Readonly<Record<string, unknown>>): SegmentRow {
  const number = (name: string): number => Number(row[name])
  const optional = (name: string): number | undefined => (row[name] === null ? undefined : Number(row[name]))
  const lsn = (name: string): Lsn => lsnFromBigint(row[name] as bigint)
  const end = (name: string): TimedEnd | undefined =>
    row[`${name}_lsn`] === null ? undefined : { lsn: lsn(`${name}_lsn`), time: number(`${name}_time`) }
  return {
    id: number('id'),
    place: String(row['place']),
    timeline: number('timeline'),
    number: row['number'] as bigint,
    file: String(row['file']),
    sizeBytes: number('size_bytes'),
    modifiedMs: number('modified_ms'),
    basis: String(row['basis']),
    outcome: String(row['outcome']),
    state: String(row['state']) as SegmentState,
    soundLsn: lsn('sound_lsn'),
    problem: row['problem'] === null ? undefined : String(row['problem']),
    switchLsn: lsn('switch_lsn'),
    parentTimeline: number('parent_timeline'),
    commitCount: number('commit_count'),
    abortCount: number('abort_count'),
    first: end('first'),
    last: end('last'),
    minTime: optional('min_time'),
    maxTime: optional('max_time'),
    minXid: optional('min_xid'),
    maxXid: optional('max_xid'),
    mostDeleted: number('most_deleted'),
  }
}
