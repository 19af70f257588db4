import { describe, expect, test } from 'vitest'
import { formatLsn, type Lsn, parseLsn } from '../base/lsn.ts'
import { madeBackup, madeInventory, type MadeBackup } from '../testing/made-catalog.ts'
import { fromTo, MADE_SEGMENT_BYTES, type MadeTimeline, madeWalArchive } from '../testing/made-wal-archive.ts'
import type { RecoveryInput, SegmentTimes } from './recovery-input.ts'
import { recoveryModel } from './recovery-model.ts'
import { judgeMoment } from './recovery-moment.ts'
import type { MomentRequest } from './recovery-request.ts'
import type { ReadTarget } from './recovery-target.ts'
import { recoveryWindow } from './recovery-window.ts'

const at = parseLsn
const NOW = 100_000n * 1_000_000n

/** Timeline 1 has segments 2 to 9 and was left in segment 6; timeline 2 goes on to segment 12. */
const TIMELINES: Readonly<Record<number, MadeTimeline>> = {
  1: { segments: fromTo(2, 9) },
  2: { segments: fromTo(6, 12), history: [[1, '0/680000']] },
}

function inputOf(
  backups: Readonly<Record<string, MadeBackup>>,
  timelines: Readonly<Record<number, MadeTimeline>> = TIMELINES,
  more: Partial<RecoveryInput> = {},
): RecoveryInput {
  const made = Object.entries(backups).map(([name, given]) => madeBackup(name, given))
  return { ...madeInventory(made), archive: madeWalArchive(timelines), times: [], defects: [], ...more }
}

const backup = (start: string, stop: string, more: MadeBackup = {}): MadeBackup => ({
  startLsn: at(start),
  stopLsn: at(stop),
  isStream: false,
  ...more,
})

const ONE = { F1: backup('0/200028', '0/280000') }

const lsn = (text: string): ReadTarget => ({ kind: 'lsn', lsn: at(text), isInclusive: true })
const time = (seconds: number, isInclusive = true): ReadTarget => ({
  kind: 'time',
  micros: BigInt(seconds) * 1_000_000n,
  isInclusive,
})
const XID: ReadTarget = { kind: 'xid', xid: 700, epoch: undefined, isInclusive: true }

function judge(input: RecoveryInput, target: ReadTarget, more: Partial<MomentRequest> = {}) {
  return judgeMoment(recoveryModel(input), {
    target,
    timeline: undefined,
    baseId: undefined,
    located: undefined,
    nowMicros: NOW,
    rates: undefined,
    ...more,
  })
}

/** Segment n has ends of transactions at its bytes 0x1000 and 0xF0000, in the seconds 100 n and 100 n + 50. */
function timesOf(timeline: number, numbers: readonly number[]): readonly SegmentTimes[] {
  return numbers.map((number) => ({
    timeline,
    number: BigInt(number),
    first: { lsn: lsnIn(number, 0x1000), micros: BigInt(number) * 100_000_000n },
    last: { lsn: lsnIn(number, 0xf0000), micros: BigInt(number) * 100_000_000n + 50_000_000n },
  }))
}

const lsnIn = (segment: number, offset: number): Lsn => BigInt(segment * MADE_SEGMENT_BYTES + offset) as Lsn

describe('why a moment cannot be reached', () => {
  test.each<[string, RecoveryInput, ReadTarget, Partial<MomentRequest>, object]>([
    ['there is no backup', inputOf({}), lsn('0/300000'), {}, { code: 'no-usable-backup', known: 0 }],
    [
      'no backup has a sound chain',
      inputOf({ F1: backup('0/200028', '0/280000', { status: 'CORRUPT' }), F2: { parent: 'F1' } }),
      lsn('0/300000'),
      {},
      { code: 'no-usable-backup', known: 2 },
    ],
    [
      'it is before the stop of the first backup',
      inputOf(ONE),
      lsn('0/27FFFF'),
      {},
      { code: 'before-first-backup', backupId: 'F1', lsn: at('0/280000') },
    ],
    [
      'a segment is missing on the way',
      inputOf(ONE, { 1: { segments: [2, 3, 6, 7] } }),
      lsn('0/780000'),
      {},
      {
        code: 'gap',
        timeline: 1,
        from: at('0/400000'),
        to: at('0/600000'),
        firstSegment: 4n,
        lastSegment: 5n,
        segmentCount: 2,
        cause: 'missing',
      },
    ],
    [
      'a segment is of the wrong size',
      inputOf(ONE, { 1: { segments: fromTo(2, 7), sizes: { 4: 4096 } } }),
      lsn('0/480000'),
      {},
      { code: 'gap', cause: 'truncated', firstSegment: 4n, lastSegment: 4n },
    ],
    [
      'a segment was read and is damaged, from there on',
      inputOf(ONE, TIMELINES, {
        defects: [{ timeline: 1, number: 4n, kind: 'damaged', soundTo: at('0/440000') }],
      }),
      lsn('0/440000'),
      { timeline: 1 },
      { code: 'gap', cause: 'damaged', from: at('0/440000') },
    ],
    [
      'a segment is of another cluster',
      inputOf(ONE, TIMELINES, {
        defects: [{ timeline: 1, number: 3n, kind: 'foreign', soundTo: undefined }],
      }),
      lsn('0/300028'),
      { timeline: 1 },
      { code: 'gap', cause: 'foreign', firstSegment: 3n },
    ],
    [
      'the archive begins after the backup',
      inputOf({ F1: backup('0/100028', '0/180000', { isStream: true }) }, { 1: { segments: [3, 4] } }),
      lsn('0/380000'),
      {},
      { code: 'gap', cause: 'before-archive', firstSegment: 1n, lastSegment: 2n },
    ],
    [
      'an ARCHIVE backup has lost its own WAL',
      inputOf(ONE, {}),
      lsn('0/280000'),
      {},
      { code: 'gap', firstSegment: 2n, lastSegment: 2n },
    ],
    [
      'there is no archive',
      inputOf({ F1: backup('0/200028', '0/280000', { isStream: true }) }, {}),
      lsn('0/280001'),
      {},
      { code: 'no-wal-archive' },
    ],
    [
      'the archive of the newest timeline ends before it',
      inputOf(ONE),
      lsn('0/D00000'),
      {},
      { code: 'not-archived-yet', lsn: at('0/D00000') },
    ],
    [
      'the archive of a timeline that was left ends before it',
      inputOf(ONE),
      lsn('0/A00000'),
      { timeline: 1 },
      { code: 'after-end', timeline: 1, lsn: at('0/A00000') },
    ],
    ['it is to come', inputOf(ONE), time(200_000), {}, { code: 'in-future' }],
    [
      'its timeline is not known',
      inputOf(ONE),
      lsn('0/300000'),
      { timeline: 7 },
      { code: 'timeline-unknown', timeline: 7 },
    ],
    [
      'the history of its timeline is missing',
      inputOf(ONE, { 1: { segments: fromTo(2, 9) }, 3: { segments: fromTo(6, 9) } }),
      lsn('0/700000'),
      { timeline: 3 },
      { code: 'history-missing', timeline: 3 },
    ],
    [
      'the backup that is named is not there',
      inputOf(ONE),
      lsn('0/300000'),
      { baseId: 'F9' as never },
      { code: 'backup-not-usable', backupId: 'F9' },
    ],
    ['no WAL has such a transaction', inputOf(ONE), XID, { located: [] }, { code: 'not-found' }],
    [
      'the transaction is on another timeline',
      inputOf(ONE),
      XID,
      { timeline: 2, located: [{ timeline: 1, lsn: at('0/700000'), endLsn: at('0/700040') }] },
      { code: 'other-timeline', timeline: 1 },
    ],
    [
      'another of that number comes first',
      inputOf(ONE),
      XID,
      {
        located: [
          { timeline: 1, lsn: at('0/200100'), endLsn: at('0/200140') },
          { timeline: 1, lsn: at('0/300000'), endLsn: at('0/300040') },
        ],
      },
      { code: 'comes-earlier', lsn: at('0/200100') },
    ],
  ])('%s', (_why, input, target, more, reason) => {
    expect(judge(input, target, more)).toMatchObject({ kind: 'unreachable', reason })
  })

  test('a transaction whose place is not known is not judged', () => {
    expect(judge(inputOf(ONE), XID)).toEqual({ kind: 'unknown', reason: { code: 'not-indexed' } })
  })

  test('the nearest places before and after a gap are offered, and can be reached', () => {
    const backups = { ...ONE, F2: backup('0/600028', '0/680000') }
    const input = inputOf(backups, { 1: { segments: [2, 3, 6, 7] } })
    const verdict = judge(input, lsn('0/500000'))
    expect(verdict).toMatchObject({
      before: { timeline: 1, lsn: at('0/300000') },
      after: { timeline: 1, lsn: at('0/680000') },
    })
    for (const near of verdict.kind === 'unreachable' ? [verdict.before, verdict.after] : [])
      expect(judge(input, lsn(formatLsn(near?.lsn ?? at('0/0'))))).toMatchObject({ kind: 'reachable' })
  })
})

describe('a moment that can be reached', () => {
  test('uses the newest backup before it, its chain, and the segments up to it', () => {
    const backups = {
      ...ONE,
      F2: backup('0/300028', '0/380000', { parent: 'F1', dataBytes: 5, status: 'DONE' }),
      F3: backup('0/500028', '0/580000'),
    }
    expect(judge(inputOf(backups), lsn('0/480000'))).toMatchObject({
      kind: 'reachable',
      position: { timeline: 1, lsn: at('0/480000') },
      recoveryTimeline: 1,
      chain: ['F1', 'F2'],
      segments: [{ timeline: 1, first: 3n, last: 4n }],
      backupBytes: 5,
      archiveBytes: 2 * MADE_SEGMENT_BYTES,
      replayBytes: at('0/480000') - at('0/300028'),
      remarks: ['unchecked'],
    })
  })

  test('is reached across a switch with the segments of both timelines', () => {
    expect(judge(inputOf(ONE), lsn('0/A00000'))).toMatchObject({
      position: { timeline: 2 },
      recoveryTimeline: 2,
      segments: [
        { timeline: 1, first: 2n, last: 5n },
        { timeline: 2, first: 6n, last: 10n },
      ],
    })
  })

  test('after a switch, on the timeline that was left, is reached when that is asked for', () => {
    expect(judge(inputOf(ONE), lsn('0/900000'), { timeline: 1 })).toMatchObject({
      position: { timeline: 1 },
      recoveryTimeline: 1,
      segments: [{ timeline: 1, first: 2n, last: 9n }],
    })
  })

  test('in the last segment of a timeline that was left is reached by way of its child, which has a copy', () => {
    const input = inputOf(ONE, { ...TIMELINES, 1: { segments: fromTo(2, 5) } })
    expect(judge(input, lsn('0/640000'))).toMatchObject({
      kind: 'reachable',
      position: { timeline: 1 },
      recoveryTimeline: 2,
      segments: [
        { timeline: 1, first: 2n, last: 5n },
        { timeline: 2, first: 6n, last: 6n },
      ],
    })
    expect(judge(input, lsn('0/640000'), { timeline: 1 }).kind).toBe('unreachable')
    const shown = { timeline: 1, mayFollowHeir: true }
    expect(judge(input, lsn('0/640000'), shown)).toMatchObject({
      position: { timeline: 1 },
      recoveryTimeline: 2,
    })
    expect(judge(input, lsn('0/440000'), shown)).toMatchObject({ recoveryTimeline: 1 })
    // What comes after the switch is of the other timeline, and the latest moment is its own.
    expect(judge(input, lsn('0/6C0000'), shown).kind).toBe('unreachable')
    expect(judge(input, { kind: 'latest' }, shown)).toMatchObject({ recoveryTimeline: 1 })
  })

  test('at the stop of a STREAM backup needs no archive', () => {
    const input = inputOf({ F1: backup('0/200028', '0/280000', { isStream: true }) }, {})
    for (const target of [lsn('0/280000'), { kind: 'immediate' }, { kind: 'latest' }] as const)
      expect(judge(input, target)).toMatchObject({ kind: 'reachable', chain: ['F1'], segments: [] })
  })

  test('latest goes to the end of the archive, and says so where that is a gap', () => {
    expect(judge(inputOf(ONE), { kind: 'latest' })).toMatchObject({
      position: { timeline: 2, lsn: at('0/D00000') },
      remarks: [],
    })
    const broken = inputOf(ONE, { 1: { segments: [2, 3, 6, 7] } })
    expect(judge(broken, { kind: 'latest' })).toMatchObject({
      position: { timeline: 1, lsn: at('0/400000') },
      remarks: ['stops-at-gap'],
    })
  })

  test('latest is on the timeline that a restore follows for it, which counts up without leaving one out', () => {
    const history = [[1, '0/680000']] as const
    const skipped = { 1: { segments: fromTo(2, 6) }, 3: { segments: fromTo(6, 12), history } }
    expect(judge(inputOf(ONE, skipped), { kind: 'latest' })).toMatchObject({
      recoveryTimeline: 1,
      position: { lsn: at('0/700000') },
    })
    expect(judge(inputOf(ONE, skipped), lsn('0/900000'))).toMatchObject({ recoveryTimeline: 3 })
  })

  test('current follows the timeline of the backup, latest the newest', () => {
    const input = inputOf(ONE)
    expect(judge(input, { kind: 'latest' }, { timeline: 'current' })).toMatchObject({ recoveryTimeline: 1 })
    expect(judge(input, { kind: 'latest' }, { timeline: 'latest' })).toMatchObject({ recoveryTimeline: 2 })
  })
})

describe('a time', () => {
  const input = inputOf(ONE, { 1: { segments: fromTo(2, 9) } }, { times: timesOf(1, fromTo(2, 9)) })

  test('between two ends of transactions is where the second one is', () => {
    expect(judge(input, time(450))).toMatchObject({
      kind: 'reachable',
      position: { low: at('0/501000'), lsn: at('0/501000') },
      segments: [{ first: 2n, last: 5n }],
      remarks: [],
    })
  })

  test('that a transaction ended at is before or after it', () => {
    expect(judge(input, time(400))).toMatchObject({ position: { low: at('0/401000'), lsn: at('0/4F0000') } })
    expect(judge(input, time(400, false))).toMatchObject({ position: { lsn: at('0/401000') } })
  })

  test('at or after the last end of a transaction is refused: no server could stop there', () => {
    expect(judge(input, time(949)).kind).toBe('reachable')
    for (const seconds of [950, 951])
      expect(judge(input, time(seconds))).toMatchObject({
        reason: { code: 'not-archived-yet' },
        before: { lsn: at('0/9F0000'), time: { micros: 950_000_000n, isExact: true } },
      })
  })

  test('before the last end of a transaction in the first backup is refused', () => {
    expect(judge(input, time(249))).toMatchObject({ reason: { code: 'before-first-backup' } })
    expect(judge(input, time(250)).kind).toBe('reachable')
  })

  test('that falls into a gap is refused, on both sides of it', () => {
    const present = [2, 3, 6, 7, 8]
    const backups = { ...ONE, F2: backup('0/600028', '0/6F8000') }
    const broken = inputOf(backups, { 1: { segments: present } }, { times: timesOf(1, present) })
    expect(judge(broken, time(349)).kind).toBe('reachable')
    for (const seconds of [350, 500, 649])
      expect(judge(broken, time(seconds))).toMatchObject({
        reason: { code: 'gap', firstSegment: 4n, lastSegment: 5n },
        before: { lsn: at('0/3F0000') },
        after: { lsn: at('0/6F8000') },
      })
    expect(judge(broken, time(650))).toMatchObject({ chain: ['F2'] })
  })

  test('is estimated where WAL was not read, never earlier than a backup can be consistent', () => {
    const stopped = { F1: backup('0/200028', '0/280000', { recoverySeconds: 230 }) }
    const archive = madeWalArchive(
      { 1: { segments: fromTo(2, 9) } },
      (_, number) => number * 100_000 + 90_000,
    )
    const estimated = inputOf(stopped, {}, { archive })
    expect(judge(estimated, time(230))).toMatchObject({ reason: { code: 'before-first-backup' } })
    expect(judge(estimated, time(231))).toMatchObject({
      position: { low: at('0/280000'), lsn: at('0/2FFFFF') },
      remarks: ['estimated'],
    })
  })

  test('is no earlier than the stop of a backup for dates of files that have lost their fractions', () => {
    const stopped = { F1: backup('0/200028', '0/280000', { recoverySeconds: 230 }) }
    const archive = madeWalArchive({ 1: { segments: fromTo(2, 9) } }, (_, number) => 230_000 + (number - 2))
    expect(judge(inputOf(stopped, {}, { archive }), time(230))).toMatchObject({
      reason: { code: 'before-first-backup' },
    })
  })

  test('is the same when segments were copied long after they were written', () => {
    const stops = {
      F1: backup('0/200028', '0/280000', { recoverySeconds: 230 }),
      F2: backup('0/700028', '0/780000', { recoverySeconds: 730 }),
    }
    const archive = madeWalArchive({ 1: { segments: fromTo(2, 9) } }, () => 5_000_000)
    const { lanes } = recoveryWindow(inputOf(stops, {}, { archive }))
    expect(judge(inputOf(stops, {}, { archive }), time(700))).toMatchObject({ chain: ['F1'] })
    expect(lanes[0]?.zones[0]).toMatchObject({
      fromTime: { micros: 230_999_999n, isExact: false },
      toTime: { micros: 5_000_000_000n, isExact: false },
    })
  })
})

test('an estimate needs what was measured', () => {
  const backups = { F1: backup('0/200028', '0/280000', { pgdataBytes: 1000 }) }
  const rates = { write: { low: 10, high: 100 }, replay: undefined }
  expect(judge(inputOf(backups), lsn('0/300000'), { rates })).toMatchObject({
    writeSeconds: { low: 10, high: 100 },
    replaySeconds: undefined,
  })
})

test('what comes later on the timeline is lost', () => {
  const input = inputOf(ONE, { 1: { segments: fromTo(2, 9) } }, { times: timesOf(1, fromTo(2, 9)) })
  expect(judge(input, time(450))).toMatchObject({
    lost: { bytes: at('0/A00000') - at('0/501000'), micros: 500_000_000n },
  })
})
