import type { BackupRecord } from '../../../engine/api/contract/backups.ts'
import type { ConfigEntry } from '../../../engine/api/contract/instances.ts'
import type { RetentionPlanRecord } from '../../../engine/api/contract/retention.ts'
import { countLeading } from '../../../engine/base/count-leading.ts'
import { secondsFromIso } from '../../../engine/base/iso-time.ts'
import {
  type BackupFate,
  type RetainedBackup,
  type RetentionRule,
  type RetentionVerdict,
  verdictAt,
} from '../../../engine/base/retention.ts'
import { expiredChains } from '../../../engine/base/retention-merges.ts'
import { reasonAt, type RetentionReason } from '../../../engine/base/retention-reasons.ts'
import type { LifeLine } from '../../pictures/life-layout.ts'

/** What is set in the editor. */
export type PolicyDraft = {
  readonly redundancy: number
  readonly windowDays: number
  readonly walDepth: number
}

/** The keys of the configuration. */
export const POLICY_KEYS = {
  redundancy: 'retention-redundancy',
  windowDays: 'retention-window',
  walDepth: 'wal-depth',
} as const satisfies Record<keyof PolicyDraft, string>

/** What the configuration of an instance says; 0 for what it does not. */
export function savedPolicy(entries: readonly ConfigEntry[]): PolicyDraft {
  const number = (key: string): number => Number(entries.find((entry) => entry.key === key)?.baseValue ?? 0)
  return {
    redundancy: number(POLICY_KEYS.redundancy),
    windowDays: number(POLICY_KEYS.windowDays),
    walDepth: number(POLICY_KEYS.walDepth),
  }
}

export function isSamePolicy(one: PolicyDraft, other: PolicyDraft): boolean {
  return (
    one.redundancy === other.redundancy &&
    one.windowDays === other.windowDays &&
    one.walDepth === other.walDepth
  )
}

/** The rule with the clock of this machine, which the engine has as well; of whole hours, as the tool has it. */
export function ruleOf(kind: RetentionPlanRecord['rule'], nowMs: number): RetentionRule {
  if (kind !== 'gs') return { kind: 'probackup' }
  return { kind: 'gs', offsetSeconds: Math.trunc(-new Date(nowMs).getTimezoneOffset() / 60) * 3600 }
}

/** Backups as retention looks at them, in the order given. */
export function retainedOf(backups: readonly BackupRecord[]): readonly RetainedBackup[] {
  return backups.map(
    ({ id, mode, status, parentId, startTime, recoveryTime, expireTime, isUnread = false }) => ({
      id,
      mode,
      status,
      parentId,
      startSeconds: secondsFromIso(startTime),
      recoverySeconds: recoveryTime && secondsFromIso(recoveryTime),
      expireSeconds: expireTime && secondsFromIso(expireTime),
      isUnread,
    }),
  )
}

/** Bytes that deleting a backup frees: its pages and, when it carries its own WAL, that too. */
export function freedBytes({ dataBytes, walBytes, isStream }: BackupRecord): number {
  return (dataBytes ?? 0) + (isStream ? (walBytes ?? 0) : 0)
}

export function lifeLineOf(fate: BackupFate, isFuture = false): LifeLine {
  const { backup, fullId, policyEnds, pinEnds, goesAt } = fate
  return {
    id: backup.id,
    fullId,
    startMs: (backup.recoverySeconds ?? backup.startSeconds) * 1000,
    keptMs: policyEnds * 1000,
    pinMs: pinEnds * 1000,
    goneMs: goesAt * 1000,
    isFuture,
  }
}

/**
 * For each backup that is merged away at a moment, the one that it goes over into. The first `comingCount` are not there
 * yet.
 */
export function mergedAt(
  fates: readonly BackupFate[],
  mergesExpired: boolean,
  nowSeconds: number,
  comingCount = 0,
): ReadonlyMap<string, string> {
  if (!mergesExpired) return new Map()
  return new Map(
    expiredChains(fates, nowSeconds, comingCount).chains.flatMap(({ ids, destinationId }) =>
      ids.slice(0, -1).map((id) => [id, destinationId] as const),
    ),
  )
}

/** What a plan comes to at a moment. */
export type RetentionSum = {
  /** By policy or pin. */
  readonly kept: number
  readonly held: number
  readonly deleted: number
  readonly merged: number
  readonly deletedBytes: number
}

/** The first `comingCount` fates are of backups that are not there yet at that moment. */
export function sumAt(
  fates: readonly BackupFate[],
  bytes: ReadonlyMap<string, number>,
  merged: ReadonlyMap<string, string>,
  nowSeconds: number,
  comingCount = 0,
): RetentionSum {
  const { ownEnds, goes, goneBytes, byId } = endsOf(fates, bytes)
  const gone = countUntil(goes, nowSeconds)
  const expired = countUntil(ownEnds, nowSeconds)
  // What is not there yet ends later: it is among those that are kept.
  let [kept, held, deleted] = [fates.length - expired - comingCount, expired - gone, gone]
  let deletedBytes = goneBytes[gone] ?? 0
  for (const id of merged.keys()) {
    const fate = byId.get(id)
    if (fate === undefined) continue
    const verdict = verdictAt(fate, nowSeconds)
    if (verdict === 'held') held--
    else if (verdict === 'will-go') {
      deleted--
      deletedBytes -= bytes.get(id) ?? 0
    } else kept--
  }
  return { kept, held, deleted, merged: merged.size, deletedBytes }
}

type Ends = {
  /** When policy and pin let go of each, and when nothing keeps it; ascending. */
  readonly ownEnds: Float64Array
  readonly goes: Float64Array
  /** Bytes of the first so many of those that go. */
  readonly goneBytes: Float64Array
  readonly byId: ReadonlyMap<string, BackupFate>
  readonly bytes: ReadonlyMap<string, number>
}

const knownEnds = new WeakMap<readonly BackupFate[], Ends>()

/** Sorted once for a policy, so that another day is two searches: 20,000 backups follow a hand that drags. */
function endsOf(fates: readonly BackupFate[], bytes: ReadonlyMap<string, number>): Ends {
  const known = knownEnds.get(fates)
  if (known?.bytes === bytes) return known
  const byEnd = fates.toSorted((a, b) => (a.goesAt < b.goesAt ? -1 : a.goesAt > b.goesAt ? 1 : 0))
  const goneBytes = new Float64Array(fates.length + 1)
  for (const [place, { backup }] of byEnd.entries())
    goneBytes[place + 1] = (goneBytes[place] ?? 0) + (bytes.get(backup.id) ?? 0)
  const made = {
    ownEnds: Float64Array.from(fates, ({ policyEnds, pinEnds }) => Math.max(policyEnds, pinEnds)).sort(),
    goes: Float64Array.from(byEnd, ({ goesAt }) => goesAt),
    goneBytes,
    byId: new Map(fates.map((fate) => [fate.backup.id, fate])),
    bytes,
  }
  knownEnds.set(fates, made)
  return made
}

/** How many of the ascending ones are not after a moment. */
function countUntil(ascending: Float64Array, seconds: number): number {
  return countLeading(ascending, (one) => one <= seconds)
}

/** What becomes of one backup at a moment, and why. */
export function judge(
  fate: BackupFate,
  policy: PolicyDraft,
  merged: ReadonlyMap<string, string>,
  nowSeconds: number,
): { readonly verdict: RetentionVerdict; readonly reason: RetentionReason } {
  const into = merged.get(fate.backup.id)
  return into === undefined
    ? { verdict: verdictAt(fate, nowSeconds), reason: reasonAt(fate, policy, nowSeconds) }
    : { verdict: 'will-go', reason: { code: 'merged-into', values: { id: into } } }
}
