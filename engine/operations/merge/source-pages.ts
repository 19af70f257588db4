import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { EngineError } from '../../base/engine-error.ts'
import { openCompression } from '../../compression/compression.ts'
import type { CompressAlgorithm } from '../../format/backup-control.ts'
import type { PageHeaderEntry } from '../../format/header-map.ts'
import { BLOCK_HEADER_BYTES } from '../../format/page-blocks.ts'
import { examinePage, PAGE_BYTES, SEGMENT_BLOCKS } from '../../format/page-header.ts'
import { mapFileError } from '../../host/file-error.ts'
import { kernel } from '../../kernel/kernel.ts'
import { readHeaderTable } from '../steps/header-table.ts'
import { readStoredPages } from '../steps/stored-pages.ts'
import type { TaskContext } from '../steps/worker-pool.ts'
import type { FileToMerge, MergeFilesInput, MergeSource } from './file-work.ts'

/** A page record of a stored file: where it lies, and what the header map says of it. */
export type SourcePage = PageHeaderEntry & { readonly payloadBytes: number }

/** A stored file that is open for reading, with all its records. */
export type SourcePages = Disposable & {
  readonly source: MergeSource
  readonly descriptor: number
  /** What the file is stored with now. */
  readonly compressAlgorithm: CompressAlgorithm
  readonly storedBytes: number
  /** Of the whole file. */
  readonly crc: number
  /** Blocks ascending. */
  readonly pages: readonly SourcePage[]
  /** Of a file that a broken merge has left: blocks whose pages are not sound. Nobody may need them. */
  readonly damagedBlocks: readonly number[]
}

const chunk = kernel.reserve(256 << 10)
const page = new Uint8Array(PAGE_BYTES)

/**
 * Opens a stored file and finds its records: by the header map, or, where that is not to be relied on, by reading the
 * file and looking at every page. A file of the FULL that an unfinished merge has replaced is known by its checksum.
 *
 * @throws {EngineError} `backup.damaged`, `storage.*`
 */
export function openSourcePages(
  source: MergeSource,
  file: FileToMerge,
  input: MergeFilesInput,
  context: TaskContext,
): SourcePages {
  const descriptor = openStored(source.storedPath)
  try {
    const storedBytes = fstatSync(descriptor).size
    const crc = source.isFull && input.isResumed ? crcOf(descriptor, context) : source.crc
    const isReplaced = crc !== source.crc
    const compressAlgorithm = isReplaced ? input.compressAlgorithm : source.compressAlgorithm
    const table =
      isReplaced || source.headers === undefined
        ? undefined
        : readHeaderTable(source.headerMapPath, source.headers)
    const found =
      table?.kind === 'sound'
        ? { pages: withLengths(table.table.entries(), storedBytes), damagedBlocks: [] }
        : scanPages(descriptor, { source, compressAlgorithm, file, input, context, isReplaced })
    return {
      source,
      descriptor,
      compressAlgorithm,
      storedBytes,
      crc,
      ...found,
      [Symbol.dispose]: () => closeSync(descriptor),
    }
  } catch (thrown) {
    closeSync(descriptor)
    if (thrown instanceof EngineError && thrown.code === 'format.damaged')
      throw damagedSource(file, source, thrown.message, thrown)
    throw thrown
  }
}

/** The CRC-32C of a whole file. */
export function crcOf(descriptor: number, context: TaskContext): number {
  let crc = 0
  for (let offset = 0; ;) {
    context.throwIfCancelled()
    const readBytes = readSync(descriptor, chunk, 0, chunk.length, offset)
    if (readBytes === 0) return crc
    crc = kernel.crc32c(chunk.subarray(0, readBytes), crc)
    offset += readBytes
  }
}

export function openStored(file: string): number {
  try {
    return openSync(file, 'r')
  } catch (thrown) {
    throw mapFileError(thrown, file, 'open')
  }
}

export function damagedSource(
  file: Pick<FileToMerge, 'name'>,
  source: Pick<MergeSource, 'backupId'>,
  what: string,
  cause?: unknown,
): EngineError {
  return new EngineError('backup.damaged', `"${file.name}" of backup ${source.backupId}: ${what}`, {
    hint: 'Validate the instance. If the merge had begun, its increments are still there: repair the file and merge again, or restore from another chain.',
    cause,
    facts: { backup: source.backupId, file: file.name },
  })
}

/** A record ends where the next begins; the last record of the table has been left out, it is the size of the file. */
function withLengths(entries: readonly PageHeaderEntry[], storedBytes: number): readonly SourcePage[] {
  return entries.map((entry, at) => {
    const end = entries[at + 1]?.position ?? storedBytes
    const payloadBytes = end - entry.position - BLOCK_HEADER_BYTES
    if (payloadBytes <= 0 || payloadBytes > PAGE_BYTES || entry.block <= (entries[at - 1]?.block ?? -1)) {
      throw new EngineError('format.damaged', `the header table places block ${entry.block} wrongly`)
    }
    return { ...entry, payloadBytes }
  })
}

function scanPages(
  descriptor: number,
  found: {
    readonly source: MergeSource
    readonly compressAlgorithm: CompressAlgorithm
    readonly file: FileToMerge
    readonly input: MergeFilesInput
    readonly context: TaskContext
    readonly isReplaced: boolean
  },
): Pick<SourcePages, 'pages' | 'damagedBlocks'> {
  const { source, file, input, context, isReplaced } = found
  const compression = openCompression(found.compressAlgorithm, 1)
  const pages: SourcePage[] = []
  const damagedBlocks: number[] = []
  const onBytes = (): void => context.throwIfCancelled()
  try {
    readStoredPages(descriptor, { isPadded: source.isPadded, onBytes }, ({ block, position, payload }) => {
      if (payload.length < PAGE_BYTES) compression.decompressPage(payload, page)
      const { verdict, lsn, checksum } = examinePage(payload.length < PAGE_BYTES ? page : payload, {
        blockNumber: file.segmentNumber * SEGMENT_BLOCKS + block,
        hasChecksums: input.hasChecksums,
      })
      if (verdict === 'header-invalid' || verdict === 'checksum-mismatch') {
        if (!isReplaced) throw new EngineError('format.damaged', `block ${block} is damaged`)
        damagedBlocks.push(block)
      }
      pages.push({ lsn, block, position, checksum, payloadBytes: payload.length })
      return undefined
    })
  } catch (thrown) {
    // Pages were being added to the file in its place: all that the FULL had is there, the rest is in the increments.
    const isAllThere =
      isReplaced &&
      found.compressAlgorithm === 'none' &&
      pages.length >= (source.headers?.headerCount ?? Infinity)
    if (!isAllThere || !(thrown instanceof EngineError) || thrown.code !== 'format.damaged') throw thrown
  }
  return { pages, damagedBlocks }
}
