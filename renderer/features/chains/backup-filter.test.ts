import { expect, test } from 'vitest'
import type { BackupRecord } from '../../../engine/api/contract/backups.ts'
import {
  filterWords,
  fitsFilter,
  isInRange,
  suggestionsFor,
  takeRange,
  toggleWord,
  withEdge,
} from './backup-filter.ts'

const backup = {
  id: 'TOTTEK',
  status: 'CORRUPT',
  mode: 'FULL',
  timeline: 2,
  note: 'before migration',
  startTime: '2026-11-20T00:00:00Z',
  expireTime: '2999-01-01T00:00:00Z',
} as unknown as BackupRecord

test.each([
  ['', true],
  ['tott', true],
  ['migration', true],
  ['status:corrupt,orphan', true],
  ['status:ok', false],
  ['mode:full tli:2', true],
  ['mode:full tli:1', false],
  ['note~migr before:2026-11-21', true],
  ['before:2026-11-01', false],
  ['after:2026-11-20T07:59', true],
  ['after:2026-11-20T08:01', false],
  ['before:someday', false],
  ['is:pinned', true],
  ['is:held', false],
  ['colour:red', false],
])('%j fits: %s', (filter, fits) => {
  expect(fitsFilter(backup, filterWords(filter), 'Asia/Shanghai')).toBe(fits)
})

test('values of one condition are alternatives, and the last one takes the condition with it', () => {
  const one = toggleWord(['tott'], 'status', 'corrupt')
  const two = toggleWord(one, 'status', 'orphan')
  expect(two).toEqual(['tott', 'status:corrupt,orphan'])
  expect(toggleWord(two, 'status', 'corrupt')).toEqual(['tott', 'status:orphan'])
  expect(toggleWord(one, 'status', 'corrupt')).toEqual(['tott'])
})

test('times that are typed become the range, each its own end', () => {
  const from = Date.UTC(2026, 10, 1)
  expect(takeRange(['after:2026-11-01', 'mode:full'], 'utc', undefined)).toEqual({
    words: ['mode:full'],
    range: [from, Infinity],
  })
  expect(takeRange(['before:2026-11-02'], 'utc', [from, Infinity]).range).toEqual([from, from + 86_400_000])
  expect(takeRange(['before:someday', 'tott'], 'utc', undefined)).toEqual({
    words: ['before:someday', 'tott'],
    range: undefined,
  })
})

test('an end that was typed counts, and one that it passes is open', () => {
  expect(withEdge([10, 20], 'from', 15)).toEqual([15, 20])
  expect(withEdge([10, 20], 'from', 30)).toEqual([30, Infinity])
  expect(withEdge([10, 20], 'to', 5)).toEqual([-Infinity, 5])
})

test('a backup belongs to the range in which it was begun', () => {
  const at = Date.UTC(2026, 10, 20)
  expect(isInRange(backup, [at, at])).toBe(true)
  expect(isInRange(backup, [at + 1, Infinity])).toBe(false)
})

test('what is suggested finds something, and OK is not worth it', () => {
  const ok = { ...backup, status: 'OK', mode: 'DELTA', expireTime: undefined } as BackupRecord
  expect(suggestionsFor([ok, ok, backup])).toEqual([
    { name: 'status', value: 'corrupt', count: 1 },
    { name: 'is', value: 'pinned', count: 1 },
    { name: 'mode', value: 'delta', count: 2 },
    { name: 'mode', value: 'full', count: 1 },
  ])
  expect(suggestionsFor([ok])).toEqual([])
})
