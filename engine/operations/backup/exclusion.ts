/**
 * Which parts of a data directory are left out of a backup. Source: `catalog-format.md` section 4.6; for what the
 * server rebuilds by itself see the PostgreSQL manual, "Making a base backup: backing up the data directory".
 */

/** Each replication slot has a directory here. */
export const SLOTS_DIRECTORY = 'pg_replslot'

/** Directories whose entry is kept and whose content is not, wherever they lie in the data directory. */
const CONTENT_SKIPPED = new Set([
  'pg_wal',
  'pg_stat_tmp',
  'pgsql_tmp',
  SLOTS_DIRECTORY,
  'pg_dynshmem',
  'pg_notify',
  'pg_serial',
  'pg_snapshots',
  'pg_subtrans',
])

/** Files that are left out at the top of the data directory only. */
const TOP_FILES = new Set([
  'postgresql.auto.conf.tmp',
  'current_logfiles.tmp',
  'recovery.conf',
  'postmaster.pid',
  'postmaster.opts',
  'probackup_recovery.conf',
  'recovery.signal',
  'standby.signal',
  'backup_label',
  'tablespace_map',
])

const IN_DATABASES = /^(pg_internal\.init(\.\d+)?|ptrack\.map\.(mmap|tmp)|t\d.*|\d+_ptrack)$/

/** Name of the directory that a tablespace holds for each server version and catalog version. */
const VERSION_DIRECTORY = /^PG_\d+(\.\d+)?_\d{9}$/

/** What is taken that usually is not. `slots` are the names of the replication slots to take. */
export type TakenBesides = { readonly withServerLog: boolean; readonly slots: ReadonlySet<string> }

/** Whether the content of a directory is skipped. Paths are relative to the data directory, `/`-separated. */
export function isContentSkipped(path: string, { withServerLog, slots }: TakenBesides): boolean {
  if (path === 'log') return !withServerLog
  if (path === SLOTS_DIRECTORY) return slots.size === 0
  // A slot may have any of the names below.
  if (path.startsWith(`${SLOTS_DIRECTORY}/`)) return false
  return CONTENT_SKIPPED.has(baseName(path))
}

/**
 * Whether a directory is left out as a whole: a sibling of the version directory in a tablespace, which belongs to
 * another server, a tablespace that lies inside the data directory and is reached through `pg_tblspc` already, or a
 * replication slot that is not to be taken.
 */
export function isDirectoryExcluded(
  path: string,
  versionDirectory: string,
  { slots }: Pick<TakenBesides, 'slots'>,
): boolean {
  const parts = path.split('/')
  if (parts[0] === SLOTS_DIRECTORY) return parts.length > 1 && !slots.has(parts[1] ?? '')
  if (parts[0] !== 'pg_tblspc') return VERSION_DIRECTORY.test(baseName(path))
  return parts.length === 3 && parts[2] !== versionDirectory
}

/** Whether a regular file is left out. Unlogged relations are another matter: see {@link withoutUnlogged}. */
export function isFileExcluded(path: string): boolean {
  const name = baseName(path)
  if (!path.includes('/')) return TOP_FILES.has(name)
  if (name === 'ptrack_init') return true
  // The rest of a slot is of decoding that is under way. Source: PostgreSQL slot.c and reorderbuffer.c.
  if (path.startsWith(`${SLOTS_DIRECTORY}/`)) return name !== 'state'
  if (path.startsWith('pg_tblspc/') && path.split('/').length === 3) return true
  return /^(global|base|pg_tblspc)\//.test(path) && IN_DATABASES.test(name)
}

const INIT_FORK = /^(?<relation>\d+)_init(\.\d+)?$/
const FORK_OR_SEGMENT = /^(?<relation>\d+)(_(?<fork>fsm|vm|init))?(\.\d+)?$/

/**
 * Takes the contents of unlogged relations out of a list: the server empties them from their init fork at start.
 * Source: PostgreSQL `src/backend/storage/file/reinit.c`.
 */
export function withoutUnlogged<Entry extends { readonly path: string }>(entries: readonly Entry[]): Entry[] {
  const unlogged = new Set<string>()
  for (const { path } of entries) {
    const relation = INIT_FORK.exec(baseName(path))?.groups?.['relation']
    if (relation !== undefined) unlogged.add(`${directoryName(path)}/${relation}`)
  }
  if (unlogged.size === 0) return [...entries]
  return entries.filter(({ path }) => {
    const parts = FORK_OR_SEGMENT.exec(baseName(path))?.groups
    if (parts === undefined || parts['fork'] === 'init') return true
    return !unlogged.has(`${directoryName(path)}/${parts['relation']}`)
  })
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

function directoryName(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}
