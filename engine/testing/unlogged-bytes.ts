import { decodePageHeader, PAGE_BYTES, type PageHeader } from '../format/page-header.ts'

/** `HEAP_XMIN_COMMITTED`, `_INVALID`, `HEAP_XMAX_COMMITTED`, `_INVALID` of `src/include/access/htup_details.h`. */
const HINT_BITS = 0x0f00
/** `PD_HAS_FREE_LINES` and `PD_PAGE_FULL` of `src/include/storage/bufpage.h`. */
const PAGE_HINTS = 0x0003
/** `SPGIST_MAGIC_NUMBER` of `src/include/access/spgist_private.h`, and where the cache of its first page lies. */
const SPGIST_MAGIC = 0xba0babee
const SPGIST_CACHE = { from: 28, to: 28 + 8 * 8 }
/** `SEQ_MAGIC` of `src/backend/commands/sequence.c`. */
const SEQUENCE_MAGIC = 0x1717
/** `GIN_DELETED` of `src/include/access/ginblock.h`; the last two bytes of other small special spaces are greater. */
const GIN_DELETED = 0x0004
const GIN_FLAGS_END = 0x0100

/**
 * A page without the bytes that its server changes without writing WAL. On a page that nobody wrote to during the
 * backup these are the hint bits of rows and the cache of an SP-GiST index. Where recovery replayed WAL there is more:
 * what PostgreSQL leaves out when it compares a replayed page itself (`src/backend/access/common/bufmask.c` and the
 * mask functions of the access methods), and sequences, which are logged some values ahead.
 */
export function hideUnlogged(
  page: Uint8Array,
  { block, isReplayed }: { readonly block: number; readonly isReplayed: boolean },
): Uint8Array {
  // Not slice(): that of a Buffer gives the same memory.
  const hidden = new Uint8Array(page)
  const view = new DataView(hidden.buffer)
  const header = decodePageHeader(hidden)
  // It covers what is hidden; whether it is right is checked apart.
  view.setUint16(8, 0, true)
  const isHeap = header.special === PAGE_BYTES
  if (isHeap) for (const row of rowsOf(view, header)) clearBits(view, row + 20, HINT_BITS)
  // The pages where it found space last.
  if (block === 0 && view.getUint32(24, true) === SPGIST_MAGIC) {
    hidden.fill(0, SPGIST_CACHE.from, SPGIST_CACHE.to)
  }
  if (isReplayed) hideUnreplayed(hidden, view, header)
  return hidden
}

function hideUnreplayed(page: Uint8Array, view: DataView, header: PageHeader): void {
  const { lower, upper, special } = header
  // An empty page stands for a deleted one of a GIN index; only that it is one is kept.
  if (special === PAGE_BYTES - 8 && isDeletedGin(view.getUint16(PAGE_BYTES - 2, true))) {
    page.fill(0, 8, PAGE_BYTES - 2)
    return
  }
  // Images of pages are logged without the hole in their middle.
  page.fill(0, lower, upper)
  clearBits(view, 10, PAGE_HINTS)
  // The oldest row that could be pruned, a guess.
  view.setUint32(20, 0, true)
  if (special === PAGE_BYTES) {
    // Which command of its transaction made the row; nobody asks any more.
    for (const row of rowsOf(view, header)) view.setUint32(row + 8, 0, true)
  }
  if (special === PAGE_BYTES - 8 && view.getUint32(special, true) === SEQUENCE_MAGIC)
    page.fill(0, upper, special)
}

function isDeletedGin(flags: number): boolean {
  return flags < GIN_FLAGS_END && (flags & GIN_DELETED) !== 0
}

function clearBits(view: DataView, at: number, bits: number): void {
  view.setUint16(at, view.getUint16(at, true) & ~bits, true)
}

/** Where the rows of a heap page begin: the items that are in use, `LP_NORMAL`. */
function rowsOf(view: DataView, { lower }: PageHeader): readonly number[] {
  const places: number[] = []
  for (let at = 24; at < lower; at += 4) {
    const item = view.getUint32(at, true)
    if (((item >>> 15) & 3) === 1) places.push(item & 0x7fff)
  }
  return places
}
