import type { CompressAlgorithm } from './backup-control.ts'

/** What is stored of a file's header table in `page_header_map`. Source: `catalog-format.md` section 5.4. */
export type HeaderTablePlace = {
  readonly headerCount: number
  /** CRC-32C of the uncompressed table, dummy record included. */
  readonly crc: number
  readonly offset: number
  readonly sizeBytes: number
}

/** One line of `backup_content.control`. Source: `catalog-format.md` section 4.2. */
export type ContentEntry = {
  /** Relative to `database/`, or to the external directory. */
  readonly path: string
  /** Stored bytes; 0 = the source was empty and no file is stored; -1 = unchanged since the parent, nothing stored. */
  readonly sizeBytes: number
  /** `st_mode` of the source with its type bits. */
  readonly mode: number
  readonly isDataFile: boolean
  readonly isCfs: boolean
  readonly crc: number
  readonly compressAlgorithm: CompressAlgorithm
  /** 0 = PGDATA, N = `externaldirN`. */
  readonly externalDirNumber: number
  readonly databaseOid: number
  /** Logical size; equals `sizeBytes` when the line leaves it out. */
  readonly fullBytes: number
  readonly segmentNumber: number
  readonly linkTarget: string | undefined
  /** Blocks that the source had; 0 when the line leaves it out. */
  readonly blockCount: number
  readonly headers: HeaderTablePlace | undefined
}
