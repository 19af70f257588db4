import { expect, test } from 'vitest'
import type { PhaseTime } from './job-snapshot.ts'
import { enterPhase, leavePhase, phaseMs } from './phase-times.ts'

test('a phase that comes again adds to its time and is not listed twice', () => {
  let times: readonly PhaseTime[] = []
  times = enterPhase(times, 'validate', 0)
  times = enterPhase(times, 'validate-wal', 100)
  times = enterPhase(times, 'validate', 130)
  expect(times.map(({ phase }) => phase)).toEqual(['validate', 'validate-wal'])
  expect(times.map((time) => phaseMs(time, 150))).toEqual([120, 30])
  times = leavePhase(times, 180)
  expect(times.map((time) => phaseMs(time, 9999))).toEqual([150, 30])
})

test('a clock that is set back takes nothing away', () => {
  const times = enterPhase([], 'copy', 1000)
  expect(phaseMs(times[0] as PhaseTime, 400)).toBe(0)
})
