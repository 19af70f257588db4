import path from 'node:path'
import { EngineError } from '../../base/engine-error.ts'
import { versionNumber } from '../../format/backup-control.ts'
import type { ContentEntry } from '../../format/content-list.ts'
import { hasLegacyCrc } from '../../format/crc32c.ts'
import {
  contentRoot,
  type ContentIndex,
  indexContent,
  isDirectoryEntry,
  isPaged,
  requireSafePath,
  storedVersions,
} from '../steps/stored-versions.ts'
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

/**
 * Decides for every entry of the newest backup where it goes and from which backups of the chain it is put together.
 * `chain` is newest first. Pure. Source: `catalog-format.md` sections 10.6 and 10.7.
 *
 * @throws {EngineError} `backup.damaged` when a list lacks what it must have.
 */
export function planWork(chain: readonly ListedBackup[], to: Destinations): WorkList {
  const [newest, ...older] = chain
  if (newest === undefined) throw new EngineError('backup.chain-broken', 'the chain is empty')
  const olderEntries = older.map(({ entries }) => indexContent(entries))
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
    if (isDirectoryEntry(entry)) {
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
  olderEntries: readonly ContentIndex[],
): FileToRebuild {
  const base = { targetPath, name: entry.path, mode: entry.mode, blockCount: entry.blockCount }
  const chain = [newest, ...older]
  const sources = storedVersions(entry, olderEntries, newest.backup.id).flatMap(
    ({ index, entry: version, blockLimit }) => {
      const member = chain[index]
      return member === undefined ? [] : [{ ...stored(member.backup, version), blockLimit }]
    },
  )
  return { ...base, kind: sources.length === 0 ? 'empty' : isPaged(entry) ? 'data' : 'plain', sources }
}

function stored(backup: ReadableBackup, entry: ContentEntry): Omit<StoredSource, 'blockLimit'> {
  const version = versionNumber(backup.control.programVersion ?? '')
  return {
    backupId: backup.id,
    storedPath: path.join(backup.directory, contentRoot(entry), entry.path),
    compressAlgorithm: entry.compressAlgorithm,
    isPadded: version < FIRST_WITH_HEADER_MAP,
    hasLegacyCrc: hasLegacyCrc(version),
    crc: entry.crc,
  }
}

function isPgData({ externalDirNumber }: ContentEntry): boolean {
  return externalDirNumber === 0
}
