import path from 'node:path'
import type { Lsn } from '../../base/lsn.ts'
import type { Backup } from '../../catalog/backup.ts'
import { type BackupControl, versionNumber } from '../../format/backup-control.ts'
import type { ContentEntry } from '../../format/content-list.ts'
import { hasLegacyCrc } from '../../format/crc32c.ts'
import { HEADER_MAP } from './check-files.ts'
import type { ChainFile, StoredSource } from './stored-source.ts'
import { contentRoot, type ContentIndex, isPaged, storedVersions } from './stored-versions.ts'

/** A backup whose control file could be read. */
export type ReadableBackup = Backup & { readonly control: BackupControl }

/** A backup of the chain with its content list. */
export type ListedBackup = { readonly backup: ReadableBackup; readonly entries: readonly ContentEntry[] }

const FIRST_WITH_HEADER_MAP = 20_400

/**
 * What a file of the newest backup is put together from. `older` is newest first, `olderEntries` its lists. Pure. Source:
 * `catalog-format.md` sections 10.6 and 10.7.
 *
 * @throws {EngineError} `backup.damaged` when nobody stores it.
 */
export function chainFile(
  entry: ContentEntry,
  from: {
    readonly newest: ListedBackup
    readonly older: readonly ListedBackup[]
    readonly olderEntries: readonly ContentIndex[]
    /** Where the backup stopped up to which a directory followed the chain. */
    readonly shiftLsn: Lsn
  },
): ChainFile {
  const { newest, older, olderEntries, shiftLsn } = from
  const chain = [newest, ...older]
  const sources = storedVersions(entry, olderEntries, newest.backup.id).flatMap(
    ({ index, entry: version, blockLimit }) => {
      const member = chain[index]
      return member === undefined ? [] : [{ ...stored(member.backup, version, shiftLsn), blockLimit }]
    },
  )
  return {
    name: entry.path,
    mode: entry.mode,
    blockCount: entry.blockCount,
    segmentNumber: entry.segmentNumber,
    kind: sources.length === 0 ? 'empty' : isPaged(entry) ? 'data' : 'plain',
    sources,
  }
}

function stored(
  backup: ReadableBackup,
  entry: ContentEntry,
  shiftLsn: Lsn,
): Omit<StoredSource, 'blockLimit'> {
  const version = versionNumber(backup.control.programVersion ?? '')
  return {
    backupId: backup.id,
    storedPath: path.join(backup.directory, contentRoot(entry), entry.path),
    compressAlgorithm: entry.compressAlgorithm,
    isPadded: version < FIRST_WITH_HEADER_MAP,
    hasLegacyCrc: hasLegacyCrc(version),
    crc: entry.crc,
    sizeBytes: entry.sizeBytes,
    headers:
      entry.headers === undefined || version < FIRST_WITH_HEADER_MAP
        ? undefined
        : { mapPath: path.join(backup.directory, HEADER_MAP), place: entry.headers },
    isBeforeShift: backup.control.stopLsn <= shiftLsn,
  }
}
