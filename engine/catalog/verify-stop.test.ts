import { describe, expect, test } from 'vitest'
import { parseLsn } from '../base/lsn.ts'
import type { RecoveryTarget } from '../format/recovery-settings.ts'
import { parseRecoveryLog } from '../format/recovery-log.ts'
import { readTarget } from './recovery-target.ts'
import { parseTargetTime } from './recovery-time-text.ts'
import { verifyStop } from './verify-stop.ts'

const time = (second: string): string => `2026-11-21 10:00:${second}+00`

type Case = {
  readonly target: RecoveryTarget
  readonly isInclusive?: boolean
  /** What the server writes after "recovery stopping". */
  readonly line: string | undefined
  readonly lastXact?: string
}

function codes({ target, isInclusive, line, lastXact }: Case): readonly string[] {
  const { stop } = parseRecoveryLog(line === undefined ? '' : `LOG:  recovery stopping ${line}`)
  const lastXactMicros = lastXact === undefined ? undefined : parseTargetTime(lastXact)
  const observed = { timeline: 1, replayedLsn: parseLsn('0/9000060'), lastXactMicros, stop }
  return verifyStop(readTarget(target, { isInclusive }), observed).map(({ code }) => code)
}

const atTime = { kind: 'time', at: time('07.5') } as const
const atXid = { kind: 'xid', xid: '741' } as const
const atLsn = { kind: 'lsn', lsn: '0/9000028' } as const

describe('a stop is the right one', () => {
  test.each<readonly [string, Case]>([
    [
      'before the first later commit',
      {
        target: atTime,
        line: `before commit of transaction 7, time ${time('07.500001')}`,
        lastXact: time('07.5'),
      },
    ],
    [
      'before an abort that is as late',
      {
        target: atTime,
        isInclusive: false,
        line: `before abort of transaction 7, time ${time('07.5')}`,
        lastXact: time('07.499999'),
      },
    ],
    ['after the transaction', { target: atXid, line: `after commit of transaction 741, time ${time('01')}` }],
    [
      'before the transaction',
      { target: atXid, isInclusive: false, line: `before abort of transaction 741, time ${time('01')}` },
    ],
    [
      'of a transaction whose epoch was given',
      {
        target: { kind: 'xid', xid: String((3n << 32n) + 741n) },
        line: `after commit of transaction 741, time ${time('01')}`,
      },
    ],
    ['after the record', { target: atLsn, line: 'after WAL location (LSN) "0/9000028"' }],
    [
      'before the next record',
      { target: atLsn, isInclusive: false, line: 'before WAL location (LSN) "0/9000060"' },
    ],
    [
      'at the restore point',
      { target: { kind: 'name', name: 'here' }, line: `at restore point "here", time ${time('01')}` },
    ],
    ['as soon as it is consistent', { target: { kind: 'immediate' }, line: 'after reaching consistency' }],
    ['at the end', { target: { kind: 'latest' }, line: undefined }],
  ])('%s', (_, one) => {
    expect(codes(one)).toEqual([])
  })
})

describe('a stop is not the right one', () => {
  test.each<readonly [string, Case, readonly string[]]>([
    ['that was not told of', { target: atTime, line: undefined }, ['no-stop']],
    [
      'before a commit that is within',
      { target: atTime, line: `before commit of transaction 7, time ${time('07.5')}` },
      ['too-early'],
    ],
    [
      'after a commit that is too late',
      {
        target: atTime,
        line: `before commit of transaction 7, time ${time('09')}`,
        lastXact: time('07.500001'),
      },
      ['too-late'],
    ],
    [
      'after a commit as late as the target',
      {
        target: atTime,
        isInclusive: false,
        line: `before commit of transaction 7, time ${time('09')}`,
        lastXact: time('07.5'),
      },
      ['too-late'],
    ],
    [
      'of another transaction',
      { target: atXid, line: `after commit of transaction 742, time ${time('01')}` },
      ['wrong-stop'],
    ],
    [
      'on the other side',
      { target: atXid, line: `before commit of transaction 741, time ${time('01')}` },
      ['wrong-stop'],
    ],
    ['before the LSN', { target: atLsn, line: 'after WAL location (LSN) "0/9000020"' }, ['wrong-stop']],
    [
      'at another name',
      { target: { kind: 'name', name: 'here' }, line: `at restore point "there", time ${time('01')}` },
      ['wrong-stop'],
    ],
    [
      'for another kind of target',
      { target: { kind: 'immediate' }, line: 'after WAL location (LSN) "0/9000028"' },
      ['wrong-stop'],
    ],
    ['before the end', { target: { kind: 'latest' }, line: 'after reaching consistency' }, ['too-early']],
  ])('%s', (_, one, expected) => {
    expect(codes(one)).toEqual(expected)
  })

  test('on another timeline or elsewhere than WAL had promised', () => {
    const observed = {
      timeline: 2,
      replayedLsn: parseLsn('0/60'),
      lastXactMicros: undefined,
      stop: undefined,
    }
    const promised = { timeline: 3, endLsn: parseLsn('0/68') }
    const faults = verifyStop({ kind: 'latest' }, observed, promised)
    expect(faults.map(({ message }) => message)).toEqual([
      'recovery stopped on timeline 2, not 3',
      'replay ended at 0/60, not 0/68',
    ])
    expect(verifyStop({ kind: 'latest' }, observed, { timeline: 2, endLsn: parseLsn('0/60') })).toEqual([])
  })
})
