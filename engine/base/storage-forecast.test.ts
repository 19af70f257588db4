import { describe, expect, test } from 'vitest'
import type { BackupId } from './backup-id.ts'
import { futureBackups, rhythmOf } from './backup-rhythm.ts'
import { backupFates, type RetainedBackup, type RetentionPolicy } from './retention.ts'
import { type ForecastInput, forecastStorage, occupiedAt } from './storage-forecast.ts'

const DAY = 86_400
const NOW = 1_795_000_000
const RULE = { kind: 'probackup' } as const
const NO_WAL = { bytes: 0, bytesPerDay: 0, isPurged: false }

/** A FULL of 100 bytes each day, the newest now. */
function daily(count: number): readonly RetainedBackup[] {
  return Array.from({ length: count }, (_, day) => ({
    id: `F${day}` as BackupId,
    mode: 'FULL',
    status: 'OK',
    parentId: undefined,
    startSeconds: NOW - day * DAY,
    recoverySeconds: NOW - day * DAY,
    expireSeconds: undefined,
  }))
}

function forecast(count: number, policy: RetentionPolicy, given: Partial<ForecastInput> = {}) {
  const backups = daily(count)
  const bytesOf = (): number => 100
  const untilSeconds = NOW + 60 * DAY
  const rhythm = rhythmOf(backups, bytesOf, NOW)
  const coming = rhythm.kind === 'unknown' ? [] : futureBackups(rhythm.modes, backups, NOW, untilSeconds)
  return forecastStorage({
    fates: backupFates([...coming, ...backups], policy, RULE, NOW),
    bytesOf,
    rhythm,
    mergesExpired: false,
    wal: NO_WAL,
    freeBytes: 1000,
    nowSeconds: NOW,
    untilSeconds,
    ...given,
  })
}

describe('without a policy', () => {
  test('it fills at the rate at which backups come', () => {
    const known = forecast(5, { redundancy: 0, windowDays: 0 })
    expect(known).toMatchObject({
      kind: 'known',
      occupiedBytes: 500,
      capacityBytes: 1500,
      backupBytesPerDay: 100,
      fullAtRate: NOW + 10 * DAY,
      // The eleventh backup finds no room.
      fullUnderPolicy: NOW + 11 * DAY,
    })
    expect(occupiedAt(known, NOW + 3.5 * DAY)).toBe(800)
  })

  test('archived WAL comes on top', () => {
    const wal = { bytes: 200, bytesPerDay: 100, isPurged: false }
    const known = forecast(5, { redundancy: 0, windowDays: 0 }, { wal })
    expect(known).toMatchObject({ occupiedBytes: 700, fullAtRate: NOW + 5 * DAY })
    expect(occupiedAt(known, NOW + 2 * DAY)).toBe(700 + 2 * 200)
  })
})

describe('with a policy', () => {
  test('a window bounds it, whatever comes', () => {
    const known = forecast(5, { redundancy: 0, windowDays: 7 })
    // To the second, eight fit into seven days.
    expect(known).toMatchObject({ fullUnderPolicy: undefined, most: { bytes: 800 } })
    expect(occupiedAt(known, NOW + 50.5 * DAY)).toBe(700)
  })

  test('redundancy does as well', () => {
    const known = forecast(5, { redundancy: 2, windowDays: 0 })
    expect(known).toMatchObject({ occupiedBytes: 500, most: { bytes: 200 } })
    expect(occupiedAt(known, NOW)).toBe(200)
  })

  test('WAL that is purged reaches back to the oldest backup that is kept', () => {
    const wal = { bytes: 5000, bytesPerDay: 100, isPurged: true }
    const known = forecast(5, { redundancy: 2, windowDays: 0 }, { wal })
    expect(occupiedAt(known, NOW)).toBe(200 + 100)
    expect(occupiedAt(known, NOW + 30 * DAY)).toBe(200 + 100)
  })

  test('merging lets an increment go when it expires, and not when its chain does', () => {
    const backups = daily(4).map((one, at, all): RetainedBackup =>
      at === 3 ? one : { ...one, mode: 'DELTA', parentId: all[at + 1]?.id },
    )
    const fates = backupFates(backups, { redundancy: 0, windowDays: 2 }, RULE, NOW)
    const at = (mergesExpired: boolean): number | undefined =>
      occupiedAt(forecast(4, { redundancy: 0, windowDays: 2 }, { fates, mergesExpired }), NOW + 1.5 * DAY)
    expect(at(false)).toBe(400)
    expect(at(true)).toBe(200)
  })
})

describe('what is not known', () => {
  test('is not made up of too little history', () => {
    const unknown = forecast(2, { redundancy: 0, windowDays: 7 })
    expect(unknown).toEqual({ kind: 'unknown', why: 'few', occupiedBytes: 200 })
    expect(occupiedAt(unknown, NOW)).toBeUndefined()
  })

  test('is left out where free space cannot be told', () => {
    expect(forecast(5, { redundancy: 0, windowDays: 0 }, { freeBytes: undefined })).toMatchObject({
      capacityBytes: undefined,
      fullAtRate: undefined,
      fullUnderPolicy: undefined,
      backupBytesPerDay: 100,
    })
  })
})
