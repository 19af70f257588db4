import path from 'node:path'
import type { Backup } from '../../catalog/backup.ts'
import { type BackupControl, versionNumber } from '../../format/backup-control.ts'
import type { ContentEntry, HeaderTablePlace } from '../../format/content-list.ts'
import { PAGE_BYTES } from '../../format/page-header.ts'
import {
  contentKey,
  contentRoot,
  indexContent,
  isDirectoryEntry,
  isPaged,
  requireSafePath,
  type StoredVersion,
  storedVersions,
} from '../steps/stored-versions.ts'
import type { FileToMerge, MergedFile, MergeSource } from './file-work.ts'
import { type FileRoom, roomOfFile } from './room.ts'

/** A backup that takes part, with its content list. */
export type Member = {
  readonly backup: Backup
  readonly control: BackupControl
  readonly entries: readonly ContentEntry[]
}

/** A file that has to be looked into. `entry` is that of the destination, `version` the one that counts. */
export type FileWork = {
  readonly entry: ContentEntry
  readonly version: ContentEntry | undefined
  readonly file: FileToMerge
  readonly sizeBytes: number
  /** What it takes to store it anew. */
  readonly room: FileRoom
}

/** What becomes of every entry of the destination. Together they are the list of the merged backup. */
export type MergeWork = {
  /** Below the directory of the FULL, parents first. */
  readonly directories: readonly string[]
  /** Complete as they are: directories, empty files, and files that are not paged and stay. */
  readonly settled: readonly ContentEntry[]
  /** Relations that stay; their header tables move to the new map. */
  readonly staying: readonly (ContentEntry & { readonly headers: HeaderTablePlace })[]
  readonly files: readonly FileWork[]
}

/** Before this version stored pages have no header map and are padded. */
const FIRST_WITH_HEADER_MAP = versionNumber('2.4.0')
/** Header maps of earlier versions, and so files that are left where they are, are not relied on (format 3.3). */
const FIRST_RELIABLE = versionNumber('2.4.4')

/**
 * Decides for each file of the destination whether it stays in the FULL, or what it is made of. `chain` is newest
 * first and ends with the FULL. After an unfinished merge nothing is taken to be as the list of the FULL says. Pure.
 * Source: `catalog-format.md` section 11.2, step 6. Files are found by their number of external directory as in a
 * restore, so directories that have another number than before need no renaming.
 *
 * @throws {EngineError} `backup.damaged` when a list lacks what it must have.
 */
export function planMergeWork(chain: readonly Member[], isResumed: boolean): MergeWork {
  const indexes = chain.map(({ entries }) => indexContent(entries))
  const destination = chain[0]
  const full = chain.at(-1)
  if (destination === undefined || full === undefined) {
    return { directories: [], settled: [], staying: [], files: [] }
  }
  const isReliable = chain.every(({ control }) => versionOf(control) >= FIRST_RELIABLE)
  const directories = new Set(['database'])
  const settled: ContentEntry[] = []
  const staying: (ContentEntry & { headers: HeaderTablePlace })[] = []
  const files: FileWork[] = []

  for (const entry of destination.entries.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    requireSafePath(entry.path)
    if (entry.externalDirNumber > 0) directories.add(contentRoot(entry))
    if (isDirectoryEntry(entry)) {
      directories.add(path.join(contentRoot(entry), entry.path))
      settled.push(entry)
      continue
    }
    const versions = storedVersions(entry, indexes.slice(1), destination.backup.id)
    const [version] = versions
    const isInFull = versions.length === 1 && version?.index === chain.length - 1
    const fileWork = (mayStay: boolean): FileWork => ({
      entry,
      version: version?.entry,
      file: {
        targetPath: path.join(full.backup.directory, contentRoot(entry), entry.path),
        name: entry.path,
        isPaged: isPaged(entry),
        blockCount: entry.blockCount,
        segmentNumber: entry.segmentNumber,
        sources: versions.flatMap((one) => {
          const member = chain[one.index]
          return member === undefined ? [] : [toSource(one, member, member === full)]
        }),
        mayStay,
      },
      sizeBytes: versions.reduce((sum, one) => sum + one.entry.sizeBytes, 0),
      room: roomOfFile({
        entry,
        versions,
        endsInFull: versions.at(-1)?.index === chain.length - 1,
        oldBytes: Math.max(0, indexes.at(-1)?.get(contentKey(entry))?.sizeBytes ?? 0),
        compressAlgorithm: destination.control.compressAlgorithm,
        isPaged: isPaged(entry),
        mayStay,
        isResumed,
      }),
    })

    if (!isPaged(entry)) {
      if (version === undefined) settled.push({ ...entry, sizeBytes: 0 })
      else if (isInFull && !isResumed) settled.push(plainMerged(entry, version.entry))
      else files.push(fileWork(false))
      continue
    }
    if (entry.sizeBytes === 0 || (version === undefined && entry.blockCount === 0)) {
      settled.push({ ...entry, sizeBytes: 0, headers: undefined })
      continue
    }
    const mayStay =
      isInFull &&
      isReliable &&
      version.entry.blockCount === entry.blockCount &&
      (isResumed || version.entry.compressAlgorithm === destination.control.compressAlgorithm)
    const headers = version?.entry.headers
    if (mayStay && !isResumed && headers !== undefined) {
      const { sizeBytes, fullBytes, crc, compressAlgorithm } = version.entry
      staying.push({ ...entry, sizeBytes, fullBytes, crc, compressAlgorithm, headers })
    } else files.push(fileWork(mayStay))
  }
  return { directories: [...directories], settled, staying, files }
}

/** The line of a file in the merged backup. `headerOffset` is where its header table lies in the new map. */
export function mergedEntry(work: FileWork, merged: MergedFile, headerOffset: number): ContentEntry {
  const { entry, version } = work
  const { pages } = merged
  if (pages === undefined) return version === undefined ? entry : plainMerged(entry, version)
  return {
    ...entry,
    sizeBytes: merged.storedBytes,
    fullBytes: pages.blockCount * PAGE_BYTES,
    crc: merged.crc,
    compressAlgorithm: merged.compressAlgorithm,
    blockCount: pages.blockCount,
    headers: {
      headerCount: pages.headerCount,
      crc: pages.headerCrc,
      offset: headerOffset,
      sizeBytes: pages.headerBlob.length,
    },
  }
}

/** In the order of the reference tool: by path, byte by byte, then by external directory. */
export function sortMerged(entries: readonly ContentEntry[]): readonly ContentEntry[] {
  return entries
    .map((entry) => ({ entry, bytes: Buffer.from(entry.path) }))
    .sort((a, b) => Buffer.compare(a.bytes, b.bytes) || a.entry.externalDirNumber - b.entry.externalDirNumber)
    .map(({ entry }) => entry)
}

function plainMerged(entry: ContentEntry, version: ContentEntry): ContentEntry {
  const { sizeBytes, fullBytes, crc, compressAlgorithm } = version
  return { ...entry, sizeBytes, fullBytes, crc, compressAlgorithm }
}

function toSource(
  { entry, blockLimit }: StoredVersion,
  { backup, control }: Member,
  isFull: boolean,
): MergeSource {
  const version = versionOf(control)
  return {
    backupId: backup.id,
    storedPath: path.join(backup.directory, contentRoot(entry), entry.path),
    compressAlgorithm: entry.compressAlgorithm,
    isPadded: version < FIRST_WITH_HEADER_MAP,
    isFull,
    crc: entry.crc,
    headerMapPath: path.join(backup.directory, 'page_header_map'),
    headers: version < FIRST_RELIABLE ? undefined : entry.headers,
    blockLimit,
  }
}

function versionOf({ programVersion }: BackupControl): number {
  return versionNumber(programVersion ?? '0.0.0')
}
