/** What the engine promises about one kind of failure. */
type ErrorKind = {
  /** Whether trying the same call again may succeed with nothing changed by the user. */
  readonly isTransient: boolean
  /** What happened, for the list in `docs/errors.md`: one sentence. */
  readonly meaning: string
}

/**
 * Every failure a user can meet. `docs/errors.md` and the error cards of the window are made from this table.
 * The name of a code is public: it is never renamed and never reused for something else.
 */
export const ERROR_CODES = {
  'value.malformed': { isTransient: false, meaning: 'A value given to Tidemark cannot be read.' },
  'storage.not-found': { isTransient: false, meaning: 'A file or directory that is needed does not exist.' },
  'storage.exists': { isTransient: false, meaning: 'Something that must not exist yet is already there.' },
  'storage.not-empty': { isTransient: false, meaning: 'A directory that must be empty holds files.' },
  'storage.denied': { isTransient: false, meaning: 'The operating system refuses access to a file.' },
  'storage.full': { isTransient: false, meaning: 'The file system has no room left.' },
  'storage.failed': { isTransient: true, meaning: 'Reading or writing a file failed.' },
  'format.damaged': {
    isTransient: false,
    meaning: 'A file does not follow its format, or its checksum differs.',
  },
  'format.unsupported': {
    isTransient: false,
    meaning: 'A file was written by a version that Tidemark does not know.',
  },
  'catalog.not-found': { isTransient: false, meaning: 'The directory is not a backup catalog.' },
  'catalog.newer-version': {
    isTransient: false,
    meaning: 'A backup was written by a newer program than Tidemark can read.',
  },
  'instance.not-found': { isTransient: false, meaning: 'The catalog has no instance of that name.' },
  'instance.exists': { isTransient: false, meaning: 'The catalog already has an instance of that name.' },
  'instance.identity-mismatch': {
    isTransient: false,
    meaning: 'The server is not the cluster that the instance was registered for.',
  },
  'backup.not-found': { isTransient: false, meaning: 'The instance has no such backup.' },
  'backup.chain-broken': {
    isTransient: false,
    meaning: 'A backup needs a parent that is missing or damaged.',
  },
  'backup.not-restorable': { isTransient: false, meaning: 'The status of the backup rules out the request.' },
  'backup.in-future': {
    isTransient: false,
    meaning: 'The newest backup is younger than the clock of this machine says it is now.',
  },
  'backup.damaged': { isTransient: false, meaning: 'Validation found damage in the backup.' },
  'backup.page-corrupt': {
    isTransient: false,
    meaning: 'A page of the running cluster failed its check again and again.',
  },
  'catalog.locked': { isTransient: true, meaning: 'Another process holds the backup.' },
  'plan.stale': { isTransient: true, meaning: 'The catalog changed after the plan was made.' },
  'restore.diverged': {
    isTransient: false,
    meaning: 'Pages of the directory contradict the history that an incremental restore relied on.',
  },
  'plan.refused': { isTransient: false, meaning: 'The plan cannot be carried out as it is.' },
  'server.unreachable': { isTransient: true, meaning: 'No connection to the server could be made.' },
  'server.auth-failed': { isTransient: false, meaning: 'The server refused the user or the password.' },
  'server.no-database': { isTransient: false, meaning: 'The database to connect to does not exist.' },
  'server.denied': { isTransient: false, meaning: 'The role lacks a right that is needed.' },
  'server.query-failed': { isTransient: false, meaning: 'The server answered a query with an error.' },
  'server.unsupported': {
    isTransient: false,
    meaning: 'The server is of a version or kind that Tidemark does not support.',
  },
  'server.connection-lost': { isTransient: true, meaning: 'The connection to the server broke.' },
  'server.running': { isTransient: false, meaning: 'A server is running in the directory.' },
  'restore.unreachable': {
    isTransient: false,
    meaning: 'With the WAL that is there, recovery cannot stop at the target.',
  },
  'wal.missing': { isTransient: false, meaning: 'A WAL segment that is needed is not there.' },
  'wal.timeout': { isTransient: true, meaning: 'WAL did not arrive in time.' },
  'wal.damaged': { isTransient: false, meaning: 'A WAL record cannot be read.' },
  'wal.conflict': {
    isTransient: false,
    meaning: 'The WAL archive has other contents under the name of a file that is to be archived.',
  },
  'job.not-found': { isTransient: false, meaning: 'There is no such job.' },
  'process.failed': { isTransient: false, meaning: 'A helper program ended with an error.' },
  'usage.invalid': { isTransient: false, meaning: 'The command line is wrong.' },
  'engine.gone': { isTransient: true, meaning: 'The engine process ended.' },
  'run.cancelled': { isTransient: false, meaning: 'The operation was cancelled.' },
  'run.timeout': { isTransient: true, meaning: 'The operation took longer than allowed.' },
  'internal.bug': { isTransient: false, meaning: 'A mistake in Tidemark.' },
} as const satisfies Record<string, ErrorKind>

/** The stable name of a failure: `area.what-went-wrong`. */
export type ErrorCode = keyof typeof ERROR_CODES
