import { expect, test } from 'vitest'
import type { RestoreInput } from './restore-facts.ts'
import { targetText } from './target-text.ts'

const values = { time: '2026-11-21 00:53:31.433558+00', xid: 740, lsn: '0/9000060', timeline: 1 }
const reached = { sentence: { code: 'wal-reached', values } }

test.each<readonly [NonNullable<RestoreInput['target']>, string]>([
  [{ kind: 'immediate' }, 'the end of the backup'],
  [{ kind: 'latest' }, 'the end of the WAL'],
  [{ kind: 'time', at: '2026-11-21 08:53:32+08' }, '2026-11-21 08:53:32+08'],
  [{ kind: 'xid', xid: '741' }, 'xid 741'],
  [{ kind: 'lsn', lsn: '0/9000100' }, 'LSN 0/9000100'],
  [{ kind: 'name', name: 'before_drop' }, 'restore point "before_drop"'],
])('a target is told with where recovery stops: %o', (target, words) => {
  const where = '2026-11-21 00:53:31.433558+00, xid 740, LSN 0/9000060 on timeline 1'
  expect(targetText({ target, isInclusive: undefined }, reached)).toBe(
    `recovery target: ${words}; recovery stops after ${where}`,
  )
})

test('what is not known is left out', () => {
  const target = { kind: 'xid', xid: '741' } as const
  expect(targetText({ target: undefined, isInclusive: undefined }, reached)).toBeUndefined()
  expect(targetText({ target, isInclusive: false }, undefined)).toBe('recovery target: xid 741, exclusive')
  const unread = { sentence: { code: 'wal-unchecked', values: {} } }
  expect(targetText({ target, isInclusive: true }, unread)).toBe('recovery target: xid 741')
  const bare = { sentence: { code: 'wal-reached', values: { ...values, time: '', xid: '' } } }
  expect(targetText({ target: { kind: 'latest' }, isInclusive: undefined }, bare)).toBe(
    'recovery target: the end of the WAL; recovery stops after LSN 0/9000060 on timeline 1',
  )
})
