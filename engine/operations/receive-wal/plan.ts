import { describeError, EngineError } from '../../base/engine-error.ts'
import { type Lsn } from '../../base/lsn.ts'
import { type Timeline, walSegmentNumber, walSegmentStart } from '../../base/wal-segment.ts'
import { findArchivedTimeline, type WalArchive } from '../../catalog/wal-archive.ts'
import { switchPoint, type TimelineHistory } from '../../format/timeline-history.ts'

/** Pauses between attempts to connect: the first ones are short, for a server that is only restarting. */
const FIRST_PAUSE_MS = 250
export const LONGEST_PAUSE_MS = 30_000

/** Settings that have never led to a server are tried this long. */
export const FIRST_CONNECT_MS = 30_000

/** Where receiving begins: the start of a segment. */
export type ReceivePoint = { readonly timeline: Timeline; readonly from: Lsn }

/** A server as far as the way to it matters. */
export type ServerLine = {
  readonly timeline: Timeline
  /** The ancestors of its timeline. */
  readonly history: TimelineHistory
}

/**
 * Where an archive goes on on the way to the server: after the last whole segment of the youngest of the server's
 * timelines that it has, or with the one that is not whole yet. A timeline that is there up to where it was left is
 * followed by the next, whose first segment also holds the end of that one. Undefined when the archive has nothing of
 * this server's history.
 */
export function findResumePoint(
  archive: Pick<WalArchive, 'timelines' | 'segmentBytes'>,
  { timeline, history }: ServerLine,
): ReceivePoint | undefined {
  const { segmentBytes } = archive
  const line = [...history.map((entry) => entry.timeline), timeline]
  for (let index = line.length - 1; index >= 0; index--) {
    const at = line[index] ?? timeline
    const next = nextSegment(archive, at)
    if (next === undefined) continue
    const from = walSegmentStart(next, segmentBytes)
    const left = switchPoint(history, at)
    const heir = line[index + 1]
    if (left === undefined || heir === undefined || from < left) return { timeline: at, from }
    return {
      timeline: heir,
      from: walSegmentStart(walSegmentNumber(left, segmentBytes), segmentBytes),
    }
  }
  return undefined
}

/** Where to begin for a position of the server: the segment that holds it, on the timeline that was current there. */
export function pointAt(lsn: Lsn, { timeline, history }: ServerLine, segmentBytes: number): ReceivePoint {
  const from = walSegmentStart(walSegmentNumber(lsn, segmentBytes), segmentBytes)
  const owner = history.find(({ switchLsn }) => from < switchLsn)
  return { timeline: owner?.timeline ?? timeline, from }
}

/** The pause before the nth attempt in a row, counted from 1. */
export function pauseMs(attempt: number): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(attempt - 1, 16))
}

/**
 * What a failure means for a receiver. `retry`: it may go away by itself, or somebody mends it. `space`: the disk is
 * full. `gap`: the server no longer has the WAL that is next. `stop`: going on could do harm, or the settings have
 * never worked, which whoever gave them should hear at once.
 */
export type Remedy = 'retry' | 'space' | 'gap' | 'stop'

/** Source: PostgreSQL manual, appendix "Error Codes". */
const WAL_IS_REMOVED = '58P01'
/** The slot is in use, as for a moment after its last user was killed; too many connections. */
const PASSING: ReadonlySet<string> = new Set(['55006', '53300'])

export function remedyFor(thrown: unknown, hasStreamed: boolean): Remedy {
  if (!(thrown instanceof EngineError)) return 'stop'
  const sqlState = thrown.facts['sqlState'] ?? ''
  switch (thrown.code) {
    case 'storage.full':
      return 'space'
    case 'server.unreachable':
    case 'server.connection-lost':
    case 'run.timeout':
    case 'wal.damaged':
    // A standby that was restarted is behind itself for a while.
    case 'plan.stale':
      return 'retry'
    case 'server.query-failed':
      if (sqlState === WAL_IS_REMOVED) return 'gap'
      return hasStreamed || PASSING.has(sqlState) ? 'retry' : 'stop'
    case 'server.auth-failed':
    case 'server.denied':
    case 'server.no-database':
    case 'plan.refused':
    case 'storage.not-found':
    case 'storage.denied':
    case 'storage.failed':
      return hasStreamed ? 'retry' : 'stop'
    default:
      return 'stop'
  }
}

/** What to tell whoever gave settings that have led to no server in all that time. */
export function neverConnected(thrown: unknown, triedMs: number): EngineError {
  const seconds = Math.max(1, Math.round(triedMs / 1000))
  const found = thrown instanceof EngineError ? thrown : undefined
  return new EngineError(
    found?.code ?? 'server.unreachable',
    `${describeError(thrown)}; no connection was made in ${seconds} s`,
    {
      hint: `${found?.hint ?? 'Check that the server runs.'} Once it was connected, a receiver tries again for ever.`,
      cause: thrown,
      facts: found?.facts ?? {},
    },
  )
}

/** The first segment that is not whole; undefined when nothing of the timeline is there. */
function nextSegment(archive: Pick<WalArchive, 'timelines'>, timeline: Timeline): bigint | undefined {
  const found = findArchivedTimeline(archive, timeline)
  if (found === undefined) return undefined
  let next = found.segments === undefined ? undefined : found.segments.end + 1n
  for (const { kind, number } of found.files) {
    if (kind === 'partial' && (next === undefined || number > next)) next = number
  }
  return next
}
