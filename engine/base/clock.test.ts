import { describe, expect, test } from 'vitest'
import { heldClock, planClock } from './clock.ts'

const clock = heldClock('2026-11-21T01:00:00Z')

describe('the clock of plans', () => {
  test('is the real one where nothing is said', () => {
    expect(planClock({}, clock)).toBe(clock)
    expect(planClock({ TIDEMARK_NOW: '' }, clock)).toBe(clock)
  })

  test('stands still at the time of TIDEMARK_NOW', () => {
    const held = planClock({ TIDEMARK_NOW: '2030-01-02T03:04:05+08:00' }, clock)
    expect(held.nowMs()).toBe(Date.parse('2030-01-01T19:04:05Z'))
  })

  test('refuses what is no time', () => {
    expect(() => planClock({ TIDEMARK_NOW: 'tomorrow' }, clock)).toThrow(
      expect.objectContaining({ code: 'value.malformed', message: expect.stringContaining('TIDEMARK_NOW') }),
    )
  })
})
