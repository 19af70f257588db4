import { formatLocalMicros } from '../base/local-time.ts'
import { formatLsn, type Lsn } from '../base/lsn.ts'
import type { Timeline } from '../base/wal-segment.ts'
import type { StopLine } from '../format/recovery-log.ts'
import type { ReadTarget } from './recovery-target.ts'
import { parseTargetTime } from './recovery-time-text.ts'

/** What a server said when it was asked where recovery stopped. */
export type ObservedStop = {
  /** Undefined where it could not be asked. */
  readonly timeline: Timeline | undefined
  /** Where the last record that was replayed ends. */
  readonly replayedLsn: Lsn | undefined
  /** Of the last end of a transaction that was replayed, in Unix microseconds. */
  readonly lastXactMicros: bigint | undefined
  /** The line of its log. */
  readonly stop: StopLine | undefined
}

/** What reading the WAL had promised; what is left out is not compared. */
export type PromisedStop = { readonly timeline?: Timeline; readonly endLsn?: Lsn }

/** One way in which a stop is not the one that was asked for. */
export type StopFault = {
  readonly code: 'no-stop' | 'wrong-stop' | 'too-late' | 'too-early' | 'wrong-timeline' | 'wrong-lsn'
  /** One fact, as in messages of errors. */
  readonly message: string
}

/**
 * Holds where a server stopped against where it should have: by the line of its log, and by what it answers. Empty when
 * nothing is wrong. Source of the rules: PostgreSQL `src/backend/access/transam/xlogrecovery.c`, `recoveryStopsBefore`,
 * `recoveryStopsAfter`.
 */
export function verifyStop(
  target: ReadTarget,
  observed: ObservedStop,
  promised: PromisedStop = {},
): readonly StopFault[] {
  const { timeline, replayedLsn } = observed
  const faults: StopFault[] = [...stopFaults(target, observed)]
  if (promised.timeline !== undefined && timeline !== undefined && timeline !== promised.timeline) {
    const message = `recovery stopped on timeline ${timeline}, not ${promised.timeline}`
    faults.push({ code: 'wrong-timeline', message })
  }
  if (promised.endLsn !== undefined && replayedLsn !== undefined && replayedLsn !== promised.endLsn) {
    const message = `replay ended at ${formatLsn(replayedLsn)}, not ${formatLsn(promised.endLsn)}`
    faults.push({ code: 'wrong-lsn', message })
  }
  return faults
}

function stopFaults(target: ReadTarget, { stop, lastXactMicros }: ObservedStop): readonly StopFault[] {
  if (target.kind === 'latest') {
    if (stop === undefined) return []
    return [{ code: 'too-early', message: `recovery ended before the end of the WAL: ${stop.text}` }]
  }
  if (stop === undefined) {
    return [
      { code: 'no-stop', message: 'the log of the server does not say that recovery stopped at a target' },
    ]
  }
  const { at, side } = stop
  const wrong: StopFault = {
    code: 'wrong-stop',
    message: `the server stopped for something else: ${stop.text}`,
  }
  const sideOf = (isInclusive: boolean): StopLine['side'] => (isInclusive ? 'after' : 'before')
  switch (target.kind) {
    case 'time': {
      if ((at.kind !== 'commit' && at.kind !== 'abort') || side !== 'before') return [wrong]
      return timeFaults(target, parseTargetTime(at.timeText, 'UTC'), lastXactMicros)
    }
    case 'xid':
      if (at.kind !== 'commit' && at.kind !== 'abort') return [wrong]
      return at.xid === target.xid && side === sideOf(target.isInclusive) ? [] : [wrong]
    case 'lsn':
      if (at.kind !== 'lsn' || side !== sideOf(target.isInclusive)) return [wrong]
      return at.lsn >= target.lsn ? [] : [wrong]
    case 'name':
      return at.kind === 'name' && at.name === target.name ? [] : [wrong]
    case 'immediate':
      return at.kind === 'consistency' ? [] : [wrong]
  }
}

function timeFaults(
  { micros, isInclusive }: Extract<ReadTarget, { kind: 'time' }>,
  stoppedMicros: bigint,
  lastXactMicros: bigint | undefined,
): readonly StopFault[] {
  const isWithin = (at: bigint): boolean => (isInclusive ? at <= micros : at < micros)
  const faults: StopFault[] = []
  if (isWithin(stoppedMicros)) {
    const message = `a transaction of ${formatLocalMicros(stoppedMicros)} was left out, though it is within the target`
    faults.push({ code: 'too-early', message })
  }
  if (lastXactMicros !== undefined && !isWithin(lastXactMicros)) {
    const message = `a transaction of ${formatLocalMicros(lastXactMicros)} was replayed, though it is after the target`
    faults.push({ code: 'too-late', message })
  }
  return faults
}
