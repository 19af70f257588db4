import path from 'node:path'
import { EngineError } from '../../base/engine-error.ts'
import { versionNumber } from '../../format/backup-control.ts'
import type { ContentEntry } from '../../format/content-list.ts'
import { hasLegacyCrc } from '../../format/crc32c.ts'
import type { ReadableBackup } from './choose-backup.ts'
import type { FileToRebuild, StoredSource } from './rebuild-files.ts'

/** A backup of the chain with its content list. */
export type ListedBackup = { readonly backup: ReadableBackup; readonly entries: readonly ContentEntry[] }

/** Where the parts of a backup go. */
export type Destinations = {
  readonly dataDirectory: string
  readonly tablespaces: readonly { readonly oid: number; readonly to: string }[]
  readonly externalDirs: readonly { readonly number: number; readonly to: string }[]
}

export type DirectoryToMake = {
  readonly path: string
  readonly mode: number
  /** A link to be made at this place, for a tablespace. */
  readonly link: string | undefined
}

export type WorkList = {
  /** Parents before children. */
  readonly directories: readonly DirectoryToMake[]
  readonly files: readonly (FileToRebuild & { readonly sizeBytes: number })[]
  /** Written when everything else is: a server cannot start on half a restore. */
  readonly controlFile: FileToRebuild
}

const CONTROL_FILE = 'global/pg_control'
/** Served the restore only, they are not part of the cluster. */
const NOT_RESTORED: ReadonlySet<string> = new Set(['tablespace_map', 'database_map'])
const FIRST_WITH_HEADER_MAP = 20_400
const TYPE_BITS = 0o170000
const DIRECTORY = 0o040000

/**
 * Decides for every entry of the newest backup where it goes and from which backups of the chain it is put together.
 * `chain` is newest first. Pure. Source: `catalog-format.md` sections 10.6 and 10.7.
 *
 * @throws {EngineError} `backup.damaged` when a list lacks what it must have.
 */
export function planWork(chain: readonly ListedBackup[], to: Destinations): WorkList {
  const [newest, ...older] = chain
  if (newest === undefined) throw new EngineError('backup.chain-broken', 'the chain is empty')
  const olderEntries = older.map(({ entries }) => indexed(entries))
  const locations = new Map(to.tablespaces.map(({ oid, to: location }) => [`pg_tblspc/${oid}`, location]))
  const externals = new Map(to.externalDirs.map(({ number, to: location }) => [number, location]))
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
    if ((entry.mode & TYPE_BITS) === DIRECTORY) {
      const location = isPgData(entry) ? locations.get(entry.path) : undefined
      directories.push(
        location === undefined
          ? { path: target, mode: entry.mode, link: undefined }
          : { path: location, mode: tablespaceMode, link: target },
      )
      continue
    }
    if (isPgData(entry) && NOT_RESTORED.has(entry.path)) continue
    const file = fileToRebuild(entry, target, newest, older, olderEntries)
    if (isPgData(entry) && entry.path === CONTROL_FILE) controlFile = file
    else files.push({ ...file, sizeBytes: Math.max(0, entry.fullBytes) })
  }
  if (controlFile === undefined) {
    throw new EngineError('backup.damaged', `backup ${newest.backup.id} has no ${CONTROL_FILE}`, {
      hint: 'Validate the instance and restore another backup.',
    })
  }
  return { directories, files, controlFile }
}

function fileToRebuild(
  entry: ContentEntry,
  targetPath: string,
  newest: ListedBackup,
  older: readonly ListedBackup[],
  olderEntries: readonly ReadonlyMap<string, ContentEntry>[],
): FileToRebuild {
  const isData = entry.isDataFile && !entry.isCfs
  const base = { targetPath, name: entry.path, mode: entry.mode, blockCount: entry.blockCount }
  if (entry.sizeBytes === 0) return { ...base, kind: 'empty', sources: [] }

  const sources: StoredSource[] = entry.sizeBytes > 0 ? [stored(newest.backup, entry)] : []
  for (const [index, { backup }] of older.entries()) {
    if (!isData && sources.length > 0) break
    const found = olderEntries[index]?.get(keyOf(entry))
    // A relation that a parent does not list was new in the child, which then stores all of it.
    if (found === undefined || found.sizeBytes === 0) break
    if (found.sizeBytes > 0) sources.push(stored(backup, found))
  }
  if (sources.length === 0 && !isData && entry.fullBytes > 0) {
    throw new EngineError(
      'backup.damaged',
      `no backup of the chain of ${newest.backup.id} stores "${entry.path}"`,
      {
        hint: 'Validate the instance and restore another backup.',
      },
    )
  }
  return { ...base, kind: sources.length === 0 ? 'empty' : isData ? 'data' : 'plain', sources }
}

function stored(backup: ReadableBackup, entry: ContentEntry): StoredSource {
  const version = versionNumber(backup.control.programVersion ?? '')
  const root =
    entry.externalDirNumber === 0 ? 'database' : `external_directories/externaldir${entry.externalDirNumber}`
  return {
    backupId: backup.id,
    storedPath: path.join(backup.directory, root, entry.path),
    compressAlgorithm: entry.compressAlgorithm,
    isPadded: version < FIRST_WITH_HEADER_MAP,
    hasLegacyCrc: hasLegacyCrc(version),
    crc: entry.crc,
  }
}

function indexed(entries: readonly ContentEntry[]): ReadonlyMap<string, ContentEntry> {
  return new Map(entries.map((entry) => [keyOf(entry), entry]))
}

function keyOf({ path: name, externalDirNumber }: ContentEntry): string {
  return `${externalDirNumber}:${name}`
}

function isPgData({ externalDirNumber }: ContentEntry): boolean {
  return externalDirNumber === 0
}

/** A catalog is input from outside: no path of it may lead out of the directory that the user chose. */
function requireSafePath(name: string): void {
  if (name === '' || path.isAbsolute(name) || name.split(/[/\\]/).includes('..') || name.includes('\0')) {
    throw new EngineError(
      'backup.damaged',
      `the content list names the path "${name}", which leads out of the backup`,
      {
        hint: 'The catalog has been tampered with or is damaged; do not restore from it.',
      },
    )
  }
}
