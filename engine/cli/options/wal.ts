import type { OptionSpec } from './option.ts'
import { SAVES } from './shared.ts'

/** Where WAL comes from, and how long it is waited for. */
export const WAL_OPTIONS: readonly OptionSpec[] = [
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
]
