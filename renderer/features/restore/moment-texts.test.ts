import { expect, test } from 'vitest'
import type { Say } from '../../lib/i18n.ts'
import type { BackupRecord } from '../../../engine/api/contract/backups.ts'
import { chainWords, lossWords, rangeWords, segmentWords } from './moment-texts.ts'

test('a chain is told by its FULL, and increments of one mode in a row by their number', () => {
  const backups = [
    ['F', 'FULL'],
    ['D1', 'DELTA'],
    ['D2', 'DELTA'],
    ['P', 'PAGE'],
  ].map(([id, mode]) => ({ id, mode })) as unknown as BackupRecord[]
  expect(chainWords(['F', 'D1', 'D2', 'P'], backups)).toBe('FULL F → 2 DELTA → PAGE P')
  expect(chainWords(['F'], backups)).toBe('FULL F')
  expect(chainWords([], backups)).toBe('')
})

test('segments are told by the ends of their names', () => {
  const first = '00000001000000000000007A'
  const last = '00000001000000000000007C'
  expect(segmentWords([{ first, last, count: 3 }])).toBe('…007A–…007C')
  expect(segmentWords([{ first, last: first, count: 1 }])).toBe('…007A')
})

test('a loss is told in commits where WAL was read, and else by time and size', () => {
  const say = (key: string, values: object = {}): string => `${key} ${JSON.stringify(values)}`
  const loss = (bytes: number, seconds?: number, commits?: number): string =>
    lossWords(say as Say, { bytes, seconds, commits }).split(' ')[0] ?? ''
  expect([
    loss(0, 0, 0),
    loss(5, 0.5, 0),
    loss(5, 4680, 3),
    loss(5, undefined, 3),
    loss(5, 4680),
    loss(5),
  ]).toEqual([
    'moment.loses-nothing',
    'moment.loses-no-commit',
    'moment.loses-commits',
    'moment.loses-few',
    'moment.loses',
    'moment.loses-bytes',
  ])
})

test('a range of seconds is told in minutes, unless it is short', () => {
  expect(rangeWords({ low: 2280, high: 3000 })).toBe('38–50 min')
  expect(rangeWords({ low: 100, high: 110 })).toBe('2 min')
  expect(rangeWords({ low: 3, high: 12 })).toBe('12 s')
})
