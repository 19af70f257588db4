import type { BackupId } from './backup-id.ts'
import { type BackupFate, isExpired, parentOf } from './retention.ts'

/** A chain that is merged instead of deleted: the FULL becomes what the last one was, and bears its name. */
export type ExpiredChain = {
  /** The FULL first, the increment that is kept last. */
  readonly ids: readonly BackupId[]
  readonly fullId: BackupId
  readonly destinationId: BackupId
}

/** An expired FULL that is held, and cannot be merged without losing a backup that is kept. */
export type UnmergedChain = { readonly fullId: BackupId; readonly keptIds: readonly BackupId[] }

/**
 * Which chains merge-expired would merge: those whose FULL has expired, with the first increment that has not. Where
 * several branches of a chain are kept none is merged, for the others would lose their parent; the reference tool merges
 * the newest and orphans the rest. So might a backup whose control file cannot be read. The first `comingCount` fates are
 * of backups that are not there yet. Source: `catalog-format.md` section 12.2.
 */
export function expiredChains(
  fates: readonly BackupFate[],
  nowSeconds: number,
  comingCount = 0,
): { readonly chains: readonly ExpiredChain[]; readonly unmerged: readonly UnmergedChain[] } {
  const byId = idsOf(fates)
  const hasExpired = (id: BackupId): boolean => {
    const fate = byId.get(id)
    return fate !== undefined && isExpired(fate, nowSeconds)
  }
  const mayBeNeeded = (id: BackupId): boolean => byId.get(id)?.goesAt === Number.POSITIVE_INFINITY
  const keptByFull = new Map<BackupId, BackupFate[]>()
  for (let place = comingCount; place < fates.length; place++) {
    const fate = fates[place]
    if (fate === undefined) continue
    const { backup, fullId } = fate
    const parentId = parentOf(backup)
    if (fullId === undefined || parentId === undefined || isExpired(fate, nowSeconds)) continue
    if (!hasExpired(parentId) || !hasExpired(fullId) || mayBeNeeded(fullId)) continue
    const known = keptByFull.get(fullId)
    if (known === undefined) keptByFull.set(fullId, [fate])
    else known.push(fate)
  }
  const chains: ExpiredChain[] = []
  const unmerged: UnmergedChain[] = []
  for (const [fullId, kept] of keptByFull) {
    // A kept backup may hang on another one by way of expired ones: it stays with that.
    const ways = kept.map((fate) => wayTo(fate, byId)).filter((ids) => ids.slice(0, -1).every(hasExpired))
    const [ids, ...others] = ways
    const destinationId = ids?.at(-1)
    if (ids === undefined || destinationId === undefined) continue
    if (others.length === 0) chains.push({ ids, fullId, destinationId })
    else unmerged.push({ fullId, keptIds: ways.flatMap((way) => way.slice(-1)) })
  }
  return { chains, unmerged }
}

const knownIds = new WeakMap<readonly BackupFate[], ReadonlyMap<BackupId, BackupFate>>()

/** Made once for a policy: while somebody drags only the day is another one. */
function idsOf(fates: readonly BackupFate[]): ReadonlyMap<BackupId, BackupFate> {
  const known = knownIds.get(fates)
  if (known !== undefined) return known
  const made = new Map(fates.map((fate) => [fate.backup.id, fate]))
  knownIds.set(fates, made)
  return made
}

/** From the FULL to the backup. The caller knows that the chain is whole. */
function wayTo(fate: BackupFate, byId: ReadonlyMap<BackupId, BackupFate>): readonly BackupId[] {
  const way: BackupId[] = []
  let at: BackupFate | undefined = fate
  while (at !== undefined) {
    way.push(at.backup.id)
    const parentId = parentOf(at.backup)
    at = parentId === undefined ? undefined : byId.get(parentId)
  }
  return way.toReversed()
}
