import type { OptionSpec } from './option.ts'
import { CALLED_BY_SERVER, FLAG, SAVES } from './shared.ts'

/** Where WAL comes from, and how long it is waited for. */
export const WAL_OPTIONS: readonly OptionSpec[] = [
  {
    long: 'archive-timeout',
    value: { kind: 'duration', name: 'TIME', bareUnit: 's' },
    group: 'WAL',
    commands: ['backup', 'archive-push', ...SAVES],
    meaning:
      'How long a backup waits for the WAL it needs, and archive-push watches a file that another process seems to be writing: ms, s (default), min, h or d.',
    default: '5min',
    isSetting: true,
  },
  {
    long: 'restore-command',
    value: { kind: 'text', name: 'COMMAND', maxBytes: 2000 },
    group: 'WAL',
    commands: ['restore', 'drill', ...SAVES],
    meaning: 'Command with which the restored server fetches WAL from an archive; none means none.',
    isSetting: true,
  },
  {
    long: 'wal-file-name',
    value: { kind: 'text', name: 'NAME', maxBytes: 64 },
    group: 'WAL',
    commands: CALLED_BY_SERVER,
    meaning: 'Name of the file that the server archives or asks for: %f. Required.',
  },
  {
    long: 'wal-file-path',
    value: { kind: 'text', name: 'PATH', maxBytes: 4096 },
    group: 'WAL',
    commands: CALLED_BY_SERVER,
    meaning:
      'Where that file is or is to be: %p, relative to the data directory in which the server calls the command. Required for archive-get.',
    default: 'pg_wal in the working directory',
  },
  {
    long: 'overwrite',
    value: FLAG,
    group: 'WAL',
    commands: ['archive-push'],
    meaning: 'Replaces a file of the archive that has other contents; without it that is an error.',
  },
  {
    long: 'batch-size',
    value: { kind: 'integer', name: 'COUNT', min: 1, max: 10_000 },
    group: 'WAL',
    commands: CALLED_BY_SERVER,
    meaning:
      'How many segments one call archives, of those that the server says are ready; or fetches ahead, beginning with the one that is asked for.',
    default: '1',
  },
  {
    long: 'no-ready-rename',
    value: FLAG,
    group: 'WAL',
    commands: ['archive-push'],
    meaning:
      'Does not tell the server about the further segments of a batch: it asks for each of them, and each is found archived already.',
  },
  {
    long: 'prefetch-dir',
    value: { kind: 'text', name: 'DIR', maxBytes: 4096 },
    group: 'WAL',
    commands: ['archive-get'],
    meaning: 'Where segments that are fetched ahead wait, on the same disk as pg_wal.',
    default: 'pg_wal/pbk_prefetch',
  },
  {
    long: 'no-validate-wal',
    value: FLAG,
    group: 'WAL',
    commands: ['archive-get'],
    meaning: 'Uses segments that were fetched ahead without reading their records before.',
  },
]
