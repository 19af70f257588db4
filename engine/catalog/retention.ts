import { secondsFromBackupId } from '../base/backup-id.ts'
import type { RetainedBackup, RetentionPolicy } from '../base/retention.ts'
import { configNumber, type InstanceConfig } from '../format/instance-config.ts'
import type { Backup } from './backup.ts'
import type { Inventory } from './inventory.ts'

/** The rules that a call gives instead of those that are saved; what is undefined follows the saved ones. */
export type PolicyOverrides = {
  readonly redundancy?: number | undefined
  readonly windowDays?: number | undefined
  readonly walDepth?: number | undefined
}

/** A policy for backups and archived WAL. */
export type FullPolicy = RetentionPolicy & {
  /** Usable backups of each timeline behind which every moment stays reachable; 0 = all. */
  readonly walDepth: number
}

/** What the configuration of an instance says, but for what is given. */
export function policyOf(config: InstanceConfig, given: PolicyOverrides): FullPolicy {
  return {
    redundancy: given.redundancy ?? configNumber(config, 'retention-redundancy') ?? 0,
    windowDays: given.windowDays ?? configNumber(config, 'retention-window') ?? 0,
    walDepth: given.walDepth ?? configNumber(config, 'wal-depth') ?? 0,
  }
}

/** The backups of an inventory as retention looks at them. One that cannot be read is as old as its name says. */
export function retainedBackups({ backups }: Pick<Inventory, 'backups'>): readonly RetainedBackup[] {
  return backups.map(({ id, control }) => ({
    id,
    mode: control?.mode ?? '',
    status: control?.status ?? 'UNKNOWN',
    parentId: control?.parentId,
    startSeconds: control?.startSeconds ?? secondsFromBackupId(id),
    recoverySeconds: control?.recoverySeconds,
    expireSeconds: control?.expireSeconds,
  }))
}

/** The backups that are left when some have been deleted and chains have been merged, newest first. Pure. */
export function backupsAfter(
  { backups }: Pick<Inventory, 'backups'>,
  goneIds: ReadonlySet<string>,
  mergedIds: ReadonlySet<string>,
): readonly Backup[] {
  return backups
    .filter(({ id }) => !goneIds.has(id))
    .map((backup) =>
      mergedIds.has(backup.id) && backup.control !== undefined
        ? { ...backup, control: { ...backup.control, mode: 'FULL', parentId: undefined, status: 'OK' } }
        : backup,
    )
}
