import * as z from 'zod'
import type { BackupId } from '../../base/backup-id.ts'
import type { Lsn } from '../../base/lsn.ts'
import { query } from '../define.ts'
import type { BackupRecord } from './backups.ts'
import { instanceRef } from './values.ts'

/** Segments from the first to the last one, both included, by their names. */
export type SegmentNames = { readonly begin: string; readonly end: string }

/** What the archive has of one timeline. Sizes are bytes on the disk. */
export type ArchivedTimelineRecord = {
  readonly timeline: number
  /** The newest ancestor and where this timeline left it; undefined when no history file says so. */
  readonly parent: { readonly timeline: number; readonly switchLsn: Lsn } | undefined
  /** The first and the last whole segment; undefined when there is none. */
  readonly segments: SegmentNames | undefined
  /** Files that are whole segments. */
  readonly segmentCount: number
  readonly sizeBytes: number
  /** Segments that are missing between the first and the last, ascending. */
  readonly lost: readonly SegmentNames[]
  /** Segments in which the timeline ended, and what is being written or was left behind while it was. */
  readonly partialCount: number
  readonly temporaryCount: number
  /** Of the nearest ancestor that has any, the last backup from which this timeline can be reached. */
  readonly closestBackupId: BackupId | undefined
  /** Every backup of the timeline, newest first. */
  readonly backups: readonly BackupRecord[]
}

/** The WAL archive of an instance. */
export type WalArchiveRecord = {
  readonly directory: string
  readonly segmentBytes: number
  /** Newest first. */
  readonly timelines: readonly ArchivedTimelineRecord[]
  /** Files that say nothing to Tidemark, segments of a wrong size, and history files that cannot be read. */
  readonly problems: readonly { readonly name: string; readonly message: string }[]
}

export const wal = {
  /** Reads names and sizes, a second for a hundred thousand files. The segments themselves are not opened. */
  'wal.archive': query<WalArchiveRecord>()(z.strictObject(instanceRef)),
}
