import { closeSync, openSync, readSync } from 'node:fs'
import { EngineError } from '../../base/engine-error.ts'
import { LSN_NONE } from '../../base/lsn.ts'
import { openCompression } from '../../compression/compression.ts'
import { HeaderTable } from '../../format/header-map.ts'
import { BLOCK_HEADER_BYTES, encodeBlockHeader } from '../../format/page-blocks.ts'
import { examinePage, PAGE_BYTES, type PageVerdict, SEGMENT_BLOCKS } from '../../format/page-header.ts'
import { PageMap } from '../../format/page-map.ts'
import { mapFileError } from '../../host/file-error.ts'
import { FileWriter } from '../../host/file-writer.ts'
import { kernel } from '../../kernel/kernel.ts'
import { SCANNED } from '../../kernel/page-kernel.ts'
import { packHeaderTable } from '../steps/header-table.ts'
import type { TaskContext } from '../steps/worker-pool.ts'
import type { CopiedFile, CopyFilesInput, FileToCopy } from './file-copy.ts'

/** Pages per read: 256 KiB stays in a core's cache. */
const PAGES_PER_READ = 32
/** Stored bytes are gathered to this much per write. */
const WRITE_BYTES = 1 << 20
/** How often a page is read again before it counts as damaged; each time the server may have finished writing it. */
const MOST_READS = 300

const readBuffer = kernel.reserve(PAGES_PER_READ * PAGE_BYTES)
const readPages = Array.from({ length: PAGES_PER_READ }, (_, index) =>
  readBuffer.subarray(index * PAGE_BYTES, (index + 1) * PAGE_BYTES),
)
const writeBuffer = kernel.reserve(WRITE_BYTES + PAGE_BYTES + BLOCK_HEADER_BYTES)
const firstBytes = writeBuffer.subarray(0, WRITE_BYTES)
/** Of the file that is being copied: a gigabyte has three megabytes of headers. */
const headers = new HeaderTable()
/** Of data files in the catalog, whatever the source has. */
const STORED_MODE = 0o600

/**
 * Copies the pages of one segment of a relation into the catalog's stored form, checking every page.
 * Pages torn by a concurrent write are read again. Nothing is left of an empty or vanished file. `takeTable` is given
 * the compressed header table of a file that is stored.
 *
 * @throws {EngineError} `backup.page-corrupt` when a page stays damaged.
 */
export function copyDataFile(
  file: FileToCopy,
  options: CopyFilesInput,
  context: TaskContext,
  takeTable: (headerTable: Uint8Array) => void,
): CopiedFile {
  const source = openSource(file)
  if (source === undefined) return { outcome: 'vanished' }
  let target: FileWriter | undefined
  try {
    const compression = openCompression(options.compressAlgorithm, options.compressLevel)
    headers.clear()
    let rereadCount = 0
    let pending = 0
    let writtenBytes = 0
    let crc = 0

    const flush = (bytes: Uint8Array): void => {
      // Whoever fills a buffer is a large file: what is written whole and aligned may go past the page cache.
      target ??= new FileWriter(file.targetPath, {
        mode: STORED_MODE,
        isLarge: bytes.length === WRITE_BYTES,
        exclusively: false,
      })
      crc = kernel.crc32c(bytes, crc)
      target.write(bytes, writtenBytes)
      writtenBytes += bytes.length
    }
    const store = (block: number, page: Uint8Array, lsnHigh: number, lsnLow: number, checksum: number) => {
      const payload = compression.compressPage(page) ?? page
      headers.add(block, writtenBytes + pending, lsnHigh, lsnLow, checksum)
      encodeBlockHeader(writeBuffer, pending, block, payload.length)
      writeBuffer.set(payload, pending + BLOCK_HEADER_BYTES)
      pending += BLOCK_HEADER_BYTES + payload.length
      if (pending < WRITE_BYTES) return
      flush(firstBytes)
      writeBuffer.copyWithin(0, WRITE_BYTES, pending)
      pending -= WRITE_BYTES
    }

    const horizon = file.pages?.horizon
    let blockCount = 0
    reading: for (const run of runsOf(file)) {
      context.throwIfCancelled()
      const readBytes = readSync(source, readBuffer, 0, run.count * PAGE_BYTES, run.block * PAGE_BYTES)
      if (readBytes === 0) break
      const wholeCount = Math.floor(readBytes / PAGE_BYTES)
      const readCount = Math.ceil(readBytes / PAGE_BYTES)
      const found = kernel.scanPages(readBuffer.subarray(0, wholeCount * PAGE_BYTES), {
        firstBlock: file.segmentNumber * SEGMENT_BLOCKS + run.block,
        hasChecksums: options.hasChecksums,
        horizon,
      })
      for (let index = 0; index < readCount; index++) {
        const block = run.block + index
        const verdict = index < wholeCount ? found.verdicts[index] : undefined
        if (verdict === SCANNED.valid || verdict === SCANNED.zeroed) {
          const high = found.lsnHalves[2 * index + 1] as number
          const low = found.lsnHalves[2 * index] as number
          store(block, readPages[index] as Uint8Array, high, low, found.checksums[index] as number)
        } else if (verdict !== SCANNED.unchanged) {
          const page = readPages[index] as Uint8Array
          const checked = readUntilSound(source, page, file, block, index < wholeCount, options.hasChecksums)
          if (checked === undefined) break reading
          rereadCount += checked.readCount
          const { lsn, checksum } = checked.verdict
          if (horizon === undefined || lsn === LSN_NONE || lsn >= horizon)
            store(block, page, Number(lsn >> 32n), Number(lsn & 0xffff_ffffn), checksum)
        }
        blockCount = block + 1
      }
      context.addBytes(readBytes)
    }
    if (pending > 0) flush(writeBuffer.subarray(0, pending))
    if (file.pages?.map !== undefined) {
      // Blocks that a map leaves out are there all the same: the file had them when it was listed.
      blockCount = Math.floor(file.pages.listedBytes / PAGE_BYTES)
      context.addBytes(Math.max(0, file.pages.listedBytes - headers.count * PAGE_BYTES))
    }
    if (file.pages !== undefined && headers.count === 0 && blockCount > 0) {
      return { outcome: 'unchanged', fullBytes: 0, crc: 0, blockCount, rereadCount }
    }
    if (blockCount === 0) return emptyFile
    const table = headers.finish(writtenBytes)
    const packed = packHeaderTable(table)
    takeTable(packed)
    return {
      outcome: 'copied',
      storedBytes: writtenBytes,
      fullBytes: headers.count * PAGE_BYTES,
      crc,
      blockCount,
      headers: { sizeBytes: packed.length, crc: kernel.crc32c(table), count: headers.count },
      rereadCount,
    }
  } finally {
    closeSync(source)
    target?.[Symbol.dispose]()
  }
}

/** What is to be read, at most a buffer at a time: everything to the end of the file, or the blocks of the map. */
function* runsOf({ pages }: FileToCopy): Generator<{ readonly block: number; readonly count: number }> {
  if (pages?.map === undefined) {
    for (let block = 0; ; block += PAGES_PER_READ) yield { block, count: PAGES_PER_READ }
  }
  let run: { block: number; count: number } | undefined
  for (const block of new PageMap(pages.map).blocksBelow(Math.floor(pages.listedBytes / PAGE_BYTES))) {
    if (run !== undefined && block === run.block + run.count && run.count < PAGES_PER_READ) run.count++
    else {
      if (run !== undefined) yield run
      run = { block, count: 1 }
    }
  }
  if (run !== undefined) yield run
}

const emptyFile: CopiedFile = {
  outcome: 'copied',
  storedBytes: 0,
  fullBytes: 0,
  crc: 0,
  blockCount: 0,
  headers: undefined,
  rereadCount: 0,
}

/** Reads the page again until it is sound; undefined when the file was truncated below it meanwhile. */
function readUntilSound(
  source: number,
  page: Uint8Array,
  file: FileToCopy,
  block: number,
  isWhole: boolean,
  hasChecksums: boolean,
): { readonly verdict: PageVerdict; readonly readCount: number } | undefined {
  const blockNumber = file.segmentNumber * SEGMENT_BLOCKS + block
  let problem = 'is shorter than a page'
  for (let readCount = 0; readCount <= MOST_READS; readCount++) {
    const readBytes =
      readCount === 0 && isWhole ? PAGE_BYTES : readSync(source, page, 0, PAGE_BYTES, block * PAGE_BYTES)
    if (readBytes === 0) return undefined
    if (readBytes < PAGE_BYTES) continue
    const verdict = examinePage(page, { blockNumber, hasChecksums })
    if (verdict.verdict === 'valid' || verdict.verdict === 'zeroed') return { verdict, readCount }
    problem = verdict.verdict === 'header-invalid' ? 'has a damaged header' : 'fails its checksum'
  }
  throw new EngineError(
    'backup.page-corrupt',
    `page ${block} of ${file.name} ${problem}, also after ${MOST_READS} more reads`,
    {
      hint: 'The running cluster is damaged there: find the relation with pg_filenode_relation() and check it with pg_amcheck; an older backup may hold the page intact.',
      facts: { file: file.name, block: String(block) },
    },
  )
}

function openSource(file: FileToCopy): number | undefined {
  try {
    return openSync(file.sourcePath, 'r')
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined
    throw mapFileError(thrown, file.sourcePath, 'open')
  }
}
