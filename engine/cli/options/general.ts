import type { OptionSpec } from './option.ts'
import { ABOUT_INSTANCE, CALLED_BY_SERVER, FLAG, ON_CATALOG, RUNS_JOB } from './shared.ts'

/** What every command on a catalog takes, and how much of the machine a job may use. */
export const GENERAL_OPTIONS: readonly OptionSpec[] = [
  {
    long: 'backup-path',
    short: 'B',
    value: { kind: 'path', name: 'DIR' },
    group: 'General',
    commands: ON_CATALOG,
    meaning: 'Directory of the backup catalog, an absolute path.',
    environment: 'BACKUP_PATH',
  },
  {
    long: 'instance',
    value: { kind: 'instance-name', name: 'NAME' },
    group: 'General',
    commands: ABOUT_INSTANCE,
    meaning:
      'Name of the instance in the catalog. Only show and validate work without one, on all instances.',
  },
  {
    long: 'pgdata',
    short: 'D',
    value: { kind: 'path', name: 'DIR' },
    group: 'General',
    commands: ['add-instance', 'set-config', 'backup', 'restore', 'after-restore'],
    meaning:
      'Data directory of the cluster, an absolute path; for restore the directory to restore into, for after-restore the one that was restored into.',
    default: 'the saved setting; for add-instance what the server says',
    environment: 'PGDATA',
    isSetting: true,
  },
  {
    long: 'threads',
    short: 'j',
    value: { kind: 'integer', name: 'COUNT', min: 1, max: 64 },
    group: 'General',
    commands: [...RUNS_JOB.filter((command) => command !== 'receive-wal'), ...CALLED_BY_SERVER],
    idleFor: ['delete'],
    meaning: 'How many workers read, check and write files at once, 1 to 64.',
    default: '1',
  },
  {
    long: 'progress',
    value: FLAG,
    group: 'General',
    commands: [...RUNS_JOB, 'find'],
    meaning: 'Shows phase, bytes, files, rate and remaining time on standard error while the job runs.',
  },
  {
    long: 'no-color',
    value: FLAG,
    group: 'General',
    commands: ON_CATALOG,
    meaning: 'Prints without colours. They are only used on a terminal anyway.',
  },
  {
    long: 'help',
    short: '?',
    value: FLAG,
    group: 'General',
    commands: [...ON_CATALOG, 'version', 'help'],
    meaning: 'Explains the command and its options.',
  },
]
