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
    commands: ['merge', 'delete', 'backup', 'slots'],
    meaning:
      'Says what would be merged, deleted or dropped and changes nothing. With backup it is about retention alone: the backup is taken.',
  },
  {
    long: 'drop',
    value: { kind: 'text', name: 'NAME', pattern: /^[a-z0-9_]{1,63}$/ },
    group: 'Selection',
    commands: ['slots'],
    isRepeatable: true,
    meaning:
      'Drops this replication slot of the server: to name it is to confirm it. One that is in use stays. Can be given several times; what became of each is told, and the exit status is 0 only when all were dropped.',
  },
]
