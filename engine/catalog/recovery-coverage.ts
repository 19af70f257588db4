import { countLeading } from '../base/count-leading.ts'
import { type Lsn, lsnFromBigint } from '../base/lsn.ts'
import { type Timeline, walSegmentNumber, walSegmentStart } from '../base/wal-segment.ts'
import type { RecoveryInput, SegmentDefect } from './recovery-input.ts'
import type { PathSection } from './recovery-timelines.ts'

/** WAL from `from` up to, not including, `to`. */
export type LsnSpan = { readonly from: Lsn; readonly to: Lsn }

/** What the archive has of one timeline. */
export type TimelineCoverage = {
  /** Where WAL can be replayed without a break: ascending, never touching. */
  readonly spans: readonly LsnSpan[]
  /** By segment number, for those that are there and of no or little use. */
  readonly defects: ReadonlyMap<bigint, SegmentDefect>
  /** Of segments that are there, ascending. */
  readonly segments: readonly {
    readonly number: bigint
    readonly sizeBytes: number
    readonly modifiedMs: number
  }[]
  /** Where the last segment ends, when it is a partial one. */
  readonly openTo?: Lsn
}

/**
 * Which WAL of each timeline can be replayed. A plain file of another size than a segment counts as truncated. A partial
 * one counts as far as it was found to go, which cannot be seen from outside: recovery fetches it like a whole one.
 */
export function coverageOf({
  archive,
  defects,
  partials = [],
}: Pick<RecoveryInput, 'archive' | 'defects' | 'partials'>): ReadonlyMap<Timeline, TimelineCoverage> {
  const { segmentBytes } = archive
  const coverage = new Map<Timeline, TimelineCoverage>()
  for (const { timeline, files } of archive.timelines) {
    const bad = new Map<bigint, SegmentDefect>()
    const segments: { number: bigint; sizeBytes: number; modifiedMs: number }[] = []
    let openTo: Lsn | undefined
    for (const { kind, isCompressed, number, sizeBytes, modifiedMs } of files) {
      if (kind === 'partial') {
        const reach = partials.find((one) => one.timeline === timeline && one.number === number)
        const from = walSegmentStart(number, segmentBytes)
        if (reach === undefined || reach.soundTo <= from || segments.at(-1)?.number === number) continue
        openTo = reach.soundTo
        bad.set(number, { timeline, number, kind: 'truncated', soundTo: openTo })
        segments.push({ number, sizeBytes, modifiedMs })
        continue
      }
      if (kind !== 'segment') continue
      openTo = undefined
      if (!isCompressed && sizeBytes !== segmentBytes)
        bad.set(number, { timeline, number, kind: 'truncated', soundTo: undefined })
      // One that is there plain and compressed is one segment.
      if (segments.at(-1)?.number !== number) segments.push({ number, sizeBytes, modifiedMs })
    }
    coverage.set(timeline, { spans: [], defects: bad, segments, ...(openTo !== undefined && { openTo }) })
  }
  for (const defect of defects) {
    const bad = coverage.get(defect.timeline)?.defects as Map<bigint, SegmentDefect> | undefined
    bad?.set(defect.number, defect)
  }
  for (const [timeline, one] of coverage)
    coverage.set(timeline, { ...one, spans: spansOf(one, segmentBytes) })
  return coverage
}

function spansOf(
  { segments, defects }: Omit<TimelineCoverage, 'spans'>,
  segmentBytes: number,
): readonly LsnSpan[] {
  const size = BigInt(segmentBytes)
  const spans: { from: Lsn; to: Lsn }[] = []
  for (const { number } of segments) {
    const from = walSegmentStart(number, segmentBytes)
    const whole = lsnFromBigint(from + size)
    const defect = defects.get(number)
    const sound = defect === undefined ? whole : (defect.soundTo ?? from)
    const to = sound < whole ? sound : whole
    if (to <= from) continue
    const last = spans.at(-1)
    if (last?.to === from) last.to = to
    else spans.push({ from, to })
  }
  return spans
}

/**
 * Where WAL can be replayed without a break on a way over timelines. A server asks the newest timeline first, and the
 * segment in which a timeline begins holds the end of its parent's WAL as well.
 * Source: PostgreSQL `src/backend/access/transam/xlogrecovery.c`, `XLogFileReadAnyTLI`.
 */
export function runsOn(
  path: readonly PathSection[],
  coverage: ReadonlyMap<Timeline, TimelineCoverage>,
  segmentBytes: number,
): readonly LsnSpan[] {
  const parts: LsnSpan[] = []
  for (const { timeline, begin, end } of path) {
    const spans = coverage.get(timeline)?.spans ?? []
    const first = walSegmentStart(walSegmentNumber(begin, segmentBytes), segmentBytes)
    for (let index = lastAtOrBefore(spans, first) ?? 0; index < spans.length; index++) {
      const span = spans[index]
      if (span === undefined || (end !== undefined && span.from >= end)) break
      const part = clip(span, first, end)
      if (part !== undefined) parts.push(part)
    }
  }
  return joined(parts)
}

/** The part of a span from `from` up to `to`; undefined when there is none. */
export function clip(span: LsnSpan, from: Lsn, to: Lsn | undefined): LsnSpan | undefined {
  const begin = span.from > from ? span.from : from
  const end = to === undefined || span.to < to ? span.to : to
  return begin < end ? { from: begin, to: end } : undefined
}

/** Overlapping and touching spans made one, ascending. */
export function joined(spans: readonly LsnSpan[]): readonly LsnSpan[] {
  const runs: { from: Lsn; to: Lsn }[] = []
  for (const { from, to } of spans.toSorted((a, b) => compare(a.from, b.from))) {
    const last = runs.at(-1)
    if (last === undefined || from > last.to) runs.push({ from, to })
    else if (to > last.to) last.to = to
  }
  return runs
}

/** What is not covered between `from` and `to`; `spans` ascend. */
export function holesIn(spans: readonly LsnSpan[], { from, to }: LsnSpan): readonly LsnSpan[] {
  const holes: LsnSpan[] = []
  let at = from
  for (const span of spans) {
    if (span.to <= at) continue
    if (span.from >= to) break
    if (span.from > at) holes.push({ from: at, to: span.from })
    at = span.to
  }
  if (at < to) holes.push({ from: at, to })
  return holes
}

/** The span that holds a position; `spans` ascend. */
export function findSpan<Span extends LsnSpan>(spans: readonly Span[], lsn: Lsn): Span | undefined {
  const span = spans[lastAtOrBefore(spans, lsn) ?? spans.length]
  return span !== undefined && lsn < span.to ? span : undefined
}

/** Index of the last span that begins at or before a position; undefined when all begin after it. */
export function lastAtOrBefore(spans: readonly { readonly from: Lsn }[], lsn: Lsn): number | undefined {
  const count = countLeading(spans, ({ from }) => from <= lsn)
  return count === 0 ? undefined : count - 1
}

/** For sorting by LSN. */
export function compare(a: Lsn, b: Lsn): number {
  return a < b ? -1 : a > b ? 1 : 0
}
