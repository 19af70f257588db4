import type { BackupId } from '../base/backup-id.ts'
import type { Lsn } from '../base/lsn.ts'
import type { Timeline } from '../base/wal-segment.ts'

/** How the pages of a backup were chosen. `''` is what an unreadable control file leaves. */
export type BackupMode = 'FULL' | 'PAGE' | 'DELTA' | 'PTRACK'

/** The status words of a catalog. `UNKNOWN` stands for a control file that cannot be read. */
export type BackupStatus =
  | 'UNKNOWN'
  | 'OK'
  | 'ERROR'
  | 'RUNNING'
  | 'MERGING'
  | 'MERGED'
  | 'DELETING'
  | 'DELETED'
  | 'DONE'
  | 'ORPHAN'
  | 'CORRUPT'

/** Compression of pages. The PostgreSQL dialect writes the first three; lz4 and zstd stop other tools. */
export type CompressAlgorithm = 'none' | 'zlib' | 'pglz' | 'lz4' | 'zstd'

/**
 * What `backup.control` says of one backup. Times are Unix seconds, sizes are bytes; what a file leaves out is undefined.
 * Source: `catalog-format.md` section 3.
 */
export type BackupControl = {
  readonly mode: BackupMode
  readonly isStream: boolean
  readonly compressAlgorithm: CompressAlgorithm
  readonly compressLevel: number
  readonly isFromReplica: boolean
  readonly blockBytes: number
  readonly walBlockBytes: number
  /** Data checksums of the cluster: 0 or 1. */
  readonly checksumVersion: number
  readonly programVersion: string | undefined
  /** `"15"`, or `"9.6"` style below 10. */
  readonly serverVersion: string | undefined
  readonly timeline: Timeline
  readonly startLsn: Lsn
  readonly stopLsn: Lsn
  /** Equals the id. */
  readonly startSeconds: number
  readonly mergeSeconds: number | undefined
  readonly endSeconds: number | undefined
  readonly recoveryXid: bigint
  readonly recoverySeconds: number | undefined
  readonly expireSeconds: number | undefined
  readonly mergeDestinationId: BackupId | undefined
  readonly dataBytes: number | undefined
  readonly walBytes: number | undefined
  readonly uncompressedBytes: number | undefined
  readonly pgdataBytes: number | undefined
  readonly status: BackupStatus
  readonly parentId: BackupId | undefined
  readonly primaryConninfo: string | undefined
  /** As written: paths joined by `:`. */
  readonly externalDirs: string | undefined
  readonly note: string | undefined
  /** CRC-32C of `backup_content.control`; undefined or 0 = not to be checked. */
  readonly contentCrc: number | undefined
}
