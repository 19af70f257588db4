import type { OptionSpec } from './option.ts'
import { FLAG } from './shared.ts'

/** Which backups a command is about. */
export const SELECTION_OPTIONS: readonly OptionSpec[] = [
  {
    long: 'backup-id',
    short: 'i',
    value: { kind: 'backup-id', name: 'ID' },
    group: 'Selection',
    commands: ['set-backup', 'show', 'restore', 'validate', 'drill', 'merge', 'delete'],
    meaning: 'The backup that is meant, for example TOTTEK.',
  },
  {
    long: 'status',
    value: {
      kind: 'choice',
      name: 'STATUS',
      choices: [
        'OK',
        'ERROR',
        'RUNNING',
        'MERGING',
        'MERGED',
        'DELETING',
        'DONE',
        'ORPHAN',
        'CORRUPT',
        'UNKNOWN',
      ],
    },
    group: 'Selection',
    commands: ['delete'],
    meaning: 'Deletes every backup with this status, and the increments that need one of them.',
  },
  {
    long: 'dry-run',
    value: FLAG,
    group: 'Selection',
    commands: ['merge', 'delete', 'backup'],
    meaning:
      'Says what would be merged or deleted and changes nothing. With backup it is about retention alone: the backup is taken.',
  },
]
