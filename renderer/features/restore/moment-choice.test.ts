import { describe, expect, test } from 'vitest'
import type { AccidentRecord, RestorePointRecord } from '../../../engine/api/contract/wal-index.ts'
import type { MomentRecord } from '../../../engine/api/contract/recovery.ts'
import type { IsoTime } from '../../../engine/base/iso-time.ts'
import type { Lane } from '../../pictures/recovery-lanes.ts'
import {
  choiceAt,
  endOf,
  handleOf,
  justBefore,
  latestOf,
  onGreen,
  questionOf,
  restoreTargetOf,
  namedByPeople,
} from './moment-choice.ts'

const zone = { isExact: true, baseId: 'B' } as const
const LANE: Lane = {
  timeline: 2,
  parent: 1,
  switchMs: 1000,
  switchLsn: '0/1000000',
  hasHistory: true,
  isCurrent: true,
  zones: [
    { ...zone, fromMs: 1000, toMs: 2000, fromLsn: '0/1000000', toLsn: '0/2000000', endsBy: 'gap' },
    { ...zone, fromMs: 4000, toMs: 5000, fromLsn: '0/4000000', toLsn: '0/5000000', endsBy: 'archive-end' },
  ],
  points: [{ ms: 3000, id: 'P' }],
  gaps: [],
  bare: [],
  backups: [],
  reach: [
    { fromMs: 1000, toMs: 1999.999 },
    { fromMs: 3000, toMs: 3000 },
    { fromMs: 4000, toMs: 4999.999 },
  ],
}

describe('putting the handle somewhere', () => {
  test('means a time inside of a zone', () => {
    expect(questionOf(choiceAt(LANE, 1500.123, undefined))).toEqual({
      target: { kind: 'time', at: '1970-01-01T00:00:01.500123Z' },
      targetTimeline: '2',
      mayFollowHeir: true,
    })
    expect(choiceAt(LANE, 1999.999, undefined).target.kind).toBe('time')
  })

  test('means the LSN where a zone opens, for no time says it as exactly', () => {
    expect(choiceAt(LANE, 4000, 'B')).toMatchObject({
      target: { kind: 'lsn', lsn: '0/4000000' },
      baseId: 'B',
    })
  })

  test('means the end of the backup on a point, whichever base was chosen', () => {
    expect(questionOf(choiceAt(LANE, 3000, 'B'))).toEqual({ target: { kind: 'immediate' }, id: 'P' })
  })

  test('means the end of the archive at the end of the newest timeline', () => {
    expect(choiceAt(LANE, 4999.999, undefined).target).toEqual({ kind: 'latest' })
    expect(choiceAt({ ...LANE, isCurrent: false }, 4999.999, undefined).target.kind).toBe('time')
    expect(latestOf([LANE], undefined)?.target).toEqual({ kind: 'latest' })
    expect(latestOf([{ ...LANE, reach: [] }], undefined)).toBeUndefined()
  })
})

test('just before an accident is its transaction, left out; its place where it had none', () => {
  const accident = { xid: 741, lsn: '0/4100000', timeline: 2, at: '1970-01-01T00:00:04.5Z' as IsoTime }
  expect(questionOf(justBefore(accident as AccidentRecord, undefined))).toEqual({
    target: { kind: 'xid', xid: '741' },
    isInclusive: false,
    targetTimeline: '2',
    mayFollowHeir: true,
  })
  expect(justBefore({ ...accident, xid: 0 } as AccidentRecord, undefined).target).toEqual({
    kind: 'lsn',
    lsn: '0/4100000',
  })
})

test('the handle is drawn on green, whatever was typed', () => {
  const choice = { ...endOf('P'), at: { timeline: 2, ms: 2200 } }
  expect(handleOf(choice, undefined, [LANE])).toEqual({ timeline: 2, ms: 1999.999 })
  expect(handleOf({ ...choice, at: { timeline: 9, ms: 1 } }, undefined, [LANE])).toBeUndefined()
  expect(handleOf(endOf('P'), undefined, [LANE])).toBeUndefined()
  // What was green may be no longer: WAL was read, and is damaged.
  expect(onGreen({ timeline: 2, ms: 1500 }, [{ ...LANE, reach: [] }])).toBeUndefined()
})

test('a restore follows the timeline of the verdict, and the end of a STREAM backup needs no target', () => {
  const verdict = { kind: 'reachable', recoveryTimeline: 3 } as Extract<MomentRecord, { kind: 'reachable' }>
  expect(restoreTargetOf(choiceAt(LANE, 1500, undefined), verdict, true)).toEqual({
    target: { kind: 'time', at: '1970-01-01T00:00:01.500000Z' },
    targetTimeline: '3',
  })
  expect(restoreTargetOf(endOf('P'), verdict, true)).toEqual({})
  expect(restoreTargetOf(endOf('P'), verdict, false)).toEqual({ target: { kind: 'immediate' } })
})

describe('named points', () => {
  test('are those that people named, not those of backups', () => {
    const point = (name: string): RestorePointRecord => ({
      name,
      timeline: 1,
      lsn: '0/2000028',
      endLsn: '0/2000090',
      at: '2026-11-20T10:00:00Z' as IsoTime,
    })
    const named = namedByPeople(
      ['pg_probackup, backup_id TOTTEK', 'before payday', 'pg_probackup'].map(point),
    )
    expect(named.map(({ name }) => name)).toEqual(['before payday', 'pg_probackup'])
  })
})
