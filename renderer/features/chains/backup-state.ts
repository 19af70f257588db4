import type { BackupRecord } from '../../../engine/api/contract/backups.ts'

/** What a card says of a backup: its status, or what became of it when whoever worked on it is gone. */
export type StatusWord = BackupRecord['status'] | 'STALE' | 'MERGING-STOPPED' | 'DELETING-STOPPED'

/** What can be done about it, the most useful first. */
export type CardAction = 'finish-merge' | 'finish-delete' | 'mark-failed' | 'delete' | 'validate' | 'back-up'

/** The word for the status of a backup. */
export function statusWord({ status, isStale }: Pick<BackupRecord, 'status' | 'isStale'>): StatusWord {
  if (!isStale) return status
  if (status === 'RUNNING') return 'STALE'
  if (status === 'MERGING') return 'MERGING-STOPPED'
  return status === 'DELETING' ? 'DELETING-STOPPED' : status
}

/**
 * What the card says of a backup. One that was being deleted while its FULL is MERGED is a leftover of that merge, and
 * goes when the merge is finished.
 *
 * @param family the backups of its chain
 */
export function cardWord(backup: BackupRecord, family: readonly BackupRecord[]): StatusWord {
  const word = statusWord(backup)
  return word === 'DELETING-STOPPED' && family.some(({ status }) => status === 'MERGED') ? 'MERGED' : word
}

/**
 * The oldest ancestor because of which a complete backup cannot be restored; undefined where it can be, and where the
 * backup itself is what is wrong.
 *
 * @param family the backups of its chain
 */
export function blockerOf(backup: BackupRecord, family: readonly BackupRecord[]): BackupRecord | undefined {
  if (backup.isRestorable || (backup.status !== 'OK' && backup.status !== 'DONE')) return undefined
  const byId = new Map(family.map((one) => [one.id, one]))
  let blocker: BackupRecord | undefined
  let at: BackupRecord | undefined = backup
  for (let steps = 0; at !== undefined && steps <= family.length; steps++) {
    if (at.status !== 'OK' && at.status !== 'DONE') blocker = at
    at = at.parentId === undefined ? undefined : byId.get(at.parentId)
  }
  return blocker
}

/** What can be done about the state that a card tells of, or about the backup that blocks this one. While a merge runs it is waited for. */
export function cardActions(
  word: StatusWord,
  blocker: BackupRecord | undefined,
  isMergeRunning: boolean,
): readonly CardAction[] {
  if (blocker !== undefined) {
    const isMerge = ['MERGING-STOPPED', 'MERGED'].includes(statusWord(blocker))
    if (isMerge) return isMergeRunning ? [] : ['finish-merge']
    return blocker.status === 'MERGING' ? [] : ['back-up']
  }
  switch (word) {
    case 'MERGING-STOPPED':
    case 'MERGED':
      return isMergeRunning ? [] : ['finish-merge']
    case 'DELETING-STOPPED':
      return ['finish-delete']
    case 'STALE':
      return ['delete', 'mark-failed']
    case 'DONE':
      return ['validate']
    case 'ERROR':
    case 'UNKNOWN':
      return ['delete']
    case 'CORRUPT':
      return ['back-up']
    case 'ORPHAN':
      return ['validate', 'back-up']
    case 'OK':
    case 'RUNNING':
    case 'MERGING':
    case 'DELETING':
    case 'DELETED':
      return []
  }
}
