import type { RelationBlock } from './file-names.ts'
import { decodeRecordHeaders, RMGR_DBASE, RMGR_SMGR, RMGR_XACT, type WalRecord } from './wal-record.ts'

/** A block that a WAL record changes. */
export type BlockReference = RelationBlock & {
  /** 0 is the main fork, `ForkNumber` of PostgreSQL. */
  readonly fork: number
  /** Whether the record carries the whole page. */
  readonly hasImage: boolean
}

/** The fork whose pages are stored one by one. Source: PostgreSQL `src/include/common/relpath.h`. */
export const MAIN_FORK = 0

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
