import type { OptionSpec } from './option.ts'
import { FLAG, SAVES } from './shared.ts'

const APPLIES = ['backup', 'delete'] as const

/** What is written on a single backup. */
export const PIN_AND_NOTE_OPTIONS: readonly OptionSpec[] = [
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
]

/** How long backups and WAL are kept. */
export const RETENTION_OPTIONS: readonly OptionSpec[] = [
  {
    long: 'delete-expired',
    aliases: ['expired'],
    value: FLAG,
    group: 'Retention',
    commands: APPLIES,
    meaning:
      'Deletes the backups that neither retention nor a pin keeps, and that no kept backup needs. With backup: after it was taken.',
  },
  {
    long: 'merge-expired',
    value: FLAG,
    group: 'Retention',
    commands: APPLIES,
    meaning:
      'Merges expired FULL backups with the increments up to the first one that is kept, instead of keeping them for its sake.',
  },
  {
    long: 'delete-wal',
    aliases: ['wal'],
    value: FLAG,
    group: 'Retention',
    commands: APPLIES,
    meaning: 'Deletes archived WAL that no backup needs; timeline histories stay.',
  },
  {
    long: 'accept-broken-promise',
    value: FLAG,
    group: 'Retention',
    commands: APPLIES,
    meaning:
      'Applies retention also when it leaves no backup that can be restored, or less of the past than the retention window promises.',
  },
  {
    long: 'retention-rule',
    value: { kind: 'choice', name: 'TOOL', choices: ['probackup', 'gs'] },
    group: 'Retention',
    commands: APPLIES,
    meaning:
      'Whose arithmetic: probackup counts days of 24 hours back from now; gs, that of gs_probackup, counts days from midnight, today included, and only usable FULL backups.',
    default: 'that of the tool that wrote the newest backup',
  },
  {
    long: 'retention-redundancy',
    value: { kind: 'integer', name: 'COUNT', min: 0, max: 4294967295 },
    group: 'Retention',
    commands: [...SAVES, ...APPLIES],
    meaning: 'How many FULL backups are to be kept; 0 means no such rule.',
    default: '0',
    isSetting: true,
  },
  {
    long: 'retention-window',
    value: { kind: 'integer', name: 'DAYS', min: 0, max: 4294967295 },
    group: 'Retention',
    commands: [...SAVES, ...APPLIES],
    meaning: 'How many days back recovery is to be possible; 0 means no such rule.',
    default: '0',
    isSetting: true,
  },
  {
    long: 'wal-depth',
    value: { kind: 'integer', name: 'COUNT', min: 0, max: 4294967295 },
    group: 'Retention',
    commands: [...SAVES, ...APPLIES],
    meaning:
      'How many of the latest backups of a timeline keep the WAL for recovery to any moment; 0 means all.',
    default: '0',
    isSetting: true,
  },
]
