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
}

/** What became of a file. */
export type CopiedFile =
  /** Dropped while the backup ran: it is left out of the content list, WAL replay does not need it. */
  | { readonly outcome: 'vanished' }
  | {
      readonly outcome: 'copied'
      readonly storedBytes: number
      readonly fullBytes: number
      readonly crc: number
      /** Data files: blocks read, and the compressed header table that goes into `page_header_map`. */
      readonly blockCount: number
      readonly headers:
        { readonly blob: Uint8Array; readonly crc: number; readonly count: number } | undefined
      /** Pages that had to be read again because the server was writing them. */
      readonly rereadCount: number
    }

export type CopyFilesInput = {
  readonly files: readonly FileToCopy[]
  readonly compressAlgorithm: CompressAlgorithm
  readonly compressLevel: number
  readonly hasChecksums: boolean
}
