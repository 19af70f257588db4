import type { Lsn } from '../base/lsn.ts'
import type { PageExpectations, PageVerdict } from '../format/page-header.ts'

/** Most pages that one scan takes: 1 MiB. */
export const MOST_SCANNED_PAGES = 128

/** What {@link PageKernel.scanPages} found out about a page; the codes of `assembly/scan-pages.ts`. */
export const SCANNED = {
  valid: 0,
  zeroed: 1,
  headerInvalid: 2,
  checksumMismatch: 3,
  lsnFromFuture: 4,
  /** Sound, and older than the horizon. */
  unchanged: 5,
} as const

export type ScanExpectations = {
  /** Of the first page, counted from the start of the relation. */
  readonly firstBlock: number
  readonly hasChecksums: boolean
  /** Sound pages whose LSN is older are `unchanged`, except for those with LSN 0; left out or 0 = none is. */
  readonly horizon?: Lsn | undefined
  /** As in {@link PageExpectations}. */
  readonly stopLsn?: Lsn | undefined
}

export type RecordExpectations = {
  /** Of the segment's first page, counted from the start of the relation. */
  readonly firstBlock: number
  /** Of the record before, within the segment; -1 when there is none. */
  readonly lastBlock: number
  readonly hasChecksums: boolean
  /** As in {@link PageExpectations}. */
  readonly stopLsn: Lsn
}

/** One place for each page, in the kernel's own memory: good until the next page is examined. */
export type PageScan = {
  /** One of {@link SCANNED}. */
  readonly verdicts: Uint8Array
  /** As computed; 0 for zeroed pages and invalid headers. */
  readonly checksums: Uint16Array
  /** 0 for zeroed pages and invalid headers. */
  readonly lsns: BigUint64Array
  /** The same in halves, the lower one first: whoever sees every page makes no big integers. */
  readonly lsnHalves: Uint32Array
}

/**
 * The loops that see every byte. A buffer from `reserve` is used where it lies; other bytes are copied into the kernel's
 * memory first, which is correct and slower.
 */
export type PageKernel = {
  readonly kind: 'wasm' | 'twin'
  /**
   * A buffer that lives as long as the thread, on a multiple of 4096 bytes: reserve it once, when a module is loaded. All
   * reserved buffers together must stay below {@link MOST_RESERVED_BYTES}.
   */
  reserve(bytes: number): Uint8Array<ArrayBuffer>
  /** As `crc32c` of `engine/format`. */
  crc32c(bytes: Uint8Array, crc?: number): number
  /** As `lz4Compress` of `engine/format`, of one page. The result is good until the next page is packed or unpacked. */
  compressLz4(page: Uint8Array): Uint8Array
  /** Fills `page` from an LZ4 block; false, with rubbish in `page`, when it does not hold just one page. */
  decompressLz4(block: Uint8Array, page: Uint8Array): boolean
  /** As `pageChecksum` of `engine/format`. */
  pageChecksum(page: Uint8Array, blockNumber: number): number
  /** As `examinePage` of `engine/format`. */
  examinePage(page: Uint8Array, expected: PageExpectations): PageVerdict
  /** Examines whole pages that lie one after the other, at most {@link MOST_SCANNED_PAGES}. Does not touch them. */
  scanPages(pages: Uint8Array, expected: ScanExpectations): PageScan
  /**
   * Looks at the records of a stored data file: how many from the first one on are whole, ascend, and hold a sound page
   * that is not compressed. `records` lies in a reserved buffer. Does not touch what {@link scanPages} has found.
   */
  scanRecords(records: Uint8Array, expected: RecordExpectations): number
  /**
   * Goes over whole pages of WAL that follow those of the call before, checks pages and records, and leaves in the area of
   * `openWalScan` what they tell. Gives how many pages it is done with: all, unless the status in the area says why not.
   * Area and pages lie in reserved buffers.
   */
  scanWal(area: Uint8Array, pages: Uint8Array): number
}

/** What the memory of a kernel has room for, whoever reserves it. */
export const MOST_RESERVED_BYTES = 12 << 20
