import path from 'node:path'
import { EngineError } from '../../base/engine-error.ts'
import { LSN_NONE, type Lsn } from '../../base/lsn.ts'
import type { ContentEntry } from '../../format/content-list.ts'
import { chainFile, type ListedBackup } from '../steps/chain-file.ts'
import type { FileToRebuild } from '../steps/stored-source.ts'
import { indexContent, isDirectoryEntry, requireSafePath } from '../steps/stored-versions.ts'

/** Where the parts of a backup go. */
export type Destinations = {
  readonly dataDirectory: string
  readonly tablespaces: readonly { readonly oid: number; readonly to: string }[]
  readonly externalDirs: readonly { readonly number: number; readonly to: string }[]
  /** Where the WAL is kept when not inside the data directory. */
  readonly walDirectory?: string | undefined
}

/** What of the backup is wanted, and what is there already. */
export type WorkOptions = {
  /** Databases whose files are made empty: replay still finds them (catalog format 10.6). */
  readonly excludedDatabases?: ReadonlySet<number>
  /** Where the backup stopped up to which the directory followed the chain. */
  readonly shiftLsn?: Lsn
}

export type DirectoryToMake = {
  readonly path: string
  readonly mode: number
  /** A link to be made at this place, for a tablespace or for the WAL. */
  readonly link: string | undefined
}

export type WorkList = {
  /** Parents before children. */
  readonly directories: readonly DirectoryToMake[]
  readonly files: readonly (FileToRebuild & { readonly sizeBytes: number })[]
  /** Written when everything else is: a server cannot start on half a restore. */
  readonly controlFile: FileToRebuild
}

export const CONTROL_FILE = 'global/pg_control'
/** Served the restore only, they are not part of the cluster. */
export const NOT_RESTORED: ReadonlySet<string> = new Set(['tablespace_map', 'database_map'])
/** Of a data directory, with the name it had before PostgreSQL 10. */
export const WAL_DIRECTORIES: ReadonlySet<string> = new Set(['pg_wal', 'pg_xlog'])

/**
 * Decides for every entry of the newest backup where it goes and from which backups of the chain it is put together.
 * `chain` is newest first. Pure. Source: `catalog-format.md` sections 10.6 and 10.7.
 *
 * @throws {EngineError} `backup.damaged` when a list lacks what it must have.
 */
export function planWork(
  chain: readonly ListedBackup[],
  to: Destinations,
  options: WorkOptions = {},
): WorkList {
  const [newest, ...older] = chain
  if (newest === undefined) throw new EngineError('backup.chain-broken', 'the chain is empty')
  const olderEntries = older.map(({ entries }) => indexContent(entries))
  const locations = new Map(to.tablespaces.map(({ oid, to: location }) => [`pg_tblspc/${oid}`, location]))
  const externals = new Map(to.externalDirs.map(({ number, to: location }) => [number, location]))
  const locationOf = ({ path: name }: ContentEntry): string | undefined =>
    WAL_DIRECTORIES.has(name) ? to.walDirectory : locations.get(name)
  const tablespaceMode =
    newest.entries.find((entry) => isPgData(entry) && entry.path === 'pg_tblspc')?.mode ?? 0o700

  const directories: DirectoryToMake[] = [...externals.values()].map((location) => ({
    path: location,
    mode: 0o700,
    link: undefined,
  }))
  const files: (FileToRebuild & { sizeBytes: number })[] = []
  let controlFile: FileToRebuild | undefined
  for (const entry of newest.entries.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    requireSafePath(entry.path)
    const root = entry.externalDirNumber === 0 ? to.dataDirectory : externals.get(entry.externalDirNumber)
    if (root === undefined) continue
    const target = path.join(root, entry.path)
    if (isDirectoryEntry(entry)) {
      const location = isPgData(entry) ? locationOf(entry) : undefined
      directories.push(
        location === undefined
          ? { path: target, mode: entry.mode, link: undefined }
          : { path: location, mode: WAL_DIRECTORIES.has(entry.path) ? 0o700 : tablespaceMode, link: target },
      )
      continue
    }
    if (isPgData(entry) && NOT_RESTORED.has(entry.path)) continue
    const isExcluded = isPgData(entry) && options.excludedDatabases?.has(entry.databaseOid) === true
    const file = isExcluded
      ? emptyFile(entry, target)
      : {
          targetPath: target,
          ...chainFile(entry, { newest, older, olderEntries, shiftLsn: options.shiftLsn ?? LSN_NONE }),
        }
    if (isPgData(entry) && entry.path === CONTROL_FILE) controlFile = file
    else files.push({ ...file, sizeBytes: isExcluded ? 0 : Math.max(0, entry.fullBytes) })
  }
  if (controlFile === undefined) {
    throw new EngineError('backup.damaged', `backup ${newest.backup.id} has no ${CONTROL_FILE}`, {
      hint: 'Validate the instance and restore another backup.',
    })
  }
  return { directories, files, controlFile }
}

function emptyFile({ path: name, mode, segmentNumber }: ContentEntry, targetPath: string): FileToRebuild {
  return { targetPath, name, mode, kind: 'empty', blockCount: 0, segmentNumber, sources: [] }
}

function isPgData({ externalDirNumber }: ContentEntry): boolean {
  return externalDirNumber === 0
}
