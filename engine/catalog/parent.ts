import type { Lsn } from '../base/lsn.ts'
import type { Timeline } from '../base/wal-segment.ts'
import type { BackupControl } from '../format/backup-control.ts'
import { switchPoint, type TimelineHistory } from '../format/timeline-history.ts'
import type { Backup } from './backup.ts'
import { chainsOf, descendantsOf } from './chain.ts'
import type { Inventory } from './inventory.ts'

/** A backup whose control file could be read. */
export type KnownBackup = Backup & { readonly control: BackupControl }

/**
 * The backup that an increment on `timeline` is taken against; undefined when a FULL has to be taken first. `history` are
 * the ancestors of the timeline, oldest first. Source: `catalog-format.md` section 7.4.
 */
export function chooseParent(
  inventory: Pick<Inventory, 'backups'>,
  timeline: Timeline,
  history: TimelineHistory,
): KnownBackup | undefined {
  const chains = chainsOf(inventory)
  const usable = inventory.backups.filter(
    (backup): backup is KnownBackup =>
      backup.control !== undefined && chains.get(backup.id)?.isUsable === true,
  )
  const onTimeline = (wanted: Timeline, limit: Lsn | undefined) => (backup: KnownBackup) =>
    backup.control.timeline === wanted && (limit === undefined || backup.control.stopLsn <= limit)
  const isFull = ({ control }: KnownBackup): boolean => control.mode === 'FULL'
  /** Newest first: the timeline itself without a limit, then its ancestors up to where they were left. */
  const path = [
    { timeline, limit: undefined },
    ...history.toReversed().map((entry) => ({
      timeline: entry.timeline,
      limit: switchPoint(history, entry.timeline),
    })),
  ]

  for (const [age, step] of path.entries()) {
    const full = usable.filter(isFull).find(onTimeline(step.timeline, step.limit))
    if (full === undefined) continue
    const family = new Set([full.id, ...descendantsOf(inventory, full.id).map(({ id }) => id)])
    const members = usable.filter(({ id }) => family.has(id))
    if (age === 0) return members[0]
    for (const { timeline: on, limit } of path) {
      const found = members.find(onTimeline(on, limit))
      if (found !== undefined) return found
    }
  }
  return undefined
}
