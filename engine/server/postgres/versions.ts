/** What differs among the versions of PostgreSQL that are backed up. Source: `catalog-format.md` section 7.2. */
export type VersionRow = {
  readonly fromMajor: number
  /** `$1` = label, `$2` = whether to checkpoint at once; gives `lsn`. */
  readonly startBackup: string
  /** Gives `lsn`, `labelfile`, `spcmapfile`; does not wait for the archive. */
  readonly stopBackup: string
  /** Whether replay stands still now, and is not only asked to. Fails outside of recovery. */
  readonly isReplayPaused: string
}

const UNTIL_14 = {
  startBackup: 'select pg_catalog.pg_start_backup($1, $2, false)::text as lsn',
  stopBackup: 'pg_catalog.pg_stop_backup(false, false)',
}
const FROM_14 = "pg_catalog.pg_get_wal_replay_pause_state() = 'paused'"

const ROWS: readonly VersionRow[] = [
  {
    fromMajor: 15,
    startBackup: 'select pg_catalog.pg_backup_start($1, $2)::text as lsn',
    stopBackup: 'pg_catalog.pg_backup_stop(false)',
    isReplayPaused: FROM_14,
  },
  { fromMajor: 14, ...UNTIL_14, isReplayPaused: FROM_14 },
  { fromMajor: 12, ...UNTIL_14, isReplayPaused: 'pg_catalog.pg_is_wal_replay_paused()' },
]

/** The newest version that has been tried. Newer ones are refused: their files may differ. */
export const NEWEST_MAJOR = 18
export const OLDEST_MAJOR = 12

/** The row of a version; undefined for one that is not supported. */
export function findVersion(major: number): VersionRow | undefined {
  if (major > NEWEST_MAJOR) return undefined
  return ROWS.find(({ fromMajor }) => major >= fromMajor)
}
