import { renameSync, rmSync, statfsSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { EngineError } from '../base/engine-error.ts'

/** Several processes may share a file: so long they wait for each other. */
const BUSY_MS = 5000

/** Source: SQLite `sqlite3.h`, result codes. Extended ones have these in their lowest byte. */
const SQLITE_READONLY = 8
const SQLITE_IOERR = 10
const SQLITE_CORRUPT = 11
const SQLITE_FULL = 13
const SQLITE_CANTOPEN = 14
const SQLITE_NOTADB = 26
/** Source: SQLite `sqlite3.h`: a write that found no room in the shared memory or the log. */
const SQLITE_IOERR_SHMSIZE = 4874
/** Twice the step in which SQLite enlarges the shared memory of a log: with less, a write does not get far. */
const LEAST_ROOM_BYTES = 64 << 10

/**
 * Opens a database with a write-ahead log, and lets `prepare` make what is missing in it; when that fails the file is
 * closed. A damaged file, or one that is no database, is made anew: with `set-aside` the old one stays beside it as
 * `<file>.damaged` in place of an older such, with `delete` it is gone.
 *
 * @throws what SQLite and `prepare` throw for any other reason
 */
export function openSqlite(
  file: string,
  onDamage: 'set-aside' | 'delete',
  prepare: (database: DatabaseSync) => void,
): DatabaseSync {
  try {
    return open(file, prepare)
  } catch (thrown) {
    if (!isSqliteDamage(thrown)) throw thrown
    if (onDamage === 'set-aside') renameSync(file, `${file}.damaged`)
    removeSqlite(file)
    return open(file, prepare)
  }
}

/** Removes a database that nobody here has open, with what lies beside it. */
export function removeSqlite(file: string): void {
  for (const ending of ['', '-wal', '-shm']) rmSync(`${file}${ending}`, { force: true })
}

/** Whether what was thrown says that a file is damaged, or no database. It may be found long after opening. */
export function isSqliteDamage(thrown: unknown): boolean {
  const code = sqliteCode(thrown)
  return code !== undefined && [SQLITE_CORRUPT, SQLITE_NOTADB].includes(code & 0xff)
}

/** Turns what SQLite throws because of its file into a failure that names it. Anything else is given back as it is. */
export function mapSqliteError(thrown: unknown, file: string): unknown {
  const code = sqliteCode(thrown)
  if (!(thrown instanceof Error) || code === undefined) return thrown
  const more = { cause: thrown, facts: { path: file } }
  const message = `cannot use "${file}": ${thrown.message}`
  if (isSqliteDamage(thrown))
    return new EngineError('storage.failed', message, { hint: 'Try again: it is made anew.', ...more })
  if (code === SQLITE_IOERR_SHMSIZE || (code & 0xff) === SQLITE_FULL || isForWantOfRoom(code & 0xff, file))
    return new EngineError('storage.full', message, {
      hint: 'Free space on its disk, then try again.',
      ...more,
    })
  if ([SQLITE_READONLY, SQLITE_CANTOPEN].includes(code & 0xff))
    return new EngineError('storage.denied', message, {
      hint: 'Let Tidemark write the file and its directory, or move the file away: it is made anew.',
      ...more,
    })
  return new EngineError('storage.failed', message, {
    hint: 'Check the disk and the log of the operating system.',
    ...more,
  })
}

/** SQLite says where it failed, not what the system answered: of a truncation, a sync or a new file the disk is asked. */
function isForWantOfRoom(code: number, file: string): boolean {
  if (code !== SQLITE_IOERR && code !== SQLITE_CANTOPEN) return false
  try {
    const { bavail, bsize, files, ffree } = statfsSync(path.dirname(file))
    // Many file systems have no bound on files, and tell 0 of them.
    return (files > 0 && ffree === 0) || (code === SQLITE_IOERR && bavail * bsize < LEAST_ROOM_BYTES)
  } catch {
    return false
  }
}

function sqliteCode(thrown: unknown): number | undefined {
  return thrown instanceof Error && 'errcode' in thrown && typeof thrown.errcode === 'number'
    ? thrown.errcode
    : undefined
}

function open(file: string, prepare: (database: DatabaseSync) => void): DatabaseSync {
  const database = new DatabaseSync(file)
  try {
    database.exec(`pragma busy_timeout = ${BUSY_MS}; pragma journal_mode = wal;`)
    prepare(database)
    return database
  } catch (thrown) {
    database.close()
    throw thrown
  }
}
