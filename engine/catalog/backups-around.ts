import type { BackupId } from '../base/backup-id.ts'
import type { Lsn } from '../base/lsn.ts'
import type { Timeline } from '../base/wal-segment.ts'
import type { Backup } from './backup.ts'
import { chainsOf } from './chain.ts'
import type { Inventory } from './inventory.ts'
import { ownerOf, type TimelineNode } from './recovery-timelines.ts'

/** The usable backups that saw a cluster before a moment of its history, and those that saw it after. */
export type BackupsAround = {
  /** The last one first. */
  readonly before: readonly Backup[]
  /** The first one first. */
  readonly after: readonly Backup[]
}

/**
 * Looks for usable backups around a position of the WAL: those that had ended, on the way that leads there, and those that
 * began behind it, on a way that leads from there. Pure.
 */
export function backupsAround(
  inventory: Pick<Inventory, 'backups'>,
  tree: readonly TimelineNode[],
  { timeline, lsn }: { readonly timeline: Timeline; readonly lsn: Lsn },
): BackupsAround {
  const chains = chainsOf(inventory)
  const pathOf = (of: Timeline) =>
    tree.find((node) => node.timeline === of)?.path ?? [{ timeline: of, begin: 0n as Lsn, end: undefined }]
  const way = pathOf(timeline)
  const before: { readonly backup: Backup; readonly lsn: Lsn }[] = []
  const after: { readonly backup: Backup; readonly lsn: Lsn }[] = []
  for (const backup of inventory.backups) {
    const { control } = backup
    if (control === undefined || chains.get(backup.id as BackupId)?.isUsable !== true) continue
    const { startLsn, stopLsn } = control
    const isOnWay = way.some(
      (section) =>
        section.timeline === control.timeline && (section.end === undefined || stopLsn <= section.end),
    )
    if (stopLsn <= lsn && isOnWay) before.push({ backup, lsn: stopLsn })
    else if (startLsn > lsn && ownerOf(pathOf(control.timeline), lsn) === timeline)
      after.push({ backup, lsn: startLsn })
  }
  return {
    before: before.toSorted((a, b) => (a.lsn < b.lsn ? 1 : -1)).map(({ backup }) => backup),
    after: after.toSorted((a, b) => (a.lsn < b.lsn ? -1 : 1)).map(({ backup }) => backup),
  }
}
