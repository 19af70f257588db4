/** What a command is for, and how it is called. */
type CommandText = {
  /** The options that must be there, for the first line of the help. */
  readonly usage: string
  /** One sentence for the list of commands. */
  readonly summary: string
}

/** Every command of this version. Help, docs and the parser are made from this table and the one of the options. */
export const COMMANDS = {
  init: {
    usage: '-B DIR',
    summary: 'Creates an empty backup catalog.',
  },
  'add-instance': {
    usage: '-B DIR --instance=NAME [-D DIR]',
    summary: 'Registers a database cluster in a catalog.',
  },
  'del-instance': {
    usage: '-B DIR --instance=NAME',
    summary: 'Deletes an instance with all its backups and archived WAL.',
  },
  'set-config': {
    usage: '-B DIR --instance=NAME [settings]',
    summary: 'Changes the saved settings of an instance; --KEY= takes one out.',
  },
  'set-backup': {
    usage: '-B DIR --instance=NAME -i ID [--note=TEXT] [--ttl=TIME]',
    summary: 'Changes the note of a backup, pins it or unpins it.',
  },
  'show-config': {
    usage: '-B DIR --instance=NAME',
    summary: 'Prints the settings of an instance, saved ones and defaults.',
  },
  show: {
    usage: '-B DIR [--instance=NAME [-i ID | --archive]]',
    summary:
      'Lists the backups or the WAL archive of a catalog or an instance, or prints one backup in full.',
  },
  window: {
    usage: '-B DIR --instance=NAME',
    summary: 'Lists what can be restored to, by the WAL files that are there; validate reads them.',
  },
  find: {
    usage: '-B DIR --instance=NAME [--what=WHAT]',
    summary: 'Reads archived WAL and lists what was dropped, truncated, deleted, committed or named in it.',
  },
  backup: {
    usage: '-B DIR --instance=NAME -b MODE',
    summary: 'Takes a backup of a running cluster.',
  },
  restore: {
    usage: '-B DIR --instance=NAME [-D DIR] [-i ID] [target]',
    summary: 'Restores a backup, or any moment after one, into an empty directory or over an older copy.',
  },
  'after-restore': {
    usage: '-B DIR --instance=NAME -D DIR [--promote] [--clean-up]',
    summary: 'Looks at a restored server, promotes it at its target, and takes the recovery settings out.',
  },
  validate: {
    usage: '-B DIR [--instance=NAME [-i ID] [target]]',
    summary: 'Proves that backups can be restored: checks files, pages and WAL, with a target up to there.',
  },
  drill: {
    usage: '-B DIR --instance=NAME [-i ID]',
    summary:
      'Tests a restore: restores to a scratch place, starts a server there, checks it, and removes it.',
  },
  merge: {
    usage: '-B DIR --instance=NAME -i ID',
    summary: 'Merges a FULL backup with its increments up to one of them, or finishes a merge.',
  },
  delete: {
    usage: '-B DIR --instance=NAME [-i ID | --status=STATUS] [retention]',
    summary: 'Deletes backups and the increments that need them, or what retention does not keep.',
  },
  'archive-push': {
    usage: '-B DIR --instance=NAME --wal-file-name=%f [--wal-file-path=%p]',
    summary: 'Brings a WAL file into the archive; for archive_command of the server.',
  },
  'archive-get': {
    usage: '-B DIR --instance=NAME --wal-file-name=%f --wal-file-path=%p',
    summary: 'Fetches a WAL file from the archive; for restore_command of the server.',
  },
  'receive-wal': {
    usage: '-B DIR --instance=NAME [--slot=NAME [--create-slot]]',
    summary: 'Receives WAL into the archive by replication, until it is stopped with Ctrl-C.',
  },
  slots: {
    usage: '-B DIR --instance=NAME [--drop=NAME]',
    summary: 'Lists the replication slots of the server and the WAL that they hold, or drops some by name.',
  },
  version: {
    usage: '',
    summary: 'Prints the version.',
  },
  help: {
    usage: '[COMMAND]',
    summary: 'Explains the commands, or one of them.',
  },
} as const satisfies Record<string, CommandText>

export type CommandName = keyof typeof COMMANDS

export const COMMAND_NAMES = Object.keys(COMMANDS) as readonly CommandName[]

/** Commands of the tool's family that this version does not have, and what to do meanwhile. */
export const MISSING_COMMANDS: Readonly<Record<string, string>> = {
  checkdb: 'Take a backup: it checks every page it reads.',
  catchup: 'Use pg_basebackup to make a standby.',
  agent: 'Run Tidemark on the machine of the cluster.',
  ssh: 'Run Tidemark on the machine of the cluster.',
}
