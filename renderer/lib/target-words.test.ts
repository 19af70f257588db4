import { expect, test } from 'vitest'
import { targetWords } from './target-words.ts'

const say = (key: string, values: Readonly<Record<string, unknown>> = {}): string =>
  [key, ...Object.values(values)].join(' ')
const words = (target: Parameters<typeof targetWords>[1], isInclusive = true): string =>
  targetWords(say, target, isInclusive, 'utc')

test('a target says on which side of it recovery stops', () => {
  expect(words({ kind: 'xid', xid: '751' })).toBe('xid 751')
  expect(words({ kind: 'xid', xid: '751' }, false)).toBe('target.before xid 751')
  expect(words({ kind: 'lsn', lsn: '0/C03C78' }, false)).toBe('target.before LSN 0/C03C78')
  expect(words({ kind: 'time', at: '2026-11-21T18:33:48.785676Z' }, false)).toBe(
    'target.before 2026-11-21 18:33:48.785676 +00:00',
  )
})

test('where there is no side, none is said', () => {
  expect(words({ kind: 'name', name: 'before_deploy' }, false)).toBe('target.name before_deploy')
  expect(words({ kind: 'immediate' }, false)).toBe('target.immediate')
  expect(words({ kind: 'latest' }, false)).toBe('target.latest')
})
