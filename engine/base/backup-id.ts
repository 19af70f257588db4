import type { Branded } from './brand.ts'
import { EngineError } from './engine-error.ts'

/**
 * The name of a backup: its start time in Unix seconds, in base 36 with upper-case digits.
 * Source: `catalog-format.md` section 2.
 */
export type BackupId = Branded<string, 'BackupId'>

/** The id of a backup that started at that Unix second. */
export function backupIdFromSeconds(seconds: number): BackupId {
  return seconds.toString(36).toUpperCase() as BackupId
}

/** The Unix second an id stands for. */
export function secondsFromBackupId(id: BackupId): number {
  return Number.parseInt(id, 36)
}

/**
 * Reads an id that a person or a file gave; lower case is accepted.
 *
 * @throws {EngineError} `value.malformed`
 */
export function parseBackupId(text: string): BackupId {
  if (!/^[0-9A-Za-z]{1,10}$/.test(text) || Number.parseInt(text, 36) === 0) {
    throw new EngineError('value.malformed', `"${text}" is not a backup ID`, {
      hint: 'Take an ID from the list of backups, for example TOTTEK.',
    })
  }
  return text.toUpperCase() as BackupId
}
