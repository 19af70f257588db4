import { type BackupId, parseBackupId } from '../base/backup-id.ts'
import { describeError, EngineError } from '../base/engine-error.ts'
import { formatLsn, LSN_NONE, type Lsn, parseLsn } from '../base/lsn.ts'
import type { Timeline } from '../base/wal-segment.ts'
import { parseIni, quoteIni } from './ini.ts'
import { parseCBoolean, parseChoice, parseCInteger, parseCNumber } from './scalars.ts'

/** How the pages of a backup were chosen. */
export type BackupMode = 'FULL' | 'PAGE' | 'DELTA' | 'PTRACK'

/** The status words of a catalog. `UNKNOWN` stands for a control file that cannot be read. */
export type BackupStatus =
  | 'UNKNOWN'
  | 'OK'
  | 'ERROR'
  | 'RUNNING'
  | 'MERGING'
  | 'MERGED'
  | 'DELETING'
  | 'DELETED'
  | 'DONE'
  | 'ORPHAN'
  | 'CORRUPT'

/** Compression of pages. The PostgreSQL dialect writes the first three; lz4 and zstd stop other tools. */
export type CompressAlgorithm = 'none' | 'zlib' | 'pglz' | 'lz4' | 'zstd'

/**
 * What `backup.control` says of one backup. Times are Unix seconds, sizes are bytes; what a file leaves out is undefined.
 * Source: `catalog-format.md` section 3.
 */
export type BackupControl = {
  readonly mode: BackupMode
  readonly isStream: boolean
  readonly compressAlgorithm: CompressAlgorithm
  readonly compressLevel: number
  readonly isFromReplica: boolean
  readonly blockBytes: number
  readonly walBlockBytes: number
  /** Data checksums of the cluster: 0 or 1. */
  readonly checksumVersion: number
  readonly programVersion: string | undefined
  /** `"15"`, or `"9.6"` style below 10. */
  readonly serverVersion: string | undefined
  readonly timeline: Timeline
  readonly startLsn: Lsn
  readonly stopLsn: Lsn
  /** Equals the id. */
  readonly startSeconds: number
  readonly mergeSeconds: number | undefined
  readonly endSeconds: number | undefined
  readonly recoveryXid: bigint
  readonly recoverySeconds: number | undefined
  readonly expireSeconds: number | undefined
  readonly mergeDestinationId: BackupId | undefined
  readonly dataBytes: number | undefined
  readonly walBytes: number | undefined
  readonly uncompressedBytes: number | undefined
  readonly pgdataBytes: number | undefined
  readonly status: BackupStatus
  readonly parentId: BackupId | undefined
  readonly primaryConninfo: string | undefined
  /** As written: paths joined by `:`. */
  readonly externalDirs: string | undefined
  readonly note: string | undefined
  /** CRC-32C of `backup_content.control`; undefined or 0 = not to be checked. */
  readonly contentCrc: number | undefined
}

const MODES = ['FULL', 'PAGE', 'DELTA', 'PTRACK'] as const satisfies readonly BackupMode[]
const STATUSES: ReadonlySet<string> = new Set<BackupStatus>([
  'UNKNOWN',
  'OK',
  'ERROR',
  'RUNNING',
  'MERGING',
  'MERGED',
  'DELETING',
  'DELETED',
  'DONE',
  'ORPHAN',
  'CORRUPT',
])

/** In the order in which beginnings of words are matched. */
export const COMPRESS_ALGORITHMS = [
  'zlib',
  'pglz',
  'none',
  'lz4',
  'zstd',
] as const satisfies readonly CompressAlgorithm[]

const MOST_U32 = 0xffff_ffff

const DEFAULTS: BackupControl = {
  mode: 'FULL',
  isStream: false,
  compressAlgorithm: 'none',
  compressLevel: 1,
  isFromReplica: false,
  blockBytes: 8192,
  walBlockBytes: 8192,
  checksumVersion: 0,
  programVersion: undefined,
  serverVersion: undefined,
  timeline: 0,
  startLsn: LSN_NONE,
  stopLsn: LSN_NONE,
  startSeconds: 0,
  mergeSeconds: undefined,
  endSeconds: undefined,
  recoveryXid: 0n,
  recoverySeconds: undefined,
  expireSeconds: undefined,
  mergeDestinationId: undefined,
  dataBytes: undefined,
  walBytes: undefined,
  uncompressedBytes: undefined,
  pgdataBytes: undefined,
  status: 'UNKNOWN',
  parentId: undefined,
  primaryConninfo: undefined,
  externalDirs: undefined,
  note: undefined,
  contentCrc: undefined,
}

type Reader = (value: string, warn: (message: string) => void) => Partial<BackupControl>

/** What each key means. Keys as `normaliseKey` writes them. */
const READERS: Readonly<Record<string, Reader>> = {
  'backup-mode': (value) => ({ mode: parseChoice(value, MODES) }),
  stream: (value) => ({ isStream: parseCBoolean(value) }),
  'compress-alg': (value) => ({ compressAlgorithm: parseChoice(value, COMPRESS_ALGORITHMS) }),
  'compress-level': (value) => ({ compressLevel: parseCNumber(value, -1, MOST_U32) }),
  'from-replica': (value) => ({ isFromReplica: parseCBoolean(value) }),
  'block-size': (value) => ({ blockBytes: parseCNumber(value, 0, MOST_U32) }),
  'xlog-block-size': (value) => ({ walBlockBytes: parseCNumber(value, 0, MOST_U32) }),
  'checksum-version': (value) => ({ checksumVersion: parseCNumber(value, 0, MOST_U32) }),
  'program-version': (value) => ({ programVersion: value }),
  'server-version': (value) => ({ serverVersion: value }),
  timelineid: (value) => ({ timeline: parseCNumber(value, -0x8000_0000, MOST_U32) >>> 0 }),
  'start-lsn': (value, warn) => ({ startLsn: readLsn(value, warn) }),
  'stop-lsn': (value, warn) => ({ stopLsn: readLsn(value, warn) }),
  'start-time': (value) => ({ startSeconds: parseControlTime(value) }),
  'merge-time': (value) => ({ mergeSeconds: readTime(value) }),
  'end-time': (value) => ({ endSeconds: readTime(value) }),
  'recovery-xid': (value) => ({ recoveryXid: BigInt.asUintN(64, parseCInteger(value)) }),
  'recovery-time': (value) => ({ recoverySeconds: readTime(value) }),
  'expire-time': (value) => ({ expireSeconds: readTime(value) }),
  'merge-dest-id': (value) => ({ mergeDestinationId: parseBackupId(value) }),
  'data-bytes': (value) => ({ dataBytes: readBytes(value) }),
  'wal-bytes': (value) => ({ walBytes: readBytes(value) }),
  'uncompressed-bytes': (value) => ({ uncompressedBytes: readBytes(value) }),
  'pgdata-bytes': (value) => ({ pgdataBytes: readBytes(value) }),
  status: (value, warn) => ({ status: readStatus(value, warn) }),
  'parent-backup-id': (value) => ({ parentId: parseBackupId(value) }),
  'primary-conninfo': (value) => ({ primaryConninfo: value }),
  'external-dirs': (value) => ({ externalDirs: value }),
  note: (value) => ({ note: value }),
  'content-crc': (value) => ({ contentCrc: parseCNumber(value, 0, MOST_U32) }),
}

/**
 * Reads a `backup.control`. No control comes back, but a warning, where other tools see an empty file: without a start
 * time there is no backup, and without a mode nothing can be done with it.
 *
 * Keys that are not known are named in a warning and are lost when the control is written again.
 *
 * @throws {EngineError} `format.damaged` naming the line, for a line or value that cannot be read.
 */
export function parseBackupControl(text: string): {
  readonly control: BackupControl | undefined
  readonly warnings: readonly string[]
} {
  const warnings: string[] = []
  const control = { ...DEFAULTS }
  let hasMode = false
  for (const { key, rawKey, value, line } of parseIni(text, 'as-written')) {
    const read = Object.hasOwn(READERS, key) ? READERS[key] : undefined
    if (read === undefined) {
      warnings.push(`line ${line}: the key "${rawKey}" is not known`)
      continue
    }
    if (value === '')
      throw damagedValue(line, rawKey, new EngineError('format.damaged', 'the value is empty'))
    try {
      Object.assign(
        control,
        read(value, (message) => warnings.push(`line ${line}: ${message}`)),
      )
    } catch (cause) {
      throw damagedValue(line, rawKey, cause)
    }
    hasMode ||= key === 'backup-mode'
  }
  if (control.startSeconds <= 0)
    return { control: undefined, warnings: [...warnings, 'there is no start-time'] }
  if (!hasMode) return { control: undefined, warnings: [...warnings, 'there is no backup-mode'] }
  return { control, warnings }
}

function damagedValue(line: number, rawKey: string, cause: unknown): EngineError {
  return new EngineError('format.damaged', `line ${line} has a ${rawKey} that cannot be read`, {
    cause,
    facts: { line: String(line) },
  })
}

function readLsn(value: string, warn: (message: string) => void): Lsn {
  try {
    return parseLsn(value)
  } catch (thrown) {
    warn(describeError(thrown))
    return LSN_NONE
  }
}

function readStatus(value: string, warn: (message: string) => void): BackupStatus {
  const word = value.toUpperCase()
  if (isStatus(word)) return word
  warn(`the status "${value}" is not known`)
  return 'UNKNOWN'
}

function isStatus(word: string): word is BackupStatus {
  return STATUSES.has(word)
}

function readTime(value: string): number | undefined {
  const seconds = parseControlTime(value)
  return seconds > 0 ? seconds : undefined
}

/** -1 stands for "not known yet". */
function readBytes(value: string): number | undefined {
  const bytes = parseCInteger(value)
  return bytes < 0n ? undefined : Number(bytes)
}

/**
 * Writes a `backup.control` byte for byte as version 2.5 of the PostgreSQL tool does, times in UTC.
 *
 * Quotes in free text are doubled: the only form every reader understands. Note that the C tools do not double them
 * again when *they* rewrite the file (a merge, a changed status), and then refuse it; who takes a note from a person
 * does well to keep the quote out of it.
 *
 * @throws {EngineError} `format.unsupported` for a text too long for other readers.
 */
export function formatBackupControl(control: BackupControl): string {
  const lines: string[] = []
  const put = (key: string, value: string | number | bigint | boolean | undefined): void => {
    if (value !== undefined && value !== '') lines.push(`${key} = ${value}`)
  }
  const putTime = (key: string, seconds: number | undefined): void => {
    if (seconds !== undefined && seconds > 0) put(key, `'${formatControlTime(seconds)}'`)
  }
  const putText = (key: string, text: string | undefined): void => {
    if (text !== undefined && text.trim() !== '') put(key, quoteIni(text))
  }

  lines.push('#Configuration')
  put('backup-mode', control.mode)
  put('stream', control.isStream)
  put('compress-alg', control.compressAlgorithm)
  put('compress-level', control.compressLevel)
  put('from-replica', control.isFromReplica)
  lines.push('', '#Compatibility')
  put('block-size', control.blockBytes)
  put('xlog-block-size', control.walBlockBytes)
  put('checksum-version', control.checksumVersion)
  put('program-version', control.programVersion)
  put('server-version', control.serverVersion)
  lines.push('', '#Result backup info')
  put('timelineid', control.timeline)
  put('start-lsn', formatLsn(control.startLsn))
  put('stop-lsn', formatLsn(control.stopLsn))
  put('start-time', `'${formatControlTime(control.startSeconds)}'`)
  putTime('merge-time', control.mergeSeconds)
  putTime('end-time', control.endSeconds)
  put('recovery-xid', control.recoveryXid)
  putTime('recovery-time', control.recoverySeconds)
  putTime('expire-time', control.expireSeconds)
  putText('merge-dest-id', control.mergeDestinationId)
  put('data-bytes', control.dataBytes)
  put('wal-bytes', control.walBytes)
  put('uncompressed-bytes', control.uncompressedBytes)
  put('pgdata-bytes', control.pgdataBytes)
  put('status', control.status)
  putText('parent-backup-id', control.parentId)
  putText('primary_conninfo', control.primaryConninfo)
  putText('external-dirs', control.externalDirs)
  putText('note', control.note)
  if (control.contentCrc !== 0) put('content-crc', control.contentCrc)
  return `${lines.join('\n')}\n`
}

/**
 * A time as control files hold it, `2026-11-21 00:30:20+00`, without quotes.
 * `offsetMinutes` is how far east of UTC the text is written.
 */
export function formatControlTime(seconds: number, offsetMinutes = 0): string {
  const local = new Date((seconds + offsetMinutes * 60) * 1000).toISOString()
  const size = Math.abs(offsetMinutes)
  const two = (value: number): string => String(value).padStart(2, '0')
  const minutes = size % 60 === 0 ? '' : `:${two(size % 60)}`
  const offset = `${offsetMinutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}${minutes}`
  return `${local.slice(0, 10)} ${local.slice(11, 19)}${offset}`
}

const CONTROL_TIME =
  /^(?<date>\d{4}-\d{2}-\d{2})(?:[ T](?<time>\d{2}:\d{2}(?::\d{2})?)(?:\.\d+)?)?\s*(?<zone>Z|(?<sign>[+-])(?<hours>\d{2}):?(?<minutes>\d{2})?)?$/

/**
 * The Unix second of a time in a control file. Without an offset it is UTC; fractions are cut off.
 *
 * @throws {EngineError} `value.malformed`
 */
export function parseControlTime(text: string): number {
  const parts = CONTROL_TIME.exec(text.trim())?.groups
  const time = parts?.['time'] ?? '00:00'
  const ms = Date.parse(`${parts?.['date']}T${time.length === 5 ? `${time}:00` : time}Z`)
  if (parts === undefined || Number.isNaN(ms)) {
    throw new EngineError('value.malformed', `"${text}" is not a time`, {
      hint: 'Write it like 2026-11-21 00:30:20+00.',
    })
  }
  const offset = Number(parts['hours'] ?? 0) * 3600 + Number(parts['minutes'] ?? 0) * 60
  return ms / 1000 - (parts['sign'] === '-' ? -offset : offset)
}

/**
 * A program version as the number by which versions compare: "2.5.16" is 20516.
 *
 * @throws {EngineError} `value.malformed` unless there are three parts.
 */
export function versionNumber(version: string): number {
  const parts = /^(?<a>\d{1,4})\.(?<b>\d{1,2})\.(?<c>\d{1,2})(?!\d)/.exec(version.trim())?.groups
  if (parts === undefined) throw new EngineError('value.malformed', `"${version}" is not a program version`)
  return Number(parts['a']) * 10000 + Number(parts['b']) * 100 + Number(parts['c'])
}

/** Negative when `a` is older than `b`, 0 when they are the same. */
export function compareVersions(a: string, b: string): number {
  return versionNumber(a) - versionNumber(b)
}
