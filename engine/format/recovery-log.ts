import { type Lsn, parseLsn } from '../base/lsn.ts'
import type { Timeline } from '../base/wal-segment.ts'

/** Where a server says that it stopped recovery. */
export type StopLine = {
  readonly side: 'before' | 'after'
  readonly at:
    | {
        readonly kind: 'commit' | 'abort'
        readonly xid: number
        /** As the server wrote it, in its time zone. */
        readonly timeText: string
      }
    | { readonly kind: 'lsn'; readonly lsn: Lsn }
    | { readonly kind: 'name'; readonly name: string; readonly timeText: string }
    | { readonly kind: 'consistency' }
  /** The whole sentence. */
  readonly text: string
}

/** What the log of a server tells of its recovery, in English. */
export type RecoveryLog = {
  readonly stop: StopLine | undefined
  /** The last `FATAL` or `PANIC` that ended more than a session, without its level. */
  readonly fatal: string | undefined
  /** How far replay was when the server last said so. */
  readonly replayedLsn: Lsn | undefined
  readonly isShutDownAtTarget: boolean
  /** The one that was begun where recovery ended. */
  readonly newTimeline: Timeline | undefined
}

const XACT = /recovery stopping (before|after) (commit|abort) of (?:prepared )?transaction (\d+), time (.+)$/
const LOCATION = /recovery stopping (before|after) WAL location \(LSN\) "([0-9A-F]+\/[0-9A-F]+)"/
const POINT = /recovery stopping at restore point "(.*)", time (.+)$/
const REPLAYED = /(?:redo in progress, .*current LSN: |redo done at )([0-9A-F]+\/[0-9A-F]+)/
const FATAL = /(?:FATAL|PANIC): {2}(.*)$/
/** Ends a session, not the server. */
const TO_A_CLIENT =
  /^the database system is |^connection to client lost|^role ".*" |^database ".*" |^no pg_hba\.conf entry|^terminating connection|authentication failed/
const CONSISTENT = /recovery stopping after reaching consistency/

/**
 * Reads the log that a server wrote with `lc_messages` C. Lines may have any prefix.
 * Source: PostgreSQL `src/backend/access/transam/xlogrecovery.c`, `recoveryStopsBefore`, `recoveryStopsAfter`.
 */
export function parseRecoveryLog(text: string): RecoveryLog {
  let stop: StopLine | undefined
  let fatal: string | undefined
  let replayedLsn: Lsn | undefined
  let isShutDownAtTarget = false
  let newTimeline: Timeline | undefined
  for (const line of text.split(/\r?\n/)) {
    stop = stopLine(line) ?? stop
    const given = FATAL.exec(line)?.[1]
    if (given !== undefined && !TO_A_CLIENT.test(given)) fatal = given
    const replayed = REPLAYED.exec(line)?.[1]
    if (replayed !== undefined) replayedLsn = parseLsn(replayed)
    if (line.includes('shutdown at recovery target')) isShutDownAtTarget = true
    const begun = /selected new timeline ID: (\d+)/.exec(line)?.[1]
    if (begun !== undefined) newTimeline = Number(begun)
  }
  return { stop, fatal, replayedLsn, isShutDownAtTarget, newTimeline }
}

function stopLine(line: string): StopLine | undefined {
  const text = line.slice(Math.max(0, line.indexOf('recovery stopping')))
  const xact = XACT.exec(line)
  if (xact !== null) {
    const [, side, kind, xid, timeText] = xact
    return {
      side: side === 'before' ? 'before' : 'after',
      at: { kind: kind === 'commit' ? 'commit' : 'abort', xid: Number(xid), timeText: timeText ?? '' },
      text,
    }
  }
  const location = LOCATION.exec(line)
  if (location !== null) {
    const [, side, lsn] = location
    return {
      side: side === 'before' ? 'before' : 'after',
      at: { kind: 'lsn', lsn: parseLsn(lsn ?? '') },
      text,
    }
  }
  const point = POINT.exec(line)
  if (point !== null) {
    const [, name, timeText] = point
    return { side: 'after', at: { kind: 'name', name: name ?? '', timeText: timeText ?? '' }, text }
  }
  return CONSISTENT.test(line) ? { side: 'after', at: { kind: 'consistency' }, text } : undefined
}
