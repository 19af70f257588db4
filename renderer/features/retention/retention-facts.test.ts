import { describe, expect, test } from 'vitest'
import type { BackupId } from '../../../engine/base/backup-id.ts'
import { backupFates, type RetainedBackup, verdictAt } from '../../../engine/base/retention.ts'
import { leastCpuMs } from '../../../engine/testing/cpu-time.ts'
import { isSamePolicy, judge, lifeLineOf, mergedAt, savedPolicy, sumAt } from './retention-facts.ts'

const DAY = 86_400
const NOW = 1_795_000_000

/** Newest first: a FULL every week, an increment every hour between. */
function hourly(count: number): readonly RetainedBackup[] {
  const backups: RetainedBackup[] = []
  for (let index = 0; index < count; index++) {
    const startSeconds = NOW - (count - index) * 3600
    const isFull = index % 168 === 0
    backups.push({
      id: `B${index}` as BackupId,
      mode: isFull ? 'FULL' : 'DELTA',
      status: 'OK',
      parentId: isFull ? undefined : (`B${index - 1}` as BackupId),
      startSeconds,
      recoverySeconds: startSeconds + 60,
      expireSeconds: undefined,
    })
  }
  return backups.toReversed()
}

const POLICY = { redundancy: 0, windowDays: 14, walDepth: 0 }
const RULE = { kind: 'probackup' } as const
const NONE = new Map<string, string>()

describe('what a policy comes to', () => {
  test('is the number of each verdict, and the bytes of what goes', () => {
    const backups = hourly(168 * 4)
    const fates = backupFates(backups, POLICY, RULE)
    const bytes = new Map(backups.map(({ id }) => [String(id), 1000]))
    expect(sumAt(fates, bytes, NONE, NOW)).toEqual({
      kept: 336,
      held: 0,
      deleted: 336,
      merged: 0,
      deletedBytes: 336_000,
    })
    expect(sumAt(fates, bytes, NONE, NOW + DAY)).toMatchObject({ kept: 312, held: 24, deleted: 336 })
    expect(sumAt(fates, bytes, NONE, NOW + 30 * DAY)).toMatchObject({ kept: 0, held: 0, deleted: 672 })
  })

  test('counts what is merged away by itself', () => {
    const fates = backupFates(hourly(168), { ...POLICY, windowDays: 3 }, RULE)
    const merged = mergedAt(fates, true, NOW)
    expect(merged.size).toBe(96)
    expect(sumAt(fates, new Map(), merged, NOW)).toMatchObject({ kept: 72, held: 0, deleted: 0, merged: 96 })
    const [first] = fates.toReversed()
    if (first === undefined) throw new Error('there is no fate')
    expect(judge(first, POLICY, merged, NOW).reason).toEqual({ code: 'merged-into', values: { id: 'B96' } })
    expect(mergedAt(fates, false, NOW).size).toBe(0)
  })

  test('is drawn as it is counted', () => {
    for (const fate of backupFates(hourly(1000), POLICY, RULE)) {
      const line = lifeLineOf(fate)
      const isDue = line.goneMs <= NOW * 1000
      expect(verdictAt(fate, NOW) === 'will-go').toBe(isDue)
    }
  })
})

test('the saved policy is read from the configuration, and compared', () => {
  const entry = (key: string, baseValue: string) => ({
    group: '',
    key,
    value: baseValue,
    baseValue,
    isNumber: true,
    isSet: true,
  })
  const saved = savedPolicy([entry('retention-window', '7'), entry('wal-depth', '2')])
  expect(saved).toEqual({ redundancy: 0, windowDays: 7, walDepth: 2 })
  expect(isSamePolicy(saved, { ...saved })).toBe(true)
  expect(isSamePolicy(saved, { ...saved, redundancy: 1 })).toBe(false)
})

test('of 20,000 backups the verdicts of another day are counted in less than the sixtieth of a second', async () => {
  const fates = backupFates(hourly(20_000), POLICY, RULE)
  const frames = 30
  const count = (): void => {
    for (let day = 0; day < frames; day++) sumAt(fates, new Map(), NONE, NOW + day * DAY)
  }
  expect((await leastCpuMs(16 * frames, count)) / frames).toBeLessThan(16)
})

test('of 20,000 backups another policy is worked out in less than 100 ms', async () => {
  const backups = hourly(20_000)
  expect(await leastCpuMs(100, () => backupFates(backups, { ...POLICY, windowDays: 15 }, RULE))).toBeLessThan(
    100,
  )
})
