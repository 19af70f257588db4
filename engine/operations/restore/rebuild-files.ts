import { closeSync, openSync, readSync } from 'node:fs'
import { EngineError } from '../../base/engine-error.ts'
import { openCompression } from '../../compression/compression.ts'
import { legacyCrc32 } from '../../format/crc32c.ts'
import type { CompressAlgorithm } from '../../format/backup-control.ts'
import { PAGE_BYTES } from '../../format/page-header.ts'
import { mapFileError } from '../../host/file-error.ts'
import { FileWriter } from '../../host/file-writer.ts'
import { kernel } from '../../kernel/kernel.ts'
import { readStoredPages } from '../steps/stored-pages.ts'
import type { Task, TaskContext } from '../steps/worker-pool.ts'

/** The stored form of one file in one backup of the chain. */
export type StoredSource = {
  readonly backupId: string
  readonly storedPath: string
  readonly compressAlgorithm: CompressAlgorithm
  readonly isPadded: boolean
  readonly hasLegacyCrc: boolean
  readonly crc: number
  /** Blocks from here on were cut off later; Infinity = none. */
  readonly blockLimit: number
}

/** One file to be put together. */
export type FileToRebuild = {
  readonly targetPath: string
  readonly name: string
  readonly mode: number
  readonly kind: 'data' | 'plain' | 'empty'
  /** Blocks that the relation had when the backup was taken; 0 = not known. */
  readonly blockCount: number
  /** Newest first. A plain file has one. */
  readonly sources: readonly StoredSource[]
}

export type RebuildFilesInput = {
  readonly files: readonly FileToRebuild[]
  readonly checksCrc: boolean
  /** Whom the files are given to, when the process may do that. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined
}

const PERMISSION_BITS = 0o7777
/** Pages per write, 1 MiB; a file that has as many is a large one. */
const WRITE_PAGES = 128

/** Writes a batch of files. The target directories exist and hold none of them. */
export const rebuildFiles: Task<RebuildFilesInput, { readonly writtenBytes: number }> = {
  name: 'restore.rebuild-files',
  run: (input, context) => {
    let writtenBytes = 0
    for (const file of input.files) {
      context.throwIfCancelled()
      writtenBytes += rebuildFile(file, input, context)
    }
    return { writtenBytes }
  },
}

function rebuildFile(
  file: FileToRebuild,
  { checksCrc, owner }: RebuildFilesInput,
  context: TaskContext,
): number {
  using target = new FileWriter(file.targetPath, {
    mode: file.mode & PERMISSION_BITS,
    isLarge: file.kind !== 'empty' && file.blockCount >= WRITE_PAGES,
    exclusively: true,
    owner,
  })
  switch (file.kind) {
    case 'empty':
      return 0
    case 'plain':
      return copyPlain(target, file, checksCrc, context)
    case 'data':
      return rebuildData(target, file, context)
  }
}

const chunk = kernel.reserve(256 << 10)

function copyPlain(
  target: FileWriter,
  file: FileToRebuild,
  checksCrc: boolean,
  context: TaskContext,
): number {
  const source = file.sources[0]
  if (source === undefined) return 0
  const crcOf = source.hasLegacyCrc ? legacyCrc32 : kernel.crc32c
  const descriptor = openStored(source)
  try {
    let crc = 0
    let offset = 0
    for (;;) {
      context.throwIfCancelled()
      const readBytes = readSync(descriptor, chunk, 0, chunk.length, offset)
      if (readBytes === 0) break
      const bytes = chunk.subarray(0, readBytes)
      if (checksCrc) crc = crcOf(bytes, crc)
      target.write(bytes, offset)
      offset += readBytes
      context.addBytes(readBytes)
    }
    if (checksCrc && crc !== source.crc) throw damaged(file, source, 'fails its checksum')
    return offset
  } finally {
    closeSync(descriptor)
  }
}

const page = kernel.reserve(PAGE_BYTES)
const run = kernel.reserve(WRITE_PAGES * PAGE_BYTES)

/**
 * Puts a relation segment together from the chain, newest backup first: the first version of a block that is met is
 * the one that counts, and each block is written once. Zeroed pages become holes.
 * Source: `catalog-format.md` section 10.7, with the end of the file always at the recorded number of blocks.
 */
function rebuildData(target: FileWriter, file: FileToRebuild, context: TaskContext): number {
  const placed = file.sources.length > 1 ? new BlockSet() : undefined
  let lastBlock = -1
  let runStart = 0
  let runPages = 0
  let writtenBytes = 0

  const flush = (): void => {
    if (runPages === 0) return
    target.write(run.subarray(0, runPages * PAGE_BYTES), runStart * PAGE_BYTES)
    writtenBytes += runPages * PAGE_BYTES
    runPages = 0
  }
  const place = (block: number, content: Uint8Array): void => {
    lastBlock = Math.max(lastBlock, block)
    if (isZero(content)) return
    if (runPages === WRITE_PAGES || block !== runStart + runPages) {
      flush()
      runStart = block
    }
    run.set(content, runPages * PAGE_BYTES)
    runPages++
  }

  for (const source of file.sources) {
    const compression = openCompression(source.compressAlgorithm, 1)
    const descriptor = openStored(source)
    try {
      const onBytes = (bytes: Uint8Array): void => {
        context.throwIfCancelled()
        context.addBytes(bytes.length)
      }
      readStoredPages(descriptor, { isPadded: source.isPadded, onBytes }, ({ block, payload }) => {
        if (block >= source.blockLimit || (file.blockCount > 0 && block >= file.blockCount)) return 'stop'
        if (placed?.has(block)) return undefined
        if (payload.length === PAGE_BYTES) {
          place(block, payload)
        } else {
          compression.decompressPage(payload, page)
          place(block, page)
        }
        placed?.add(block)
        return undefined
      })
    } catch (cause) {
      if (cause instanceof EngineError && cause.code === 'format.damaged')
        throw damaged(file, source, cause.message, cause)
      throw cause
    } finally {
      closeSync(descriptor)
    }
    flush()
  }
  target.setSize((file.blockCount > 0 ? file.blockCount : lastBlock + 1) * PAGE_BYTES)
  return writtenBytes
}

/** Which blocks of a segment have been written: one bit each, grown as needed. */
class BlockSet {
  #bits = new Uint8Array(1024)

  has(block: number): boolean {
    return ((this.#bits[block >>> 3] ?? 0) & (1 << (block & 7))) !== 0
  }

  add(block: number): void {
    const index = block >>> 3
    if (index >= this.#bits.length) {
      const grown = new Uint8Array(Math.max(index + 1, this.#bits.length * 2))
      grown.set(this.#bits)
      this.#bits = grown
    }
    this.#bits[index] = (this.#bits[index] ?? 0) | (1 << (block & 7))
  }
}

/** Stops at the first byte that is not zero: in a page that is in use that is within its first dozen. */
function isZero(content: Uint8Array): boolean {
  return content.every((byte) => byte === 0)
}

function openStored(source: StoredSource): number {
  try {
    return openSync(source.storedPath, 'r')
  } catch (thrown) {
    throw mapFileError(thrown, source.storedPath, 'open')
  }
}

function damaged(file: FileToRebuild, source: StoredSource, what: string, cause?: unknown): EngineError {
  return new EngineError('backup.damaged', `"${file.name}" of backup ${source.backupId}: ${what}`, {
    hint: 'Validate the instance and restore from a backup that is sound.',
    cause,
    facts: { backup: source.backupId, file: file.name },
  })
}
