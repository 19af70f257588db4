import { assert } from '../base/assert.ts'
import { EngineError } from '../base/engine-error.ts'
import { LSN_NONE } from '../base/lsn.ts'
import { crc32c } from '../format/crc32c.ts'
import { lz4Compress, lz4DecompressInto } from '../format/lz4.ts'
import { BLOCK_HEADER_BYTES, decodeBlockHeader } from '../format/page-blocks.ts'
import { pageChecksum } from '../format/page-checksum.ts'
import { examinePage, PAGE_BYTES, type PageVerdict, SEGMENT_BLOCKS } from '../format/page-header.ts'
import { MOST_RESERVED_BYTES, MOST_SCANNED_PAGES, type PageKernel, SCANNED } from './page-kernel.ts'
import { twinScanWal } from './twin-wal-scan.ts'

const RECORD_BYTES = BLOCK_HEADER_BYTES + PAGE_BYTES

/** The kernel in plain TypeScript: what the other is held against, and what runs where WebAssembly does not. */
export function openTwinKernel(): PageKernel {
  const verdicts = new Uint8Array(MOST_SCANNED_PAGES)
  const checksums = new Uint16Array(MOST_SCANNED_PAGES)
  const lsns = new BigUint64Array(MOST_SCANNED_PAGES)
  // Every processor that this runs on is little-endian.
  const lsnHalves = new Uint32Array(lsns.buffer)
  let reservedBytes = 0
  return {
    kind: 'twin',
    reserve: (bytes) => {
      reservedBytes += bytes
      assert(reservedBytes <= MOST_RESERVED_BYTES, 'the reserved buffers have become too many')
      return new Uint8Array(bytes)
    },
    crc32c,
    compressLz4: (page) => {
      assert(page.length === PAGE_BYTES, 'a page has 8192 bytes')
      return lz4Compress(page)
    },
    decompressLz4: (block, page) => {
      assert(page.length === PAGE_BYTES, 'a page has 8192 bytes')
      try {
        lz4DecompressInto(block, page)
        return true
      } catch (thrown) {
        if (thrown instanceof EngineError && thrown.code === 'format.damaged') return false
        throw thrown
      }
    },
    pageChecksum,
    examinePage,
    scanPages: (pages, { firstBlock, hasChecksums, horizon = LSN_NONE, stopLsn }) => {
      const count = pages.length / PAGE_BYTES
      assert(Number.isInteger(count) && count <= MOST_SCANNED_PAGES, 'a scan takes up to 128 whole pages')
      for (let index = 0; index < count; index++) {
        const page = pages.subarray(index * PAGE_BYTES, (index + 1) * PAGE_BYTES)
        const blockNumber = firstBlock + index
        const { verdict, checksum, lsn } = examinePage(page, { blockNumber, hasChecksums, stopLsn })
        const isUnchanged = verdict === 'valid' && lsn !== LSN_NONE && lsn < horizon
        verdicts[index] = isUnchanged ? SCANNED.unchanged : CODES[verdict]
        checksums[index] = checksum
        lsns[index] = lsn
      }
      return { verdicts, checksums, lsns, lsnHalves }
    },
    scanRecords: (records, { firstBlock, lastBlock, hasChecksums, stopLsn }) => {
      let count = 0
      let last = lastBlock
      for (let at = 0; records.length - at >= RECORD_BYTES; at += RECORD_BYTES, count++) {
        const { block, payloadBytes } = decodeBlockHeader(records, at)
        if (payloadBytes !== PAGE_BYTES || block >= SEGMENT_BLOCKS || block <= last) break
        const page = records.subarray(at + BLOCK_HEADER_BYTES, at + RECORD_BYTES)
        const blockNumber = firstBlock + block
        const { verdict } = examinePage(page, { blockNumber, hasChecksums, stopLsn })
        if (verdict !== 'valid' && verdict !== 'zeroed') break
        last = block
      }
      return count
    },
    scanWal: twinScanWal,
  }
}

const CODES: Readonly<Record<PageVerdict['verdict'], number>> = {
  valid: SCANNED.valid,
  zeroed: SCANNED.zeroed,
  'header-invalid': SCANNED.headerInvalid,
  'checksum-mismatch': SCANNED.checksumMismatch,
  'lsn-from-future': SCANNED.lsnFromFuture,
}
