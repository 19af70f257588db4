import type { ControlFile } from '../../format/control-file.ts'
import type { RecoveryBlock } from '../../format/recovery-block.ts'

/** What lies in a data directory that was restored. */
export type RestoredFiles = {
  readonly control: Pick<ControlFile, 'state' | 'minRecoveryPoint'>
  /** Files besides `postgresql.auto.conf` that a restore or recovery makes, of {@link RECOVERY_FILES}. */
  readonly files: readonly string[]
  readonly block: RecoveryBlock
}

/** In the order in which a recovery uses them. Source: PostgreSQL `xlog.h`, BACKUP_LABEL_FILE and its like. */
export const RECOVERY_FILES = [
  'recovery.signal',
  'standby.signal',
  'backup_label',
  'tablespace_map',
  'backup_label.old',
  'tablespace_map.old',
] as const

/** How far a restored cluster is. `standby`: it follows a primary for good. */
export type RestoredStage = 'not-started' | 'recovering' | 'standby' | 'open'

/**
 * A server takes `recovery.signal` away when its recovery is over, and renames `backup_label` when it begins. Source:
 * PostgreSQL `xlogrecovery.c`, `xlog.c`, `CleanupBackupHistory` and `exitArchiveRecovery`. Pure.
 */
export function stageOf({ control, files }: RestoredFiles): RestoredStage {
  if (files.includes('backup_label')) return 'not-started'
  if (files.includes('standby.signal')) return 'standby'
  if (files.includes('recovery.signal')) return 'recovering'
  return control.state === 'in-production' || control.state === 'shut-down' ? 'open' : 'recovering'
}
