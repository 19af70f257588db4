import { closeSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs'
import { crc32cOfZeros } from '../../format/crc32c.ts'
import { HEADER_RECORD_BYTES, HeaderTable, type HeaderTableReader } from '../../format/header-map.ts'
import { BLOCK_HEADER_BYTES, decodeBlockHeader, encodeBlockHeader } from '../../format/page-blocks.ts'
import { PAGE_BYTES } from '../../format/page-header.ts'
import { mapFileError } from '../../host/file-error.ts'
import { kernel } from '../../kernel/kernel.ts'
import { packHeaderTable, readHeaderTable } from '../steps/header-table.ts'
import type { TaskContext } from '../steps/worker-pool.ts'
import type { FileToMerge, MergedFile, MergeFilesInput, MergeSource } from './file-work.ts'
import { isWorthPatching } from './room.ts'
import { damagedSource, openStored } from './source-pages.ts'

const RECORD_BYTES = BLOCK_HEADER_BYTES + PAGE_BYTES

const before = kernel.reserve(RECORD_BYTES)
const after = kernel.reserve(RECORD_BYTES)

/** Nothing is compressed, so every record of the FULL lies where its block number says. */
type Patch = {
  readonly full: MergeSource
  readonly fullTable: HeaderTableReader
  readonly fullBlocks: number
  /** Newest first. */
  readonly increments: readonly { readonly source: MergeSource; readonly table: HeaderTableReader }[]
  /** By block: which increment has its newest version, -1 for none, and which of its records that is. */
  readonly owner: Int16Array
  readonly record: Int32Array
  readonly writtenBytes: number
}

/**
 * Writes the changed pages of a relation into the very file of the FULL, where all its records have the same length: a
 * merge then costs what has changed and not what there is. Undefined when that cannot be done; nothing was touched then.
 *
 * What ends this leaves a file that is neither the old one nor the new one. It has all records in their places, of
 * which only such may be broken as an increment has, and is written anew by the merge that takes this one up. A file
 * with more than one name is left alone: another copy of the catalog may share it.
 */
export function patchPages(
  file: FileToMerge,
  input: MergeFilesInput,
  context: TaskContext,
): MergedFile | undefined {
  const patch = planPatch(file, input)
  if (patch === undefined) return undefined
  const opened: number[] = []
  let target: number | undefined
  try {
    target = openSync(file.targetPath, 'r+')
    const { size, nlink } = fstatSync(target)
    if (nlink !== 1 || size !== patch.fullBlocks * RECORD_BYTES) return undefined
    for (const { source } of patch.increments) opened.push(openStored(source.storedPath))
    const crc = writeChanges(target, patch, opened, file, context)
    if (input.isSynced) fsyncSync(target)
    return mergedFile(patch, crc)
  } catch (thrown) {
    throw mapFileError(thrown, file.targetPath, 'change')
  } finally {
    if (target !== undefined) closeSync(target)
    for (const descriptor of opened) closeSync(descriptor)
  }
}

function planPatch(file: FileToMerge, input: MergeFilesInput): Patch | undefined {
  const full = file.sources.at(-1)
  const newer = file.sources.slice(0, -1)
  if (input.isResumed || input.compressAlgorithm !== 'none' || full?.isFull !== true || newer.length === 0)
    return undefined
  const isPlain = (source: MergeSource): boolean =>
    source.compressAlgorithm === 'none' && !source.isPadded && source.headers !== undefined
  if (!file.sources.every(isPlain)) return undefined
  const fullTable = tableOf(full)
  const fullBlocks = fullTable?.count ?? 0
  const blockCount = file.blockCount
  if (fullTable === undefined || blockCount < fullBlocks || full.blockLimit < fullBlocks) return undefined
  for (let block = 0; block < fullBlocks; block++)
    if (fullTable.blockAt(block) !== block || fullTable.positionAt(block) !== block * RECORD_BYTES)
      return undefined

  const owner = new Int16Array(blockCount).fill(-1)
  const record = new Int32Array(blockCount)
  const increments: { source: MergeSource; table: HeaderTableReader }[] = []
  let changedCount = 0
  for (const [index, source] of newer.entries()) {
    const table = tableOf(source)
    if (table === undefined) return undefined
    increments.push({ source, table })
    const limit = Math.min(blockCount, source.blockLimit)
    for (let at = 0; at < table.count; at++) {
      const block = table.blockAt(at)
      if (block < 0 || block >= limit) break
      if (owner[block] !== -1) continue
      owner[block] = index
      record[block] = at
      changedCount++
    }
  }
  if (!isWorthPatching(changedCount, fullBlocks, blockCount)) return undefined
  const writtenBytes = (changedCount + blockCount - fullBlocks) * RECORD_BYTES
  return { full, fullTable, fullBlocks, increments, owner, record, writtenBytes }
}

function tableOf(source: MergeSource): HeaderTableReader | undefined {
  const read = readHeaderTable(source.headerMapPath, source.headers)
  return read.kind === 'sound' ? read.table : undefined
}

/**
 * Gives the checksum of the whole file without reading the rest of it: the CRC of what differs, zeros where nothing
 * does, is what the CRCs of old and new differ by.
 */
function writeChanges(
  target: number,
  { full, fullBlocks, increments, owner, record }: Patch,
  opened: readonly number[],
  file: FileToMerge,
  context: TaskContext,
): number {
  let difference = 0
  let zeros = 0
  let appended: number | undefined
  for (let block = 0; block < owner.length; block++) {
    const index = owner[block] as number
    const isNew = block >= fullBlocks
    if (index === -1 && !isNew) {
      zeros += RECORD_BYTES
      continue
    }
    if (block % 128 === 0) context.throwIfCancelled()
    if (index === -1) {
      after.fill(0)
      encodeBlockHeader(after, 0, block, PAGE_BYTES)
    } else {
      const { source, table } = increments[index] as Patch['increments'][number]
      readRecord(
        opened[index] as number,
        after,
        table.positionAt(record[block] as number),
        block,
        source,
        file,
      )
    }
    const position = block * RECORD_BYTES
    if (isNew) {
      appended ??= full.crc ^ crc32cOfZeros(difference, zeros)
      appended = kernel.crc32c(after, appended)
    } else {
      readRecord(target, before, position, block, full, file)
      for (let at = 0; at < RECORD_BYTES; at++) before[at] = (before[at] as number) ^ (after[at] as number)
      difference = ~kernel.crc32c(before, ~crc32cOfZeros(difference, zeros))
      zeros = 0
    }
    for (let done = 0; done < RECORD_BYTES;)
      done += writeSync(target, after, done, RECORD_BYTES - done, position + done)
    context.addBytes(RECORD_BYTES)
  }
  return (appended ?? full.crc ^ crc32cOfZeros(difference, zeros)) >>> 0
}

function readRecord(
  descriptor: number,
  bytes: Uint8Array,
  position: number,
  block: number,
  source: MergeSource,
  file: FileToMerge,
): void {
  for (let done = 0; done < RECORD_BYTES;) {
    const readBytes = readSync(descriptor, bytes, done, RECORD_BYTES - done, position + done)
    if (readBytes === 0) throw damagedSource(file, source, `it ends before the record of block ${block}`)
    done += readBytes
  }
  const found = decodeBlockHeader(bytes, 0)
  if (found.block === block && found.payloadBytes === PAGE_BYTES) return
  throw damagedSource(
    file,
    source,
    `the record at offset ${position} is not that of block ${block}, as the header map says`,
  )
}

function mergedFile({ fullTable, increments, owner, record, writtenBytes }: Patch, crc: number): MergedFile {
  const blockCount = owner.length
  const headers = new HeaderTable(blockCount)
  for (let block = 0; block < blockCount; block++) {
    const index = owner[block] as number
    const table = index === -1 ? fullTable : (increments[index] as Patch['increments'][number]).table
    const at = index === -1 ? block : (record[block] as number)
    if (at < table.count) table.copyTo(headers, at, block * RECORD_BYTES)
    else headers.add(block, block * RECORD_BYTES, 0, 0, 0)
  }
  const storedBytes = blockCount * RECORD_BYTES
  const table = headers.finish(storedBytes)
  return {
    how: 'patched',
    storedBytes,
    writtenBytes,
    crc,
    compressAlgorithm: 'none',
    pages: {
      blockCount,
      headerCount: table.length / HEADER_RECORD_BYTES - 1,
      headerCrc: kernel.crc32c(table),
      headerBlob: packHeaderTable(table),
    },
  }
}
