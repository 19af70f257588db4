import type { BackupRecord } from '../../../engine/api/contract/backups.ts'

/** The backups that hang on the same FULL, oldest first; one that lost it stands alone. */
export function familyOf(backups: readonly BackupRecord[], backup: BackupRecord): readonly BackupRecord[] {
  if (backup.fullId === undefined) return [backup]
  return backups.filter(({ fullId }) => fullId === backup.fullId).toReversed()
}

/** The families of several backups, each once, the newest first. */
export function familiesOf(
  backups: readonly BackupRecord[],
  members: readonly BackupRecord[],
): readonly (readonly BackupRecord[])[] {
  return [...new Map(members.map((member) => [member.fullId ?? member.id, member])).values()].map((member) =>
    familyOf(backups, member),
  )
}
