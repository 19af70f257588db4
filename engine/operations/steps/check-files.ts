import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs'
import { EngineError } from '../../base/engine-error.ts'
import type { Lsn } from '../../base/lsn.ts'
import { openCompression, type PageCompression } from '../../compression/compression.ts'
import { decodeControlFile } from '../../format/control-file.ts'
import { legacyCrc32 } from '../../format/crc32c.ts'
import type { CompressAlgorithm } from '../../format/backup-control.ts'
import type { HeaderTablePlace } from '../../format/content-list.ts'
import type { HeaderTableReader } from '../../format/header-map.ts'
import { BLOCK_HEADER_BYTES, decodeBlockHeader } from '../../format/page-blocks.ts'
import { PAGE_BYTES, SEGMENT_BLOCKS } from '../../format/page-header.ts'
import { mapFileError } from '../../host/file-error.ts'
import { kernel } from '../../kernel/kernel.ts'
import { readStoredPages } from './stored-pages.ts'
import type { Task, TaskContext } from './worker-pool.ts'
import { readHeaderTable } from './header-table.ts'

/** One stored file and what the content list says of it. */
export type FileToCheck = {
  readonly storedPath: string
  /** How findings name it: its path below the directory of the backup. */
  readonly name: string
  readonly kind: 'data' | 'plain' | 'control'
  readonly sizeBytes: number
  readonly crc: number
  readonly compressAlgorithm: CompressAlgorithm
  readonly segmentNumber: number
  readonly headers: HeaderTablePlace | undefined
}

export type CheckFilesInput = {
  readonly files: readonly FileToCheck[]
  /** Left out where there is nothing to compare with: older writers have no map, or all of it is known to be lost. */
  readonly headerMapPath: string | undefined
  readonly hasChecksums: boolean
  /** Pages are decompressed and examined, besides the checksum of the file. */
  readonly checksBlocks: boolean
  /** Contents are not read: files have to be there in their size, with their page headers. Then blocks are not checked. */
  readonly isQuick: boolean
  readonly stopLsn: Lsn
  /** Written by versions 2.0.22 to 2.0.24 (catalog format, section 0). */
  readonly hasLegacyCrc: boolean
  /** Written before 2.4.0: no header map, padded payloads. */
  readonly isPadded: boolean
}

/** Something that is wrong, or worth a look, in one file. */
export type FileFinding = {
  readonly severity: 'attention' | 'problem'
  readonly code:
    | 'file-missing'
    | 'file-size'
    | 'file-crc'
    | 'page-corrupt'
    | 'page-from-future'
    | 'header-map'
    | 'control-file'
  readonly where: string
  readonly message: string
}

/** The file with the header tables of a backup, as findings name it. */
export const HEADER_MAP = 'page_header_map'

const RECORD_BYTES = BLOCK_HEADER_BYTES + PAGE_BYTES
/** Damage in one file beyond this many findings is summed up in the last. */
const MOST_FINDINGS_PER_FILE = 20

/** Checks a batch of stored files. Damage is a finding; only a file that cannot be read at all is a failure. */
export const checkFiles: Task<CheckFilesInput, readonly FileFinding[]> = {
  name: 'steps.check-files',
  run: (input, context) =>
    input.files.flatMap((file) => {
      context.throwIfCancelled()
      return checkFile(file, input, context)
    }),
}

function checkFile(file: FileToCheck, input: CheckFilesInput, context: TaskContext): readonly FileFinding[] {
  const problem = (code: FileFinding['code'], message: string, where = file.name): FileFinding => ({
    severity: 'problem',
    code,
    where,
    message,
  })
  let descriptor: number
  try {
    descriptor = openSync(file.storedPath, 'r')
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') {
      return [problem('file-missing', `file "${file.name}" is missing`)]
    }
    throw mapFileError(thrown, file.storedPath, 'open')
  }
  try {
    const { size } = fstatSync(descriptor)
    if (size !== file.sizeBytes) {
      return [
        problem(
          'file-size',
          `file "${file.name}" has ${size} bytes, the content list says ${file.sizeBytes}`,
        ),
      ]
    }
    if (file.kind === 'control') return checkControlFile(file, problem)
    if (input.isQuick) return checkHeaders(file, input, problem)
    return file.kind === 'data' && input.checksBlocks
      ? checkDataFile(descriptor, file, input, context, problem)
      : checkPlainFile(descriptor, file, input, context, problem)
  } finally {
    closeSync(descriptor)
  }
}

type Problem = (code: FileFinding['code'], message: string, where?: string) => FileFinding

function checkHeaders(
  file: FileToCheck,
  { headerMapPath }: CheckFilesInput,
  problem: Problem,
): readonly FileFinding[] {
  if (file.kind !== 'data' || headerMapPath === undefined) return []
  const read = readHeaderTable(headerMapPath, file.headers)
  return read.kind === 'sound' ? [] : [headersProblem(file, read.message, problem)]
}

function headersProblem({ name }: FileToCheck, message: string, problem: Problem): FileFinding {
  return problem('header-map', `the page headers of "${name}": ${message}`, HEADER_MAP)
}

const chunk = kernel.reserve(256 << 10)

function checkPlainFile(
  descriptor: number,
  file: FileToCheck,
  input: CheckFilesInput,
  context: TaskContext,
  problem: Problem,
): readonly FileFinding[] {
  const crcOf = input.hasLegacyCrc ? legacyCrc32 : kernel.crc32c
  let crc = 0
  for (let offset = 0; ;) {
    context.throwIfCancelled()
    const readBytes = readSync(descriptor, chunk, 0, chunk.length, offset)
    if (readBytes === 0) break
    crc = crcOf(chunk.subarray(0, readBytes), crc)
    offset += readBytes
    context.addBytes(readBytes)
  }
  return crc === file.crc ? [] : [problem('file-crc', crcMessage(file, crc))]
}

/** The list holds the checksum inside `pg_control`, and the structure must agree with it (format 4.3). */
function checkControlFile(file: FileToCheck, problem: Problem): readonly FileFinding[] {
  const bytes = readFileSync(file.storedPath)
  try {
    const control = decodeControlFile(bytes)
    if (!control.isCrcValid) return [problem('control-file', `"${file.name}" fails its own checksum`)]
    return control.crc === file.crc ? [] : [problem('control-file', crcMessage(file, control.crc))]
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown
    return [problem('control-file', `"${file.name}" cannot be read: ${thrown.message}`)]
  }
}

const page = kernel.reserve(PAGE_BYTES)

function checkDataFile(
  descriptor: number,
  file: FileToCheck,
  input: CheckFilesInput,
  context: TaskContext,
  problem: Problem,
): readonly FileFinding[] {
  const findings: FileFinding[] = []
  let hiddenCount = 0
  const add = (finding: FileFinding): void => {
    if (findings.length < MOST_FINDINGS_PER_FILE) findings.push(finding)
    else hiddenCount++
  }

  let table: HeaderTableReader | undefined
  if (input.headerMapPath !== undefined) {
    const read = readHeaderTable(input.headerMapPath, file.headers)
    if (read.kind === 'damaged') add(headersProblem(file, read.message, problem))
    else table = read.table
  }

  const crcOf = input.hasLegacyCrc ? legacyCrc32 : kernel.crc32c
  const compression = openCompression(file.compressAlgorithm, 1)
  let crc = 0
  let pageIndex = 0
  const onBytes = (bytes: Uint8Array): void => {
    context.throwIfCancelled()
    crc = crcOf(bytes, crc)
    context.addBytes(bytes.length)
  }
  const isKnown = (index: number, block: number, position: number): boolean =>
    table === undefined ||
    (index < table.count && table.blockAt(index) === block && table.positionAt(index) === position)
  const firstBlock = file.segmentNumber * SEGMENT_BLOCKS
  const { hasChecksums, stopLsn } = input
  const skim = (records: Uint8Array, position: number, lastBlock: number): number => {
    const sound = kernel.scanRecords(records, { firstBlock, lastBlock, hasChecksums, stopLsn })
    let count = 0
    for (let at = 0; count < sound; at += RECORD_BYTES, count++)
      if (!isKnown(pageIndex + count, decodeBlockHeader(records, at).block, position + at)) break
    pageIndex += count
    return count
  }
  try {
    const options = { isPadded: input.isPadded, onBytes, skim }
    readStoredPages(descriptor, options, ({ block, position, payload }) => {
      const where = `${file.name} block ${block}`
      if (!isKnown(pageIndex++, block, position)) {
        add(problem('header-map', `the header map does not know block ${block} of "${file.name}"`, where))
        table = undefined
      }
      const content = decompress(compression, payload)
      if (content === undefined) {
        add(problem('page-corrupt', `block ${block} of "${file.name}" cannot be decompressed`, where))
        return undefined
      }
      const { verdict } = kernel.examinePage(content, {
        blockNumber: firstBlock + block,
        hasChecksums,
        stopLsn,
      })
      if (verdict === 'header-invalid') {
        add(problem('page-corrupt', `block ${block} of "${file.name}" has a damaged header`, where))
      } else if (verdict === 'checksum-mismatch') {
        add(problem('page-corrupt', `block ${block} of "${file.name}" fails its page checksum`, where))
      } else if (verdict === 'lsn-from-future') {
        const message = `block ${block} of "${file.name}" is newer than the end of the backup`
        add({ severity: 'attention', code: 'page-from-future', where, message })
      }
      return undefined
    })
  } catch (thrown) {
    if (!(thrown instanceof EngineError) || thrown.code !== 'format.damaged') throw thrown
    return [...findings, problem('page-corrupt', `"${file.name}" holds ${thrown.message}`)]
  }
  if (table !== undefined && pageIndex !== table.count) {
    add(problem('header-map', `"${file.name}" holds ${pageIndex} pages, its header map ${table.count}`))
  }
  if (crc !== file.crc) add(problem('file-crc', crcMessage(file, crc)))
  if (hiddenCount > 0)
    findings.push(problem('page-corrupt', `"${file.name}" has ${hiddenCount} more problems`))
  return findings
}

function decompress(compression: PageCompression, payload: Uint8Array): Uint8Array | undefined {
  if (payload.length === PAGE_BYTES) return payload
  try {
    compression.decompressPage(payload, page)
    return page
  } catch (thrown) {
    if (thrown instanceof EngineError && thrown.code === 'format.unsupported') throw thrown
    return undefined
  }
}

function crcMessage(file: FileToCheck, crc: number): string {
  return `"${file.name}" has the checksum ${crc}, the content list says ${file.crc}`
}
