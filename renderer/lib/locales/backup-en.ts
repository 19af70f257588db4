/** The texts of the backup dialog in English. */
export const backupEn = {
  'backup.now': 'Back up now',
  'backup.title': 'Back up {{instance}}',
  'backup.start': 'Start backup',
  'backup.note': 'Note',
  'backup.compression': 'Compression',
  'backup.only-tidemark': '{{name}} (only Tidemark can read it)',
  'backup.level': 'Level',
  'backup.threads': 'Threads',
  'backup.wal': 'WAL',
  'backup.wal-stream': 'inside the backup (STREAM)',
  'backup.wal-archive': 'from the archive (ARCHIVE)',
  'backup.validate': 'Check the backup when it is complete',
  'backup.started': 'Backup started',
  'backup.mode': 'Mode',
  'backup.mode-AUTO':
    'The cheapest mode that is possible: what changed since the newest backup, or a FULL where there is none.',
  'backup.mode-FULL': 'Copies every page and checks it. Needs no other backup.',
  'backup.mode-DELTA': 'Reads every page and stores those that changed since the newest backup.',
  'backup.mode-PAGE':
    'Reads archived WAL to find what changed since the newest backup, then only those pages.',
  'backup.mode-PTRACK':
    'Reads only the pages that the server says have changed (summarize_wal of PostgreSQL 17 and later, or the extension ptrack).',
  'backup.reads': 'reads',
  'backup.stores': 'stores',
  'backup.takes': 'takes',
  'backup.about': 'about {{text}}',
  'backup.at-most': 'at most {{text}}',
  'backup.unknown': 'not known yet',
  'backup.takes-soon': 'under a minute',
  'backup.minutes': '{{text}} min',
  'backup.hours': '{{text}} h',
  'backup.asking': 'Asking the server what each mode would come to',
  'backup.auto-now': 'Now {{mode}}: {{reason}}.',
  'backup.auto-later': 'The mode is chosen when the backup starts.',
  'backup.impossible': 'Not possible now: {{reason}}.',
  'backup.passed-over': 'no {{mode}}, since {{reason}}',
  'backup.reason-and': '{{first}}, and {{next}}',
  'backup.reason-next': '{{first}}; {{next}}',
  'mode-reason.no-parent': 'there is no usable FULL backup to build on',
  'mode-reason.parent-newer':
    'backup {{id}} was written by version {{version}}, which is newer than this program knows',
  'mode-reason.set-back':
    'timeline {{timeline}} at {{lsn}} does not come from timeline {{parentTimeline}} at {{parentLsn}}',
  'mode-reason.archive-off': 'the server does not archive its WAL (archive_mode is off)',
  'mode-reason.wal-missing':
    'WAL segment {{segment}}, written since parent {{id}} started at {{lsn}}, is not in the archive',
  'mode-reason.wal-pending': '{{count}} WAL segments are not in the archive yet',
  'mode-reason.wal-small':
    'the WAL since the parent ({{walBytes}}) is archived and at most a quarter of the cluster ({{clusterBytes}})',
  'mode-reason.wal-large':
    'the WAL since the parent ({{walBytes}}) is more than a quarter of the cluster ({{clusterBytes}})',
  'mode-reason.on-standby': 'a standby cannot finish the WAL segment that it would wait for',
  'mode-reason.summaries-cover': 'the server has summarized its WAL since the parent backup',
  'mode-reason.summaries-unsupported': 'PostgreSQL {{major}} does not summarize its WAL',
  'mode-reason.summaries-off': 'summarize_wal is off on the server',
  'mode-reason.summaries-gap':
    'the WAL summaries of the server do not cover what follows {{lsn}} on timeline {{timeline}}',
  'mode-reason.summaries-unasked': 'the WAL summaries cannot be asked for ({{message}})',
  'mode-reason.ptrack-covers': 'the extension ptrack {{version}} has tracked changes since the parent backup',
  'mode-reason.ptrack-absent': 'database {{database}} does not have the extension ptrack',
  'mode-reason.ptrack-old': 'the server has ptrack {{version}}, which is older than {{oldest}}',
  'mode-reason.ptrack-not-set': 'ptrack is off on the server ({{setting}} is not set)',
  'mode-reason.ptrack-off': 'ptrack is off on the server ({{setting}} is {{value}})',
  'mode-reason.ptrack-empty': 'ptrack has no map yet',
  'mode-reason.ptrack-late': 'ptrack began to track at {{lsn}}, after the parent started at {{parentLsn}}',
  'mode-reason.ptrack-unasked': 'ptrack cannot be asked for ({{message}})',
  'mode-advice.archive-on':
    'Set archive_mode = on and an archive_command that fills the archive of the catalog.',
  'mode-advice.summaries-on': 'Set summarize_wal = on (PostgreSQL 17 and later) for the next time.',
  'mode-advice.ptrack-update':
    'Update ptrack on the server (ALTER EXTENSION ptrack UPDATE) and take the next FULL backup.',
  'mode-advice.ptrack-on': 'Set {{setting}}, restart the server and take a FULL backup.',
  'mode-advice.ptrack-next-full': 'From the next FULL backup on PTRACK is possible.',
  'mode-advice.grant-rights':
    'Let a superuser grant "{{user}}" what is missing; the probe of the instance lists it.',
  'mode-advice.look-at-server': 'Look at the log of the server and at pg_stat_activity for the cause.',
  'backup.blind': 'The figures rest on the catalog alone.',
  'backup.ask-again': 'Ask again',
  'backup.idle-slots': 'Replication slots that nobody uses make the server keep WAL',
  'backup.idle-slot-keeps': '{{bytes}} of WAL, from {{lsn}} on',
  'backup.idle-slot-since': 'unused since {{time}}',
  'backup.idle-slot-before': 'from before the newest backup',
  'backup.idle-slots-advice':
    'The backup can be taken all the same. Drop those that nobody will use again: the disk of the server may fill up.',
  'backup.rests-on': 'What the figures for {{mode}} rest on',
  'backup.basis-none': 'no backup to compare with yet',
  'backup.basis-listed': 'the files of the cluster as they are now',
  'backup.basis-backup': 'the size of the cluster at backup {{id}}',
  'backup.basis-databases': 'the sizes that the server gives of its databases',
  'backup.basis-wal': 'the WAL since the parent backup',
  'backup.basis-counted': 'the changed pages as the server counted them',
  'backup.basis-compression_one': 'compressed as the last FULL backup was',
  'backup.basis-compression': 'compressed as the last {{count}} FULL backups were',
  'backup.basis-changes_one':
    'what the last {{mode}} backup stored, for the time since the parent of the new one',
  'backup.basis-changes':
    'what the last {{count}} {{mode}} backups stored, for the time since the parent of the new one',
  'backup.basis-changes-any_one':
    'what the last increment stored, for the time since the parent of the new one',
  'backup.basis-changes-any':
    'what the last {{count}} increments stored, for the time since the parent of the new one',
  'backup.basis-durations_one': 'as long as the last {{mode}} backup with this compression took',
  'backup.basis-durations': 'as long as the last {{count}} {{mode}} backups with this compression took',
  'backup.not-counted':
    'Without the WAL that the backup needs, and without the time for checking it when it is complete.',
} as const
