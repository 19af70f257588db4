import { closeSync, fchmodSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs'
import { deflateSync } from 'node:zlib'
import { openCompression, type PageCompression } from '../../compression/compression.ts'
import { encodeHeaderTable, type PageHeaderEntry } from '../../format/header-map.ts'
import { BLOCK_HEADER_BYTES, decodeBlockHeader, encodeBlockHeader } from '../../format/page-blocks.ts'
import { PAGE_BYTES } from '../../format/page-header.ts'
import { LSN_NONE } from '../../base/lsn.ts'
import { mapFileError } from '../../host/file-error.ts'
import { kernel } from '../../kernel/kernel.ts'
import type { TaskContext } from '../steps/worker-pool.ts'
import type { FileToMerge, MergedFile, MergeFilesInput } from './file-work.ts'
import { damagedSource, type SourcePage, type SourcePages } from './source-pages.ts'

const BUFFER_BYTES = 1 << 20
const RECORD_BYTES = BLOCK_HEADER_BYTES + PAGE_BYTES

const buffer = kernel.reserve(BUFFER_BYTES)
const stored = new Uint8Array(RECORD_BYTES)
const page = new Uint8Array(PAGE_BYTES)
const zeroPage = new Uint8Array(PAGE_BYTES)

/**
 * Which source has the newest version of each block: the number of the source, -1 for none, by block; and which of its
 * records that is.
 */
export type Owners = { readonly source: Int16Array; readonly record: Int32Array }

/** `sources` are newest first. Blocks that nobody stores are pages of zeros. */
export function findOwners(file: FileToMerge, sources: readonly SourcePages[]): Owners {
  const lastBlock = Math.max(-1, ...sources.map(({ pages }) => pages.at(-1)?.block ?? -1))
  const blockCount = file.blockCount > 0 ? file.blockCount : lastBlock + 1
  const owners = {
    source: new Int16Array(blockCount).fill(-1),
    record: new Int32Array(blockCount),
  }
  for (let at = sources.length - 1; at >= 0; at--) {
    const { pages, source } = sources[at] as SourcePages
    const limit = Math.min(blockCount, source.blockLimit)
    for (const [record, { block }] of pages.entries()) {
      if (block >= limit) break
      owners.source[block] = at
      owners.record[block] = record
    }
  }
  return owners
}

/**
 * Writes the newest version of every block into `draft`, a file as a FULL backup stores it. Records that are stored as
 * the destination wants them are copied as they are, run by run.
 * The last block is the one the relation had, also when nobody stored it (catalog format 11.2, hazard b).
 */
export function writePages(
  draft: string,
  file: FileToMerge,
  sources: readonly SourcePages[],
  owners: Owners,
  input: MergeFilesInput,
  context: TaskContext,
): MergedFile {
  const writer = new PageWriter(draft, file, input, context)
  try {
    const blockCount = owners.source.length
    for (let block = 0; block < blockCount;) {
      const at = owners.source[block] as number
      const from = sources[at]
      if (from === undefined) {
        writer.addZeroPage(block)
        block++
        continue
      }
      const first = owners.record[block] as number
      let count = 1
      while (
        block + count < blockCount &&
        owners.source[block + count] === at &&
        owners.record[block + count] === first + count
      )
        count++
      writer.addPages(from, first, count)
      block += count
    }
    return writer.finish(blockCount)
  } finally {
    writer.close()
  }
}

class PageWriter {
  readonly #draft: string
  readonly #target: number
  readonly #file: FileToMerge
  readonly #input: MergeFilesInput
  readonly #context: TaskContext
  readonly #compression: PageCompression
  readonly #headers: PageHeaderEntry[] = []
  #zeroPayload: Uint8Array | undefined
  #pending = 0
  #storedBytes = 0
  #crc = 0

  constructor(draft: string, file: FileToMerge, input: MergeFilesInput, context: TaskContext) {
    this.#draft = draft
    this.#file = file
    this.#input = input
    this.#context = context
    this.#compression = openCompression(input.compressAlgorithm, input.compressLevel)
    try {
      this.#target = openSync(draft, 'w', 0o600)
      fchmodSync(this.#target, 0o600)
    } catch (thrown) {
      throw mapFileError(thrown, draft, 'create')
    }
  }

  addZeroPage(block: number): void {
    this.#zeroPayload ??= Uint8Array.from(this.#compression.compressPage(zeroPage) ?? zeroPage)
    this.#addPayload({ block, lsn: LSN_NONE, checksum: 0 }, this.#zeroPayload)
  }

  /** Records of one file that follow each other there. */
  addPages(from: SourcePages, first: number, count: number): void {
    const isKept = from.compressAlgorithm === this.#input.compressAlgorithm
    for (let at = first; at < first + count;) {
      this.#context.throwIfCancelled()
      const start = from.pages[at] as SourcePage
      if (!isKept) {
        this.#convert(from, start)
        at++
        continue
      }
      let end = start.position
      let next = at
      if (this.#pending + BLOCK_HEADER_BYTES + start.payloadBytes > BUFFER_BYTES) this.#flush()
      for (; next < first + count; next++) {
        const record = from.pages[next] as SourcePage
        const recordEnd = record.position + BLOCK_HEADER_BYTES + record.payloadBytes
        if (record.position !== end || this.#pending + recordEnd - start.position > BUFFER_BYTES) break
        end = recordEnd
      }
      const bytes = buffer.subarray(this.#pending, this.#pending + end - start.position)
      readFully(from, this.#file, bytes, start.position)
      for (; at < next; at++) {
        const record = from.pages[at] as SourcePage
        const offset = record.position - start.position
        this.#requireSame(from, bytes, offset, record)
        this.#addHeader(record, this.#pending + offset)
      }
      this.#pending += bytes.length
      this.#context.addBytes(bytes.length)
    }
  }

  finish(blockCount: number): MergedFile {
    this.#flush()
    if (this.#input.isSynced) {
      try {
        fsyncSync(this.#target)
      } catch (thrown) {
        throw mapFileError(thrown, this.#draft, 'sync')
      }
    }
    const table = encodeHeaderTable(this.#headers, this.#storedBytes)
    return {
      how: 'written',
      storedBytes: this.#storedBytes,
      writtenBytes: this.#storedBytes,
      crc: this.#crc,
      compressAlgorithm: this.#input.compressAlgorithm,
      pages: {
        blockCount,
        headerCount: this.#headers.length,
        headerCrc: kernel.crc32c(table),
        headerBlob: deflateSync(table, { level: 1 }),
      },
    }
  }

  close(): void {
    closeSync(this.#target)
  }

  #convert(from: SourcePages, record: SourcePage): void {
    const bytes = stored.subarray(0, BLOCK_HEADER_BYTES + record.payloadBytes)
    readFully(from, this.#file, bytes, record.position)
    this.#requireSame(from, bytes, 0, record)
    let content = bytes.subarray(BLOCK_HEADER_BYTES)
    if (record.payloadBytes < PAGE_BYTES) {
      try {
        openCompression(from.compressAlgorithm, 1).decompressPage(content, page)
      } catch (cause) {
        throw damagedSource(this.#file, from.source, `block ${record.block} cannot be decompressed`, cause)
      }
      content = page
    }
    this.#addPayload(record, this.#compression.compressPage(content) ?? content)
    this.#context.addBytes(bytes.length)
  }

  #addPayload(header: Omit<PageHeaderEntry, 'position'>, payload: Uint8Array): void {
    if (this.#pending + BLOCK_HEADER_BYTES + payload.length > BUFFER_BYTES) this.#flush()
    this.#addHeader(header, this.#pending)
    encodeBlockHeader(buffer, this.#pending, header.block, payload.length)
    buffer.set(payload, this.#pending + BLOCK_HEADER_BYTES)
    this.#pending += BLOCK_HEADER_BYTES + payload.length
  }

  #addHeader({ lsn, block, checksum }: Omit<PageHeaderEntry, 'position'>, pendingOffset: number): void {
    this.#headers.push({ lsn, block, checksum, position: this.#storedBytes + pendingOffset })
  }

  /** The record itself is the authority; a header map that disagrees belongs to another file. */
  #requireSame(from: SourcePages, bytes: Uint8Array, offset: number, record: SourcePage): void {
    const { block, payloadBytes } = decodeBlockHeader(bytes, offset)
    if (block === record.block && payloadBytes === record.payloadBytes) return
    throw damagedSource(
      this.#file,
      from.source,
      `the record at offset ${record.position} is not that of block ${record.block}, as the header map says`,
    )
  }

  #flush(): void {
    if (this.#pending === 0) return
    const bytes = buffer.subarray(0, this.#pending)
    this.#crc = kernel.crc32c(bytes, this.#crc)
    try {
      for (let done = 0; done < bytes.length;) done += writeSync(this.#target, bytes, done)
    } catch (thrown) {
      throw mapFileError(thrown, this.#draft, 'write')
    }
    this.#storedBytes += this.#pending
    this.#pending = 0
  }
}

function readFully(from: SourcePages, file: FileToMerge, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length;) {
    const readBytes = readSync(from.descriptor, bytes, done, bytes.length - done, position + done)
    if (readBytes === 0) throw damagedSource(file, from.source, `it ends before offset ${position}`)
    done += readBytes
  }
}
