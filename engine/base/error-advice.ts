import type { ErrorCode } from './error-codes.ts'

/**
 * What helps whatever the occasion was, for readers who have the code and not the failure, and for windows in another
 * language than that of the hints: where a failure is thrown, its hint knows more. `docs/errors.md` and the error cards
 * of the window are made from this table; a new code does not compile without its row.
 */
export const ERROR_ADVICE: Readonly<Record<ErrorCode, string>> = {
  'value.malformed': 'Correct the value that the message names.',
  'storage.not-found': 'Check the path, and whether its disk is mounted.',
  'storage.exists': 'See what is there; if another operation has just begun, try again after it.',
  'storage.not-empty': 'Choose another directory, or move away what is in it.',
  'storage.denied': 'Run Tidemark as the user that owns the files, or let it read and write there.',
  'storage.full': 'Free space or choose a larger disk, then try again.',
  'storage.failed': 'Check the disk and the log of the operating system.',
  'format.damaged': 'Validate the instance; use another backup, or fetch the file again from where it came.',
  'format.unsupported':
    'Check that it is the right directory; otherwise use the program that wrote the file, or a newer Tidemark.',
  'catalog.not-found':
    'Name the directory that holds `backups` and `wal`; start a new catalog with `tidemark init`.',
  'catalog.newer-version': 'Use the newer program, or take a FULL backup.',
  'instance.not-found': 'Check the name, or register the cluster with `tidemark add-instance`.',
  'instance.exists': 'Choose another name, or delete the old instance first.',
  'instance.identity-mismatch':
    'Check host, port and data directory; register another cluster as an instance of its own.',
  'backup.not-found': 'Choose one from the list of backups (`tidemark show`).',
  'backup.chain-broken': 'Restore another backup; take a FULL backup to begin a new chain.',
  'backup.not-restorable': 'Validate the instance, or choose another backup.',
  'backup.in-future': 'Set the clock of this machine right.',
  'backup.damaged': 'Choose another backup; check the disk of the catalog, then take a FULL backup.',
  'backup.page-corrupt':
    'Find the relation with `pg_filenode_relation()` and check it with `pg_amcheck`; an older backup may hold the page intact.',
  'catalog.locked': 'Wait until the other operation ends, or end it; its lock is then taken over.',
  'plan.stale': 'Look at the new plan and start it again.',
  'restore.diverged':
    'Run the restore again with --incremental-mode=checksum: it compares every page and continues. Until then no server can start on the directory.',
  'plan.refused': 'Change what the message names, then plan again.',
  'server.unreachable':
    'Check that the server runs, its address and port, `listen_addresses`, and firewalls between.',
  'server.auth-failed':
    'Give the password again or put it into `.pgpass`; let the role connect in `pg_hba.conf`.',
  'server.no-database': 'Name another database; which one does not matter, the whole cluster is backed up.',
  'server.denied': 'Let a superuser grant the role what is missing; the test of the connection lists it.',
  'server.query-failed': 'Read what the server said in the message, and look at its log.',
  'server.unsupported': 'See the README for the kinds and versions of servers that can be backed up.',
  'server.connection-lost': 'Look at the log of the server for why it ended, then try again.',
  'server.running': 'Restore into another directory, or stop the server and empty the directory.',
  'restore.unreachable':
    'Choose an earlier target, another timeline or an older backup; the message says how far recovery can be done.',
  'wal.missing': 'Look for the segment on the server and in its archive; without it, use another backup.',
  'wal.timeout':
    'For ARCHIVE look at `archive_command` and `pg_stat_archiver`; for STREAM at the replication connection.',
  'wal.damaged': 'Take the backup again; if it happens again, check the disk and the replication connection.',
  'wal.conflict':
    'Find out which two servers archive into the instance; `archive-push --overwrite` replaces what is there.',
  'job.not-found': 'Look at the list of jobs; the oldest ones are forgotten in time.',
  'process.failed': 'Read what the program said in the message; try again once that is put right.',
  'usage.invalid': 'See `tidemark help COMMAND`.',
  'engine.gone': 'Start Tidemark again; jobs that were running are listed as interrupted.',
  'run.cancelled': 'Nothing, if you wanted it; else start the operation again.',
  'run.timeout': 'See in `pg_stat_activity` what the server waits for, then try again.',
  'internal.bug': 'Report it, with the message and the log of the job.',
}
