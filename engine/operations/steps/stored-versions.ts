import path from 'node:path'
import { EngineError } from '../../base/engine-error.ts'
import type { ContentEntry } from '../../format/content-list.ts'
import { PAGE_BYTES } from '../../format/page-header.ts'

const TYPE_BITS = 0o170000
const DIRECTORY = 0o040000

/** A version of a file that one backup of a chain stores. */
export type StoredVersion = {
  /** Which backup of the chain, 0 = the newest. */
  readonly index: number
  readonly entry: ContentEntry
  /** Blocks from here on were cut off later; Infinity = none. They do not come back when the relation grows again. */
  readonly blockLimit: number
}

/** The content list of one backup by path. */
export type ContentIndex = ReadonlyMap<string, ContentEntry>

export function indexContent(entries: readonly ContentEntry[]): ContentIndex {
  return new Map(entries.map((entry) => [contentKey(entry), entry]))
}

/** What tells the entries of one list apart. */
export function contentKey({
  path: name,
  externalDirNumber,
}: Pick<ContentEntry, 'path' | 'externalDirNumber'>): string {
  return `${externalDirNumber}:${name}`
}

/** Whether the entry is a relation segment that is stored page by page. */
export function isPaged({ isDataFile, isCfs }: ContentEntry): boolean {
  return isDataFile && !isCfs
}

/**
 * Bytes that a file has once it is restored. Increments list of data files what they store of them, and how many blocks
 * the whole file had.
 */
export function restoredBytes(entry: ContentEntry): number {
  const pageBytes = isPaged(entry) ? entry.blockCount * PAGE_BYTES : 0
  return Math.max(0, entry.fullBytes, pageBytes)
}

export function isDirectoryEntry({ mode }: ContentEntry): boolean {
  return (mode & TYPE_BITS) === DIRECTORY
}

/** Where the files of an entry lie below the directory of a backup. */
export function contentRoot({ externalDirNumber }: Pick<ContentEntry, 'externalDirNumber'>): string {
  return externalDirNumber === 0
    ? 'database'
    : path.join('external_directories', `externaldir${externalDirNumber}`)
}

/**
 * The stored versions that a file of the newest backup is put together from, newest first; of a file that is not paged
 * only the one that counts. Pure. Source: `catalog-format.md` sections 10.6 and 10.7.
 *
 * @throws {EngineError} `backup.damaged` when nobody stores a file, and no backup says that it was empty.
 */
export function storedVersions(
  entry: ContentEntry,
  older: readonly ContentIndex[],
  newestId: string,
): readonly StoredVersion[] {
  if (entry.sizeBytes === 0) return []
  const isWhole = !isPaged(entry)
  const versions: StoredVersion[] = entry.sizeBytes > 0 ? [{ index: 0, entry, blockLimit: Infinity }] : []
  /** How short the relation has been since: pages behind that may be extended again without any increment naming them. */
  let blockLimit = entry.blockCount > 0 ? entry.blockCount : Infinity
  let wasEmpty = false
  for (const [at, entries] of older.entries()) {
    if (isWhole && versions.length > 0) break
    const found = entries.get(contentKey(entry))
    // A relation that a parent does not list was new in the child, which then stores all of it.
    wasEmpty = found?.sizeBytes === 0
    if (found === undefined || wasEmpty) break
    if (found.sizeBytes > 0) versions.push({ index: at + 1, entry: found, blockLimit })
    if (found.blockCount > 0) blockLimit = Math.min(blockLimit, found.blockCount)
  }
  // What is unchanged since a parent must be there: an empty file in its place would be a silent loss.
  if (versions.length === 0 && !(wasEmpty && (!isWhole || entry.fullBytes <= 0))) {
    throw new EngineError('backup.damaged', `no backup of the chain of ${newestId} stores "${entry.path}"`, {
      hint: 'Validate the instance and restore another backup.',
    })
  }
  return versions
}

/**
 * A catalog is input from outside: no path of it may lead out of the directory that is written to.
 *
 * @throws {EngineError} `backup.damaged`
 */
export function requireSafePath(name: string): void {
  if (name === '' || path.isAbsolute(name) || name.split(/[/\\]/).includes('..') || name.includes('\0')) {
    throw new EngineError(
      'backup.damaged',
      `the content list names the path "${name}", which leads out of the backup`,
      { hint: 'The catalog has been tampered with or is damaged; do not restore from it.' },
    )
  }
}
