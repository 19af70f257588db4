import { EngineError } from '../base/engine-error.ts'
import { PAGE_BYTES } from './page-header.ts'

const PAGE_HEADER_BYTES = 24
const POINTER_BYTES = 4
const TUPLE_HEADER_BYTES = 23
const LAYOUT_VERSION = 4
/** Of a line pointer: it leads to a tuple. */
const LP_NORMAL = 1

const HAS_NULLS = 0x0001
const XMAX_LOCK_ONLY = 0x0080
const XMIN_COMMITTED = 0x0100
const XMIN_INVALID = 0x0200
const XMIN_FROZEN = XMIN_COMMITTED | XMIN_INVALID
const XMAX_COMMITTED = 0x0400
const XMAX_INVALID = 0x0800
const ATTRIBUTE_COUNT = 0x07ff

/**
 * What a page says about whether a row is there, without the log of transactions: `current` was inserted and nobody touched
 * it; `touched` was deleted or changed by a transaction of which the page does not say whether it went through; `unsettled`
 * the same about the one that inserted it; `old` is gone.
 */
export type RowState = 'current' | 'touched' | 'unsettled' | 'old'

/** A version of a row. Good until the page is written over. */
export type HeapRow = {
  readonly state: RowState
  /** Who inserted it; 0 when that was so long ago that it does not matter. */
  readonly xmin: number
  /** Columns that are stored. */
  readonly columnCount: number
  /** Whether one of the first so many columns is null. */
  hasNullWithin(columns: number): boolean
  /** The columns. Those before the first that is null or of variable length are where the structure of the row has them. */
  readonly data: DataView
}

/**
 * The versions of rows on a page of a table, without those whose insertion was rolled back.
 * Source: PostgreSQL `src/include/storage/bufpage.h`, `itemid.h`, `src/include/access/htup_details.h`.
 *
 * @throws {EngineError} `format.damaged` when something cannot be on a page of a table
 */
export function* heapRows(page: Uint8Array): Generator<HeapRow> {
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength)
  const lower = view.getUint16(12, true)
  const upper = view.getUint16(14, true)
  const special = view.getUint16(16, true)
  // A page that was added and not filled yet.
  if (upper === 0 && page.every((byte) => byte === 0)) return
  const sizeAndVersion = view.getUint16(18, true)
  if (
    page.length !== PAGE_BYTES ||
    sizeAndVersion !== (PAGE_BYTES | LAYOUT_VERSION) ||
    lower < PAGE_HEADER_BYTES ||
    lower > upper ||
    upper > special ||
    special !== PAGE_BYTES ||
    (lower - PAGE_HEADER_BYTES) % POINTER_BYTES !== 0
  )
    throw damaged('is not a page of a table')
  for (let at = PAGE_HEADER_BYTES; at < lower; at += POINTER_BYTES) {
    const pointer = view.getUint32(at, true)
    if (((pointer >>> 15) & 3) !== LP_NORMAL) continue
    const start = pointer & 0x7fff
    const bytes = pointer >>> 17
    if (start < upper || start + bytes > PAGE_BYTES || bytes < TUPLE_HEADER_BYTES || start % 4 !== 0)
      throw damaged('points to a row that is not on it')
    const infomask = view.getUint16(start + 20, true)
    const dataAt = view.getUint8(start + 22)
    const columnCount = view.getUint16(start + 18, true) & ATTRIBUTE_COUNT
    const hasNulls = (infomask & HAS_NULLS) !== 0
    const leastBytes = TUPLE_HEADER_BYTES + (hasNulls ? Math.ceil(columnCount / 8) : 0)
    if (dataAt < leastBytes || dataAt > bytes || dataAt % 4 !== 0)
      throw damaged('has a row whose columns are not in it')
    if ((infomask & XMIN_FROZEN) === XMIN_INVALID) continue
    yield {
      state: stateOf(infomask, view.getUint32(start + 4, true)),
      xmin: (infomask & XMIN_FROZEN) === XMIN_FROZEN ? 0 : view.getUint32(start, true),
      columnCount,
      // A bit that is not set is a column that is null.
      hasNullWithin: (columns) =>
        hasNulls &&
        Array.from({ length: columns }, (_, column) => column).some(
          (column) =>
            (view.getUint8(start + TUPLE_HEADER_BYTES + (column >>> 3)) & (1 << (column & 7))) === 0,
        ),
      data: new DataView(page.buffer, page.byteOffset + start + dataAt, bytes - dataAt),
    }
  }
}

function stateOf(infomask: number, xmax: number): RowState {
  const isKept = xmax === 0 || (infomask & (XMAX_INVALID | XMAX_LOCK_ONLY)) !== 0
  if (!isKept && (infomask & XMAX_COMMITTED) !== 0) return 'old'
  if ((infomask & XMIN_COMMITTED) === 0) return 'unsettled'
  return isKept ? 'current' : 'touched'
}

function damaged(what: string): EngineError {
  return new EngineError('format.damaged', what)
}
