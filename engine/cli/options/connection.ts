import type { CommandName } from '../command-list.ts'
import type { OptionSpec } from './option.ts'
import { FLAG, SAVES } from './shared.ts'

const ASKS_SERVER: readonly CommandName[] = ['backup', 'receive-wal', 'slots', ...SAVES]

/** How the server is reached. */
export const CONNECTION_OPTIONS: readonly OptionSpec[] = [
  {
    long: 'pghost',
    short: 'h',
    value: { kind: 'text', name: 'HOST' },
    group: 'Connection',
    commands: ASKS_SERVER,
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
    commands: ASKS_SERVER,
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
    commands: ASKS_SERVER,
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
    commands: ASKS_SERVER,
    meaning: 'Database for the control connection. The whole cluster is backed up whatever it is.',
    default: 'the one named like the role, else postgres or template1',
    environment: 'PGDATABASE',
    isSetting: true,
  },
  {
    long: 'no-password',
    short: 'w',
    value: FLAG,
    group: 'Connection',
    commands: ['backup', 'receive-wal', 'slots', 'add-instance'],
    meaning: 'Never asks for a password: fails at once when the server wants one that is not in .pgpass.',
  },
  {
    long: 'password',
    short: 'W',
    value: FLAG,
    group: 'Connection',
    commands: ['backup', 'receive-wal', 'slots', 'add-instance'],
    meaning:
      'Asks for the password on the terminal before connecting. A password is never taken from the command line.',
  },
]
