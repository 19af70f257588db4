import type { BackupRecord } from '../../../engine/api/contract/backups.ts'

/** A merge that would make restoring the newest backup much cheaper. */
export type MergeAdvice = {
  readonly tip: BackupRecord
  /** The backup up to which to merge. */
  readonly upTo: BackupRecord
  /** How much less a restore of the tip would read, in percent; an estimate, for pages of the increments may be new. */
  readonly savedPercent: number
}

/** So long every moment stays as it is. */
const KEPT_MS = 7 * 86_400_000
const LONG_CHAIN = 30
const HEAVY = 2
const LEAST_PERCENT = 20

/**
 * Whether merging is worth a thought for the newest backup that can be restored: it reads many backups or much more than
 * its FULL, and merging what is older than a week would save a good part of that.
 *
 * @param backups of one instance, newest first
 */
export function adviseMerge(backups: readonly BackupRecord[], nowMs: number): MergeAdvice | undefined {
  const tip = backups.find(({ isRestorable }) => isRestorable)
  if (tip === undefined || tip.mode === 'FULL') return undefined
  const byId = new Map(backups.map((backup) => [backup.id, backup]))
  const full = tip.fullId === undefined ? undefined : byId.get(tip.fullId)
  if (full?.dataBytes === undefined || full.dataBytes === 0) return undefined
  if (tip.chainLength < LONG_CHAIN && tip.restoreBytes < HEAVY * full.dataBytes) return undefined
  let upTo: BackupRecord | undefined = tip
  while (upTo !== undefined && Date.parse(upTo.startTime) > nowMs - KEPT_MS) {
    upTo = upTo.parentId === undefined ? undefined : byId.get(upTo.parentId)
  }
  if (upTo === undefined || upTo.mode === 'FULL') return undefined
  const saved = upTo.restoreBytes - full.dataBytes
  const savedPercent = Math.floor((saved / tip.restoreBytes) * 100)
  return savedPercent < LEAST_PERCENT ? undefined : { tip, upTo, savedPercent }
}
