import type { OptionSpec } from './option.ts'
import { FLAG, SAVES } from './shared.ts'

/** How a backup is taken; some of it holds for the other verbs as well. */
export const BACKUP_OPTIONS: readonly OptionSpec[] = [
  {
    long: 'backup-mode',
    short: 'b',
    value: { kind: 'choice', name: 'MODE', choices: ['FULL', 'DELTA', 'PAGE', 'PTRACK', 'AUTO'] },
    group: 'Backup',
    commands: ['backup'],
    meaning:
      'FULL copies everything; DELTA, PAGE and PTRACK copy what changed since the newest usable backup; AUTO takes the cheapest that is possible. Required.',
  },
  {
    long: 'stream',
    value: FLAG,
    group: 'Backup',
    commands: ['backup'],
    meaning:
      'Receives the WAL of the backup from the server and stores it inside the backup. This is the default.',
  },
  {
    long: 'no-stream',
    value: FLAG,
    group: 'Backup',
    commands: ['backup'],
    meaning:
      "Relies on the server's archive_command to bring the WAL of the backup into the catalog (WAL mode ARCHIVE).",
  },
  {
    long: 'slot',
    short: 'S',
    value: { kind: 'text', name: 'NAME', pattern: /^[a-z0-9_]{1,63}$/ },
    group: 'Backup',
    commands: ['backup'],
    meaning: 'Replication slot to receive WAL from: lower-case letters, digits and underscores, at most 63.',
  },
  {
    long: 'temp-slot',
    value: FLAG,
    group: 'Backup',
    commands: ['backup'],
    meaning: 'Makes a replication slot for this backup only.',
  },
  {
    long: 'smooth-checkpoint',
    short: 'C',
    value: FLAG,
    group: 'Backup',
    commands: ['backup'],
    meaning:
      'Lets the server take its time with the first checkpoint: gentler, but the start may wait for minutes. Without it the checkpoint is immediate.',
  },
  {
    long: 'backup-pg-log',
    value: FLAG,
    group: 'Backup',
    commands: ['backup'],
    meaning: "Also backs up the server's log directory.",
  },
  {
    long: 'backup-pg-replslot',
    value: FLAG,
    group: 'Backup',
    commands: ['backup'],
    meaning:
      'Also backs up logical replication slots that are neither temporary nor lost; without it their directory is backed up empty. A restored server has them again and keeps WAL for them until they are dropped. The WAL before the backup that they need does not come with them.',
  },
  {
    long: 'external-dirs',
    short: 'E',
    value: { kind: 'path-list', name: 'DIR[:DIR]' },
    group: 'Backup',
    commands: ['backup', ...SAVES],
    meaning:
      'Directories outside the data directory to back up as well, absolute paths joined by colons; none means none.',
    default: 'the saved setting',
    isSetting: true,
  },
  {
    long: 'no-validate',
    value: FLAG,
    group: 'Backup',
    commands: ['backup', 'restore', 'drill', 'merge', 'delete'],
    idleFor: ['delete'],
    meaning:
      'Skips validation: a backup then stays DONE instead of OK, restore and merge trust the files as they are. A recovery target is looked for in the WAL all the same, for a few seconds: one that is known not to be there is refused, unless --restore-command fetches WAL from elsewhere or --force is given.',
  },
  {
    long: 'skip-block-validation',
    value: FLAG,
    group: 'Backup',
    commands: ['backup', 'restore', 'validate'],
    meaning:
      'Checks whole files only, not each page. Faster, and blind to a page that was damaged before the backup.',
  },
  {
    long: 'no-sync',
    value: FLAG,
    group: 'Backup',
    commands: ['backup', 'restore', 'merge', 'delete', 'archive-push'],
    idleFor: ['delete'],
    meaning:
      'Does not force written files to disk. Only for throw-away copies: a power failure may leave them empty.',
  },
  {
    long: 'start-time',
    value: { kind: 'integer', name: 'SECONDS', min: 1, max: 2 ** 40 },
    group: 'Backup',
    commands: ['backup'],
    meaning:
      'Forces the start time, in Unix seconds, and with it the ID. Must be later than the newest backup.',
    default: 'now',
  },
  {
    long: 'trust-file-times',
    value: FLAG,
    group: 'Backup',
    commands: ['backup'],
    meaning:
      'For DELTA, or AUTO that becomes DELTA: does not read data files that have the size of then and were last touched a day or more before the parent began. Trusts the sizes, modification and status change times of the file system, and so the kernel and the clock of the server; a sample is read all the same, and when it contradicts, everything is. Cannot be saved.',
  },
]
