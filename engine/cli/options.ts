import type { CommandName } from './command-list.ts'
import { BACKUP_OPTIONS } from './options/backup.ts'
import { COMPRESSION_OPTIONS } from './options/compression.ts'
import { CONNECTION_OPTIONS } from './options/connection.ts'
import { DRILL_OPTIONS } from './options/drill.ts'
import { FINDING_OPTIONS } from './options/finding.ts'
import { GENERAL_OPTIONS } from './options/general.ts'
import { LOGGING_OPTIONS } from './options/logging.ts'
import { OUTPUT_OPTIONS } from './options/output.ts'
import { RECEIVING_OPTIONS } from './options/receiving.ts'
import { RECOVERY_TARGET_OPTIONS, RESTORE_OPTIONS, STANDBY_OPTIONS } from './options/restore.ts'
import { PIN_AND_NOTE_OPTIONS, RETENTION_OPTIONS } from './options/retention.ts'
import { SELECTION_OPTIONS } from './options/selection.ts'
import { WAL_OPTIONS } from './options/wal.ts'
import { SAVED_OPTIONS } from './options/saved.ts'
import type { OptionSpec, RefusedOption } from './options/option.ts'
import { REFUSED_OPTIONS } from './options/refused.ts'

/** Every option of this version, in the order of the help. The groups are in `options/`. */
export const OPTIONS: readonly OptionSpec[] = [
  ...GENERAL_OPTIONS,
  ...BACKUP_OPTIONS,
  ...SELECTION_OPTIONS,
  ...RESTORE_OPTIONS,
  ...RECOVERY_TARGET_OPTIONS,
  ...DRILL_OPTIONS,
  ...STANDBY_OPTIONS,
  ...OUTPUT_OPTIONS,
  ...PIN_AND_NOTE_OPTIONS,
  ...RETENTION_OPTIONS,
  ...COMPRESSION_OPTIONS,
  ...WAL_OPTIONS,
  ...RECEIVING_OPTIONS,
  ...FINDING_OPTIONS,
  ...CONNECTION_OPTIONS,
  ...LOGGING_OPTIONS,
  ...SAVED_OPTIONS,
]

/** The options that `command` takes, in the order of the help. */
export function optionsOf(command: CommandName): readonly OptionSpec[] {
  return OPTIONS.filter((option) => option.commands.includes(command))
}

/** The options that `command` has in other tools of the family and refuses here. */
export function refusedOptionsOf(command: CommandName): readonly RefusedOption[] {
  return REFUSED_OPTIONS.filter((option) => option.commands.includes(command))
}
