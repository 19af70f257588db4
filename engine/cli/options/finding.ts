import type { OptionSpec } from './option.ts'

/** What is looked for in the WAL. */
export const FINDING_OPTIONS: readonly OptionSpec[] = [
  {
    long: 'what',
    value: { kind: 'choice', name: 'WHAT', choices: ['accidents', 'commits', 'restore-points', 'segments'] },
    group: 'WAL',
    commands: ['find'],
    meaning:
      'accidents: commits that dropped or truncated tables or databases, or deleted many rows. commits: all of them. restore-points: the names that pg_create_restore_point gave. segments: the first and last commit of each, and what is wrong with it.',
    default: 'accidents',
  },
  {
    long: 'from',
    value: { kind: 'moment', name: 'TIME' },
    group: 'WAL',
    commands: ['find'],
    meaning:
      'Not earlier than that, for example "2026-11-21 10:00:00.5+08". Without an offset it is local time.',
  },
  {
    long: 'to',
    value: { kind: 'moment', name: 'TIME' },
    group: 'WAL',
    commands: ['find'],
    meaning: 'Not later than that.',
  },
  {
    long: 'on-timeline',
    value: { kind: 'integer', name: 'N', min: 1, max: 0xffff_ffff },
    group: 'WAL',
    commands: ['find'],
    meaning: 'Only what happened on that timeline.',
  },
  {
    long: 'xid',
    value: { kind: 'integer', name: 'XID', min: 3, max: 0xffff_ffff },
    group: 'WAL',
    commands: ['find'],
    meaning: 'Only that transaction, and whether it was committed or aborted.',
  },
  {
    long: 'relation',
    value: { kind: 'text', name: 'NAME', maxBytes: 200 },
    group: 'WAL',
    commands: ['find'],
    meaning:
      'Only what took away a relation with that in its name, for example public.ledger, as a backup has it; or the one with that file: its relfilenode, which pg_relation_filenode tells.',
  },
  {
    long: 'min-deleted',
    value: { kind: 'integer', name: 'ROWS', min: 1, max: 1_000_000_000 },
    group: 'WAL',
    commands: ['find'],
    meaning: 'So many deleted rows make an accident. For commits: only those that deleted as many.',
    default: '1000 for accidents',
  },
  {
    long: 'min-updated',
    value: { kind: 'integer', name: 'ROWS', min: 1, max: 1_000_000_000 },
    group: 'WAL',
    commands: ['find'],
    meaning:
      'So many updated rows make an accident as well, unless it is searched by relation. For commits: only those that updated as many.',
  },
  {
    long: 'limit',
    value: { kind: 'integer', name: 'N', min: 1, max: 1000 },
    group: 'WAL',
    commands: ['find'],
    meaning: 'At most so many, the latest first.',
    default: '100',
  },
]
