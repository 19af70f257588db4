import type { OptionSpec } from './option.ts'
import { SAVES } from './shared.ts'

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
]
