import type { ContentEntry } from '../format/content-list.ts'

/** A plain file of a hundred bytes in the data directory, but for what is given. */
export function fileEntry(path: string, given: Partial<ContentEntry> = {}): ContentEntry {
  return {
    path,
    sizeBytes: 100,
    mode: 0o100600,
    isDataFile: false,
    isCfs: false,
    crc: 1,
    compressAlgorithm: 'none',
    externalDirNumber: 0,
    databaseOid: 0,
    fullBytes: given.sizeBytes ?? 100,
    segmentNumber: 0,
    linkTarget: undefined,
    blockCount: 0,
    headers: undefined,
    ...given,
  }
}

/** A directory, but for what is given. */
export function directoryEntry(path: string, given: Partial<ContentEntry> = {}): ContentEntry {
  return fileEntry(path, { sizeBytes: 0, mode: 0o040700, crc: 0, ...given })
}
