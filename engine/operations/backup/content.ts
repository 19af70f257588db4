import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { CompressAlgorithm } from '../../format/backup-control.ts'
import type { ContentEntry } from '../../format/content-list.ts'
import { crc32c } from '../../format/crc32c.ts'
import { PAGE_BYTES } from '../../format/page-header.ts'
import { mapFileError } from '../../host/file-error.ts'
import type { CopiedFile } from './file-copy.ts'
import type { SourceEntry } from './list-files.ts'

/** What C programs leave who open a file with 0666 under the usual umask; the list says the same (format 1.3). */
const TEXT_FILE_MODE = 0o100644

const UNCHANGED = -1

/** The line of a directory, or of a file that has not been copied yet. */
export function pendingEntry(entry: SourceEntry): ContentEntry {
  return {
    path: entry.path,
    sizeBytes: 0,
    mode: entry.mode,
    isDataFile: entry.isDataFile,
    isCfs: false,
    crc: 0,
    compressAlgorithm: 'none',
    externalDirNumber: entry.externalDirNumber,
    databaseOid: entry.databaseOid,
    fullBytes: 0,
    segmentNumber: entry.segmentNumber,
    linkTarget: undefined,
    blockCount: 0,
    headers: undefined,
  }
}

/** The line of a file that has been copied. `headerOffset` is where its header table lies in `page_header_map`. */
export function copiedEntry(
  entry: SourceEntry,
  copied: Extract<CopiedFile, { outcome: 'copied' }>,
  compressAlgorithm: CompressAlgorithm,
  headerOffset: number,
): ContentEntry {
  return {
    ...pendingEntry(entry),
    sizeBytes: copied.storedBytes,
    fullBytes: copied.fullBytes,
    crc: copied.crc,
    compressAlgorithm: entry.isDataFile && copied.storedBytes > 0 ? compressAlgorithm : 'none',
    blockCount: copied.blockCount,
    headers:
      copied.headers === undefined
        ? undefined
        : {
            headerCount: copied.headers.count,
            crc: copied.headers.crc,
            offset: headerOffset,
            sizeBytes: copied.headers.sizeBytes,
          },
  }
}

/** The line of a file of which the parent has all: -1 bytes are stored (catalog format 4.5). */
export function unchangedEntry(
  entry: SourceEntry,
  { fullBytes, crc, blockCount }: Extract<CopiedFile, { outcome: 'unchanged' }>,
): ContentEntry {
  return { ...pendingEntry(entry), sizeBytes: UNCHANGED, fullBytes, crc, blockCount }
}

/** The line of a data file that was not even read, since the parent has all of it. */
export function unreadEntry(entry: SourceEntry): ContentEntry {
  return {
    ...pendingEntry(entry),
    sizeBytes: UNCHANGED,
    blockCount: Math.floor(entry.sizeBytes / PAGE_BYTES),
  }
}

/** The line of a file that the backup made itself, or received. */
export function plainEntry(file: {
  readonly path: string
  readonly sizeBytes: number
  readonly crc: number
  readonly mode: number
}): ContentEntry {
  return {
    path: file.path,
    sizeBytes: file.sizeBytes,
    mode: file.mode,
    isDataFile: false,
    isCfs: false,
    crc: file.crc,
    compressAlgorithm: 'none',
    externalDirNumber: 0,
    databaseOid: 0,
    fullBytes: file.sizeBytes,
    segmentNumber: 0,
    linkTarget: undefined,
    blockCount: 0,
    headers: undefined,
  }
}

/** Writes a small text into `database/` and gives its line. */
export async function addTextFile(
  databaseDirectory: string,
  name: string,
  text: string,
): Promise<ContentEntry> {
  const bytes = Buffer.from(text, 'utf8')
  const file = path.join(databaseDirectory, name)
  try {
    await writeFile(file, bytes, { mode: TEXT_FILE_MODE & 0o777, flush: true })
  } catch (thrown) {
    throw mapFileError(thrown, file, 'write')
  }
  return plainEntry({ path: name, sizeBytes: bytes.length, crc: crc32c(bytes), mode: TEXT_FILE_MODE })
}

/** Makes the directories of a backup, all of them 0700; what the source's modes were stands in the content list. */
export async function makeDirectories(root: string, directories: readonly string[]): Promise<void> {
  for (const directory of directories) {
    const target = path.join(root, directory)
    try {
      await mkdir(target, { recursive: true, mode: 0o700 })
    } catch (thrown) {
      throw mapFileError(thrown, target, 'create')
    }
  }
}
