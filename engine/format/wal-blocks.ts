import type { RelationBlock } from './file-names.ts'
import {
  decodeRecordHeaders,
  RMGR_DBASE,
  RMGR_SMGR,
  RMGR_XACT,
  RMGR_XLOG,
  type WalRecord,
  walRecordMainData,
} from './wal-record.ts'

/** A block that a WAL record changes. */
export type BlockReference = RelationBlock & {
  /** 0 is the main fork, `ForkNumber` of PostgreSQL. */
  readonly fork: number
  /** Whether the record carries the whole page. */
  readonly hasImage: boolean
}

/** The fork whose pages are stored one by one. Source: PostgreSQL `src/include/common/relpath.h`. */
export const MAIN_FORK = 0

const INFO_MASK = 0xf0
const SMGR_CREATE = 0x10
const SMGR_TRUNCATE = 0x20
const TRUNCATES_MAIN_FORK = 0x01
const DBASE_CREATE = 0x00
const DBASE_CREATE_LOGGED_FROM_15 = 0x10
const XLOG_PARAMETER_CHANGE = 0x60
const WAL_LEVEL_OFFSET = 20
const WAL_LEVEL_MINIMAL = 0

const SPECIAL_RELATION_UPDATE = 0x01

/**
 * The blocks that a record changes, of every fork, in the order of the record. Undefined when its headers make no
 * sense: nobody can say then what it changes. Source: PostgreSQL `src/include/access/xlogrecord.h`.
 */
export function blockReferences(record: WalRecord): readonly BlockReference[] | undefined {
  const headers = decodeRecordHeaders(record)
  if (headers === undefined) return undefined
  const view = new DataView(record.bytes.buffer, record.bytes.byteOffset, record.bytes.byteLength)
  return headers.blocks.map(({ fork, hasImage, relationOffset, block }) => ({
    tablespaceOid: view.getUint32(relationOffset, true),
    databaseOid: view.getUint32(relationOffset + 4, true),
    relationNumber: view.getUint32(relationOffset + 8, true),
    fork,
    block,
    hasImage,
  }))
}

/**
 * Whether a record changes files of relations apart from the blocks it names, in a way that is not known here. What
 * databases, storage and transactions do to whole files shows in the list of files.
 */
export function modifiesRelationUnknowably({ rmgr, info }: Pick<WalRecord, 'rmgr' | 'info'>): boolean {
  if ((info & SPECIAL_RELATION_UPDATE) === 0) return false
  return rmgr !== RMGR_DBASE && rmgr !== RMGR_SMGR && rmgr !== RMGR_XACT
}

/** What a record does to the main fork of a relation, or to a database, apart from the blocks it names. */
export type FileChange =
  /** Nothing of what was there from `block` on is there any longer; 0 when the relation was made anew. */
  | (RelationBlock & { readonly kind: 'cut' })
  /** The directory of the database was filled with copies of files. */
  | { readonly kind: 'copied'; readonly tablespaceOid: number; readonly databaseOid: number }

/**
 * The change to files that a record stands for; undefined when there is none. Blocks behind a cut may come back empty
 * without any record that names them, and copied ones without any at all.
 *
 * Source: PostgreSQL `src/include/catalog/storage_xlog.h`, `src/include/commands/dbcommands_xlog.h`.
 */
export function fileChange(record: WalRecord): FileChange | undefined {
  const opcode = record.info & INFO_MASK
  if (record.rmgr !== RMGR_SMGR && record.rmgr !== RMGR_DBASE) return undefined
  const data = walRecordMainData(record)
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const relationAt = (at: number, block: number): FileChange => ({
    kind: 'cut',
    tablespaceOid: view.getUint32(at, true),
    databaseOid: view.getUint32(at + 4, true),
    relationNumber: view.getUint32(at + 8, true),
    block,
  })
  if (record.rmgr === RMGR_SMGR) {
    if (opcode === SMGR_CREATE && data.length >= 16) {
      return view.getUint32(12, true) === MAIN_FORK ? relationAt(0, 0) : undefined
    }
    if (opcode === SMGR_TRUNCATE && data.length >= 20) {
      const isOfMainFork = (view.getUint32(16, true) & TRUNCATES_MAIN_FORK) !== 0
      return isOfMainFork ? relationAt(4, view.getUint32(0, true)) : undefined
    }
    return undefined
  }
  const isCreation =
    opcode === DBASE_CREATE || (opcode === DBASE_CREATE_LOGGED_FROM_15 && record.serverMajor >= 15)
  if (!isCreation || data.length < 8) return undefined
  return { kind: 'copied', databaseOid: view.getUint32(0, true), tablespaceOid: view.getUint32(4, true) }
}

/**
 * Whether the server went on with `wal_level = minimal`: then it may fill new relations without any WAL.
 * Source: PostgreSQL `src/include/access/xlog_internal.h`, `xl_parameter_change`.
 */
export function startsMinimalWal(record: WalRecord): boolean {
  if (record.rmgr !== RMGR_XLOG || (record.info & INFO_MASK) !== XLOG_PARAMETER_CHANGE) return false
  const data = walRecordMainData(record)
  if (data.length < WAL_LEVEL_OFFSET + 4) return false
  return new DataView(data.buffer, data.byteOffset).getUint32(WAL_LEVEL_OFFSET, true) === WAL_LEVEL_MINIMAL
}
