import { EngineError } from '../base/engine-error.ts'
import type { HeapRow, RowState } from './heap-page.ts'

/** OIDs of the tables that tell names. Source: PostgreSQL `src/include/catalog/pg_*.h`. */
export const PG_DATABASE = 1262
export const PG_CLASS = 1259
export const PG_NAMESPACE = 2615
export const PG_INDEX = 2610

/** The versions whose rows are known. */
const OLDEST_MAJOR = 12
const NEWEST_MAJOR = 18
/** It put a column before those that are read here. */
const WITH_ALL_FROZEN = 18

/** Who inserted a row, and whether it is there. */
type Version = { readonly state: RowState; readonly xmin: number }

/** A relation. Source: `src/include/catalog/pg_class.h`. */
export type ClassRow = Version & {
  readonly oid: number
  readonly name: string
  readonly schemaOid: number
  /** 0 when `pg_filenode.map` tells, or when it has no file. */
  readonly relationNumber: number
  /** 0 for the one of the database. */
  readonly tablespaceOid: number
  /** The table of its long values; 0 = none. */
  readonly toastOid: number
  readonly isShared: boolean
  /** Whether it only holds the new rows while another relation is written anew. */
  readonly isTransient: boolean
  /** `relkind`, as `r` for a table. */
  readonly kind: string
}

/** A schema or a database. Source: `src/include/catalog/pg_namespace.h`, `pg_database.h`. */
export type NamedRow = Version & { readonly oid: number; readonly name: string }
/** `encoding` as `pg_char_to_encoding` numbers it. */
export type DatabaseRow = NamedRow & { readonly encoding: number }
/** Source: `src/include/catalog/pg_index.h`. */
export type IndexRow = Version & { readonly oid: number; readonly tableOid: number }

/**
 * Reads the fixed columns of a row of `pg_class`, PostgreSQL 12 to 18. Names are in the encoding of the database.
 *
 * @throws {EngineError} `format.damaged`, `format.unsupported`
 */
export function decodeClassRow(row: HeapRow, major: number, encoding: number): ClassRow {
  requireKnown(major)
  const after = major >= WITH_ALL_FROZEN ? 4 : 0
  const { data } = requireColumns(row, 28, 132 + after)
  return {
    ...versionOf(row),
    oid: data.getUint32(0, true),
    name: nameAt(data, 4, encoding),
    schemaOid: data.getUint32(68, true),
    relationNumber: data.getUint32(88, true),
    tablespaceOid: data.getUint32(92, true),
    toastOid: data.getUint32(108 + after, true),
    isShared: data.getUint8(113 + after) !== 0,
    isTransient: data.getUint32(128 + after, true) !== 0,
    kind: String.fromCharCode(data.getUint8(115 + after)),
  }
}

/** Reads a row of `pg_namespace`. @throws {EngineError} `format.damaged`, `format.unsupported` */
export function decodeSchemaRow(row: HeapRow, major: number, encoding: number): NamedRow {
  requireKnown(major)
  const { data } = requireColumns(row, 2, 68)
  return { ...versionOf(row), oid: data.getUint32(0, true), name: nameAt(data, 4, encoding) }
}

/**
 * Reads a row of `pg_database`. Its names have no encoding of their own: each was written in that of whoever made it.
 *
 * @throws {EngineError} `format.damaged`, `format.unsupported`
 */
export function decodeDatabaseRow(row: HeapRow, major: number): DatabaseRow {
  requireKnown(major)
  const { data } = requireColumns(row, 4, 76)
  const name = nameAt(data, 4, SQL_ASCII)
  return { ...versionOf(row), oid: data.getUint32(0, true), name, encoding: data.getInt32(72, true) }
}

/** Reads a row of `pg_index`. @throws {EngineError} `format.damaged`, `format.unsupported` */
export function decodeIndexRow(row: HeapRow, major: number): IndexRow {
  requireKnown(major)
  const { data } = requireColumns(row, 2, 8)
  return { ...versionOf(row), oid: data.getUint32(0, true), tableOid: data.getUint32(4, true) }
}

const NAME_BYTES = 64
/** Source: PostgreSQL `src/include/mb/pg_wchar.h`, `pg_enc`. */
const SQL_ASCII = 0
const UTF8 = 6
const LATIN1 = 8

/**
 * A name, of at most 63 bytes. Bytes that cannot be read in the encoding, or in one that is not known here, are shown as
 * `\xNN`.
 */
function nameAt(data: DataView, at: number, encoding: number): string {
  const field = new Uint8Array(data.buffer, data.byteOffset + at, NAME_BYTES)
  const end = field.indexOf(0)
  if (end <= 0) throw damaged('has a name that is empty or does not end')
  const bytes = field.subarray(0, end)
  if (bytes.every((byte) => byte < 0x80) || encoding === LATIN1) return String.fromCharCode(...bytes)
  if (encoding === UTF8 || encoding === SQL_ASCII) {
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    } catch {
      // Shown byte by byte below.
    }
  }
  return Array.from(bytes, (byte) =>
    byte < 0x80 ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`,
  ).join('')
}

function versionOf({ state, xmin }: HeapRow): Version {
  return { state, xmin }
}

/** None of the columns that are read here may be null. */
function requireColumns(row: HeapRow, columns: number, bytes: number): HeapRow {
  if (row.columnCount < columns || row.data.byteLength < bytes || row.hasNullWithin(columns))
    throw damaged('has a row that is too short')
  return row
}

function requireKnown(major: number): void {
  if (major < OLDEST_MAJOR || major > NEWEST_MAJOR)
    throw new EngineError('format.unsupported', `the system tables of PostgreSQL ${major} are not known`)
}

function damaged(what: string): EngineError {
  return new EngineError('format.damaged', what)
}
