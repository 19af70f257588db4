import { chmodSync, chownSync, closeSync, lstatSync, openSync, readSync, unlinkSync } from 'node:fs'
import path from 'node:path'
import { legacyCrc32 } from '../../format/crc32c.ts'
import { PAGE_BYTES } from '../../format/page-header.ts'
import { isMissing, mapFileError } from '../../host/file-error.ts'
import { FileWriter } from '../../host/file-writer.ts'
import { kernel } from '../../kernel/kernel.ts'
import type { Task, TaskContext } from '../steps/worker-pool.ts'
import type { Reuse } from './pages-there.ts'
import { openPageRun, pageBuffer, placePages, WRITE_PAGES } from '../steps/place-pages.ts'
import { rebuildInPlace } from './rebuild-in-place.ts'
import { damagedSource, type FileToRebuild, openStored } from '../steps/stored-source.ts'

export type RebuildFilesInput = {
  readonly files: readonly FileToRebuild[]
  readonly checksCrc: boolean
  /** Whom the files are given to, when the process may do that. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined
  /** How files that are there already are used; undefined where there are none. */
  readonly reuse: Reuse | undefined
}

export type RebuiltFiles = {
  readonly writtenBytes: number
  /** Bytes that were in the directory already and stayed. */
  readonly reusedBytes: number
}

const PERMISSION_BITS = 0o7777
/** Its checksum alone is not to be trusted, and nothing works when it is wrong. */
const NEVER_REUSED = 'pg_filenode.map'

/** Writes a batch of files into directories that exist. Without `reuse` they hold none of them. */
export const rebuildFiles: Task<RebuildFilesInput, RebuiltFiles> = {
  name: 'restore.rebuild-files',
  run: (input, context) => {
    let writtenBytes = 0
    let reusedBytes = 0
    for (const file of input.files) {
      context.throwIfCancelled()
      const done = (input.reuse === undefined ? undefined : reuseFile(file, input.reuse, input, context)) ?? {
        writtenBytes: makeFile(file, input, context),
        reusedBytes: 0,
      }
      writtenBytes += done.writtenBytes
      reusedBytes += done.reusedBytes
    }
    return { writtenBytes, reusedBytes }
  },
}

/** Undefined when nothing of the file is there, or nothing that can be used; then it is not there any more. */
function reuseFile(
  file: FileToRebuild,
  reuse: Reuse,
  { owner }: RebuildFilesInput,
  context: TaskContext,
): RebuiltFiles | undefined {
  if (file.kind === 'data') {
    const done = rebuildInPlace(file, reuse, owner, context)
    if (done !== undefined) return done
  }
  try {
    const there = lstatSync(file.targetPath)
    if (file.kind === 'plain' && there.isFile() && isSamePlain(file, there.size, context)) {
      if (owner !== undefined) chownSync(file.targetPath, owner.uid, owner.gid)
      chmodSync(file.targetPath, file.mode & PERMISSION_BITS)
      return { writtenBytes: 0, reusedBytes: there.size }
    }
    unlinkSync(file.targetPath)
  } catch (thrown) {
    if (!isMissing(thrown)) throw mapFileError(thrown, file.targetPath, 'replace')
  }
  return undefined
}

function isSamePlain(file: FileToRebuild, sizeBytes: number, context: TaskContext): boolean {
  const source = file.sources[0]
  if (source?.sizeBytes !== sizeBytes || path.posix.basename(file.name) === NEVER_REUSED) return false
  const crcOf = source.hasLegacyCrc ? legacyCrc32 : kernel.crc32c
  const chunk = pageBuffer().subarray(0, CHUNK_BYTES)
  const descriptor = openSync(file.targetPath, 'r')
  try {
    let crc = 0
    for (let offset = 0; ;) {
      context.throwIfCancelled()
      const readBytes = readSync(descriptor, chunk, 0, chunk.length, offset)
      if (readBytes === 0) return crc === source.crc
      crc = crcOf(chunk.subarray(0, readBytes), crc)
      offset += readBytes
      context.addBytes(readBytes)
    }
  } finally {
    closeSync(descriptor)
  }
}

function makeFile(
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

const CHUNK_BYTES = 256 << 10

function copyPlain(
  target: FileWriter,
  file: FileToRebuild,
  checksCrc: boolean,
  context: TaskContext,
): number {
  const source = file.sources[0]
  if (source === undefined) return 0
  const crcOf = source.hasLegacyCrc ? legacyCrc32 : kernel.crc32c
  const chunk = pageBuffer().subarray(0, CHUNK_BYTES)
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
    if (checksCrc && crc !== source.crc) throw damagedSource(file, source, 'fails its checksum')
    return offset
  } finally {
    closeSync(descriptor)
  }
}

/** Zeroed pages become holes; the end of the file is always at the recorded number of blocks. */
function rebuildData(target: FileWriter, file: FileToRebuild, context: TaskContext): number {
  let lastBlock = -1
  const run = openPageRun((bytes, offset) => target.write(bytes, offset))
  placePages(
    file,
    {
      place(block, content) {
        lastBlock = Math.max(lastBlock, block)
        if (!isZero(content)) run.add(block, content)
      },
      flush: run.flush,
    },
    context,
  )
  target.setSize((file.blockCount > 0 ? file.blockCount : lastBlock + 1) * PAGE_BYTES)
  return run.writtenBytes
}

/** Stops at the first byte that is not zero: in a page that is in use that is within its first dozen. */
function isZero(content: Uint8Array): boolean {
  return content.every((byte) => byte === 0)
}
