import { describe, expect, test } from 'vitest'
import { parseLsn } from '../base/lsn.ts'
import { parseRecoveryLog } from './recovery-log.ts'

describe('the line with which a server stops recovery', () => {
  // As PostgreSQL 15 wrote them.
  test.each([
    [
      'LOG:  recovery stopping before commit of transaction 741, time 2026-11-21 00:41:07.123456+00',
      { side: 'before', at: { kind: 'commit', xid: 741, timeText: '2026-11-21 00:41:07.123456+00' } },
    ],
    [
      '2026-11-21 00:41:08 UTC [77] LOG:  recovery stopping after abort of transaction 9, time 2026-11-21 00:41:07+00',
      { side: 'after', at: { kind: 'abort', xid: 9, timeText: '2026-11-21 00:41:07+00' } },
    ],
    [
      'LOG:  recovery stopping before WAL location (LSN) "1/B374D848"',
      { side: 'before', at: { kind: 'lsn', lsn: parseLsn('1/B374D848') } },
    ],
    [
      'LOG:  recovery stopping at restore point "before "it"", time 2026-11-21 00:41:07+00',
      { side: 'after', at: { kind: 'name', name: 'before "it"', timeText: '2026-11-21 00:41:07+00' } },
    ],
    ['LOG:  recovery stopping after reaching consistency', { side: 'after', at: { kind: 'consistency' } }],
  ])('%s', (line, expected) => {
    const { stop } = parseRecoveryLog(`LOG:  starting\n${line}\nLOG:  pausing at the end of recovery\n`)
    expect(stop).toEqual({ ...expected, text: line.slice(line.indexOf('recovery stopping')) })
  })

  test('is not there as long as recovery goes on', () => {
    expect(parseRecoveryLog('LOG:  redo starts at 0/9000028\n')).toEqual({
      stop: undefined,
      fatal: undefined,
      replayedLsn: undefined,
      isShutDownAtTarget: false,
      newTimeline: undefined,
    })
  })
})

test('the log says how far replay is, why it failed, and what came after it', () => {
  const log = [
    'LOG:  redo in progress, elapsed time: 1.00 s, current LSN: 0/A0000F8',
    'LOG:  redo in progress, elapsed time: 2.00 s, current LSN: 0/B0000F8',
    'LOG:  selected new timeline ID: 12',
    'FATAL:  the database system is starting up',
    'FATAL:  recovery ended before configured recovery target was reached',
    'LOG:  shutdown at recovery target',
  ].join('\r\n')
  expect(parseRecoveryLog(log)).toMatchObject({
    replayedLsn: parseLsn('0/B0000F8'),
    newTimeline: 12,
    fatal: 'recovery ended before configured recovery target was reached',
    isShutDownAtTarget: true,
  })
})

test('being asked before it is ready is no failure of the server', () => {
  expect(parseRecoveryLog('FATAL:  the database system is starting up\n').fatal).toBeUndefined()
  expect(
    parseRecoveryLog('FATAL:  the database system is not yet accepting connections\n').fatal,
  ).toBeUndefined()
  expect(parseRecoveryLog('FATAL:  role "nobody" does not exist\n').fatal).toBeUndefined()
})
