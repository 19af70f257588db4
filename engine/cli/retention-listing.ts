import type { RetainedRecord, RetentionPlanRecord, TimelinePurgeRecord } from '../api/contract/retention.ts'
import { counted } from '../base/counted.ts'
import { isoFromSeconds } from '../base/iso-time.ts'
import type { JsonValue } from './json-text.ts'
import { prettySize } from './pretty.ts'

const NEVER = isoFromSeconds(0)

type Line = { readonly level: 'info' | 'warning'; readonly text: string }

/** What the plan says, in lines as the tool's family prints them. Source: `catalog-format.md` section 12.2. */
export function retentionLines(
  plan: RetentionPlanRecord,
  asked: { readonly deletesExpired: boolean; readonly mergesExpired: boolean },
  isDry: boolean,
): readonly Line[] {
  const lines: Line[] = []
  const info = (text: string): void => void lines.push({ level: 'info', text })
  const warn = (text: string): void => void lines.push({ level: 'warning', text })
  const { redundancy, windowDays } = plan.policy
  if (asked.deletesExpired || asked.mergesExpired) {
    if (redundancy === 0 && windowDays === 0) warn('Retention policy is not set')
    else if (plan.backups.length === 0)
      warn('Backup list is empty, retention purge and merge are problematic')
    else {
      info('Evaluate backups by retention')
      for (const backup of plan.backups) info(reportLine(backup, redundancy))
    }
  }
  for (const { ids, destinationId, refusal } of plan.merges) {
    if (refusal === undefined)
      info(`Merge incremental chain between full backup ${ids[0]} and backup ${destinationId}`)
    else warn(`The chain up to ${destinationId} is not merged: ${refusal.message}`)
  }
  for (const { fullId, keptIds } of plan.unmerged)
    info(`The chain of ${fullId} is not merged: several branches of it are kept (${keptIds.join(', ')})`)
  for (const id of isDry ? plan.deletes : []) info(`would delete backup ${id}`)
  for (const purge of plan.wal) for (const text of purgeLines(purge, isDry)) info(text)
  if (!isDry) return lines
  if (plan.merges.every(({ refusal }) => refusal !== undefined))
    info('There are no backups to merge by retention policy')
  info(
    plan.deletes.length === 0
      ? 'There are no backups to delete by retention policy'
      : `${counted(plan.deletes.length, 'backup')} would be deleted, ${prettySize(plan.freedBytes)}; nothing was changed`,
  )
  if (plan.walBytes === 0) info('There is no WAL to purge by retention policy')
  return lines
}

function reportLine(backup: RetainedRecord, redundancy: number): string {
  const { id, mode, status, fullNumber, ageDays, keptDays, isExpired } = backup
  return (
    `Backup ${id}, mode: ${mode === '' ? '----' : mode}, status: ${status}. ` +
    `Redundancy: ${fullNumber}/${redundancy}, Time Window: ${ageDays}d/${keptDays}d. ${isExpired ? 'Expired' : 'Active'}`
  )
}

function purgeLines(
  { timeline, files, sizeBytes, keepsFrom, reason }: TimelinePurgeRecord,
  isDry: boolean,
): readonly string[] {
  const [first] = files
  const verb = isDry ? 'can' : 'will'
  if (first === undefined) return reason === 'reachable' ? [] : [`Nothing to remove on timeline ${timeline}`]
  return [
    keepsFrom === undefined
      ? `On timeline ${timeline} all files ${verb} be removed`
      : `On timeline ${timeline} WAL segments between ${first.slice(0, 24)} and ${keepsFrom} ${verb} be removed`,
    `Resident WAL size to free on timeline ${timeline} : ${prettySize(sizeBytes)}`,
  ]
}

/** The plan for programs. */
export function retentionToJson(plan: RetentionPlanRecord): JsonValue {
  const { now, policy, rule, backups, deletes, freedBytes, merges, wal, walBytes, promise } = plan
  return {
    now,
    policy: {
      redundancy: policy.redundancy,
      'window-days': policy.windowDays,
      'wal-depth': policy.walDepth,
      rule,
    },
    backups: backups.map((backup) => ({
      id: backup.id,
      verdict: backup.verdict,
      reason: reasonText(backup.reason),
      'reason-code': backup.reason.code,
      // What the number of FULL backups lets go has no day on which that began.
      'kept-until': backup.goesAt === NEVER ? undefined : backup.goesAt,
    })),
    merge: merges
      .filter(({ refusal }) => refusal === undefined)
      .map(({ ids, destinationId }) => ({ ids, into: destinationId })),
    delete: deletes,
    'freed-bytes': freedBytes,
    wal: {
      bytes: walBytes,
      timelines: wal.map(({ timeline, reason, files, sizeBytes, keepsFrom, keeps }) => ({
        tli: timeline,
        reason,
        bytes: sizeBytes,
        'keeps-from': keepsFrom,
        keeps: keeps.map(({ begin, end }) => ({ 'begin-segno': begin, 'end-segno': end })),
        files,
      })),
    },
    promise: {
      broken: promise.broken,
      promised: promise.promised,
      'earliest-before': promise.earliestBefore,
      'earliest-after': promise.earliestAfter,
      lost: promise.lost.map(({ timeline, fromLsn, toLsn, from, to }) => ({
        tli: timeline,
        'from-lsn': fromLsn,
        'to-lsn': toLsn,
        from,
        to,
      })),
      stranded: promise.strandedIds,
    },
  }
}

/** Why a backup has its verdict, for people. */
function reasonText(reason: RetainedRecord['reason']): string {
  switch (reason.code) {
    case 'no-policy':
      return 'no retention policy is set'
    case 'redundancy':
      return `FULL ${reason.values.number} of redundancy ${reason.values.of}`
    case 'beside-redundancy':
      return `beside the ${reason.values.of} of redundancy: its FULL cannot be used and takes no place`
    case 'redundancy-until':
      return `among the newest ${reason.values.of} FULL backups until ${isoFromSeconds(reason.values.untilSeconds)}`
    case 'window':
      return `inside the ${reason.values.days} d window until ${isoFromSeconds(reason.values.untilSeconds)}`
    case 'pin':
      return `pinned until ${isoFromSeconds(reason.values.untilSeconds)}`
    case 'needed-by':
      return `needed by ${reason.values.id}`
    case 'unread':
      return 'its control file cannot be read: it may be pinned'
    case 'needed-by-unread':
      return `${reason.values.id} may need it, whose control file cannot be read`
    case 'beyond-redundancy':
      return `older than ${counted(reason.values.of, 'usable FULL backup')}`
    case 'beyond-window':
      return `older than the ${reason.values.days} d window`
    case 'beyond-both':
      return `older than ${counted(reason.values.of, 'usable FULL backup')} and than the ${reason.values.days} d window`
    case 'merged-into':
      return `merged into ${reason.values.id}`
  }
}
