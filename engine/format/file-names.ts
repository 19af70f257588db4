import { EngineError } from '../base/engine-error.ts'
import { SEGMENT_BLOCKS } from './page-header.ts'

/** What a path below a data directory says about a relation. */
export type RelationFile = {
  /** A main fork, whose pages are stored one by one. Everything else is copied as it is. */
  readonly isDataFile: boolean
  /** Undefined when the file does not belong to a relation. */
  readonly fork: 'main' | 'vm' | 'fsm' | 'init' | 'ptrack' | undefined
  readonly relationOid: number | undefined
  /** 0 for the first segment, also for files that have none. */
  readonly segmentNumber: number
  /** 0 for `global/` and wherever the path names no database. */
  readonly databaseOid: number
  /** What a compressed file system of Postgres Pro keeps beside the file; undefined for the file itself. */
  readonly cfs: '.cfm' | '.bck' | '.cfm.bck' | undefined
}

const MOST_OID = 0xffff_ffff
const MOST_SEGMENT = 32767

const DATABASE_DIRECTORY = /^(?:base|pg_tblspc\/[^/]+\/[^/]+)\/(?<oid>[1-9]\d{0,9})(?<inside>\/)?/
const RELATION_NAME =
  /^(?<oid>[1-9]\d{0,9})(?:_(?<fork>vm|fsm|init|ptrack))?(?:\.(?<segment>[1-9]\d{0,4}))?(?<cfs>\.cfm\.bck|\.cfm|\.bck)?$/

/**
 * Sorts a regular file by its path relative to the data directory. Paths in external directories are not for this.
 * Source: `catalog-format.md` section 4.4; PostgreSQL `src/common/relpath.c`.
 */
export function classifyRelationFile(relativePath: string): RelationFile {
  const databaseOid = databaseOidOfPath(relativePath)
  const none: RelationFile = {
    isDataFile: false,
    fork: undefined,
    relationOid: undefined,
    segmentNumber: 0,
    databaseOid,
    cfs: undefined,
  }
  const slash = relativePath.lastIndexOf('/')
  const directory = relativePath.slice(0, Math.max(0, slash))
  if (directory !== 'global' && !isDatabaseDirectory(directory)) return none

  const parts = RELATION_NAME.exec(relativePath.slice(slash + 1))?.groups
  if (parts === undefined) return none
  const relationOid = Number(parts['oid'])
  const segmentNumber = Number(parts['segment'] ?? 0)
  const fork = (parts['fork'] ?? 'main') as NonNullable<RelationFile['fork']>
  const cfs = parts['cfs'] as RelationFile['cfs']
  if (relationOid > MOST_OID || segmentNumber > MOST_SEGMENT) return none
  if (fork !== 'main' && cfs !== undefined) return none
  return {
    isDataFile: fork === 'main' && cfs === undefined,
    fork,
    relationOid,
    segmentNumber,
    databaseOid,
    cfs,
  }
}

/** The database that a path lies in (or is the directory of); 0 when there is none. */
function databaseOidOfPath(relativePath: string): number {
  const oid = Number(DATABASE_DIRECTORY.exec(relativePath)?.groups?.['oid'] ?? 0)
  return oid <= MOST_OID ? oid : 0
}

function isDatabaseDirectory(directory: string): boolean {
  const match = DATABASE_DIRECTORY.exec(directory)
  return match !== null && match[0].length === directory.length
}

/** A block of a relation by the numbers that WAL has for it. */
export type RelationBlock = {
  readonly tablespaceOid: number
  /** 0 for relations that all databases share. */
  readonly databaseOid: number
  /** What names the file: not always the OID of the relation. */
  readonly relationNumber: number
  /** Counts within the fork of the relation, over all of its segment files. */
  readonly block: number
}

// Source: PostgreSQL `src/include/catalog/pg_tablespace.dat`.
const DEFAULT_TABLESPACE = 1663
const GLOBAL_TABLESPACE = 1664

/**
 * The segment file of the main fork that holds a block, relative to the data directory. `versionDirectory` is what the
 * server calls its directory in a tablespace, `PG_15_202209061`. Source: PostgreSQL `src/common/relpath.c`.
 */
export function relationSegmentPath(
  { tablespaceOid, databaseOid, relationNumber, block }: RelationBlock,
  versionDirectory: string,
): string {
  const segment = Math.floor(block / SEGMENT_BLOCKS)
  const name = segment === 0 ? String(relationNumber) : `${relationNumber}.${segment}`
  if (tablespaceOid === GLOBAL_TABLESPACE) return `global/${name}`
  if (tablespaceOid === DEFAULT_TABLESPACE) return `base/${databaseOid}/${name}`
  return `pg_tblspc/${tablespaceOid}/${versionDirectory}/${databaseOid}/${name}`
}

/** Whether a name is that of a whole WAL segment, without any suffix. */
export function isWalSegmentName(name: string): boolean {
  return /^[0-9A-F]{24}$/.test(name)
}

/** What a file of the WAL archive is, by its name. */
export type ArchiveFileClass =
  /** A whole segment; `isCompressed` when it ends in `.gz`. */
  | { readonly kind: 'segment'; readonly segmentName: string; readonly isCompressed: boolean }
  /** A segment that was not full when its timeline ended. */
  | { readonly kind: 'partial'; readonly segmentName: string; readonly isCompressed: boolean }
  /** A file that is being written, or was left behind while it was. */
  | { readonly kind: 'temporary'; readonly segmentName: string }
  /** Notes of a backup, named after the segment in which it started. */
  | { readonly kind: 'backup-history'; readonly segmentName: string }
  | { readonly kind: 'timeline-history'; readonly timeline: number }
  | { readonly kind: 'other' }

const SEGMENT_FILE = /^(?<segment>[0-9A-F]{24})(?<rest>\..*)?$/
const BACKUP_HISTORY = /^\.[0-9A-F]{8}\.backup$/
const TIMELINE_HISTORY = /^(?<timeline>[0-9A-F]{8})\.history$/

/** Sorts a file of the WAL archive by its name. Source: `catalog-format.md` section 12.4. */
export function archiveFileClass(name: string): ArchiveFileClass {
  const timeline = TIMELINE_HISTORY.exec(name)?.groups?.['timeline']
  if (timeline !== undefined) return { kind: 'timeline-history', timeline: Number.parseInt(timeline, 16) }
  const parts = SEGMENT_FILE.exec(name)?.groups
  if (parts === undefined) return { kind: 'other' }
  const segmentName = parts['segment'] ?? ''
  const rest = parts['rest'] ?? ''
  switch (rest) {
    case '':
    case '.gz':
      return { kind: 'segment', segmentName, isCompressed: rest === '.gz' }
    case '.partial':
    case '.gz.partial':
      return { kind: 'partial', segmentName, isCompressed: rest === '.gz.partial' }
    case '.part':
    case '.gz.part':
    case '.partial.part':
    case '.gz.partial.part':
      return { kind: 'temporary', segmentName }
    default:
      return BACKUP_HISTORY.test(rest) ? { kind: 'backup-history', segmentName } : { kind: 'other' }
  }
}

/**
 * The name of a file that a server archives or asks for.
 *
 * @throws {EngineError} `usage.invalid`
 */
export function requireArchivableName(name: string): string {
  const found = archiveFileClass(name)
  const isPlain = !/\.gz(?:\.|$)/.test(name)
  if (isPlain && found.kind !== 'other' && found.kind !== 'temporary') return name
  throw new EngineError('usage.invalid', `"${name}" is no file of a WAL archive`, {
    hint: 'Write --wal-file-name=%f in archive_command or restore_command.',
  })
}
