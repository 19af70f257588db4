import type { OptionSpec } from './option.ts'

const text = (long: string, name: string, meaning: string): OptionSpec => ({
  long,
  value: { kind: 'text', name, maxBytes: 2000 },
  group: 'For other tools',
  commands: ['set-config'],
  meaning,
  isSetting: true,
})

/** Settings of `pg_probackup.conf` that other tools of the family use and this version only keeps. */
export const SAVED_OPTIONS: readonly OptionSpec[] = [
  text(
    'master-db',
    'NAME',
    'Database of the primary, for a backup of a standby of PostgreSQL 9.5 and older.',
  ),
  text('master-host', 'HOST', 'Host of that primary.'),
  text('master-port', 'PORT', 'Port of that primary.'),
  text('master-user', 'NAME', 'Role on that primary.'),
  {
    long: 'replica-timeout',
    value: { kind: 'duration', name: 'TIME', bareUnit: 's' },
    group: 'For other tools',
    commands: ['set-config'],
    meaning: 'How long such a backup waits for the standby: ms, s (default), min, h or d.',
    default: '5min',
    isSetting: true,
  },
  text('archive-host', 'HOST', 'Host from which a restored server fetches WAL over SSH.'),
  text('archive-port', 'PORT', 'Port of SSH there.'),
  text('archive-user', 'NAME', 'User of SSH there.'),
  {
    long: 'remote-proto',
    value: { kind: 'choice', name: 'WAY', choices: ['ssh', 'none'] },
    group: 'For other tools',
    commands: ['set-config'],
    meaning: 'How the machine of the cluster is reached.',
    default: 'ssh',
    isSetting: true,
  },
  text('remote-host', 'HOST', 'Machine of the cluster, where that is another one.'),
  text('remote-port', 'PORT', 'Port of SSH there.'),
  text('remote-path', 'DIR', 'Where the tool is installed there.'),
  text('remote-user', 'NAME', 'User of SSH there.'),
  text('ssh-options', 'OPTIONS', 'Options for ssh.'),
  text('ssh-config', 'FILE', 'Configuration for ssh.'),
]
