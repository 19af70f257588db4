import { expect, test } from 'vitest'
import type { BackupRecord } from '../../../engine/api/contract/backups.ts'
import { adviseMerge } from './merge-advice.ts'

const DAY = 86_400_000
const NOW = Date.UTC(2026, 10, 20)

/** A FULL of 1000 and an increment every day until now, newest first. */
function daily(count: number, bytes: number): BackupRecord[] {
  return Array.from({ length: count + 1 }, (_, index) => ({
    id: `B${index}`,
    parentId: index === 0 ? undefined : `B${index - 1}`,
    fullId: 'B0',
    mode: index === 0 ? 'FULL' : 'DELTA',
    isRestorable: true,
    startTime: new Date(NOW - (count - index) * DAY).toISOString(),
    dataBytes: index === 0 ? 1000 : bytes,
    restoreBytes: 1000 + index * bytes,
    chainLength: index + 1,
  }))
    .map((backup) => backup as unknown as BackupRecord)
    .toReversed()
}

test('a long and heavy chain should be merged up to a week ago', () => {
  expect(adviseMerge(daily(99, 100), NOW)).toMatchObject({
    tip: { id: 'B99' },
    upTo: { id: 'B92' },
    // 9200 of 10900 bytes.
    savedPercent: 84,
  })
})

test('a chain that is neither long nor heavy is left alone', () => {
  expect(adviseMerge(daily(20, 10), NOW)).toBeUndefined()
})

test('what would save little is not advised, and neither is what is younger than a week', () => {
  expect(adviseMerge(daily(60, 1), NOW)).toBeUndefined()
  expect(adviseMerge(daily(7, 1000), NOW)).toBeUndefined()
})

test('a FULL that is newest needs no merge', () => {
  const [newest, ...others] = daily(99, 100)
  expect(adviseMerge([{ ...newest, mode: 'FULL' } as BackupRecord, ...others], NOW)).toBeUndefined()
  expect(adviseMerge([], NOW)).toBeUndefined()
})
