import type { OptionSpec } from './option.ts'
import { FLAG } from './shared.ts'

/** How WAL is received all the time. */
export const RECEIVING_OPTIONS: readonly OptionSpec[] = [
  {
    long: 'slot',
    short: 'S',
    value: { kind: 'text', name: 'NAME', pattern: /^[a-z0-9_]{1,63}$/ },
    group: 'WAL',
    commands: ['receive-wal'],
    meaning:
      'Replication slot that makes the server keep WAL until it is safe in the archive: lower-case letters, digits and underscores, at most 63. Without one WAL can be lost while nothing receives.',
  },
  {
    long: 'create-slot',
    value: FLAG,
    group: 'WAL',
    commands: ['receive-wal'],
    meaning: 'Makes the slot where the server has none of that name, after a failover too.',
  },
]
