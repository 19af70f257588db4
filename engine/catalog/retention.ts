import { secondsFromBackupId } from '../base/backup-id.ts'
import type { RetainedBackup, RetentionPolicy, RetentionRule } from '../base/retention.ts'
import { configNumber, type InstanceConfig } from '../format/instance-config.ts'
import { type Backup, isUnread } from './backup.ts'
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

/** What gs_probackup writes as version of every server; pg_probackup takes none below 9.5. */
const OPENGAUSS_VERSION = '9.2'

/**
 * Whose arithmetic an instance goes by: that of the tool that wrote its newest backup. Sources: `catalog-format.md`
 * sections 0 and 12.2.
 */
export function ruleKindOf({ backups }: Pick<Inventory, 'backups'>): RetentionRule['kind'] {
  const newest = backups.find(({ control }) => control?.serverVersion !== undefined)
  return newest?.control?.serverVersion === OPENGAUSS_VERSION ? 'gs' : 'probackup'
}

/** The backups of an inventory as retention looks at them. One that cannot be read is as old as its name says. */
export function retainedBackups({ backups }: Pick<Inventory, 'backups'>): readonly RetainedBackup[] {
  return backups.map(({ id, control, problem }) => ({
    id,
    mode: control?.mode ?? '',
    status: control?.status ?? 'UNKNOWN',
    parentId: control?.parentId,
    startSeconds: control?.startSeconds ?? secondsFromBackupId(id),
    recoverySeconds: control?.recoverySeconds,
    expireSeconds: control?.expireSeconds,
    isUnread: isUnread({ control, problem }),
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
