import type { OptionSpec } from './option.ts'
import { FLAG } from './shared.ts'

/** Where a restore writes to, and what of the backup. */
export const RESTORE_OPTIONS: readonly OptionSpec[] = [
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
    meaning:
      'Restores a CORRUPT or ORPHAN backup, without validating it. What comes out may be damaged. Together with --incremental-mode it empties the directory of another cluster first, and mapped directories that are not empty.',
  },
  {
    long: 'incremental-mode',
    short: 'I',
    value: { kind: 'choice', name: 'MODE', choices: ['none', 'checksum', 'lsn'] },
    group: 'Restore',
    commands: ['restore'],
    meaning:
      'What becomes of a directory that is not empty. none refuses it, unless it holds an interrupted restore, which is continued. checksum keeps pages whose checksum and LSN are those of the backup; lsn relies on the history of a cluster with data checksums that was shut down, and stops where pages contradict it. Both delete what the backup does not have.',
    default: 'none',
  },
  {
    long: 'move-aside',
    value: FLAG,
    group: 'Restore',
    commands: ['restore'],
    meaning:
      'Renames a directory that is not empty to NAME.before-restore and restores into a new one; the old one keeps its room on the disk. An interrupted restore is continued instead. Not together with --incremental-mode.',
  },
  {
    long: 'db-include',
    value: { kind: 'text', name: 'NAME', maxBytes: 63 },
    group: 'Restore',
    commands: ['restore'],
    isRepeatable: true,
    meaning:
      'Restores this database and not the others, by the name it had; may be given several times. Files of the others are made empty: drop them when the server has started. template0 and template1 are always restored.',
  },
  {
    long: 'db-exclude',
    value: { kind: 'text', name: 'NAME', maxBytes: 63 },
    group: 'Restore',
    commands: ['restore'],
    isRepeatable: true,
    meaning: 'Restores all databases but this one; may be given several times.',
  },
  {
    long: 'destroy-all-other-dbs',
    value: FLAG,
    group: 'Restore',
    commands: ['restore'],
    meaning:
      'Lets --db-include and --db-exclude go together with --incremental-mode, which takes the other databases of the directory away.',
  },
  {
    long: 'copy-wal',
    value: FLAG,
    group: 'Restore',
    commands: ['restore'],
    meaning:
      'Copies the WAL that recovery needs out of the archive into the restored cluster, unpacked, and writes no restore_command that fetches any: the server can be started where neither the archive nor Tidemark is. What is archived later is not replayed. Not together with --restore-command.',
  },
  {
    long: 'waldir',
    short: 'X',
    value: { kind: 'path', name: 'DIR' },
    group: 'Restore',
    commands: ['restore'],
    meaning: 'An empty directory for the WAL, an absolute path; pg_wal becomes a link to it.',
  },
]

/** How far the restored server recovers. */
export const RECOVERY_TARGET_OPTIONS: readonly OptionSpec[] = [
  {
    long: 'recovery-target-time',
    aliases: ['time'],
    value: { kind: 'moment', name: 'TIME' },
    group: 'Recovery target',
    commands: ['restore', 'validate', 'drill'],
    meaning:
      'Recovery goes up to this moment, for example 2026-11-21 10:00:00+08; without an offset it is local time.',
  },
  {
    long: 'recovery-target-xid',
    aliases: ['xid'],
    value: { kind: 'text', name: 'XID', pattern: /^[0-9]{1,20}$/ },
    group: 'Recovery target',
    commands: ['restore', 'validate', 'drill'],
    meaning: 'Recovery goes up to this transaction ID, a decimal number.',
  },
  {
    long: 'recovery-target-lsn',
    aliases: ['lsn'],
    value: { kind: 'lsn', name: 'LSN' },
    group: 'Recovery target',
    commands: ['restore', 'validate', 'drill'],
    meaning: 'Recovery goes up to this WAL position, for example 16/B374D848.',
  },
  {
    long: 'recovery-target-name',
    value: { kind: 'text', name: 'NAME', maxBytes: 63 },
    group: 'Recovery target',
    commands: ['restore', 'validate', 'drill'],
    meaning: 'Recovery goes up to the restore point of this name, at most 63 bytes.',
  },
  {
    long: 'recovery-target',
    value: { kind: 'choice', name: 'WHERE', choices: ['immediate', 'latest'] },
    group: 'Recovery target',
    commands: ['restore', 'validate', 'drill'],
    meaning: 'immediate stops at the end of the backup itself, latest replays all WAL that can be found.',
  },
  {
    long: 'immediate',
    value: FLAG,
    group: 'Recovery target',
    commands: ['restore', 'validate', 'drill'],
    meaning: 'Older spelling of --recovery-target=immediate.',
  },
  {
    long: 'recovery-target-inclusive',
    aliases: ['inclusive'],
    value: { kind: 'boolean', name: 'BOOLEAN' },
    group: 'Recovery target',
    commands: ['restore', 'validate', 'drill'],
    meaning: 'Whether the transaction at the target itself is recovered; needs a time, xid or LSN.',
    default: 'true',
  },
  {
    long: 'recovery-target-timeline',
    aliases: ['timeline'],
    value: { kind: 'text', name: 'TIMELINE', pattern: /^([1-9][0-9]{0,9}|current|latest)$/ },
    group: 'Recovery target',
    commands: ['restore', 'validate', 'drill'],
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
]

/** A restored server that follows another one. */
export const STANDBY_OPTIONS: readonly OptionSpec[] = [
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
    long: 'promote',
    value: FLAG,
    group: 'Restore',
    commands: ['after-restore'],
    meaning: 'Lets the server open for writing that is paused at its target.',
  },
  {
    long: 'clean-up',
    value: FLAG,
    group: 'Restore',
    commands: ['after-restore'],
    meaning:
      'Takes the settings out of postgresql.auto.conf that the restore has marked as its own. Refused until recovery is over.',
  },
]
