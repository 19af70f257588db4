import { type IsoTime, isoFromMs, isoFromSeconds } from '../base/iso-time.ts'
import { formatLsn } from '../base/lsn.ts'
import { isExpired } from '../base/retention.ts'
import { reportDays } from '../base/retention-reasons.ts'
import { walSegmentName } from '../base/wal-segment.ts'
import type { Inventory } from '../catalog/inventory.ts'
import type { PromiseCheck } from '../catalog/retention-promise.ts'
import { storedBytes } from '../catalog/stored-bytes.ts'
import type { TimelinePurge } from '../catalog/wal-retention.ts'
import type { RetentionPlan } from '../operations/retention/plan.ts'
import type {
  PromiseRecord,
  RetainedRecord,
  RetentionPlanRecord,
  TimelinePurgeRecord,
} from './contract/retention.ts'

const MOST_LOST = 200

/** A plan as the contract shows it; brief: without the backups. */
export function retentionPlanRecord(
  plan: RetentionPlan,
  { backups }: Pick<Inventory, 'backups'>,
  segmentBytes: number,
  isBrief: boolean,
): RetentionPlanRecord {
  const { hash, request, deletes, freedBytes, merges, unmerged, wal, promise } = plan
  const { policy, rule, nowSeconds } = request
  const sizes = new Map(backups.map((backup) => [backup.id, storedBytes(backup)]))
  return {
    hash,
    now: isoFromSeconds(nowSeconds),
    policy,
    rule: rule.kind,
    backups: (isBrief ? [] : plan.backups).map(({ fate, verdict, reason }): RetainedRecord => {
      const { id, mode, status } = fate.backup
      return {
        id,
        verdict,
        reason,
        mode,
        status,
        isExpired: isExpired(fate, nowSeconds),
        policyEnds: timeOf(fate.policyEnds),
        pinEnds: fate.pinEnds === 0 ? undefined : timeOf(fate.pinEnds),
        goesAt: timeOf(fate.goesAt),
        fullNumber: fate.fullNumber,
        ...reportDays(fate, policy, nowSeconds),
        sizeBytes: sizes.get(id) ?? 0,
      }
    }),
    deletes,
    freedBytes,
    merges,
    unmerged,
    wal: wal.map((purge) => purgeRecord(purge, segmentBytes)),
    walBytes: wal.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    promise: promiseRecord(promise),
  }
}

function purgeRecord(purge: TimelinePurge, segmentBytes: number): TimelinePurgeRecord {
  const { timeline, reason, files, sizeBytes, keepsFrom, keeps } = purge
  const name = (number: bigint): string => walSegmentName({ timeline, number }, segmentBytes)
  return {
    timeline,
    reason,
    files: files.map((file) => file.name),
    sizeBytes,
    keepsFrom: keepsFrom === undefined ? undefined : name(keepsFrom),
    keeps: keeps.map(({ begin, end }) => ({ begin: name(begin), end: name(end) })),
  }
}

function promiseRecord(promise: PromiseCheck): PromiseRecord {
  const { broken, promisedSeconds, before, after, lostSpans, strandedIds } = promise
  return {
    broken,
    promised: timeOf(promisedSeconds),
    earliestBefore: timeOf(before),
    earliestAfter: timeOf(after),
    lost: lostSpans.slice(0, MOST_LOST).map(({ timeline, from, to, fromTime, toTime }) => ({
      timeline,
      fromLsn: formatLsn(from),
      toLsn: formatLsn(to),
      from: fromTime && isoFromMs(Number(fromTime.micros / 1000n)),
      to: toTime && isoFromMs(Number(toTime.micros / 1000n)),
    })),
    lostCount: lostSpans.length,
    strandedIds,
  }
}

/** The last second that a calendar of JavaScript has; a window of a million years ends later. */
const LAST_SECOND = 8.64e12

function timeOf(seconds: number | undefined): IsoTime | undefined {
  return seconds === undefined || Math.abs(seconds) > LAST_SECOND ? undefined : isoFromSeconds(seconds)
}
