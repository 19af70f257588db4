import { describe, expect, test } from 'vitest'
import type { BackupId } from '../../../engine/base/backup-id.ts'
import { backupFates, type RetainedBackup, verdictAt } from '../../../engine/base/retention.ts'
import { freedByPin, futureOf, stillComing, walGrowthOf } from './future-facts.ts'
import { mergedAt, sumAt } from './retention-facts.ts'

const DAY = 86_400
const NOW = 1_795_000_000
const RULE = { kind: 'probackup' } as const

/** A FULL a day, the newest now; `pinned` is the day of one that is kept until tomorrow. */
function daily(count: number, pinned?: number): readonly RetainedBackup[] {
  return Array.from({ length: count }, (_, day) => ({
    id: `F${day}` as BackupId,
    mode: 'FULL',
    status: 'OK',
    parentId: undefined,
    startSeconds: NOW - day * DAY,
    recoverySeconds: NOW - day * DAY,
    expireSeconds: day === pinned ? NOW + DAY : undefined,
  }))
}

describe('backups that are to come', () => {
  const retained = daily(5)
  const future = futureOf(retained, new Map([['F0', 8]]), NOW - 1800)

  test('begin after the newest, though the clock is told in hours', () => {
    expect(future.nowSeconds).toBe(NOW)
    expect(future.backups.at(-1)?.startSeconds).toBe(NOW + DAY)
    expect(future.backups).toHaveLength(61)
    expect(future.bytesOf('F0' as BackupId)).toBe(8)
    expect(future.bytesOf(future.backups[0]?.id ?? ('' as BackupId))).toBe(0)
  })

  test('count on a day only when they have been taken by then', () => {
    const all = backupFates([...future.backups, ...retained], { redundancy: 2, windowDays: 0 }, RULE, NOW)
    const { length } = future.backups
    expect(stillComing(all, length, NOW + 3.5 * DAY)).toBe(length - 3)
    expect(stillComing(all, length, NOW)).toBe(length)
    expect(stillComing(all, length, NOW + 900 * DAY)).toBe(0)
    expect(stillComing(all, 0, NOW)).toBe(0)
    const there = all.slice(length - 3)
    for (const isMerging of [false, true]) {
      const then = NOW + 3.5 * DAY
      expect(sumAt(all, new Map(), mergedAt(all, isMerging, then, length - 3), then, length - 3)).toEqual(
        sumAt(there, new Map(), mergedAt(there, isMerging, then), then),
      )
    }
  })
})

test('what a day comes to is what counting the verdicts one by one comes to', () => {
  const backups = daily(40, 17).map((one, at): RetainedBackup =>
    at % 5 === 4 ? one : { ...one, mode: 'DELTA', parentId: `F${at + 1}` as BackupId },
  )
  const bytes = new Map(backups.map(({ id }, at) => [String(id), at]))
  const fates = backupFates(backups, { redundancy: 2, windowDays: 12 }, RULE)
  for (let day = -3; day < 40; day++) {
    for (const isMerging of [false, true]) {
      const then = NOW + day * DAY
      const merged = mergedAt(fates, isMerging, then)
      const left = fates.filter(({ backup }) => !merged.has(backup.id))
      const goes = left.filter((fate) => verdictAt(fate, then) === 'will-go')
      const held = left.filter((fate) => verdictAt(fate, then) === 'held').length
      expect(sumAt(fates, bytes, merged, then)).toEqual({
        kept: left.length - goes.length - held,
        held,
        deleted: goes.length,
        merged: merged.size,
        deletedBytes: goes.reduce((sum, { backup }) => sum + (bytes.get(backup.id) ?? 0), 0),
      })
    }
  }
})

describe('the growth of WAL', () => {
  const span = { timeline: 1, fromMs: 0, toMs: 4 * DAY * 1000, purgedMs: 0, sizeBytes: 0, purgedBytes: 0 }

  test('is what there is over the time that it covers', () => {
    expect(walGrowthOf([span, { ...span, fromMs: DAY * 1000 }], 800, true)).toEqual({
      bytes: 800,
      bytesPerDay: 200,
      isPurged: true,
    })
  })

  test('is not told from less than a day, and is nothing without an archive', () => {
    expect(walGrowthOf([{ ...span, toMs: 1000 }], 800, false).bytesPerDay).toBeUndefined()
    expect(walGrowthOf([], 800, false).bytesPerDay).toBeUndefined()
    expect(walGrowthOf([], 0, false).bytesPerDay).toBe(0)
  })
})

describe('taking a pin away', () => {
  const world = { policy: { redundancy: 0, windowDays: 3 }, rule: RULE, nowSeconds: NOW }

  test('names what nothing else keeps', () => {
    expect(freedByPin(daily(6, 5), 'F5', undefined, world)).toEqual(['F5'])
    expect(freedByPin(daily(6, 5), 'F5', NOW + 1, world)).toEqual([])
  })

  test('names the parents that were kept for it as well, and none that go anyway', () => {
    const [head, ...rest] = daily(6, 4)
    if (head === undefined) throw new Error('there is no backup')
    const backups = [head, ...rest].map((one): RetainedBackup =>
      one.id === 'F4' ? { ...one, mode: 'DELTA', parentId: 'F5' as BackupId } : one,
    )
    expect(freedByPin(backups, 'F4', undefined, world)).toEqual(['F4', 'F5'])
    expect(freedByPin(backups, 'F1', undefined, world)).toEqual([])
  })
})
