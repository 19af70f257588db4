import { RMGR_DBASE, type WalRecord, walRecordMainData } from './wal-record.ts'
import type { Lsn } from '../base/lsn.ts'

/** The directory that a database has in one tablespace. */
export type DatabasePlace = { readonly tablespaceOid: number; readonly databaseOid: number }

/** What a record does to whole directories of databases. */
export type DatabaseChange =
  /** Replay empties `place` and copies all files of `from` into it, as it finds them then. */
  | {
      readonly kind: 'copied'
      readonly lsn: Lsn
      readonly place: DatabasePlace
      readonly from: DatabasePlace
    }
  /** Replay makes `place`; its files follow as pages. */
  | { readonly kind: 'logged'; readonly lsn: Lsn; readonly place: DatabasePlace }
  | { readonly kind: 'dropped'; readonly lsn: Lsn; readonly places: readonly DatabasePlace[] }

const INFO_MASK = 0xf0
const FIRST_WITH_LOGGED_COPY = 15
const FIRST_WITH_MANY_TABLESPACES = 13

const CREATE_BY_FILES = 0x00
/** From 15 on; 0x10 is the drop before that. */
const CREATE_LOGGED = 0x10
const DROP = 0x20

/**
 * The change to directories of databases that a record stands for; undefined when there is none, or when it is too short
 * to say. A move to another tablespace is a copy and then a drop.
 *
 * Source: PostgreSQL `src/include/commands/dbcommands_xlog.h` of 12 to 18.
 */
export function databaseChange(record: WalRecord): DatabaseChange | undefined {
  if (record.rmgr !== RMGR_DBASE) return undefined
  const { lsn, serverMajor } = record
  const data = walRecordMainData(record)
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const word = (index: number): number => view.getUint32(index * 4, true)
  const count = data.length >>> 2
  const placeAt = (index: number): DatabasePlace => ({
    databaseOid: word(index),
    tablespaceOid: word(index + 1),
  })
  const opcode = record.info & INFO_MASK
  if (opcode === CREATE_BY_FILES) {
    return count < 4 ? undefined : { kind: 'copied', lsn, place: placeAt(0), from: placeAt(2) }
  }
  if (opcode === CREATE_LOGGED && serverMajor >= FIRST_WITH_LOGGED_COPY) {
    return count < 2 ? undefined : { kind: 'logged', lsn, place: placeAt(0) }
  }
  if (opcode !== (serverMajor >= FIRST_WITH_LOGGED_COPY ? DROP : CREATE_LOGGED) || count < 2) return undefined
  if (serverMajor < FIRST_WITH_MANY_TABLESPACES) return { kind: 'dropped', lsn, places: [placeAt(0)] }
  const tablespaces = Math.min(word(1), count - 2)
  const places = Array.from({ length: tablespaces }, (_, at) => ({
    databaseOid: word(0),
    tablespaceOid: word(2 + at),
  }))
  return { kind: 'dropped', lsn, places }
}
