import type { Range } from '../base/figures.ts'
import { type Lsn, lsnFromBigint } from '../base/lsn.ts'
import { type Timeline, walSegmentNumber, walSegmentStart } from '../base/wal-segment.ts'
import { chainOf } from './chain.ts'
import { findSpan } from './recovery-coverage.ts'
import type { Base, PathView, RecoveryModel } from './recovery-model.ts'
import type { MomentRequest } from './recovery-request.ts'
import { momentAt, type TimeMark, type WalMoment } from './recovery-times.ts'
import { ownerOf } from './recovery-timelines.ts'
import type { MomentVerdict, ReplayedSegments } from './recovery-verdict.ts'

type Place = {
  readonly base: Base
  readonly low: Lsn
  readonly lsn: Lsn
  /** Up to here WAL is fetched from the archive; undefined when the backup has all of it. */
  readonly readsTo: Lsn | undefined
  /** All is replayed before it, and there is no record at it. */
  readonly isEndOfWal?: boolean
  /** Of the place, when the way does not tell. */
  readonly timeline?: Timeline
}

/** What it takes to get to a place that can be reached from `base`. */
export function planReplay(
  model: RecoveryModel,
  view: PathView,
  { target, rates, countLost, timeBefore }: MomentRequest,
  { base, low, lsn, readsTo, isEndOfWal = false, timeline }: Place,
): MomentVerdict {
  const { node, marks, runs } = view
  const chain = chainOf(model.input, base.id).backups
  const backupBytes = model.chains.get(base.id)?.bytes ?? 0
  const segments = readsTo === undefined ? [] : replayedSegments(model, view, base.needsFrom, readsTo)
  const replayBytes = lsn - base.startLsn
  const writtenBytes = chain.at(-1)?.control?.pgdataBytes
  const until = isEndOfWal ? lsn : lsnFromBigint(lsn + 1n)
  const time =
    target.kind === 'time'
      ? { micros: target.micros, isExact: true }
      : timeAt(marks, until, timeBefore?.(node.path, until))
  const end = runs.at(-1)?.to
  const lastTime = marks.at(-1)?.micros
  const lostMicros = time === undefined || lastTime === undefined ? undefined : lastTime - time.micros
  return {
    kind: 'reachable',
    position: { timeline: timeline ?? ownerOf(node.path, lsn) ?? node.timeline, low, lsn },
    time,
    recoveryTimeline: node.timeline,
    chain: chain.map(({ id }) => id),
    segments,
    backupBytes,
    archiveBytes: segments.reduce((sum, one) => sum + storedBytes(model, one), 0),
    replayBytes,
    writtenBytes,
    writeSeconds: secondsFor(writtenBytes, rates?.write),
    replaySeconds: secondsFor(Number(replayBytes), rates?.replay),
    lost: {
      bytes: end === undefined || end < lsn ? 0n : end - lsn,
      micros: lostMicros === undefined || lostMicros > 0n ? lostMicros : 0n,
      // Over a gap nobody can count.
      commits:
        end === undefined || end <= lsn
          ? 0
          : findSpan(runs, lsn)?.to === end
            ? countLost?.({ path: node.path, low, lsn, end })
            : undefined,
    },
    remarks: [
      ...(chain.some(({ control }) => control?.status === 'DONE') ? (['unchecked'] as const) : []),
      ...(target.kind === 'time' && !isAllRead(model, view, base.stopLsn, lsn)
        ? (['estimated'] as const)
        : []),
    ],
  }
}

/** What was read of the place itself; else what the segments around it tell. */
function timeAt(
  marks: readonly TimeMark[],
  lsn: Lsn,
  read: { readonly micros: bigint } | undefined,
): WalMoment | undefined {
  const known = momentAt(marks, lsn)
  return known?.isExact === true || read === undefined ? known : { micros: read.micros, isExact: true }
}

/** Whether the WAL from the backup to the stop was read: an earlier transaction may end later than dates of files tell. */
function isAllRead({ input }: RecoveryModel, { marks }: PathView, from: Lsn, to: Lsn): boolean {
  const { segmentBytes } = input.archive
  // The date of a file stands at the last byte of its segment.
  const end = walSegmentStart(walSegmentNumber(to, segmentBytes) + 1n, segmentBytes)
  return marks.every(({ lsn, source }) => source !== 'file' || lsn < from || lsn >= end)
}

/** A server asks the newest timeline first that had begun by then. */
function replayedSegments(
  { coverage, input }: RecoveryModel,
  { node }: PathView,
  from: Lsn,
  to: Lsn,
): readonly ReplayedSegments[] {
  const { segmentBytes } = input.archive
  if (to <= from) return []
  const segments: ReplayedSegments[] = []
  const start = walSegmentNumber(from, segmentBytes)
  let last = walSegmentNumber(lsnFromBigint(to - 1n), segmentBytes)
  for (const { timeline, begin } of node.path.toReversed()) {
    const own = walSegmentNumber(begin, segmentBytes)
    if (own > last) continue
    // Before a timeline begins, its first segment is only a copy, and need not be there.
    const isThere = coverage.get(timeline)?.segments.some(({ number }) => number === own) ?? false
    if (to <= begin && !isThere) continue
    const first = own > start ? own : start
    segments.unshift({ timeline, first, last })
    if (own <= start) break
    last = own - 1n
  }
  return segments
}

function storedBytes({ coverage }: RecoveryModel, { timeline, first, last }: ReplayedSegments): number {
  return (coverage.get(timeline)?.segments ?? [])
    .filter(({ number }) => number >= first && number <= last)
    .reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
}

function secondsFor(bytes: number | undefined, rate: Range | undefined): Range | undefined {
  return bytes === undefined || rate === undefined
    ? undefined
    : { low: bytes / rate.high, high: bytes / rate.low }
}
