import { countLeading } from '../base/count-leading.ts'
import { type Lsn, lsnFromBigint } from '../base/lsn.ts'
import { type Timeline, walSegmentNumber, walSegmentStart } from '../base/wal-segment.ts'
import type { TimelineCoverage } from './recovery-coverage.ts'
import type { RecoveryInput, SegmentTimes, SwitchTimes, TimedLsn } from './recovery-input.ts'
import type { PathSection } from './recovery-timelines.ts'

/** A moment of the cluster's clock in Unix microseconds. */
export type WalMoment = {
  readonly micros: bigint
  /** Read from WAL; otherwise it follows from dates of files and backups, and is about right at best. */
  readonly isExact: boolean
}

/** At this LSN the last end of a transaction, or of several, had this time. */
export type TimeMark = WalMoment & {
  readonly lsn: Lsn
  /** Up to here no other transaction ended; the LSN itself when that is not known. */
  readonly quietTo: Lsn
  /** Which one to believe: a control file rather than the date of a file. */
  readonly source: 'wal' | 'backup' | 'file'
}

const MICROS_PER_SECOND = 1_000_000n

/**
 * When what was written, for each timeline, ascending by LSN. Times never fall: WAL is not ordered by time to the
 * microsecond, and a server stops at the first end of a transaction that is too late, whatever follows it.
 */
export function timeMarksOf(
  { backups, archive, times, switches = [] }: RecoveryInput,
  coverage: ReadonlyMap<Timeline, TimelineCoverage>,
): ReadonlyMap<Timeline, readonly TimeMark[]> {
  const { segmentBytes } = archive
  const read = new Map<Timeline, Map<bigint, SegmentTimes>>()
  for (const one of times) {
    const known = read.get(one.timeline) ?? new Map<bigint, SegmentTimes>()
    read.set(one.timeline, known.set(one.number, one))
  }
  const loose = new Map<Timeline, TimeMark[]>()
  const add = (timeline: Timeline, lsn: Lsn, micros: bigint, source: 'backup' | 'file'): void => {
    // What was read says more than the date of the file.
    if (source === 'file' && read.get(timeline)?.has(walSegmentNumber(lsn, segmentBytes)) === true) return
    const marks = loose.get(timeline) ?? []
    marks.push({ lsn, micros, isExact: false, quietTo: lsn, source })
    loose.set(timeline, marks)
  }
  for (const { control } of backups) {
    if (control?.recoverySeconds === undefined || control.stopLsn === 0n) continue
    // The control file cuts off the fraction: so much may have been committed before the stop.
    const micros = BigInt(control.recoverySeconds + 1) * MICROS_PER_SECOND - 1n
    add(control.timeline, lsnFromBigint(control.stopLsn - 1n), micros, 'backup')
  }
  for (const [timeline, { segments }] of coverage)
    for (const { number, modifiedMs } of segments)
      add(timeline, lastByteOf(number, segmentBytes), BigInt(Math.floor(modifiedMs)) * 1000n, 'file')
  for (const { timeline, begun } of switches)
    if (begun !== undefined) add(timeline, begun.lsn, begun.micros, 'backup')
  const timelines = new Set([...loose.keys(), ...read.keys()])
  return new Map(
    [...timelines].map((timeline) => [
      timeline,
      arranged([
        ...(loose.get(timeline) ?? []),
        ...exactMarks(read.get(timeline), segmentBytes),
        ...leavingMarks(timeline, switches),
      ]),
    ]),
  )
}

function exactMarks(
  read: ReadonlyMap<bigint, SegmentTimes> | undefined,
  segmentBytes: number,
): readonly TimeMark[] {
  const marks: { lsn: Lsn; micros: bigint; isExact: true; quietTo: Lsn; source: 'wal' }[] = []
  let next: bigint | undefined
  for (const [number, { first, last }] of [...(read ?? [])].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const open = marks.at(-1)
    const isNext = next === number
    const end = walSegmentStart(number + 1n, segmentBytes)
    next = number + 1n
    // From the last end of a transaction up to the first of this segment nothing happened, if no segment is left out.
    if (open !== undefined && isNext && open.quietTo === walSegmentStart(number, segmentBytes))
      open.quietTo = first?.lsn ?? end
    if (first === undefined || last === undefined) continue
    marks.push({ ...first, isExact: true, quietTo: first.lsn, source: 'wal' })
    if (last.lsn > first.lsn) marks.push({ ...last, isExact: true, quietTo: end, source: 'wal' })
    else marks.splice(-1, 1, { ...first, isExact: true, quietTo: end, source: 'wal' })
  }
  return marks
}

function arranged(marks: readonly TimeMark[]): readonly TimeMark[] {
  const sorted = withoutKnown(marks.toSorted(inOrder))
  // A file may be copied long after it was written: nothing before a later mark can be younger than that. What a backup
  // says is cut to WAL alone, for dates of files may have lost their fractions.
  let latest: bigint | undefined
  let latestRead: bigint | undefined
  for (let index = sorted.length - 1; index >= 0; index--) {
    const mark = sorted[index]
    if (mark === undefined) continue
    const bound = mark.source === 'file' ? latest : mark.source === 'backup' ? latestRead : undefined
    const micros = bound !== undefined && mark.micros > bound ? bound : mark.micros
    if (micros !== mark.micros) sorted[index] = { ...mark, micros }
    if (latest === undefined || micros < latest) latest = micros
    if (mark.isExact && (latestRead === undefined || micros < latestRead)) latestRead = micros
  }
  let reached = sorted[0]?.micros ?? 0n
  return sorted.map((mark) => {
    if (mark.micros > reached) reached = mark.micros
    return mark.micros === reached ? mark : { ...mark, micros: reached }
  })
}

/** The end of a timeline where others left it: its last segment may be a copy that only the other one has. */
function leavingMarks(timeline: Timeline, switches: readonly SwitchTimes[]): readonly TimeMark[] {
  return switches.flatMap(({ parent, before, switchLsn }) =>
    parent === timeline && before !== undefined ? [exactMark(before, switchLsn)] : [],
  )
}

function exactMark({ lsn, micros }: TimedLsn, quietTo: Lsn): TimeMark {
  return { lsn, micros, isExact: true, quietTo, source: 'wal' }
}

/** Leaves out what falls where nothing ended, as was read. */
function withoutKnown(marks: readonly TimeMark[]): TimeMark[] {
  let quietTo: Lsn | undefined
  return marks.filter((mark) => {
    if (!mark.isExact) return quietTo === undefined || mark.lsn >= quietTo
    quietTo = mark.quietTo
    return true
  })
}

/** The marks on a way over timelines. */
export function marksOn(
  path: readonly PathSection[],
  marks: ReadonlyMap<Timeline, readonly TimeMark[]>,
  switches: readonly SwitchTimes[] = [],
): readonly TimeMark[] {
  if (path.length === 1 && path[0]?.begin === 0n) return marks.get(path[0].timeline) ?? []
  const parts = path.flatMap(({ timeline, begin, end }): readonly TimeMark[] => {
    const own = (marks.get(timeline) ?? []).flatMap((mark): readonly TimeMark[] => {
      if (mark.lsn < begin || (end !== undefined && mark.lsn >= end)) return []
      // What was quiet on a timeline that was left says nothing of the next one.
      return [end === undefined || mark.quietTo <= end ? mark : { ...mark, quietTo: end }]
    })
    const switched = switches.find((one) => one.timeline === timeline && one.switchLsn === begin)
    if (switched === undefined) return own
    const { before, after, quietTo } = switched
    const limit = end !== undefined && end < quietTo ? end : quietTo
    return [
      ...(before === undefined || limit < begin ? [] : [exactMark(before, limit)]),
      ...(after === undefined || (end !== undefined && after.lsn >= end)
        ? []
        : [exactMark(after, after.lsn)]),
      ...own,
    ]
  })
  return arranged(parts)
}

/** Of two marks at one place the one that says more comes last, and is taken. */
function inOrder(a: TimeMark, b: TimeMark): number {
  if (a.lsn !== b.lsn) return a.lsn < b.lsn ? -1 : 1
  return a.quietTo < b.quietTo ? -1 : a.quietTo > b.quietTo ? 1 : 0
}

/** How late it was when all before `lsn` was written; undefined when nothing tells. */
export function momentAt(marks: readonly TimeMark[], lsn: Lsn): WalMoment | undefined {
  const index = countLeading(marks, (mark) => mark.lsn < lsn)
  const before = marks[index - 1]
  const after = marks[index]
  if (before === undefined) return after && { micros: after.micros, isExact: false }
  if (before.isExact && lsn <= before.quietTo) return { micros: before.micros, isExact: true }
  // A mark at the byte before it is what the control file of a backup says about its stop.
  if (after === undefined || before.lsn + 1n === lsn) return { micros: before.micros, isExact: false }
  const share = ((lsn - before.lsn) * 1000n) / (after.lsn - before.lsn)
  return { micros: before.micros + ((after.micros - before.micros) * share) / 1000n, isExact: false }
}

/** A time that surely no transaction has that ended before `lsn`; undefined when nothing tells. */
export function latestBefore(marks: readonly TimeMark[], lsn: Lsn): bigint | undefined {
  const index = countLeading(marks, (mark) => mark.lsn < lsn)
  const before = marks[index - 1]
  const isBound = before !== undefined && (before.isExact ? lsn <= before.quietTo : before.lsn + 1n === lsn)
  return isBound ? before.micros : marks[index]?.micros
}

/** Where the first transaction ends that is later than a time: after `low`, and at `high` or before. */
export type StopRange = { readonly low: Lsn | undefined; readonly high: Lsn; readonly isExact: boolean }

/** Where replay stops that is to go up to a time, or up to just before it; undefined when nothing known is later. */
export function findStopRange(
  marks: readonly TimeMark[],
  micros: bigint,
  isInclusive: boolean,
): StopRange | undefined {
  const index = countLeading(marks, (mark) => (isInclusive ? mark.micros <= micros : mark.micros < micros))
  // At the stop of a backup nothing ended: its time is only a bound for what did before.
  const stop = marks.slice(index).find(({ source }) => source !== 'backup')
  const before = marks[index - 1]
  if (stop === undefined) return undefined
  return {
    low: before?.lsn,
    high: stop.lsn,
    isExact: stop.isExact && before !== undefined && before.isExact && before.quietTo >= stop.lsn,
  }
}

function lastByteOf(number: bigint, segmentBytes: number): Lsn {
  return lsnFromBigint((number + 1n) * BigInt(segmentBytes) - 1n)
}
