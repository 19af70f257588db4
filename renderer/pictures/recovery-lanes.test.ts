import { describe, expect, test } from 'vitest'
import type { BackupRecord } from '../../engine/api/contract/backups.ts'
import type { RecoveryWindowRecord, WalTime } from '../../engine/api/contract/recovery.ts'
import type { IsoTime } from '../../engine/base/iso-time.ts'
import {
  clockTicks,
  laneAt,
  lanesFrom,
  placeLanes,
  reachEnds,
  roundStep,
  spanOfLanes,
  tailOf,
  withoutOverlaps,
} from './recovery-lanes.ts'

const at = (hour: number, isExact = true): WalTime => ({
  at: `2026-11-20T${String(hour).padStart(2, '0')}:00:00.000000Z` as IsoTime,
  isExact,
})
const ms = (hour: number): number => Date.UTC(2026, 10, 20, hour)
const span = (from: number, to: number, isExact = true) => ({
  from: `0/${from}000000`,
  to: `0/${to}000000`,
  fromTime: at(from, isExact),
  toTime: at(to),
  bytes: 1,
})

/** Timeline 1 with a gap from 4 to 6 and WAL without a backup up to 8; timeline 2 from 10 on, and a point on it. */
const WINDOW: RecoveryWindowRecord = {
  lanes: [
    {
      timeline: 1,
      parent: undefined,
      switchLsn: undefined,
      switchTime: undefined,
      hasHistory: true,
      wal: span(1, 12),
      zones: [
        { ...span(2, 4, false), baseId: 'A', baseCount: 1, endsBy: 'gap' },
        { ...span(8, 12), baseId: 'B', baseCount: 1, endsBy: 'timeline-left' },
      ],
      points: [],
    },
    {
      timeline: 2,
      parent: 1,
      switchLsn: '0/A000000',
      switchTime: at(10),
      hasHistory: true,
      wal: span(10, 14),
      zones: [{ ...span(10, 14), baseId: 'B', baseCount: 1, endsBy: 'archive-end' }],
      points: [{ backupId: 'P', lsn: '0/F000000', time: at(15) }],
    },
  ],
  gaps: [
    {
      ...span(4, 6),
      timeline: 1,
      firstSegment: '000000010000000000000004',
      lastSegment: '000000010000000000000005',
      segmentCount: 2,
      cause: 'missing',
      impacts: [],
    },
  ],
  strandedIds: [],
}

describe('lanes of a recovery window', () => {
  const lanes = lanesFrom(WINDOW, [])
  const [first, second] = lanes

  test('can be reached in zones and at points, a microsecond before what stops the replay', () => {
    expect(first?.reach).toEqual([
      { fromMs: ms(2), toMs: ms(4) - 0.001 },
      { fromMs: ms(8), toMs: ms(12) - 0.001 },
    ])
    expect(second?.reach.at(-1)).toEqual({ fromMs: ms(15), toMs: ms(15) })
  })

  test('show WAL that has no backup before it, which is neither a zone nor a gap', () => {
    expect(first?.bare).toEqual([
      { fromMs: ms(1), toMs: ms(2) },
      { fromMs: ms(6), toMs: ms(8) },
    ])
    expect(second?.bare).toEqual([])
  })

  test('have a backup before the WAL between its end and where its zone is estimated to begin', () => {
    const [lane] = lanesFrom(WINDOW, [
      { id: 'B', mode: 'FULL', timeline: 1, isRestorable: true, recoveryTime: at(7).at } as BackupRecord,
    ])
    expect(lane?.bare).toEqual([
      { fromMs: ms(1), toMs: ms(2) },
      { fromMs: ms(6), toMs: ms(7) },
    ])
  })

  test('say where times are estimated', () => {
    expect(first?.zones.map(({ isExact }) => isExact)).toEqual([false, true])
  })

  test('span everything, with a tail that cannot grow beyond measure', () => {
    const [from, to] = spanOfLanes(lanes, ms(15) + 1_000_000_000) ?? [0, 0]
    expect(from).toBeLessThan(ms(1))
    expect(to).toBeGreaterThan(ms(15))
    expect(to).toBeLessThan(ms(17))
    expect(spanOfLanes([], 0)).toBeUndefined()
  })

  test('have a tail of what is not archived yet on the newest one', () => {
    expect(tailOf(lanes, ms(20), undefined)).toEqual({ fromMs: ms(14), toMs: ms(20) })
    expect(tailOf(lanes, ms(13), undefined)).toBeUndefined()
    expect(tailOf(lanes.slice(0, 1), ms(20), undefined)).toBeUndefined()
  })

  test('have no tail where nothing is missing, and a shorter one where that was known a while ago', () => {
    expect(tailOf(lanes, ms(20), { timeline: 2, ms: Infinity })).toBeUndefined()
    expect(tailOf(lanes, ms(20), { timeline: 2, ms: ms(18) })).toEqual({ fromMs: ms(18), toMs: ms(20) })
    expect(tailOf(lanes, ms(20), { timeline: 2, ms: ms(3) })).toEqual({ fromMs: ms(14), toMs: ms(20) })
    // What is safe of another timeline says nothing of this one.
    expect(tailOf(lanes, ms(20), { timeline: 1, ms: Infinity })).toEqual({ fromMs: ms(14), toMs: ms(20) })
  })

  test('know the first and the last moment of all', () => {
    expect(reachEnds(lanes)).toEqual({
      earliest: { timeline: 1, ms: ms(2) },
      latest: { timeline: 2, ms: ms(15) },
    })
    expect(reachEnds([])).toBeUndefined()
  })

  test('leave out a backup whose time nobody knows', () => {
    const backup = { id: 'B', mode: 'FULL', timeline: 1, isRestorable: true }
    const records = [{ ...backup, recoveryTime: at(3).at }, backup] as unknown as BackupRecord[]
    expect(lanesFrom(WINDOW, records)[0]?.backups).toHaveLength(1)
  })

  test('are found by their height', () => {
    const { places } = placeLanes(lanes, 50)
    expect(laneAt(places, 0)?.lane.timeline).toBe(1)
    expect(laneAt(places, 900)?.lane.timeline).toBe(2)
    expect(laneAt([], 0)).toBeUndefined()
  })
})

test('ticks are at round moments of the clock that is shown', () => {
  const hour = 3_600_000
  expect(clockTicks([ms(1) + 1, ms(23)], 4, 0)).toEqual({ stepMs: 6 * hour, ticks: [ms(6), ms(12), ms(18)] })
  const shifted = clockTicks([ms(1), ms(23)], 4, 5.5 * hour)
  expect(shifted.ticks.map((tick) => new Date(tick + 5.5 * hour).toISOString().slice(11, 16))).toEqual([
    '12:00',
    '18:00',
    '00:00',
  ])
})

test('texts that would lie upon another are left out', () => {
  const texts = [
    { x: 0, width: 50 },
    { x: 40, width: 50 },
    { x: 70, width: 10 },
  ]
  expect(withoutOverlaps(texts, 4).map(({ x }) => x)).toEqual([0, 70])
})

test('a step of the keys is a round one, down to a microsecond', () => {
  expect([90_000, 1500, 7, 0.3, 0.000_01].map(roundStep)).toEqual([60_000, 1000, 5, 0.1, 0.001])
})
