import type { BackupRecord } from '../../../engine/api/contract/backups.ts'
import type { MomentChoice } from './moment-choice.ts'
import type { RestoreSubject } from './restore-draft.ts'

const DAMAGED: ReadonlySet<BackupRecord['status']> = new Set(['CORRUPT', 'ORPHAN'])
const READABLE: ReadonlySet<BackupRecord['status']> = new Set(['OK', 'DONE', ...DAMAGED])

/** A backup of which only what is left can be restored. */
export type DamagedBackup = {
  readonly backup: BackupRecord
  /** It and what it needs, FULL first; one of them at least is damaged. */
  readonly chain: readonly BackupRecord[]
}

/**
 * The backup whose end was chosen, when it or what it needs is CORRUPT or ORPHAN; undefined when it is sound, has no FULL,
 * or was never finished: of that there is nothing that could be forced. Pure.
 */
export function damagedChoice(
  choice: MomentChoice | undefined,
  backups: readonly BackupRecord[],
): DamagedBackup | undefined {
  if (choice?.target.kind !== 'immediate' || choice.baseId === undefined) return undefined
  const chain: BackupRecord[] = []
  for (let id: string | undefined = choice.baseId; id !== undefined && chain.length <= backups.length;) {
    const backup = backups.find((one) => one.id === id)
    if (backup === undefined || !READABLE.has(backup.status)) return undefined
    chain.unshift(backup)
    id = backup.parentId
  }
  const backup = chain.at(-1)
  if (backup === undefined || chain[0]?.mode !== 'FULL') return undefined
  return chain.some(({ status }) => DAMAGED.has(status)) ? { backup, chain } : undefined
}

/** What of it is restored: the end of the backup, which recovery needs a target for unless it has its own WAL. */
export function forcedSubject(
  { backup }: DamagedBackup,
  { catalog, instance }: Pick<RestoreSubject, 'catalog' | 'instance'>,
): RestoreSubject {
  return {
    catalog,
    instance,
    id: backup.id,
    ...(!backup.isStream && { target: { kind: 'immediate' as const } }),
    isForced: true,
  }
}
