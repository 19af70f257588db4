import { renameSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

/** Several processes may share a file: so long they wait for each other. */
const BUSY_MS = 5000

/** Source: SQLite `sqlite3.h`, result codes. */
const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26

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
    const code = thrown instanceof Error && 'errcode' in thrown ? thrown.errcode : undefined
    if (code !== SQLITE_CORRUPT && code !== SQLITE_NOTADB) throw thrown
    if (onDamage === 'set-aside') renameSync(file, `${file}.damaged`)
    for (const ending of ['', '-wal', '-shm']) rmSync(`${file}${ending}`, { force: true })
    return open(file, prepare)
  }
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
