import { EngineError } from '../base/engine-error.ts'
import { COMPRESS_ALGORITHMS, type CompressAlgorithm } from './backup-control.ts'
import { parseChoice, parseCInteger } from './scalars.ts'

/** What is stored of a file's header table in `page_header_map`. Source: `catalog-format.md` section 5.4. */
export type HeaderTablePlace = {
  readonly headerCount: number
  /** CRC-32C of the uncompressed table, dummy record included. */
  readonly crc: number
  readonly offset: number
  readonly sizeBytes: number
}

/** One line of `backup_content.control`. Source: `catalog-format.md` section 4.2. */
export type ContentEntry = {
  /** Relative to `database/`, or to the external directory. */
  readonly path: string
  /** Stored bytes; 0 = the source was empty and no file is stored; -1 = unchanged since the parent, nothing stored. */
  readonly sizeBytes: number
  /** `st_mode` of the source with its type bits. */
  readonly mode: number
  readonly isDataFile: boolean
  readonly isCfs: boolean
  readonly crc: number
  readonly compressAlgorithm: CompressAlgorithm
  /** 0 = PGDATA, N = `externaldirN`. */
  readonly externalDirNumber: number
  readonly databaseOid: number
  /** Logical size; equals `sizeBytes` when the line leaves it out. */
  readonly fullBytes: number
  readonly segmentNumber: number
  readonly linkTarget: string | undefined
  /** Blocks that the source had; 0 when the line leaves it out. */
  readonly blockCount: number
  readonly headers: HeaderTablePlace | undefined
}

/** The longest line that other readers take, without its newline. */
const LONGEST_LINE_BYTES = 8191

/**
 * Whether the list can hold a path: the format has no way to escape a quote, a comma or a line end. Such files are to
 * be left out of a backup, with a word about it.
 */
export function isListablePath(path: string): boolean {
  return path !== '' && !/[",\n\r\0]/.test(path)
}

/**
 * Reads a `backup_content.control`. Fields may come in any order and unknown ones are passed over. Unlike the scanner of
 * the C tools, this one does not stumble over commas in values, and takes a line without its closing brace for cut off.
 *
 * @throws {EngineError} `format.damaged` naming the line; `format.unsupported` for an unknown compression.
 */
export function parseContentList(text: string): readonly ContentEntry[] {
  const entries: ContentEntry[] = []
  for (let start = 0, line = 1; start < text.length; line++) {
    const newline = text.indexOf('\n', start)
    let end = newline === -1 ? text.length : newline
    const next = end + 1
    while (end > start && isBlank(text.charCodeAt(end - 1))) end--
    if (end > start) entries.push(parseEntry(text, start, end, line))
    start = next
  }
  return entries
}

const QUOTE = 0x22
const COMMA = 0x2c
const BRACE_END = 0x7d
const MISSING = Number.MIN_SAFE_INTEGER

/** Reads one line, `text` from `start` to `end`. All lines of a big list pass here, so it makes no intermediate objects. */
function parseEntry(text: string, start: number, end: number, line: number): ContentEntry {
  if (text.charCodeAt(end - 1) !== BRACE_END) throw damaged(line, 'is cut off')
  let path: string | undefined
  let sizeBytes = MISSING
  let mode = MISSING
  let isDataFile = MISSING
  let isCfs = 0
  let crc = MISSING
  let algorithm: CompressAlgorithm | undefined
  let externalDirNumber = 0
  let databaseOid = 0
  let fullBytes = MISSING
  let segmentNumber = 0
  let linkTarget: string | undefined
  let blockCount = 0
  let headerCount = 0
  let headerCrc = 0
  let headerOffset = 0
  let headerSizeBytes = 0

  for (let at = start; ;) {
    const nameStart = text.indexOf('"', at) + 1
    if (nameStart === 0 || nameStart > end) break
    const nameEnd = text.indexOf('"', nameStart)
    const valueStart = text.indexOf('"', nameEnd + 1) + 1
    if (nameEnd === -1 || valueStart === 0 || valueStart > end) throw damaged(line, 'is not a list of fields')
    const valueEnd = findValueEnd(text, valueStart, end)
    if (valueEnd === -1) throw damaged(line, 'has a value that does not end')
    const name = text.slice(nameStart, nameEnd)
    const value = text.slice(valueStart, valueEnd)
    at = valueEnd + 1
    switch (name) {
      case 'path':
        path = value
        break
      case 'size':
        sizeBytes = toInteger(value, line)
        break
      case 'mode':
        mode = toInteger(value, line)
        break
      case 'is_datafile':
        isDataFile = toInteger(value, line)
        break
      case 'is_cfs':
        isCfs = toInteger(value, line)
        break
      case 'crc':
        crc = toInteger(value, line)
        break
      case 'compress_alg':
        algorithm = toAlgorithm(value, line)
        break
      case 'external_dir_num':
        externalDirNumber = toInteger(value, line)
        break
      case 'dbOid':
        databaseOid = toInteger(value, line)
        break
      case 'full_size':
        fullBytes = toInteger(value, line)
        break
      case 'segno':
        segmentNumber = toInteger(value, line)
        break
      case 'linked':
        linkTarget = value
        break
      case 'n_blocks':
        blockCount = toInteger(value, line)
        break
      case 'n_headers':
        headerCount = toInteger(value, line)
        break
      case 'hdr_crc':
        headerCrc = toInteger(value, line)
        break
      case 'hdr_off':
        headerOffset = toInteger(value, line)
        break
      case 'hdr_size':
        headerSizeBytes = toInteger(value, line)
        break
      default:
    }
  }

  if (path === undefined || path === '') throw damaged(line, 'has no path')
  if (sizeBytes === MISSING) throw damaged(line, 'has no size')
  if (mode === MISSING) throw damaged(line, 'has no mode')
  if (isDataFile === MISSING) throw damaged(line, 'has no is_datafile')
  if (crc === MISSING) throw damaged(line, 'has no crc')
  if (algorithm === undefined) throw damaged(line, 'has no compress_alg')
  return {
    path,
    sizeBytes,
    mode,
    isDataFile: isDataFile !== 0,
    isCfs: isCfs !== 0,
    crc,
    compressAlgorithm: algorithm,
    externalDirNumber,
    databaseOid,
    fullBytes: fullBytes === MISSING ? sizeBytes : fullBytes,
    segmentNumber,
    linkTarget,
    blockCount: Math.max(0, blockCount),
    headers:
      headerCount > 0
        ? { headerCount, crc: headerCrc, offset: headerOffset, sizeBytes: headerSizeBytes }
        : undefined,
  }
}

/** Writers do not escape: a quote belongs to the value unless another field or the end of the line follows it. */
function findValueEnd(text: string, from: number, end: number): number {
  for (let at = text.indexOf('"', from); at !== -1 && at < end; at = text.indexOf('"', at + 1)) {
    const after = text.charCodeAt(at + 1)
    if (after === BRACE_END && at + 2 === end) return at
    if (after !== COMMA) continue
    let next = at + 2
    while (isBlank(text.charCodeAt(next))) next++
    if (text.charCodeAt(next) === QUOTE) return at
  }
  return -1
}

function isBlank(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d)
}

/** Plain decimals in a loop, everything else the slow way. What does not fit into 64 bits reads as -1, as in C. */
function toInteger(value: string, line: number): number {
  const length = value.length
  if (length > 0 && length < 16 && (length === 1 || value.charCodeAt(0) !== 0x30)) {
    let result = 0
    let at = 0
    for (; at < length; at++) {
      const digit = value.charCodeAt(at) - 0x30
      if (digit < 0 || digit > 9) break
      result = result * 10 + digit
    }
    if (at === length) return result
  }
  try {
    const parsed = parseCInteger(value)
    return BigInt.asIntN(64, parsed) === parsed ? Number(parsed) : -1
  } catch (cause) {
    throw damaged(line, 'has a number that cannot be read', cause)
  }
}

function toAlgorithm(value: string, line: number): CompressAlgorithm {
  if (value === 'none' || value === 'zlib' || value === 'pglz') return value
  if (value === '') throw damaged(line, 'has no compress_alg')
  try {
    return parseChoice(value, COMPRESS_ALGORITHMS)
  } catch (cause) {
    throw new EngineError('format.unsupported', `line ${line} has the unknown compression "${value}"`, {
      cause,
    })
  }
}

/**
 * One line of the list, without its newline, byte for byte as version 2.5 of the PostgreSQL tool writes it.
 *
 * @throws {EngineError} `format.unsupported` for a path or link that no line can hold; see {@link isListablePath}.
 */
export function formatContentEntry(entry: ContentEntry): string {
  if (!isListablePath(entry.path)) throw unlistable(entry.path)
  let line =
    `{"path":"${entry.path}", "size":"${entry.sizeBytes}", "mode":"${entry.mode}", ` +
    `"is_datafile":"${entry.isDataFile ? 1 : 0}", "is_cfs":"${entry.isCfs ? 1 : 0}", "crc":"${entry.crc}", ` +
    `"compress_alg":"${entry.compressAlgorithm}", "external_dir_num":"${entry.externalDirNumber}", ` +
    `"dbOid":"${entry.databaseOid}"`
  if (entry.fullBytes !== 0 && entry.fullBytes !== entry.sizeBytes)
    line += `,"full_size":"${entry.fullBytes}"`
  if (entry.isDataFile) line += `,"segno":"${entry.segmentNumber}"`
  if (entry.linkTarget !== undefined) {
    if (!isListablePath(entry.linkTarget)) throw unlistable(entry.linkTarget)
    line += `,"linked":"${entry.linkTarget}"`
  }
  if (entry.blockCount > 0) line += `,"n_blocks":"${entry.blockCount}"`
  if (entry.headers !== undefined && entry.headers.headerCount > 0) {
    const { headerCount, crc, offset, sizeBytes } = entry.headers
    line += `,"n_headers":"${headerCount}","hdr_crc":"${crc}","hdr_off":"${offset}","hdr_size":"${sizeBytes}"`
  }
  // Room for everything but the path and link is certain, so counting bytes is only needed for long lines.
  if (line.length > LONGEST_LINE_BYTES / 3 && new TextEncoder().encode(line).length >= LONGEST_LINE_BYTES) {
    throw unlistable(entry.path)
  }
  return `${line}}`
}

/** The list of a hundred thousand files has 25 MB: it is made and written in parts of about this many characters. */
const PART_LENGTH = 1 << 16

/** The whole list, in the order given, part by part. Its CRC-32C, over these very bytes, goes into `content-crc`. */
export function* formatContentList(entries: Iterable<ContentEntry>): Generator<string> {
  let part = ''
  for (const entry of entries) {
    part += `${formatContentEntry(entry)}\n`
    if (part.length < PART_LENGTH) continue
    yield part
    part = ''
  }
  if (part !== '') yield part
}

function unlistable(path: string): EngineError {
  return new EngineError('format.unsupported', `the content list cannot hold the path "${path}"`, {
    hint: 'Rename the file: no quote, comma or line end, and not too long.',
  })
}

function damaged(line: number, what: string, cause?: unknown): EngineError {
  return new EngineError('format.damaged', `line ${line} of the content list ${what}`, {
    cause,
    facts: { line: String(line) },
  })
}
