import type { Lsn } from '../../base/lsn.ts'
import type { CompressAlgorithm } from '../../format/backup-control.ts'

/** One file to be copied from the cluster into the backup. */
export type FileToCopy = {
  readonly sourcePath: string
  readonly targetPath: string
  /** How the file is named in messages: its path in the data directory. */
  readonly name: string
  readonly kind: 'data' | 'plain' | 'control'
  /** Permission bits that a plain copy gets; data files are 0600 in the catalog. */
  readonly mode: number
  /** Number of the 1 GiB segment, which the page checksum depends on. */
  readonly segmentNumber: number
  /** Data files that the parent has: which pages are stored. Absent = all. */
  readonly pages?: PageChoice
  /** Plain files that look like the parent's: nothing is stored when the content has this CRC-32C. */
  readonly known?: { readonly crc: number }
}

/** Which pages of a data file go into an increment. */
export type PageChoice = {
  /** Pages with an older LSN are left out, zeroed ones never; undefined = the LSN does not matter. */
  readonly horizon: Lsn | undefined
  /** Only these blocks are looked at, bits as in `PageMap`; undefined = every block. */
  readonly map: Uint8Array | undefined
  /** Size when the file was listed: what was added later is replayed from WAL. Only with a map. */
  readonly listedBytes: number
}

/** What became of a file. */
export type CopiedFile =
  /** Dropped while the backup ran: it is left out of the content list, WAL replay does not need it. */
  | { readonly outcome: 'vanished' }
  /** The parent has all of it; nothing is stored. */
  | {
      readonly outcome: 'unchanged'
      readonly fullBytes: number
      /** Of a plain file; 0 for data files. */
      readonly crc: number
      readonly blockCount: number
      readonly rereadCount: number
    }
  | {
      readonly outcome: 'copied'
      readonly storedBytes: number
      readonly fullBytes: number
      readonly crc: number
      /** Data files: blocks read, and what is to be known of the compressed table for `page_header_map`. */
      readonly blockCount: number
      readonly headers:
        { readonly sizeBytes: number; readonly crc: number; readonly count: number } | undefined
      /** Pages that had to be read again because the server was writing them. */
      readonly rereadCount: number
    }

/** What became of a batch. */
export type CopiedFiles = {
  /** In the order of the batch. */
  readonly files: readonly CopiedFile[]
  /** The header tables of those that have one, one after the other. */
  readonly headerTables: Uint8Array
}

export type CopyFilesInput = {
  readonly files: readonly FileToCopy[]
  readonly compressAlgorithm: CompressAlgorithm
  readonly compressLevel: number
  readonly hasChecksums: boolean
}
