/** The texts of restores and their pre-flight in English. */
export const restoreEn = {
  'restore.title': 'Restore {{id}}',
  'restore.not-absolute': 'The path must be absolute.',
  'restore.progress': 'Step {{step}} of {{steps}}',
  'restore.summary': 'Summary',
  'restore.ready': 'Nothing stands in the way.',
  'restore.chain': 'Chain',
  'restore.writes': 'Writes',
  'restore.reads': 'Reads',
  'restore.look': '{{count}} to look at',
  'restore.go-back': 'Back to the chains',
  'restore.steps': 'Steps of the restore',
  'restore.what': 'What',
  'restore.where': 'Where',
  'restore.how': 'How',
  'restore.preflight': 'Pre-flight',
  'restore.review': 'Review',
  'restore.scratch': 'Scratch directory',
  'restore.scratch-text': 'A fresh directory to look at the past. Nothing that exists is touched.',
  'restore.recommended': 'recommended',
  'restore.directory': 'Another directory',
  'restore.directory-text': 'An empty or absent one, or one with an older state of this cluster.',
  'restore.path': 'Data directory of the restored cluster',
  'restore.tablespaces': 'Tablespaces',
  'restore.externals': 'External directories',
  'restore.from': 'was at',
  'restore.to': 'goes to',
  'restore.goes-to': 'Goes to',
  'restore.threads': 'Threads',
  'restore.validate': 'Check the chain before anything is written',
  'restore.command': 'The same as a command',
  'restore.settings': 'Settings that are added for recovery',
  'restore.no-settings': 'None.',
  'restore.start': 'Restore',
  'restore.started': 'Restore started',
  'restore.planning': 'Looking at what stands in the way…',
  'restore.plan-failed': 'The restore cannot be planned',
  'restore.blocked': 'Something stands in the way; see the pre-flight.',
  'restore.title-moment': 'Restore to a moment',
  'restore.to-moment': 'Restore to a moment…',
  'restore.no-moment':
    'The moment that was chosen can no longer be reached. Choose another one in the first step.',
  'restore.action': 'Having come to the target, the server',
  'restore.action-pause': 'pauses, so that you can look before it opens',
  'restore.action-promote': 'opens for writing, on a new timeline',
  'restore.action-shutdown': 'shuts down',
  'preflight.chain-complete_one': 'The chain is complete: 1 backup',
  'preflight.chain-complete': 'The chain is complete: {{count}} backups',
  'preflight.status-ok': 'All of them are usable',
  'preflight.status-validated-first': 'All of them are usable; they are checked again first',
  'preflight.status-unchecked': '{{id}} has not been checked and will not be',
  'preflight.status-doubtful': '{{id}} is {{status}}',
  'preflight.status-forced': '{{id}} is {{status}} and is restored all the same',
  'preflight.target-absent': '{{path}} will be made',
  'preflight.target-empty': '{{path}} is empty',
  'preflight.target-occupied': '{{path}} is not empty: it holds {{sample}}',
  'preflight.target-restoring': 'Process {{pid}} is restoring into {{path}} right now',
  'preflight.target-running': 'A server with pid {{pid}} runs in {{path}}',
  'preflight.target-catalog': '{{path}} is, holds or lies in the backup catalog {{catalog}}',
  'preflight.target-refused': '{{path}} cannot be written: {{reason}}',
  'preflight.targets-overlap': '{{inner}} lies inside {{outer}}',
  'preflight.space-enough': 'Room: {{need}} needed, {{free}} free',
  'preflight.space-tight': 'Room is tight: {{need}} needed, {{free}} free',
  'preflight.space-short': 'Not enough room: {{need}} needed, {{free}} free',
  'preflight.space-unknown': 'Room: {{need}} needed; what is free is not known',
  'preflight.wal-reached': 'WAL leads to the target: replay ends at {{lsn}} on timeline {{timeline}}',
  'preflight.wal-read-at-start':
    'WAL was read up to {{lsn}} so far; all of it is read before the restore starts',
  'preflight.wal-unchecked': 'Whether WAL leads to the target is not checked',
  'preflight.wal-before-end': 'The target is before the end of {{id}}',
  'preflight.wal-ended-before':
    'The transaction ended before the end of {{id}} at {{lsn}}; no backup that could be used is older',
  'preflight.wal-ends':
    'Recovery can be done up to {{lsn}} on timeline {{timeline}}: {{time}}, transaction {{xid}}',
  'preflight.wal-broken':
    'Recovery can be done up to {{lsn}} on timeline {{timeline}}: {{time}}, transaction {{xid}}. Segment {{segment}}: {{problem}}',
  'preflight.wal-lost':
    'Recovery can be done up to {{lsn}} on timeline {{timeline}}: {{time}}, transaction {{xid}}. Segment {{segment}}: {{problem}}. There is more WAL after it, up to {{later}}, which would be lost',
  'preflight.wal-gap':
    'Recovery ends at a gap: segment {{segment}} is missing. There is more WAL after it, up to {{later}}, which would be lost',
  'preflight.target-own': '{{path}} is of this cluster; what is the same stays',
  'preflight.target-checksum':
    '{{path}} becomes as the backup: every page is compared, {{files}} files ({{bytes}}) are deleted',
  'preflight.target-lsn':
    '{{path}} becomes as the backup: pages unchanged since they parted stay, {{files}} files ({{bytes}}) are deleted',
  'preflight.target-unfinished':
    '{{path}} holds an interrupted restore of {{id}} (instance {{instance}}, begun {{at}}): it is continued',
  'preflight.target-moved': 'What is in {{path}} is moved to {{to}}',
  'preflight.target-wiped':
    '{{path}} holds another cluster: all of its {{files}} files ({{bytes}}) are deleted first',
  'preflight.place-wiped': '{{path}} is emptied first: it holds {{sample}}',
  'preflight.wal-copy-none': 'The backup has all WAL that it needs; none is copied',
  'preflight.wal-copied_one': '1 WAL segment is copied, up to {{segment}}; no other is fetched',
  'preflight.wal-copied': '{{count}} WAL segments are copied, up to {{segment}}; no others are fetched',
  'preflight.wal-copied-most_one': 'At most 1 WAL segment is copied, up to {{segment}}; no other is fetched',
  'preflight.wal-copied-most':
    'At most {{count}} WAL segments are copied, up to {{segment}}; no others are fetched',
  'preflight.wal-copied-now_one':
    '1 WAL segment is copied, up to {{segment}}; what is archived later is not fetched',
  'preflight.wal-copied-now':
    '{{count}} WAL segments are copied, up to {{segment}}; what is archived later is not fetched',
  'preflight.wal-copy-missing': 'WAL segment {{segment}} is neither in the archive nor in the backup',
  'preflight.wal-deleted': '{{walFiles}} WAL files in {{path}} are deleted',
  'preflight.databases-excluded': 'Left out: {{names}}',
  'preflight.mode-not-a-cluster': 'There is no data directory of PostgreSQL in it',
  'preflight.mode-other-system':
    'It holds another cluster: system identifier {{found}} instead of {{expected}}',
  'preflight.mode-pid-file-mangled': 'Its postmaster.pid cannot be read: a server may be running',
  'preflight.mode-label-present': 'It holds a backup_label: its pg_control does not tell what its pages are',
  'preflight.mode-not-shut-down': 'Its server was not shut down: {{state}}',
  'preflight.mode-control-missing': 'It has no pg_control: an incremental restore was interrupted in it',
  'preflight.mode-no-checksums': 'Its cluster has no data checksums',
  'preflight.mode-other-timeline':
    'At {{lsn}} on timeline {{timeline}} it does not descend from any backup of the chain',
  'preflight.mode-out-of-reach':
    'At {{lsn}} on timeline {{timeline}} it is older than every backup of the chain',
  'preflight.mode-partial-over-others': 'A partial restore would destroy all other databases in it',
  'preflight.clock-close': 'The clocks of this computer and of the server differ by {{seconds}} s',
  'preflight.clock-ahead': 'The clock of this computer is {{seconds}} s ahead of that of the server',
  'preflight.clock-behind': 'The clock of this computer is {{seconds}} s behind that of the server',
  'preflight.clock-unknown': 'The clock of the server could not be compared with this one: {{reason}}',
  'preflight.standby-target': 'The standby recovers up to the target only',
  'preflight.configuration-elsewhere':
    'The backup has no postgresql.conf: what its server will do is not known',
  'preflight.configuration-includes':
    'postgresql.conf takes in other files: whether the server archives is not known',
  'preflight.leftovers-none': 'No settings of an earlier recovery are left in the configuration',
  'preflight.leftover-settings': 'Settings of an earlier recovery are left in the configuration: {{names}}',
  'preflight.archives-nothing': 'The restored server archives nothing',
  'preflight.archives-on': 'The restored server goes on archiving, as the instance did: {{command}}',
  'preflight.archives-same':
    'Once it opens, the restored server archives into the archive of this instance: {{command}}',
  'preflight.archives-elsewhere':
    'Once it opens, the restored server archives as the instance does: {{command}}',
  'preflight.slots-restored': 'Replication slots come back with the backup: {{names}}',
  'preflight.version-found': 'The server of PostgreSQL {{version}} is installed: {{path}}',
  'preflight.version-unknown':
    'The cluster needs PostgreSQL {{major}}, of which no server was found on this computer',
  'preflight.version-differs':
    'The server that ran in {{path}} last is PostgreSQL {{version}}; the backup is of {{major}}',
  'preflight.owner-same': 'The files will belong to {{user}} and be closed to others',
  'preflight.owner-differs': '{{path}} belongs to {{owner}}, the files will belong to {{user}}',
  'preflight.zone-explicit': 'The target time has its zone: {{at}} is {{utc}}',
  'preflight.owner-root': 'Tidemark runs as root',
  'preflight-hint.validated-first': 'It is validated first, and not restored if it is damaged.',
  'preflight-hint.validate-or-force': 'Let it be validated first, or force the restore.',
  'preflight-hint.let-validate': 'Let it be validated first.',
  'preflight-hint.empty-directory': 'Choose another directory, or move away what is in it.',
  'preflight-hint.empty-or-incremental':
    'Choose another directory, move away what is in it, or restore incrementally: what is the same stays.',
  'preflight-hint.checksum-instead': 'Use the checksum mode: it compares every page.',
  'preflight-hint.other-directory-or-force':
    'Choose the directory of this cluster. Only a forced restore empties another one.',
  'preflight-hint.destroy-others':
    'Say that all other databases in the directory may be destroyed, or restore into an empty one.',
  'preflight-hint.remove-pid-file': 'Make sure that no server runs there, then remove postmaster.pid.',
  'preflight-hint.continued': 'What it has written already is compared and kept where it is right.',
  'preflight-hint.overwritten':
    'What is in the directory becomes that of the backup; what the backup does not have is deleted.',
  'preflight-hint.wiped': 'Everything in it is deleted, hidden files excepted. That cannot be undone.',
  'preflight-hint.kept-aside': 'It keeps its room on the disk: delete it when nobody needs it any more.',
  'preflight-hint.archive-wal-first':
    'If it is not in an archive, copy it away first: it cannot be brought back.',
  'preflight-hint.drop-excluded':
    'Their files are made empty. Drop these databases when the server has started.',
  'preflight-hint.other-directory': 'Choose another directory; this one belongs to a running server.',
  'preflight-hint.outside-catalog': 'Choose a directory outside the catalog that does not hold it either.',
  'preflight-hint.writable-directory': 'Choose a directory that you may write to.',
  'preflight-hint.map-moved':
    'Map it to an empty directory: what is in it belongs to the cluster that is moved aside.',
  'preflight-hint.map-apart': 'Map each part to a directory of its own.',
  'preflight-hint.more-space': 'Free space, or choose a directory on a larger disk.',
  'preflight-hint.room-for-wal': 'Recovery needs room for WAL besides the files.',
  'preflight-hint.earlier-target':
    'Choose an earlier target or another timeline, or bring the WAL that is missing into the archive.',
  'preflight-hint.later-wal': 'To replay what is archived later as well, let a command fetch the WAL.',
  'preflight-hint.later-target':
    'Choose a later target: nothing before the end of the oldest backup can be restored.',
  'preflight-hint.other-timeline': 'Follow timeline {{timeline}}, which leads to the target.',
  'preflight-hint.older-backup': 'Choose a later target, or leave the choice of the backup to Tidemark.',
  'preflight-hint.by-server-clock':
    'Commits carry the time of the server. Read the target off its clock or out of its WAL, or set the clocks right.',
  'preflight-hint.replica-stops':
    'It pauses, opens or shuts down there, and follows its primary no further. For a standby that keeps up leave the target out.',
  'preflight-hint.look-at-configuration':
    'Look at the configuration that the server will start with: archive_mode, archive_command, and settings of a recovery.',
  'preflight-hint.remove-leftovers':
    'Take them out of postgresql.conf before the server is started: it would not do what was asked of it.',
  'preflight-hint.archiving-off':
    'Start it with archiving off: pg_ctl start -o "-c archive_mode=off". Else it archives, once promoted, timelines of its own beside those of the instance.',
  'preflight-hint.drop-slots':
    'Drop those that nobody will use when the server has started: they make it keep WAL.',
  'preflight-hint.install-server':
    'Install the server of that version where the cluster is to run: no other version can start it.',
  'preflight-hint.right-server':
    'Start it with the programs of the version of the backup: no other version can.',
  'preflight-hint.own-directory':
    'Let the user who will run the server restore, or choose a directory of your own: a server refuses one that belongs to another user.',
  'preflight-hint.given-to-owner':
    'Files are given to the owner of the target directory; a server refuses to run as root.',
} as const
