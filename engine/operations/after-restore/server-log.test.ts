import { expect, test } from 'vitest'
import { parseLsn } from '../../base/lsn.ts'
import { parseRestoredLog } from './server-log.ts'

const AT = '2026-11-21 10:00:00.000 UTC [7]'

test('what counts is what the server said since its last start', () => {
  const log = parseRestoredLog(
    [
      `${AT} LOG:  starting PostgreSQL 17.2 on x86_64`,
      `${AT} FATAL:  recovery ended before configured recovery target was reached`,
      `${AT} LOG:  starting PostgreSQL 17.2 on x86_64`,
      `${AT} FATAL:  the database system is starting up`,
      `${AT} LOG:  redo in progress, elapsed time: 10.00 s, current LSN: 0/5000028`,
      `${AT} PANIC:  could not locate a valid checkpoint record at 0/6000028`,
    ].join('\n'),
  )
  expect(log).toEqual({
    replayedLsn: parseLsn('0/5000028'),
    stop: undefined,
    serious: [`${AT} PANIC:  could not locate a valid checkpoint record at 0/6000028`],
  })
})

test('the server says where it stopped', () => {
  const text = `${AT} LOG:  recovery stopping after commit of transaction 742, time 2026-11-21 09:00:00+00`
  expect(parseRestoredLog(text)).toMatchObject({
    stop: 'recovery stopping after commit of transaction 742, time 2026-11-21 09:00:00+00',
    serious: [],
  })
})
