/**
 * What to do about a line of the pre-flight of a restore. The window has the texts in its languages; these are for the
 * command line and for logs.
 */
export const PREFLIGHT_HINTS = {
  'validated-first': 'It is validated first, and not restored if it is damaged.',
  'validate-or-force': 'Let it be validated first, or force the restore.',
  'let-validate': 'Let it be validated first.',
  'empty-directory': 'Choose another directory, or move away what is in it.',
  'empty-or-incremental':
    'Choose another directory, move away what is in it, or restore incrementally: what is the same stays.',
  'checksum-instead': 'Use the checksum mode: it compares every page.',
  'other-directory-or-force':
    'Choose the directory of this cluster. Only a forced restore empties another one.',
  'destroy-others':
    'Say that all other databases in the directory may be destroyed, or restore into an empty one.',
  'remove-pid-file': 'Make sure that no server runs there, then remove postmaster.pid.',
  continued: 'What it has written already is compared and kept where it is right.',
  overwritten:
    'What is in the directory becomes that of the backup; what the backup does not have is deleted.',
  wiped: 'Everything in it is deleted, hidden files excepted. That cannot be undone.',
  'kept-aside': 'It keeps its room on the disk: delete it when nobody needs it any more.',
  'archive-wal-first': 'If it is not in an archive, copy it away first: it cannot be brought back.',
  'drop-excluded': 'Their files are made empty. Drop these databases when the server has started.',
  'other-directory': 'Choose another directory; this one belongs to a running server.',
  'outside-catalog': 'Choose a directory outside the catalog that does not hold it either.',
  'writable-directory': 'Choose a directory that you may write to.',
  'map-moved': 'Map it to an empty directory: what is in it belongs to the cluster that is moved aside.',
  'map-apart': 'Map each part to a directory of its own.',
  'more-space': 'Free space, or choose a directory on a larger disk.',
  'room-for-wal': 'Recovery needs room for WAL besides the files.',
  'earlier-target':
    'Choose an earlier target or another timeline, or bring the WAL that is missing into the archive.',
  'later-wal': 'To replay what is archived later as well, let a command fetch the WAL.',
  'later-target': 'Choose a later target: nothing before the end of the oldest backup can be restored.',
  'other-timeline': 'Follow timeline {{timeline}}, which leads to the target.',
  'older-backup': 'Choose a later target, or leave the choice of the backup to Tidemark.',
  'by-server-clock':
    'Commits carry the time of the server. Read the target off its clock or out of its WAL, or set the clocks right.',
  'replica-stops':
    'It pauses, opens or shuts down there, and follows its primary no further. For a standby that keeps up leave the target out.',
  'look-at-configuration':
    'Look at the configuration that the server will start with: archive_mode, archive_command, and settings of a recovery.',
  'remove-leftovers':
    'Take them out of postgresql.conf before the server is started: it would not do what was asked of it.',
  'archiving-off':
    'Start it with archiving off: pg_ctl start -o "-c archive_mode=off". Else it archives, once promoted, timelines of its own beside those of the instance.',
  'drop-slots': 'Drop those that nobody will use when the server has started: they make it keep WAL.',
  'install-server':
    'Install the server of that version where the cluster is to run: no other version can start it.',
  'right-server': 'Start it with the programs of the version of the backup: no other version can.',
  'own-directory':
    'Let the user who will run the server restore, or choose a directory of your own: a server refuses one that belongs to another user.',
  'given-to-owner': 'Files are given to the owner of the target directory; a server refuses to run as root.',
} as const

/** A hint as a code for the window and as English for everybody else. */
export type PreflightHint = {
  readonly code: keyof typeof PREFLIGHT_HINTS
  readonly values: Readonly<Record<string, string | number>>
  readonly text: string
}
