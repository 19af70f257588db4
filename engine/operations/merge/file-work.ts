import type { CompressAlgorithm } from '../../format/backup-control.ts'
import type { HeaderTablePlace } from '../../format/content-list.ts'

/** One stored version of a file that is to be merged. */
export type MergeSource = {
  readonly backupId: string
  readonly storedPath: string
  readonly compressAlgorithm: CompressAlgorithm
  /** Payloads are padded: written before 2.4.0. */
  readonly isPadded: boolean
  /** The file of the FULL itself, which an unfinished merge may have replaced already. */
  readonly isFull: boolean
  readonly crc: number
  readonly headerMapPath: string
  /** Undefined where the header map is not to be relied on: the pages tell then. */
  readonly headers: HeaderTablePlace | undefined
  /** Blocks from here on were cut off by a later truncation; Infinity = none. */
  readonly blockLimit: number
}

/** One file of the merged backup that is not simply left where it is. */
export type FileToMerge = {
  /** Where the file lies in the FULL. */
  readonly targetPath: string
  readonly name: string
  readonly isPaged: boolean
  /** Blocks that the relation had when the destination was taken; 0 = not known. */
  readonly blockCount: number
  readonly segmentNumber: number
  /** Newest first. A file that is not paged has one. */
  readonly sources: readonly MergeSource[]
  /** The FULL has the file with as many blocks and nobody has changed it since. */
  readonly mayStay: boolean
}

export type MergeFilesInput = {
  readonly files: readonly FileToMerge[]
  /** How the destination stores pages. */
  readonly compressAlgorithm: CompressAlgorithm
  readonly compressLevel: number
  readonly hasChecksums: boolean
  /** An earlier merge was broken off: what lies in the FULL may be of either. */
  readonly isResumed: boolean
  readonly isSynced: boolean
}

/** What became of a file. */
export type MergedFile = {
  /**
   * `stayed`: as it was; `linked`: the whole file of an increment; `written`: put together page by page; `patched`: the
   * changed pages were written into the file of the FULL.
   */
  readonly how: 'stayed' | 'linked' | 'written' | 'patched'
  readonly storedBytes: number
  /** Bytes that were written into the catalog for it. */
  readonly writtenBytes: number
  readonly crc: number
  readonly compressAlgorithm: CompressAlgorithm
  /** Paged files only. */
  readonly pages:
    | {
        readonly blockCount: number
        readonly headerCount: number
        readonly headerCrc: number
        readonly headerBlob: Uint8Array
      }
    | undefined
}
