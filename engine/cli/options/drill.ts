import type { OptionSpec } from './option.ts'
import { FLAG } from './shared.ts'

/** What a drill looks at, and where. */
export const DRILL_OPTIONS: readonly OptionSpec[] = [
  {
    long: 'check-sql',
    value: { kind: 'text', name: 'SQL', maxBytes: 100_000 },
    group: 'Restore test',
    commands: ['drill'],
    isRepeatable: true,
    meaning:
      'A query that must not fail on the restored server. With " => VALUE" at its end it must give just that: rows as lines, cells joined by "|". May be given several times.',
  },
  {
    long: 'check-database',
    value: { kind: 'text', name: 'NAME', maxBytes: 63 },
    group: 'Restore test',
    commands: ['drill'],
    meaning: 'The database in which --check-sql runs.',
    default: 'postgres',
  },
  {
    long: 'check-indexes',
    value: FLAG,
    group: 'Restore test',
    commands: ['drill'],
    meaning: 'Checks every B-tree index, in databases that have the extension amcheck.',
  },
  {
    long: 'check-timeout',
    value: { kind: 'duration', name: 'TIME', bareUnit: 's' },
    group: 'Restore test',
    commands: ['drill'],
    meaning: 'How long one check may take before it has failed.',
    default: '10min',
  },
  {
    long: 'recovery-timeout',
    value: { kind: 'duration', name: 'TIME', bareUnit: 's' },
    group: 'Restore test',
    commands: ['drill'],
    meaning: 'How long recovery may take before the test has failed.',
    default: '6h',
  },
  {
    long: 'scratch-dir',
    value: { kind: 'path', name: 'DIR' },
    group: 'Restore test',
    commands: ['drill'],
    meaning:
      'Where the restore is made, in a directory of its own that is removed in the end. It needs room for the cluster. The temporary directory, when it is left out; for root one that belongs to an ordinary user, as whom the server then runs.',
  },
  {
    long: 'server-programs',
    value: { kind: 'path', name: 'DIR' },
    group: 'Restore test',
    commands: ['drill'],
    meaning:
      'The directory with the programs of a server of the same major version. Where PATH or the packages of the system put them, when it is left out.',
  },
]
