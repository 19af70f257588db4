import { assert } from '../base/assert.ts'
import { LSN_NONE, lsnFromBigint } from '../base/lsn.ts'
import { crc32c as plainCrc32c } from '../format/crc32c.ts'
import { PAGE_BYTES, type PageVerdict } from '../format/page-header.ts'
import { WAL_PAGE_BYTES } from '../format/wal-page.ts'
import { KERNEL_CODE } from './kernel-code.ts'
import { MOST_RESERVED_BYTES, MOST_SCANNED_PAGES, type PageKernel } from './page-kernel.ts'

/** Bytes that lie elsewhere pass through here: a whole scan of them. */
const SCRATCH_BYTES = MOST_SCANNED_PAGES * PAGE_BYTES
/** Below this many bytes copying them over costs more than it saves. */
const SHORT_BYTES = 256
/** Reserved buffers begin on a multiple of this, as reads past the page cache want it. */
const ALIGNMENT = 4096

/** The part of `globalThis.WebAssembly` that is used. The compiler knows it only together with the browser's globals. */
export type WasmRuntime = {
  readonly Module: new (code: Uint8Array) => object
  readonly Instance: new (module: object) => { readonly exports: unknown }
}

/** What `assembly/kernel.ts` exports. Pointers are offsets in the memory. */
type KernelExports = {
  readonly memory: { readonly buffer: ArrayBuffer }
  readonly FREE: { readonly value: number }
  readonly VERDICTS: { readonly value: number }
  readonly CHECKSUMS: { readonly value: number }
  readonly LSNS: { readonly value: number }
  readonly LZ4_OUTPUT: { readonly value: number }
  crc32c(bytes: number, length: number, previous: number): number
  lz4Compress(source: number, length: number): number
  lz4Decompress(source: number, length: number, target: number, size: number): number
  pageChecksum(page: number, blockNumber: number): number
  scanPages(
    pages: number,
    count: number,
    firstBlock: number,
    hasChecksums: number,
    horizon: bigint,
    stopLsn: bigint,
  ): void
  scanRecords(
    records: number,
    end: number,
    firstBlock: number,
    lastBlock: number,
    hasChecksums: number,
    stopLsn: bigint,
  ): number
  scanWal(area: number, pages: number, count: number): number
}

/**
 * The kernel in WebAssembly, or undefined where the runtime does not have it, not with SIMD, or not enough address space.
 * Costs under a millisecond. Its memory never grows, so that no view of it is ever detached.
 */
export function openWasmKernel(
  runtime = (globalThis as { WebAssembly?: WasmRuntime }).WebAssembly,
): PageKernel | undefined {
  if (runtime === undefined) return undefined
  try {
    const module = new runtime.Module(Buffer.from(KERNEL_CODE, 'base64'))
    return around(new runtime.Instance(module).exports as KernelExports)
  } catch (thrown) {
    // CompileError: an instruction is not known. RangeError: no room for the memory. Anything else is our bug.
    if (thrown instanceof Error && (thrown.name === 'CompileError' || thrown.name === 'RangeError'))
      return undefined
    throw thrown
  }
}

function around(wasm: KernelExports): PageKernel {
  const memory = wasm.memory.buffer
  const bytes = new Uint8Array(memory)
  const scan = {
    verdicts: new Uint8Array(memory, wasm.VERDICTS.value, MOST_SCANNED_PAGES),
    checksums: new Uint16Array(memory, wasm.CHECKSUMS.value, MOST_SCANNED_PAGES),
    lsns: new BigUint64Array(memory, wasm.LSNS.value, MOST_SCANNED_PAGES),
    lsnHalves: new Uint32Array(memory, wasm.LSNS.value, 2 * MOST_SCANNED_PAGES),
  }
  const lz4Output = wasm.LZ4_OUTPUT.value
  const scratch = roundUp(wasm.FREE.value)
  let free = scratch + SCRATCH_BYTES
  const end = free + MOST_RESERVED_BYTES
  assert(end <= memory.byteLength, 'the memory of the kernel holds all that may be reserved')

  /** Where a part of the bytes is for the kernel to see; `length` is at most that of the scratch area. */
  const place = (part: Uint8Array): number => {
    if (part.buffer === memory) return part.byteOffset
    bytes.set(part, scratch)
    return scratch
  }
  const examineAt = (
    at: number,
    blockNumber: number,
    hasChecksums: boolean,
    stopLsn: bigint,
  ): PageVerdict => {
    wasm.scanPages(at, 1, blockNumber, hasChecksums ? 1 : 0, LSN_NONE, stopLsn)
    const verdict = VERDICTS[scan.verdicts[0] ?? -1]
    assert(verdict !== undefined, 'a scan without a horizon gives one of five verdicts')
    return { verdict, lsn: lsnFromBigint(scan.lsns[0] ?? LSN_NONE), checksum: scan.checksums[0] ?? 0 }
  }

  return {
    kind: 'wasm',
    reserve: (size) => {
      const start = free
      free = roundUp(free + size)
      assert(free <= end, 'the reserved buffers have become too many')
      return new Uint8Array(memory, start, size)
    },
    crc32c: (part, previous = 0) => {
      if (part.buffer === memory) return wasm.crc32c(part.byteOffset, part.length, previous) >>> 0
      if (part.length < SHORT_BYTES) return plainCrc32c(part, previous)
      let crc = previous
      for (let at = 0; at < part.length; at += SCRATCH_BYTES) {
        const piece = part.subarray(at, at + SCRATCH_BYTES)
        crc = wasm.crc32c(place(piece), piece.length, crc)
      }
      return crc >>> 0
    },
    compressLz4: (page) => {
      assert(page.length === PAGE_BYTES, 'a page has 8192 bytes')
      const length = wasm.lz4Compress(place(page), PAGE_BYTES)
      return bytes.subarray(lz4Output, lz4Output + length)
    },
    decompressLz4: (block, page) => {
      assert(page.length === PAGE_BYTES, 'a page has 8192 bytes')
      if (block.length > SCRATCH_BYTES) return false
      if (page.buffer === memory)
        return wasm.lz4Decompress(place(block), block.length, page.byteOffset, PAGE_BYTES) !== 0
      // A block that lies inside may be what was packed last; one from elsewhere takes the scratch area.
      const target = block.buffer === memory ? scratch : lz4Output
      if (wasm.lz4Decompress(place(block), block.length, target, PAGE_BYTES) === 0) return false
      page.set(bytes.subarray(target, target + PAGE_BYTES))
      return true
    },
    pageChecksum: (page, blockNumber) => {
      assert(page.length === PAGE_BYTES, 'a page has 8192 bytes')
      return wasm.pageChecksum(place(page), blockNumber)
    },
    examinePage: (page, { blockNumber, hasChecksums, stopLsn = LSN_NONE }) => {
      assert(page.length === PAGE_BYTES, 'a page has 8192 bytes')
      return examineAt(place(page), blockNumber, hasChecksums, stopLsn)
    },
    scanPages: (pages, { firstBlock, hasChecksums, horizon = LSN_NONE, stopLsn = LSN_NONE }) => {
      const count = pages.length / PAGE_BYTES
      assert(Number.isInteger(count) && count <= MOST_SCANNED_PAGES, 'a scan takes up to 128 whole pages')
      wasm.scanPages(place(pages), count, firstBlock, hasChecksums ? 1 : 0, horizon, stopLsn)
      return scan
    },
    scanRecords: (records, { firstBlock, lastBlock, hasChecksums, stopLsn }) => {
      assert(records.buffer === memory, 'records lie in a reserved buffer')
      const at = records.byteOffset
      return wasm.scanRecords(at, at + records.length, firstBlock, lastBlock, hasChecksums ? 1 : 0, stopLsn)
    },
    scanWal: (area, pages) => {
      assert(area.buffer === memory && pages.buffer === memory, 'WAL is scanned in reserved buffers')
      const count = pages.length / WAL_PAGE_BYTES
      assert(Number.isInteger(count), 'WAL is scanned in whole pages')
      return wasm.scanWal(area.byteOffset, pages.byteOffset, count)
    },
  }
}

/** By the codes of `SCANNED`, as far as a single page can have them. */
const VERDICTS: readonly PageVerdict['verdict'][] = [
  'valid',
  'zeroed',
  'header-invalid',
  'checksum-mismatch',
  'lsn-from-future',
]

function roundUp(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT
}
