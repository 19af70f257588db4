import type { PolicyDraft } from './retention-facts.ts'
import type { RetentionReason } from '../../../engine/base/retention-reasons.ts'
import type { Say } from '../../lib/i18n.ts'
import { wallTimeOf } from '../../lib/zone-time.ts'

/** `2026-11-27`, in the zone of a setting. */
export function dayOf(ms: number, zone: string): string {
  const { year, month, day } = wallTimeOf(ms, zone)
  return `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
}

/** Why a backup is kept or goes. The note of a pinned one says what it was pinned for. */
export function sayReason(say: Say, reason: RetentionReason, zone: string, note?: string): string {
  const until = (seconds: number): string =>
    Number.isFinite(seconds) ? dayOf(seconds * 1000, zone) : say('retention.for-ever')
  switch (reason.code) {
    case 'window':
      return say('retention-reason.window', {
        days: reason.values.days,
        until: until(reason.values.untilSeconds),
      })
    case 'pin':
      return note === undefined || note === ''
        ? say('retention-reason.pin', { until: until(reason.values.untilSeconds) })
        : say('retention-reason.pin-note', { until: until(reason.values.untilSeconds), note })
    case 'redundancy-until':
      return say('retention-reason.redundancy-until', {
        of: reason.values.of,
        until: until(reason.values.untilSeconds),
      })
    case 'no-policy':
      return say('retention-reason.no-policy')
    case 'unread':
      return say('retention-reason.unread')
    case 'redundancy':
    case 'beside-redundancy':
    case 'needed-by':
    case 'needed-by-unread':
    case 'beyond-redundancy':
    case 'beyond-window':
    case 'beyond-both':
    case 'merged-into':
      return say(`retention-reason.${reason.code}`, { ...reason.values })
  }
}

/** How the two rules work together, in words. */
export function combinationKey({
  redundancy,
  windowDays,
}: PolicyDraft):
  'retention.either' | 'retention.one-redundancy' | 'retention.one-window' | 'retention.no-rule' {
  if (redundancy > 0 && windowDays > 0) return 'retention.either'
  if (redundancy > 0) return 'retention.one-redundancy'
  return windowDays > 0 ? 'retention.one-window' : 'retention.no-rule'
}
