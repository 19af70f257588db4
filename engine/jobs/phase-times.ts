import { isoFromMs } from '../base/iso-time.ts'
import type { Phase } from '../base/progress.ts'
import type { PhaseTime } from './job-snapshot.ts'

/**
 * The times of the phases when `phase` begins and whatever ran before it ends. A validation of many backups goes to and
 * fro between two phases: each is listed once, so that the list stays short.
 */
export function enterPhase(times: readonly PhaseTime[], phase: Phase, nowMs: number): readonly PhaseTime[] {
  const left = leavePhase(times, nowMs)
  const runningSince = isoFromMs(nowMs)
  if (!left.some((time) => time.phase === phase)) return [...left, { phase, elapsedMs: 0, runningSince }]
  return left.map((time) => (time.phase === phase ? { ...time, runningSince } : time))
}

/** The times of the phases when nothing runs any more. */
export function leavePhase(times: readonly PhaseTime[], nowMs: number): readonly PhaseTime[] {
  return times.map((time) => ({ ...time, elapsedMs: phaseMs(time, nowMs), runningSince: undefined }))
}

/** How long a phase has taken by `nowMs`, in milliseconds. */
export function phaseMs({ elapsedMs, runningSince }: PhaseTime, nowMs: number): number {
  return elapsedMs + (runningSince === undefined ? 0 : Math.max(0, nowMs - Date.parse(runningSince)))
}
