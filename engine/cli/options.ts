import { LOG_LEVELS } from '../base/log.ts'
import type { CommandName } from './command-list.ts'

/** What may stand behind an option. `name` is how help shows it. */
type ValueKind =
  | { readonly kind: 'flag' }
  | { readonly kind: 'text'; readonly name: string; readonly maxBytes?: number; readonly pattern?: RegExp }
  | { readonly kind: 'path'; readonly name: string }
  | { readonly kind: 'path-list'; readonly name: string }
  | { readonly kind: 'integer'; readonly name: string; readonly min: number; readonly max: number }
  | { readonly kind: 'duration'; readonly name: string; readonly bareUnit: 'ms' | 's' | 'min' }
  | { readonly kind: 'kilobytes'; readonly name: string }
  | { readonly kind: 'choice'; readonly name: string; readonly choices: readonly string[] }
  | { readonly kind: 'boolean'; readonly name: string }
  | { readonly kind: 'moment'; readonly name: string }
  | { readonly kind: 'mapping'; readonly name: string }
  | { readonly kind: 'backup-id'; readonly name: string }
  | { readonly kind: 'instance-name'; readonly name: string }
  | { readonly kind: 'lsn'; readonly name: string }

/** Headings of the help, in its order. */
export const OPTION_GROUPS = [
  'General',
  'Backup',
  'Restore',
  'Recovery target',
  'Standby',
  'Selection',
  'Output',
  'Retention',
  'Pin and note',
  'Compression',
  'WAL',
  'Connection',
  'Logging',
] as const

type OptionGroup = (typeof OPTION_GROUPS)[number]

/** One option of one or more commands. */
export type OptionSpec = {
  readonly long: string
  readonly short?: string
  /** Other spellings that scripts of the tool's family use. */
  readonly aliases?: readonly string[]
  readonly value: ValueKind
  readonly group: OptionGroup
  readonly commands: readonly CommandName[]
  /** Commands that take the option, say that it changes nothing, and go on. */
  readonly idleFor?: readonly CommandName[]
  /** Meaning, limits and units: one or two sentences. */
  readonly meaning: string
  readonly default?: string
  /** The environment variable that stands in for the option. */
  readonly environment?: string
  readonly isRepeatable?: boolean
  /** Whether it is a key of `pg_probackup.conf`: saved by set-config and add-instance, and the default of other commands. */
  readonly isSetting?: boolean
}

/** An option of the tool's family that this version refuses. It is never ignored in silence. */
export type RefusedOption = {
  readonly long: string
  readonly short?: string
  readonly hasValue: boolean
  readonly commands: readonly CommandName[]
  readonly reason: string
}

const FLAG = { kind: 'flag' } as const
const ABOUT_INSTANCE: readonly CommandName[] = [
  'add-instance',
  'del-instance',
  'set-config',
  'set-backup',
  'show-config',
  'show',
  'backup',
  'restore',
  'validate',
  'merge',
  'delete',
]
const ON_CATALOG: readonly CommandName[] = ['init', ...ABOUT_INSTANCE]
const SAVES: readonly CommandName[] = ['add-instance', 'set-config']
const RUNS_JOB: readonly CommandName[] = ['backup', 'restore', 'validate', 'merge', 'delete']
const LEVELS = { kind: 'choice', name: 'LEVEL', choices: LOG_LEVELS } as const
const FORMATS = { kind: 'choice', name: 'FORMAT', choices: ['plain', 'json'] } as const

/** Every option of this version, in the order of the help. */
export const OPTIONS: readonly OptionSpec[] = [
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
    commands: ['add-instance', 'set-config', 'backup', 'restore'],
    meaning: 'Data directory of the cluster, an absolute path; for restore the directory to restore into.',
    default: 'the saved setting; for add-instance what the server says',
    environment: 'PGDATA',
    isSetting: true,
  },
  {
    long: 'threads',
    short: 'j',
    value: { kind: 'integer', name: 'COUNT', min: 1, max: 64 },
    group: 'General',
    commands: RUNS_JOB,
    idleFor: ['delete'],
    meaning: 'How many workers read, check and write files at once, 1 to 64.',
    default: '1',
  },
  {
    long: 'progress',
    value: FLAG,
    group: 'General',
    commands: RUNS_JOB,
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
  {
    long: 'backup-mode',
    short: 'b',
    value: { kind: 'choice', name: 'MODE', choices: ['FULL', 'DELTA', 'PAGE', 'PTRACK', 'AUTO'] },
    group: 'Backup',
    commands: ['backup'],
    meaning:
      'FULL copies everything; DELTA, PAGE and PTRACK copy what changed since the newest usable backup; AUTO takes the cheapest that is possible. Required.',
  },
  {
    long: 'stream',
    value: FLAG,
    group: 'Backup',
    commands: ['backup'],
    meaning:
      'Receives the WAL of the backup from the server and stores it inside the backup. This is the default.',
  },
  {
    long: 'no-stream',
    value: FLAG,
    group: 'Backup',
    commands: ['backup'],
    meaning:
      "Relies on the server's archive_command to bring the WAL of the backup into the catalog (WAL mode ARCHIVE).",
  },
  {
    long: 'slot',
    short: 'S',
    value: { kind: 'text', name: 'NAME', pattern: /^[a-z0-9_]{1,63}$/ },
    group: 'Backup',
    commands: ['backup'],
    meaning: 'Replication slot to receive WAL from: lower-case letters, digits and underscores, at most 63.',
  },
  {
    long: 'temp-slot',
    value: FLAG,
    group: 'Backup',
    commands: ['backup'],
    meaning: 'Makes a replication slot for this backup only.',
  },
  {
    long: 'smooth-checkpoint',
    short: 'C',
    value: FLAG,
    group: 'Backup',
    commands: ['backup'],
    meaning:
      'Lets the server take its time with the first checkpoint: gentler, but the start may wait for minutes. Without it the checkpoint is immediate.',
  },
  {
    long: 'backup-pg-log',
    value: FLAG,
    group: 'Backup',
    commands: ['backup'],
    meaning: "Also backs up the server's log directory.",
  },
  {
    long: 'external-dirs',
    short: 'E',
    value: { kind: 'path-list', name: 'DIR[:DIR]' },
    group: 'Backup',
    commands: ['backup', ...SAVES],
    meaning:
      'Directories outside the data directory to back up as well, absolute paths joined by colons; none means none.',
    default: 'the saved setting',
    isSetting: true,
  },
  {
    long: 'no-validate',
    value: FLAG,
    group: 'Backup',
    commands: ['backup', 'restore', 'merge', 'delete'],
    idleFor: ['delete'],
    meaning:
      'Skips validation: a backup then stays DONE instead of OK, restore and merge trust the files as they are.',
  },
  {
    long: 'skip-block-validation',
    value: FLAG,
    group: 'Backup',
    commands: ['backup', 'restore', 'validate'],
    meaning:
      'Checks whole files only, not each page. Faster, and blind to a page that was damaged before the backup.',
  },
  {
    long: 'no-sync',
    value: FLAG,
    group: 'Backup',
    commands: ['backup', 'restore', 'merge', 'delete'],
    idleFor: ['delete'],
    meaning:
      'Does not force written files to disk. Only for throw-away copies: a power failure may leave them empty.',
  },
  {
    long: 'start-time',
    value: { kind: 'integer', name: 'SECONDS', min: 1, max: 2 ** 40 },
    group: 'Backup',
    commands: ['backup'],
    meaning:
      'Forces the start time, in Unix seconds, and with it the ID. Must be later than the newest backup.',
    default: 'now',
  },
  {
    long: 'trust-file-times',
    value: FLAG,
    group: 'Backup',
    commands: ['backup'],
    meaning:
      'For DELTA, or AUTO that becomes DELTA: does not read data files that have the size of then and were last touched a day or more before the parent began. Trusts the sizes, modification and status change times of the file system, and so the kernel and the clock of the server; a sample is read all the same, and when it contradicts, everything is. Cannot be saved.',
  },
  {
    long: 'backup-id',
    short: 'i',
    value: { kind: 'backup-id', name: 'ID' },
    group: 'Selection',
    commands: ['set-backup', 'show', 'restore', 'validate', 'merge', 'delete'],
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
    commands: ['merge', 'delete'],
    meaning: 'Says what would be merged or deleted and changes nothing.',
  },
  {
    long: 'tablespace-mapping',
    short: 'T',
    value: { kind: 'mapping', name: 'OLD=NEW' },
    group: 'Restore',
    commands: ['restore'],
    isRepeatable: true,
    meaning: 'Restores the tablespace that was in OLD into NEW. May be given once for each tablespace.',
  },
  {
    long: 'external-mapping',
    value: { kind: 'mapping', name: 'OLD=NEW' },
    group: 'Restore',
    commands: ['restore'],
    isRepeatable: true,
    meaning:
      'Restores the external directory that was in OLD into NEW. May be given once for each directory.',
  },
  {
    long: 'skip-external-dirs',
    value: FLAG,
    group: 'Restore',
    commands: ['restore'],
    meaning: 'Leaves the external directories of the backup out.',
  },
  {
    long: 'force',
    value: FLAG,
    group: 'Restore',
    commands: ['restore'],
    meaning: 'Restores a CORRUPT or ORPHAN backup, without validating it. What comes out may be damaged.',
  },
  {
    long: 'incremental-mode',
    short: 'I',
    value: { kind: 'choice', name: 'MODE', choices: ['none', 'checksum', 'lsn'] },
    group: 'Restore',
    commands: ['restore'],
    meaning: 'Only none is there in this version: the directory to restore into must be empty.',
    default: 'none',
  },
  {
    long: 'recovery-target-time',
    aliases: ['time'],
    value: { kind: 'moment', name: 'TIME' },
    group: 'Recovery target',
    commands: ['restore'],
    meaning:
      'Recovers up to this moment, for example 2026-11-21 10:00:00+08; without an offset it is local time.',
  },
  {
    long: 'recovery-target-xid',
    aliases: ['xid'],
    value: { kind: 'text', name: 'XID', pattern: /^[0-9]{1,20}$/ },
    group: 'Recovery target',
    commands: ['restore'],
    meaning: 'Recovers up to this transaction ID, a decimal number.',
  },
  {
    long: 'recovery-target-lsn',
    aliases: ['lsn'],
    value: { kind: 'lsn', name: 'LSN' },
    group: 'Recovery target',
    commands: ['restore'],
    meaning: 'Recovers up to this WAL position, for example 16/B374D848.',
  },
  {
    long: 'recovery-target-name',
    value: { kind: 'text', name: 'NAME', maxBytes: 63 },
    group: 'Recovery target',
    commands: ['restore'],
    meaning: 'Recovers up to the restore point of this name, at most 63 bytes.',
  },
  {
    long: 'recovery-target',
    value: { kind: 'choice', name: 'WHERE', choices: ['immediate', 'latest'] },
    group: 'Recovery target',
    commands: ['restore'],
    meaning: 'immediate stops at the end of the backup itself, latest replays all WAL that can be found.',
  },
  {
    long: 'immediate',
    value: FLAG,
    group: 'Recovery target',
    commands: ['restore'],
    meaning: 'Older spelling of --recovery-target=immediate.',
  },
  {
    long: 'recovery-target-inclusive',
    aliases: ['inclusive'],
    value: { kind: 'boolean', name: 'BOOLEAN' },
    group: 'Recovery target',
    commands: ['restore'],
    meaning: 'Whether the transaction at the target itself is recovered; needs a time, xid or LSN.',
    default: 'true',
  },
  {
    long: 'recovery-target-timeline',
    aliases: ['timeline'],
    value: { kind: 'text', name: 'TIMELINE', pattern: /^([1-9][0-9]{0,9}|current|latest)$/ },
    group: 'Recovery target',
    commands: ['restore'],
    meaning: 'Timeline to follow: a number, current or latest.',
  },
  {
    long: 'recovery-target-action',
    value: { kind: 'choice', name: 'ACTION', choices: ['pause', 'promote', 'shutdown'] },
    group: 'Recovery target',
    commands: ['restore'],
    meaning: 'What the server does when it has reached the target: pause, promote or shutdown.',
    default: 'pause',
  },
  {
    long: 'restore-as-replica',
    short: 'R',
    value: FLAG,
    group: 'Standby',
    commands: ['restore'],
    meaning: 'Writes the settings with which the restored server starts as a standby.',
  },
  {
    long: 'primary-conninfo',
    value: { kind: 'text', name: 'CONNINFO', maxBytes: 4096 },
    group: 'Standby',
    commands: ['restore'],
    meaning:
      'How the standby reaches its primary, as libpq key=value pairs. Keep the password in a .pgpass file instead.',
    default: 'how the backup was taken',
  },
  {
    long: 'primary-slot-name',
    short: 'S',
    value: { kind: 'text', name: 'NAME', pattern: /^[a-z0-9_]{1,63}$/ },
    group: 'Standby',
    commands: ['restore'],
    meaning: 'Replication slot on the primary that the standby uses.',
  },
  {
    long: 'format',
    value: FORMATS,
    group: 'Output',
    commands: ['show', 'show-config'],
    meaning: 'plain for people, json for programs.',
    default: 'plain',
  },
  {
    long: 'no-scale-units',
    value: FLAG,
    group: 'Output',
    commands: ['show-config'],
    meaning: 'Prints times and sizes in their base units: seconds, milliseconds or kilobytes.',
  },
  {
    long: 'note',
    value: { kind: 'text', name: 'TEXT', maxBytes: 1024 },
    group: 'Pin and note',
    commands: ['backup', 'set-backup'],
    meaning: 'A free text of at most 1024 bytes that is kept with the backup; none removes it.',
  },
  {
    long: 'ttl',
    value: { kind: 'duration', name: 'TIME', bareUnit: 's' },
    group: 'Pin and note',
    commands: ['backup', 'set-backup'],
    meaning:
      'Pins the backup for this long, counted from its recovery time: ms, s (default), min, h or d. 0 unpins.',
  },
  {
    long: 'expire-time',
    value: { kind: 'moment', name: 'TIME' },
    group: 'Pin and note',
    commands: ['backup', 'set-backup'],
    meaning:
      'Pins the backup until this moment, for example 2027-01-01 00:00:00+08. Not together with --ttl.',
  },
  {
    long: 'retention-redundancy',
    value: { kind: 'integer', name: 'COUNT', min: 0, max: 4294967295 },
    group: 'Retention',
    commands: SAVES,
    meaning: 'How many FULL backups are to be kept; 0 means no such rule. Saved for the tools that apply it.',
    default: '0',
    isSetting: true,
  },
  {
    long: 'retention-window',
    value: { kind: 'integer', name: 'DAYS', min: 0, max: 4294967295 },
    group: 'Retention',
    commands: SAVES,
    meaning:
      'How many days back recovery is to be possible; 0 means no such rule. Saved for the tools that apply it.',
    default: '0',
    isSetting: true,
  },
  {
    long: 'wal-depth',
    value: { kind: 'integer', name: 'COUNT', min: 0, max: 4294967295 },
    group: 'Retention',
    commands: SAVES,
    meaning:
      'How many of the latest backups of a timeline keep the WAL for recovery to any moment; 0 means all. Saved for the tools that apply it.',
    default: '0',
    isSetting: true,
  },
  {
    long: 'compress',
    value: FLAG,
    group: 'Compression',
    commands: ['backup'],
    meaning: 'The same as --compress-algorithm=zlib --compress-level=1.',
  },
  {
    long: 'compress-algorithm',
    value: { kind: 'choice', name: 'NAME', choices: ['none', 'zlib', 'pglz', 'lz4', 'zstd'] },
    group: 'Compression',
    commands: ['backup', ...SAVES],
    meaning:
      'How pages are compressed: zlib is small, pglz needs no library, none is plain. lz4 (fastest) and zstd (small and fast) make backups that only Tidemark can read; they cannot be saved as a setting.',
    default: 'none',
    isSetting: true,
  },
  {
    long: 'compress-level',
    value: { kind: 'integer', name: 'LEVEL', min: 0, max: 22 },
    group: 'Compression',
    commands: ['backup', ...SAVES],
    meaning: 'How hard zlib tries, from 1 (fast) to 9 (small), 0 only stores; for zstd from 1 to 22.',
    default: '1',
    isSetting: true,
  },
  {
    long: 'archive-timeout',
    value: { kind: 'duration', name: 'TIME', bareUnit: 's' },
    group: 'WAL',
    commands: ['backup', ...SAVES],
    meaning: 'How long a backup waits for the WAL it needs: ms, s (default), min, h or d.',
    default: '5min',
    isSetting: true,
  },
  {
    long: 'restore-command',
    value: { kind: 'text', name: 'COMMAND', maxBytes: 2000 },
    group: 'WAL',
    commands: ['restore', ...SAVES],
    meaning: 'Command with which the restored server fetches WAL from an archive; none means none.',
    isSetting: true,
  },
  {
    long: 'pghost',
    short: 'h',
    value: { kind: 'text', name: 'HOST' },
    group: 'Connection',
    commands: ['backup', ...SAVES],
    meaning: 'Name or address of the server, or the directory of its socket.',
    default: 'the local socket',
    environment: 'PGHOST',
    isSetting: true,
  },
  {
    long: 'pgport',
    short: 'p',
    value: { kind: 'integer', name: 'PORT', min: 1, max: 65535 },
    group: 'Connection',
    commands: ['backup', ...SAVES],
    meaning: 'Port of the server, 1 to 65535; also the ending of its socket file.',
    default: '5432',
    environment: 'PGPORT',
    isSetting: true,
  },
  {
    long: 'pguser',
    short: 'U',
    value: { kind: 'text', name: 'ROLE' },
    group: 'Connection',
    commands: ['backup', ...SAVES],
    meaning: 'Role to connect as.',
    default: 'the user of the operating system',
    environment: 'PGUSER',
    isSetting: true,
  },
  {
    long: 'pgdatabase',
    short: 'd',
    value: { kind: 'text', name: 'DATABASE' },
    group: 'Connection',
    commands: ['backup', ...SAVES],
    meaning: 'Database for the control connection. The whole cluster is backed up whatever it is.',
    default: 'postgres',
    environment: 'PGDATABASE',
    isSetting: true,
  },
  {
    long: 'no-password',
    short: 'w',
    value: FLAG,
    group: 'Connection',
    commands: ['backup', 'add-instance'],
    meaning: 'Never asks for a password: fails at once when the server wants one that is not in .pgpass.',
  },
  {
    long: 'password',
    short: 'W',
    value: FLAG,
    group: 'Connection',
    commands: ['backup', 'add-instance'],
    meaning:
      'Asks for the password on the terminal before connecting. A password is never taken from the command line.',
  },
  {
    long: 'log-level-console',
    value: LEVELS,
    group: 'Logging',
    commands: ON_CATALOG,
    meaning:
      'What is printed on standard error: verbose, log, info, warning, error or off, each with the ones after it.',
    default: 'info',
    isSetting: true,
  },
  {
    long: 'log-level-file',
    value: LEVELS,
    group: 'Logging',
    commands: ON_CATALOG,
    meaning: 'What is written to the log file: verbose, log, info, warning, error or off.',
    default: 'off',
    isSetting: true,
  },
  {
    long: 'log-format-console',
    value: FORMATS,
    group: 'Logging',
    commands: ON_CATALOG.filter((command) => command !== 'set-config'),
    meaning: 'Form of what is printed: plain, or json with one object a line. It cannot be saved.',
    default: 'plain',
  },
  {
    long: 'log-format-file',
    value: FORMATS,
    group: 'Logging',
    commands: ON_CATALOG,
    meaning: 'Form of the log file: plain, or json with one object a line.',
    default: 'plain',
    isSetting: true,
  },
  {
    long: 'log-filename',
    value: { kind: 'text', name: 'NAME', maxBytes: 255 },
    group: 'Logging',
    commands: ON_CATALOG,
    meaning:
      'Name of the log file, with strftime escapes: pg_probackup-%u.log makes one for each weekday. Only used when the file level is not off.',
    default: 'pg_probackup.log',
    isSetting: true,
  },
  {
    long: 'error-log-filename',
    value: { kind: 'text', name: 'NAME', maxBytes: 255 },
    group: 'Logging',
    commands: ON_CATALOG,
    meaning: 'Name of a second file that gets errors only, with strftime escapes as well.',
    default: 'none',
    isSetting: true,
  },
  {
    long: 'log-directory',
    value: { kind: 'path', name: 'DIR' },
    group: 'Logging',
    commands: ON_CATALOG,
    meaning: 'Directory of the log files, an absolute path. Made when the first line is written.',
    default: 'log in the catalog',
    isSetting: true,
  },
  {
    long: 'log-rotation-size',
    value: { kind: 'kilobytes', name: 'SIZE' },
    group: 'Logging',
    commands: ON_CATALOG,
    meaning: 'Starts the log file afresh once it has this size: kB (default), MB, GB or TB. 0 never does.',
    default: '0',
    isSetting: true,
  },
  {
    long: 'log-rotation-age',
    value: { kind: 'duration', name: 'TIME', bareUnit: 'min' },
    group: 'Logging',
    commands: ON_CATALOG,
    meaning:
      'Starts the log file afresh once it is older than this: ms, s, min (default), h or d. 0 never does.',
    default: '0',
    isSetting: true,
  },
]

const REMOTE = 'this version works on the machine of the cluster and of the catalog only'
const RETENTION = 'this version does not apply retention rules'
const MASTER = 'it is out of date; give the connection of the server that is backed up'
const OPENGAUSS = 'this version backs up PostgreSQL only'
const WITH_SERVER: readonly CommandName[] = ['backup', 'restore', ...SAVES]

/** Every option that scripts of the tool's family may hold and that this version cannot honour. */
export const REFUSED_OPTIONS: readonly RefusedOption[] = [
  refuse('delete-expired', ['backup', 'delete'], RETENTION),
  refuse('expired', ['delete'], RETENTION),
  refuse('merge-expired', ['backup', 'delete'], RETENTION),
  refuse('delete-wal', ['backup', 'delete'], 'this version does not purge the WAL archive'),
  refuse('wal', ['delete'], 'this version does not purge the WAL archive'),
  refuse('dry-run', ['backup'], RETENTION),
  refuseValue('retention-redundancy', ['backup', 'delete'], `${RETENTION}; set-config saves them`),
  refuseValue('retention-window', ['backup', 'delete'], `${RETENTION}; set-config saves them`),
  refuseValue('wal-depth', ['backup', 'delete'], `${RETENTION}; set-config saves them`),
  { ...refuse('perm-slot', ['backup'], 'make the slot on the server and name it with --slot'), short: 'P' },
  { ...refuseValue('waldir', ['restore'], 'pg_wal is restored inside the data directory'), short: 'X' },
  refuseValue('db-include', ['restore', 'validate'], 'this version restores whole clusters only'),
  refuseValue('db-exclude', ['restore', 'validate'], 'this version restores whole clusters only'),
  refuse('destroy-all-other-dbs', ['restore'], 'this version restores whole clusters only'),
  ...[
    'recovery-target-time',
    'recovery-target-xid',
    'recovery-target-lsn',
    'recovery-target-name',
    'recovery-target-inclusive',
    'recovery-target-timeline',
    'recovery-target',
    'recovery-target-action',
    'time',
    'xid',
    'lsn',
    'inclusive',
    'timeline',
  ].map((long) =>
    refuseValue(long, ['validate'], 'this version validates backups, not the way to a recovery target'),
  ),
  refuse('immediate', ['validate'], 'this version validates backups, not the way to a recovery target'),
  refuse('archive', ['show'], 'this version does not list the WAL archive'),
  refuseValue('log-format-console', ['set-config'], 'it can be given on the command line only'),
  ...[
    'remote-proto',
    'remote-host',
    'remote-port',
    'remote-path',
    'remote-user',
    'remote-libpath',
    'ssh-options',
    'ssh-config',
    'archive-host',
    'archive-port',
    'archive-user',
  ].map((long) => refuseValue(long, WITH_SERVER, REMOTE)),
  ...['master-db', 'master-host', 'master-port', 'master-user', 'replica-timeout'].map((long) =>
    refuseValue(long, ['backup', ...SAVES], MASTER),
  ),
  refuse('backup-pg-replslot', ['backup'], OPENGAUSS),
  { ...refuseValue('rw-timeout', WITH_SERVER, OPENGAUSS), short: 't' },
  { ...refuseValue('media-type', ON_CATALOG, OPENGAUSS), short: 'M' },
  ...[
    's3-status',
    'access-id',
    'access-key',
    'access-bucket',
    'endpoint',
    'region',
    'vgname',
    'socketpath',
    'instance-id',
    'with-key',
    'with-salt',
    'with-device-params',
  ].map((long) => refuseValue(long, ON_CATALOG, OPENGAUSS)),
  ...['enable-dss', 'with-encryption', 'gen-key'].map((long) => refuse(long, ON_CATALOG, OPENGAUSS)),
]

/** The options that `command` takes, in the order of the help. */
export function optionsOf(command: CommandName): readonly OptionSpec[] {
  return OPTIONS.filter((option) => option.commands.includes(command))
}

/** The options that `command` has in other tools of the family and refuses here. */
export function refusedOptionsOf(command: CommandName): readonly RefusedOption[] {
  return REFUSED_OPTIONS.filter((option) => option.commands.includes(command))
}

function refuse(long: string, commands: readonly CommandName[], reason: string): RefusedOption {
  return { long, hasValue: false, commands, reason }
}

function refuseValue(long: string, commands: readonly CommandName[], reason: string): RefusedOption {
  return { long, hasValue: true, commands, reason }
}
