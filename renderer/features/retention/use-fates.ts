import { useMemo } from 'react'
import type { BackupRecord } from '../../../engine/api/contract/backups.ts'
import type { WalArchiveRecord } from '../../../engine/api/contract/wal.ts'
import { backupFates, type BackupFate } from '../../../engine/base/retention.ts'
import { forecastStorage } from '../../../engine/base/storage-forecast.ts'
import { futureOf, stillComing, walGrowthOf } from './future-facts.ts'
import type { Rehearsal } from './policy-editor.tsx'
import { freedBytes, lifeLineOf, mergedAt, retainedOf, ruleOf, sumAt } from './retention-facts.ts'
import { walSpans } from './wal-strip.ts'

const HOUR_SECONDS = 3600

/** All that follows from the backups, a policy and a day, worked out here so that it follows a hand that drags. */
export function useFates(input: {
  /** Newest first. */
  readonly backups: readonly BackupRecord[]
  readonly archive: WalArchiveRecord | undefined
  readonly freeBytes: number | undefined
  readonly rehearsal: Rehearsal
  /** Backups that are to come are counted and drawn. */
  readonly goesOn: boolean
  readonly nowMs: number
  readonly asOfMs: number
}) {
  const { backups, archive, freeBytes, rehearsal, goesOn, nowMs, asOfMs } = input
  const { policy, mergesExpired, purgesWal } = rehearsal
  const nowSeconds = Math.floor(nowMs / 1000)
  const asOfSeconds = Math.floor(asOfMs / 1000)
  const aboutSeconds = nowSeconds - (nowSeconds % HOUR_SECONDS)
  const rule = useMemo(() => ruleOf(rehearsal.rule, aboutSeconds * 1000), [rehearsal.rule, aboutSeconds])
  const retained = useMemo(() => retainedOf(backups), [backups])
  const byId = useMemo(() => new Map<string, BackupRecord>(backups.map((one) => [one.id, one])), [backups])
  const ownBytes = useMemo(() => new Map(backups.map((one) => [String(one.id), freedBytes(one)])), [backups])
  const fates = useMemo(() => backupFates(retained, policy, rule), [retained, policy, rule])
  const future = useMemo(() => futureOf(retained, ownBytes, aboutSeconds), [retained, ownBytes, aboutSeconds])
  const allFates = useMemo(
    () => backupFates([...future.backups, ...retained], policy, rule, future.nowSeconds),
    [future, retained, policy, rule],
  )
  const allBytes = useMemo(
    () => new Map([...ownBytes, ...future.backups.map((one) => [String(one.id), one.bytes] as const)]),
    [ownBytes, future],
  )
  const forecast = useMemo(() => {
    const spans = archive === undefined ? [] : walSpans(archive, undefined, aboutSeconds * 1000)
    const walBytes = archive?.timelines.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) ?? 0
    return forecastStorage({
      fates: allFates,
      bytesOf: future.bytesOf,
      rhythm: future.rhythm,
      mergesExpired,
      wal: walGrowthOf(spans, walBytes, purgesWal),
      freeBytes,
      nowSeconds: future.nowSeconds,
      untilSeconds: future.untilSeconds,
    })
  }, [allFates, future, mergesExpired, purgesWal, archive, freeBytes, aboutSeconds])

  const comingCount = goesOn ? future.backups.length : 0
  const shown = goesOn ? allFates : fates
  const lines = useMemo(
    () => shown.map((fate, place) => lifeLineOf(fate, place < comingCount)),
    [shown, comingCount],
  )
  const fateById = useMemo(
    () => new Map<string, BackupFate>(shown.map((fate) => [fate.backup.id, fate])),
    [shown],
  )
  const chainCount = useMemo(() => new Set(fates.map(({ fullId }) => fullId)).size, [fates])
  const stillCount = stillComing(shown, comingCount, asOfSeconds)
  const merged = useMemo(
    () => mergedAt(shown, mergesExpired, asOfSeconds, stillCount),
    [shown, mergesExpired, asOfSeconds, stillCount],
  )
  const sumNow = useMemo(
    () => sumAt(fates, ownBytes, mergedAt(fates, mergesExpired, nowSeconds), nowSeconds),
    [fates, ownBytes, mergesExpired, nowSeconds],
  )
  const sumThen = useMemo(
    () => sumAt(shown, allBytes, merged, asOfSeconds, stillCount),
    [shown, allBytes, merged, asOfSeconds, stillCount],
  )
  return {
    rule,
    retained,
    byId,
    fates,
    /** With those to come where they are asked for, newest first. */
    shown,
    fateById,
    lines,
    chainCount,
    future,
    allBytes,
    forecast,
    merged,
    sumNow,
    sumThen,
    /** Backups that are still to come and have been taken by the day looked at. */
    takenCount: comingCount - stillCount,
    asOfSeconds,
    nowSeconds,
  }
}
