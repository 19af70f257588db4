import { closeSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs'
import { requireControlFile } from '../../format/control-file.ts'
import { mapFileError } from '../../host/file-error.ts'
import { FileWriter } from '../../host/file-writer.ts'
import { kernel } from '../../kernel/kernel.ts'
import type { TaskContext } from '../steps/worker-pool.ts'
import type { CopiedFile, FileToCopy } from './file-copy.ts'

const CHUNK_BYTES = 1 << 20
const CONTROL_FILE_BYTES = 8192
const PERMISSION_BITS = 0o7777

const buffer = kernel.reserve(CHUNK_BYTES)

/** Copies a file as it is. An empty file leaves nothing in the catalog but its line in the content list. */
export function copyPlainFile(file: FileToCopy, context: TaskContext): CopiedFile {
  const unchanged = file.known === undefined ? undefined : findUnchanged(file, file.known.crc, context)
  if (unchanged !== undefined) return unchanged
  let source: number
  try {
    source = openSync(file.sourcePath, 'r')
  } catch (thrown) {
    if (isMissing(thrown)) return { outcome: 'vanished' }
    throw mapFileError(thrown, file.sourcePath, 'open')
  }
  let target: FileWriter | undefined
  try {
    let crc = 0
    let storedBytes = 0
    for (;;) {
      context.throwIfCancelled()
      const readBytes = readSync(source, buffer, 0, CHUNK_BYTES, storedBytes)
      if (readBytes === 0) break
      const bytes = buffer.subarray(0, readBytes)
      target ??= new FileWriter(file.targetPath, {
        mode: file.mode & PERMISSION_BITS,
        isLarge: readBytes === CHUNK_BYTES,
        exclusively: false,
      })
      target.write(bytes, storedBytes)
      crc = kernel.crc32c(bytes, crc)
      storedBytes += readBytes
      context.addBytes(readBytes)
    }
    return copied(storedBytes, crc)
  } catch (thrown) {
    throw mapFileError(thrown, file.targetPath, 'copy')
  } finally {
    closeSync(source)
    target?.[Symbol.dispose]()
  }
}

/** The file as it was in the parent; undefined when its content differs, or when it is gone. */
function findUnchanged(
  file: FileToCopy,
  expected: number,
  context: TaskContext,
): Extract<CopiedFile, { outcome: 'unchanged' }> | undefined {
  let source: number
  try {
    source = openSync(file.sourcePath, 'r')
  } catch {
    // Copying says what is wrong with it.
    return undefined
  }
  try {
    let crc = 0
    let fullBytes = 0
    for (;;) {
      context.throwIfCancelled()
      const readBytes = readSync(source, buffer, 0, CHUNK_BYTES, fullBytes)
      if (readBytes === 0) break
      crc = kernel.crc32c(buffer.subarray(0, readBytes), crc)
      fullBytes += readBytes
    }
    if (crc !== expected) return undefined
    context.addBytes(fullBytes)
    return { outcome: 'unchanged', fullBytes, crc, blockCount: 0, rereadCount: 0 }
  } catch (thrown) {
    throw mapFileError(thrown, file.sourcePath, 'read')
  } finally {
    closeSync(source)
  }
}

/**
 * Copies `global/pg_control`. A copy taken while the server writes it fails its own checksum and is taken again.
 * The content list carries the checksum inside the structure, not that of the file (catalog format 4.3).
 */
export function copyControlFile(file: FileToCopy): CopiedFile {
  const { bytes, crc } = readControlFile(file.sourcePath)
  try {
    writeFileSync(file.targetPath, bytes, { mode: 0o600 })
  } catch (thrown) {
    throw mapFileError(thrown, file.targetPath, 'write')
  }
  return copied(CONTROL_FILE_BYTES, crc)
}

function readControlFile(path: string): { readonly bytes: Uint8Array; readonly crc: number } {
  const MOST_READS = 20
  for (let readCount = 1; ; readCount++) {
    const bytes = new Uint8Array(CONTROL_FILE_BYTES)
    bytes.set(readFileSync(path).subarray(0, CONTROL_FILE_BYTES))
    try {
      return { bytes, crc: requireControlFile(bytes).crc }
    } catch (thrown) {
      if (readCount === MOST_READS) throw thrown
    }
  }
}

function copied(storedBytes: number, crc: number): CopiedFile {
  return {
    outcome: 'copied',
    storedBytes,
    fullBytes: storedBytes,
    crc,
    blockCount: 0,
    headers: undefined,
    rereadCount: 0,
  }
}

function isMissing(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT'
}
