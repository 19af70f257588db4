import { closeSync } from 'node:fs'
import { EngineError } from '../../base/engine-error.ts'
import { openCompression } from '../../compression/compression.ts'
import type { HeaderTableReader } from '../../format/header-map.ts'
import { PAGE_BYTES } from '../../format/page-header.ts'
import { kernel } from '../../kernel/kernel.ts'
import { readChosenPages } from './chosen-pages.ts'
import { readHeaderTable } from './header-table.ts'
import { readStoredPages } from './stored-pages.ts'
import type { TaskContext } from './worker-pool.ts'
import { BlockSet } from './block-set.ts'
import { damagedSource, type ChainFile, openStored, type StoredSource } from './stored-source.ts'

/** Pages per write, 1 MiB; a file that has as many is a large one. */
export const WRITE_PAGES = 128

let buffers: { readonly pages: Uint8Array; readonly page: Uint8Array } | undefined

/** In the kernel's memory, for one file at a time. Page workers need it, and no other thread. */
function reservedBuffers() {
  buffers ??= { pages: kernel.reserve(WRITE_PAGES * PAGE_BYTES), page: kernel.reserve(PAGE_BYTES) }
  return buffers
}

/** A megabyte that nobody uses between two files. */
export function pageBuffer(): Uint8Array {
  return reservedBuffers().pages
}

/** Collects pages of blocks that follow each other and has them written together. */
export type PageRun = {
  readonly writtenBytes: number
  add(block: number, content: Uint8Array): void
  flush(): void
}

export function openPageRun(write: (bytes: Uint8Array, offset: number) => void): PageRun {
  const collected = pageBuffer()
  let start = 0
  let pages = 0
  let writtenBytes = 0
  const flush = (): void => {
    if (pages === 0) return
    write(collected.subarray(0, pages * PAGE_BYTES), start * PAGE_BYTES)
    writtenBytes += pages * PAGE_BYTES
    pages = 0
  }
  return {
    get writtenBytes() {
      return writtenBytes
    },
    add(block, content) {
      if (pages === WRITE_PAGES || block !== start + pages) {
        flush()
        start = block
      }
      collected.set(content, pages * PAGE_BYTES)
      pages++
    },
    flush,
  }
}

export type Placing = {
  /** Told of each block once, with its newest version. */
  place(block: number, content: Uint8Array): void
  /** Called when a source has been read. */
  flush(): void
  /** Whether the target holds that very version already, so that it need not be read. */
  readonly isThere?: (block: number, table: HeaderTableReader, index: number, source: StoredSource) => boolean
}

/**
 * Puts a relation segment together from the chain, newest backup first: the first version of a block that is met is the
 * one that counts. Gives the blocks that were met, undefined where there was one source only and nothing to leave out.
 * Source: `catalog-format.md` section 10.7.
 *
 * @throws {EngineError} `backup.damaged`, `storage.*`
 */
export function placePages(file: ChainFile, placing: Placing, context: TaskContext): BlockSet | undefined {
  const met = file.sources.length > 1 || placing.isThere !== undefined ? new BlockSet() : undefined
  const { page } = reservedBuffers()
  for (const source of file.sources) {
    const descriptor = openStored(source)
    try {
      const compression = openCompression(source.compressAlgorithm, 1)
      const place = (block: number, payload: Uint8Array): void => {
        if (payload.length === PAGE_BYTES) {
          placing.place(block, payload)
        } else {
          compression.decompressPage(payload, page)
          placing.place(block, page)
        }
        met?.add(block)
      }
      const table = placing.isThere === undefined ? undefined : findTable(source)
      if (table !== undefined && met !== undefined) {
        placeChosen(descriptor, { file, source, table, met, placing }, place, context)
      } else {
        const onBytes = (bytes: Uint8Array): void => {
          context.throwIfCancelled()
          context.addBytes(bytes.length)
        }
        readStoredPages(descriptor, { isPadded: source.isPadded, onBytes }, ({ block, payload }) => {
          if (isCutOff(block, file, source)) return 'stop'
          if (met?.has(block) !== true) place(block, payload)
          return undefined
        })
      }
    } catch (cause) {
      if (cause instanceof EngineError && cause.code === 'format.damaged')
        throw damagedSource(file, source, cause.message, cause)
      throw cause
    } finally {
      closeSync(descriptor)
    }
    placing.flush()
  }
  return met
}

function isCutOff(block: number, file: ChainFile, source: StoredSource): boolean {
  return block >= source.blockLimit || (file.blockCount > 0 && block >= file.blockCount)
}

/** A table that cannot be read costs time only: the file is then read from its start. */
function findTable({ headers }: StoredSource): HeaderTableReader | undefined {
  if (headers === undefined) return undefined
  const read = readHeaderTable(headers.mapPath, headers.place)
  return read.kind === 'sound' ? read.table : undefined
}

/** Reads only what is not in the target. What is left out counts as done. */
function placeChosen(
  descriptor: number,
  chosenFrom: {
    readonly file: ChainFile
    readonly source: StoredSource
    readonly table: HeaderTableReader
    readonly met: BlockSet
    readonly placing: Placing
  },
  place: (block: number, payload: Uint8Array) => void,
  context: TaskContext,
): void {
  const { file, source, table, met, placing } = chosenFrom
  const chosen = new Int32Array(table.count)
  let count = 0
  for (let index = 0; index < table.count; index++) {
    const block = table.blockAt(index)
    if (block < 0 || isCutOff(block, file, source)) break
    if (met.has(block)) continue
    if (placing.isThere?.(block, table, index, source) === true) met.add(block)
    else chosen[count++] = index
  }
  let sinceTold = 0
  readChosenPages(descriptor, table, { chosen, count }, (block, payload) => {
    place(block, payload)
    if (++sinceTold < WRITE_PAGES) return
    sinceTold = 0
    context.throwIfCancelled()
  })
  context.addBytes(source.sizeBytes)
}
