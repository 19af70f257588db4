import { type Lsn, lsnFromBigint } from '../base/lsn.ts'
import type { RelationBlock } from './file-names.ts'
import { RMGR_XACT, type WalRecord } from './wal-record.ts'
import { POSTGRES_EPOCH_MICROS } from './wal-times.ts'

/** What of a record says what kind it is, apart from what the resource manager stored. */
export type RecordHead = Pick<WalRecord, 'xid' | 'rmgr' | 'info' | 'serverMajor'>

/** The file of a relation, by the numbers that WAL has for it. The number is not always the OID of the relation. */
export type RelationStorage = Omit<RelationBlock, 'block'>

/** The end of a transaction as its record tells it. */
export type TransactionEnd = {
  readonly kind: 'commit' | 'abort'
  /** Whether it was prepared first, and ended by a later command. */
  readonly isPrepared: boolean
  /** Of the transaction itself; 0 when it wrote nothing that needs one. */
  readonly xid: number
  /** By the server's clock, in Unix microseconds. Not in the order of the records to the microsecond. */
  readonly micros: bigint
  /** Where it ran; undefined when the record does not say so. */
  readonly databaseOid: number | undefined
  readonly subtransactions: readonly number[]
  /** Relations that are gone with it. Temporary ones are not among them. */
  readonly dropped: readonly RelationStorage[]
  /** The name it was prepared under, as far as the record has it: at `wal_level = logical`. */
  readonly preparedName: string | undefined
  /** Where and when it was committed on the server it was replicated from. */
  readonly origin: { readonly lsn: Lsn; readonly micros: bigint } | undefined
  /** Whether the record ended before all of this was read: the lists may go on. */
  readonly isCutOff: boolean
}

const OPCODE_MASK = 0x70
const HAS_INFO = 0x80
const KINDS: ReadonlyMap<number, Pick<TransactionEnd, 'kind' | 'isPrepared'>> = new Map([
  [0x00, { kind: 'commit', isPrepared: false }],
  [0x20, { kind: 'abort', isPrepared: false }],
  [0x30, { kind: 'commit', isPrepared: true }],
  [0x40, { kind: 'abort', isPrepared: true }],
])

const HAS_DATABASE = 1 << 0
const HAS_SUBTRANSACTIONS = 1 << 1
const HAS_RELATIONS = 1 << 2
const HAS_INVALIDATIONS = 1 << 3
const HAS_TWO_PHASE = 1 << 4
const HAS_ORIGIN = 1 << 5
const HAS_NAME = 1 << 7
const HAS_DROPPED_STATISTICS = 1 << 8

const TIME_BYTES = 8
const RELATION_BYTES = 12
const INVALIDATION_BYTES = 16
const STATISTICS_ITEM_BYTES_TO_17 = 12
const STATISTICS_ITEM_BYTES_FROM_18 = 16

/**
 * Reads the end of a transaction; undefined for every other record. `data` is what the resource manager stored, of a
 * very long record perhaps only the beginning.
 *
 * Source: PostgreSQL `src/include/access/xact.h`, `src/backend/access/rmgrdesc/xactdesc.c`, `ParseCommitRecord` and
 * `ParseAbortRecord`, versions 12 to 18. Statistics came with 15, and their items grew with 18.
 */
export function decodeTransactionEnd(
  { xid, rmgr, info, serverMajor }: RecordHead,
  data: Uint8Array,
): TransactionEnd | undefined {
  const kind = rmgr === RMGR_XACT ? KINDS.get(info & OPCODE_MASK) : undefined
  if (kind === undefined || data.length < TIME_BYTES) return undefined
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const simple: TransactionEnd = {
    ...kind,
    xid,
    micros: view.getBigInt64(0, true) + POSTGRES_EPOCH_MICROS,
    databaseOid: undefined,
    subtransactions: [],
    dropped: [],
    preparedName: undefined,
    origin: undefined,
    isCutOff: false,
  }
  if ((info & HAS_INFO) === 0) return simple
  return decodeDetails(simple, view, serverMajor)
}

function decodeDetails(simple: TransactionEnd, view: DataView, serverMajor: number): TransactionEnd {
  const end = view.byteLength
  if (end < TIME_BYTES + 4) return { ...simple, isCutOff: true }
  const flags = view.getUint32(TIME_BYTES, true)
  let at = TIME_BYTES + 4
  let isCutOff = false
  /** Whether so many bytes are there; if not, nothing after them is read either. */
  const has = (count: number): boolean => {
    isCutOff ||= at + count > end
    return !isCutOff
  }
  /** Passes over a list and gives where its items start and how many of them are there. */
  const list = (itemBytes: number): { from: number; count: number } => {
    if (!has(4)) return { from: at, count: 0 }
    const told = view.getUint32(at, true)
    const from = at + 4
    at = from
    const count = has(told * itemBytes) ? told : Math.floor((end - from) / itemBytes)
    at = from + count * itemBytes
    return { from, count }
  }
  const { databaseOid, subtransactions, dropped, preparedName, origin } = simple
  const found = { databaseOid, subtransactions, dropped, preparedName, origin, xid: simple.xid }

  if ((flags & HAS_DATABASE) !== 0 && has(8)) {
    found.databaseOid = view.getUint32(at, true)
    at += 8 // The other half is its tablespace.
  }
  if ((flags & HAS_SUBTRANSACTIONS) !== 0) {
    const { from, count } = list(4)
    found.subtransactions = Array.from({ length: count }, (_, index) =>
      view.getUint32(from + index * 4, true),
    )
  }
  if ((flags & HAS_RELATIONS) !== 0) {
    const { from, count } = list(RELATION_BYTES)
    found.dropped = Array.from({ length: count }, (_, index) =>
      relationStorageAt(view, from + index * RELATION_BYTES),
    )
  }
  if ((flags & HAS_DROPPED_STATISTICS) !== 0)
    list(serverMajor < 18 ? STATISTICS_ITEM_BYTES_TO_17 : STATISTICS_ITEM_BYTES_FROM_18)
  if ((flags & HAS_INVALIDATIONS) !== 0) list(INVALIDATION_BYTES)
  if ((flags & HAS_TWO_PHASE) !== 0 && has(4)) {
    // The session that ends it has a number of its own, or none.
    found.xid = view.getUint32(at, true)
    at += 4
    if ((flags & HAS_NAME) !== 0) {
      const bytes = new Uint8Array(view.buffer, view.byteOffset + at, end - at)
      const length = bytes.indexOf(0)
      if (has(length === -1 ? end : length + 1)) {
        found.preparedName = new TextDecoder().decode(bytes.subarray(0, length))
        at += length + 1
      }
    }
  }
  if ((flags & HAS_ORIGIN) !== 0 && has(16))
    found.origin = {
      lsn: lsnFromBigint(view.getBigUint64(at, true)),
      micros: view.getBigInt64(at + 8, true) + POSTGRES_EPOCH_MICROS,
    }
  return { ...simple, ...found, isCutOff }
}

/** Three numbers as PostgreSQL stores them. Source: `src/include/storage/relfilelocator.h`, before 16 `relfilenode.h`. */
export function relationStorageAt(view: DataView, at: number): RelationStorage {
  return {
    tablespaceOid: view.getUint32(at, true),
    databaseOid: view.getUint32(at + 4, true),
    relationNumber: view.getUint32(at + 8, true),
  }
}
