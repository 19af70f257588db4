import { formatLsn, type Lsn } from '../../base/lsn.ts'
import type { ContentEntry } from '../../format/content-list.ts'
import type { DatabaseChange, DatabasePlace } from '../../format/wal-databases.ts'

/** A database that no restore of the backup brings back. */
export type LostDatabase = {
  readonly place: DatabasePlace
  /** Where the files were that the backup does not have, or not all of them. */
  readonly from: DatabasePlace
  /** The record that replay would copy them by. */
  readonly lsn: Lsn
}

type Listed = Pick<ContentEntry, 'path' | 'externalDirNumber'>

/** `pg_default`. Source: PostgreSQL `src/include/catalog/pg_tablespace.dat`. */
const DEFAULT_TABLESPACE = 1663
/** In `base`, or in the directory of one version below a tablespace. */
const DATABASE_FILE = /^(?:base|pg_tblspc\/(?<tablespace>\d+)\/[^/]+)\/(?<database>\d+)\/(?<file>[^/]+)$/
/** Every database has one; without it nobody can connect. */
const LANDMARK = 'PG_VERSION'

/**
 * The databases that replay would fill with files of a directory that the backup does not have whole. Replay first
 * removes what the backup has of such a database, then copies from what is there: nothing. Pure.
 *
 * `changes` are those of the WAL from start to stop, in its order. `entries` is the content list, `vanished` what was
 * listed and gone when it was to be copied.
 */
export function findLostDatabases(
  changes: readonly DatabaseChange[],
  entries: readonly Listed[],
  vanished: readonly Listed[] = [],
): readonly LostDatabase[] {
  if (!changes.some(({ kind }) => kind === 'copied')) return []
  const whole = new Set(entries.flatMap((entry) => placeOf(entry, LANDMARK) ?? []))
  for (const entry of vanished) {
    const key = placeOf(entry)
    if (key !== undefined) whole.delete(key)
  }
  const lost = new Map<string, LostDatabase>()
  for (const change of changes) {
    if (change.kind === 'dropped') {
      for (const place of change.places) {
        whole.delete(keyOf(place))
        lost.delete(keyOf(place))
      }
      continue
    }
    const key = keyOf(change.place)
    if (change.kind === 'logged' || whole.has(keyOf(change.from))) {
      whole.add(key)
      lost.delete(key)
      continue
    }
    const { place, from, lsn } = change
    whole.delete(key)
    // What is copied on from there was lost where it began.
    const origin = lost.get(keyOf(from))
    lost.set(key, { place, from: origin?.from ?? from, lsn: origin?.lsn ?? lsn })
  }
  return [...lost.values()]
}

/** What is wrong and what to do about it, as a log and a finding have it. */
export function describeLost({ place, from, lsn }: LostDatabase, name?: string): string {
  const what = name === undefined ? '' : ` "${name}"`
  return (
    `database ${place.databaseOid}${what} in tablespace ${place.tablespaceOid} cannot be restored from this backup: ` +
    `while it was taken, the files were copied (WAL ${formatLsn(lsn)}) from database ${from.databaseOid} in tablespace ` +
    `${from.tablespaceOid}, of which it does not have all; take another backup`
  )
}

function keyOf({ tablespaceOid, databaseOid }: DatabasePlace): string {
  return `${tablespaceOid}/${databaseOid}`
}

/** The database that a file belongs to, given that it has the name asked for. */
function placeOf({ path, externalDirNumber }: Listed, file?: string): string | undefined {
  if (externalDirNumber !== 0 || (file !== undefined && !path.endsWith(`/${file}`))) return undefined
  const groups = DATABASE_FILE.exec(path)?.groups
  if (groups === undefined) return undefined
  return `${groups['tablespace'] ?? DEFAULT_TABLESPACE}/${groups['database']}`
}
