/** What differs among the versions of PostgreSQL that are backed up. Source: `catalog-format.md` section 7.2. */
export type VersionRow = {
  readonly fromMajor: number
  /** `$1` = label, `$2` = whether to checkpoint at once; gives `lsn`. */
  readonly startBackup: string
  /** Gives `lsn`, `labelfile`, `spcmapfile`; does not wait for the archive. */
  readonly stopBackup: string
}

const ROWS: readonly VersionRow[] = [
  {
    fromMajor: 15,
    startBackup: 'select pg_catalog.pg_backup_start($1, $2)::text as lsn',
    stopBackup: 'pg_catalog.pg_backup_stop(false)',
  },
  {
    fromMajor: 12,
    startBackup: 'select pg_catalog.pg_start_backup($1, $2, false)::text as lsn',
    stopBackup: 'pg_catalog.pg_stop_backup(false, false)',
  },
]

/** The newest version that has been tried. Newer ones are refused: their files may differ. */
export const NEWEST_MAJOR = 18
export const OLDEST_MAJOR = 12

/** The row of a version; undefined for one that is not supported. */
export function findVersion(major: number): VersionRow | undefined {
  if (major > NEWEST_MAJOR) return undefined
  return ROWS.find(({ fromMajor }) => major >= fromMajor)
}
