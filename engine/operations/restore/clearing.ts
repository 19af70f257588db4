import path from 'node:path'
import type { ContentEntry } from '../../format/content-list.ts'
import { contentKey, isDirectoryEntry, isPaged, restoredBytes } from '../steps/stored-versions.ts'
import { KEPT_CONTROL_FILE } from './destination.ts'
import type { ExistingFile } from './existing-files.ts'
import { CONTROL_FILE, NOT_RESTORED, WAL_DIRECTORIES } from './work-list.ts'

/** Where links of the data directory are to lead, by path: `pg_tblspc/16395`, `pg_wal`. */
export type Links = ReadonlyMap<string, string>

/** What goes before a restore into a directory that is not empty. */
export type Clearing = {
  /** Files and links, absolute. */
  readonly files: readonly string[]
  /** Children before parents. One that holds hidden files stays. */
  readonly directories: readonly string[]
  /** Directories in whose place a link is to be. Their files are not among {@link files}. */
  readonly trees: readonly string[]
  readonly fileCount: number
  readonly bytes: number
  /** How many of the files are WAL: what they hold and no archive does is lost. */
  readonly walFileCount: number
  /** Most that may be reused of the files that stay to be compared. */
  readonly keptBytes: number
}

/**
 * Decides what of a directory is in the way of a backup. Pure. What stays is either the same file, to be compared, or a
 * directory. Source: `catalog-format.md` section 10.6. Unlike there, nothing is deleted through a link that the backup
 * does not have, nor beside the version directory in a tablespace; links to files are replaced, not written through.
 */
export function planClearing(
  existing: readonly ExistingFile[],
  entries: readonly ContentEntry[],
  links: Links,
): Clearing {
  const directories = listedDirectories(entries)
  const files = new Map(
    entries.filter((entry) => !isDirectoryEntry(entry)).map((entry) => [contentKey(entry), entry]),
  )
  for (const name of NOT_RESTORED) files.delete(`0:${name}`)
  const trees = existing.filter(
    (one) => one.externalDirNumber === 0 && one.kind === 'directory' && links.has(one.path),
  )
  const result = {
    files: [] as string[],
    directories: [] as string[],
    trees: trees.map(({ absolutePath }) => absolutePath),
    fileCount: 0,
    bytes: 0,
    walFileCount: 0,
    keptBytes: 0,
  }
  for (const one of existing) {
    const key = `${one.externalDirNumber ?? -1}:${one.path}`
    if (key === `0:${CONTROL_FILE}` || key === `0:${KEPT_CONTROL_FILE}`) continue
    const isInTree = one.externalDirNumber === 0 && trees.some(({ path: tree }) => isBelow(one.path, tree))
    if (!isInTree && isForeignInTablespace(one, key, directories, links)) continue
    if (one.kind === 'directory') {
      if (!isInTree && !directories.has(key)) result.directories.push(one.absolutePath)
      continue
    }
    const entry = isInTree ? undefined : files.get(key)
    if (one.kind === 'file' && entry !== undefined) {
      const fullBytes = restoredBytes(entry)
      if (isPaged(entry)) result.keptBytes += Math.min(one.sizeBytes, fullBytes)
      else if (one.sizeBytes === fullBytes) result.keptBytes += fullBytes
      continue
    }
    if (one.kind === 'link-to-directory' && staysLink(one, key, directories, links)) continue
    result.fileCount++
    result.bytes += one.sizeBytes
    if (isWalFile(one)) result.walFileCount++
    if (!isInTree) result.files.push(one.absolutePath)
  }
  result.directories.reverse()
  return result
}

/**
 * Whether a directory of the data directory is looked into. `leadsTo` is where it is, if it is a link.
 * A tablespace is shared with clusters of other versions: only the directories that the backup has are looked into.
 */
export function isLookedInto(
  directories: ReadonlySet<string>,
  links: Links,
): (name: string, leadsTo: string | undefined) => boolean {
  return (name, leadsTo) => {
    if (isInTablespaces(name) && links.has(path.posix.dirname(name))) return directories.has(`0:${name}`)
    if (leadsTo === undefined) return true
    const wanted = links.get(name)
    return wanted === undefined ? directories.has(`0:${name}`) && !isInTablespaces(name) : wanted === leadsTo
  }
}

/** The keys of all directories that a backup lists. */
export function listedDirectories(entries: readonly ContentEntry[]): ReadonlySet<string> {
  return new Set(entries.filter(isDirectoryEntry).map(contentKey))
}

function staysLink(
  { path: name, leadsTo, externalDirNumber }: ExistingFile,
  key: string,
  directories: ReadonlySet<string>,
  links: Links,
): boolean {
  const wanted = externalDirNumber === 0 ? links.get(name) : undefined
  if (wanted !== undefined) return wanted === leadsTo
  return directories.has(key) && !(externalDirNumber === 0 && isInTablespaces(name))
}

/** What other clusters have in the same tablespace. */
function isForeignInTablespace(
  { path: name, externalDirNumber }: ExistingFile,
  key: string,
  directories: ReadonlySet<string>,
  links: Links,
): boolean {
  if (externalDirNumber !== 0 || !isInTablespaces(name)) return false
  return links.has(path.posix.dirname(name)) && !directories.has(key)
}

function isInTablespaces(name: string): boolean {
  return name.startsWith('pg_tblspc/')
}

function isBelow(name: string, directory: string): boolean {
  return name.startsWith(`${directory}/`)
}

function isWalFile({ path: name, externalDirNumber }: ExistingFile): boolean {
  if (externalDirNumber !== 0 && externalDirNumber !== undefined) return false
  return WAL_DIRECTORIES.has(path.posix.dirname(name)) && /^[0-9A-F]{24}/.test(path.posix.basename(name))
}
