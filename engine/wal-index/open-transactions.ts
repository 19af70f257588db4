import type { WalCounter } from '../kernel/wal-scan.ts'
import type { RelationStorage, TransactionEnd } from '../format/wal-transactions.ts'
import type { Loss, LostRelation } from './index-events.ts'

/** Relations of which a transaction's deleted rows are told apart, and new ones that are remembered: most have few. */
const MOST_RELATIONS = 16
const MOST_CREATED = 256
/** Transactions that are followed at once. Beyond it the oldest are forgotten, and their rows are not counted. */
export const MOST_OPEN = 20_000
/** Of a commit that dropped more, so many are listed. */
export const MOST_LISTED = 100
/** An index that was made anew over nothing has this many pages; a relation that was written anew usually has more. */
const PAGES_OF_EMPTY_INDEX = 1

type Deleted = RelationStorage & { deleted: number }
/** `isMade` is false as long as only pages of it were seen: the record that says so may come with the same call. */
type Created = RelationStorage & { isMade: boolean; isMain: boolean; pages: number }

/** What a transaction, or a part of one with a number of its own, did so far. */
type OpenTransaction = {
  inserted: number
  updated: number
  deleted: number
  relations?: Deleted[] | undefined
  created?: Created[]
  databases?: number[]
  truncated?: { databaseOid: number; relationOids: number[] }
}

/** What stands in the index between two segments, as text that JSON reads. */
export type OpenTransactionsState = readonly (readonly [xid: number, OpenTransaction])[]

/** What a transaction that ended had done. Counts are of rows; those of system tables are not among them. */
export type Deeds = {
  readonly deleted: number
  readonly inserted: number
  readonly updated: number
  /** Where rows were deleted, most first: as many as are told apart. */
  readonly deletedFrom: readonly LostRelation[]
  readonly loss: Loss | undefined
}

const NOTHING: OpenTransaction = { deleted: 0, inserted: 0, updated: 0 }

/**
 * Follows transactions from record to record. Rows are counted by number of the part of a transaction that did it, and
 * come together when it ends. What it did before the first segment that was read is not known: counts are the least.
 */
export class OpenTransactions {
  readonly #open: Map<number, OpenTransaction>

  constructor(state: OpenTransactionsState = []) {
    this.#open = new Map(structuredClone(state) as [number, OpenTransaction][])
  }

  count(counter: WalCounter): void {
    const { deleted, pages } = counter
    const transaction = this.#at(counter.xid)
    transaction.inserted += counter.inserted
    transaction.updated += counter.updated
    if (deleted === 0 && pages === 0) return
    if (deleted > 0) {
      transaction.deleted += deleted
      const { relations } = transaction
      if (relations === undefined) transaction.relations = [deletedOf(counter)]
      else {
        const known = relations.find((one) => isSame(one, counter))
        if (known !== undefined) known.deleted += deleted
        else if (relations.length < MOST_RELATIONS) relations.push(deletedOf(counter))
      }
    }
    if (pages > 0) addCreated(transaction, { ...idOf(counter), isMade: false, isMain: true, pages })
  }

  create(xid: number, relation: RelationStorage, isMain: boolean): void {
    if (xid === 0) return
    addCreated(this.#at(xid), { ...relation, isMade: true, isMain, pages: 0 })
  }

  dropDatabase(xid: number, databaseOid: number): void {
    const databases = (this.#at(xid).databases ??= [])
    if (databases.length < MOST_LISTED) databases.push(databaseOid)
  }

  truncate(xid: number, databaseOid: number, relationOids: readonly number[]): void {
    const truncated = (this.#at(xid).truncated ??= { databaseOid, relationOids: [] })
    truncated.relationOids.push(...relationOids.slice(0, MOST_LISTED - truncated.relationOids.length))
  }

  /** Takes a transaction out, with all its parts, and says what it did. */
  end({ xid, subtransactions, dropped, databaseOid }: TransactionEnd): Deeds {
    const whole = subtransactions.length === 0 ? this.#take(xid) : this.#takeAll([xid, ...subtransactions])
    const loss = lossOf(dropped, whole, databaseOid)
    if (whole === undefined) return { deleted: 0, inserted: 0, updated: 0, deletedFrom: [], loss }
    const { deleted, inserted, updated } = whole
    return { deleted, inserted, updated, deletedFrom: deletedFrom(whole), loss }
  }

  /**
   * Takes out a transaction without parts that dropped no relation, as {@link end}, and says how many rows it changed;
   * undefined, and it stays, when it did more than that.
   */
  endPlain(xid: number): OpenTransaction | undefined {
    const found = this.#open.get(xid)
    if (found === undefined) return NOTHING
    if (found.databases !== undefined) return undefined
    this.#open.delete(xid)
    return found
  }

  /** Forgets all that are over without having said so: those of a server that crashed. */
  forgetBefore(oldestXid: number): void {
    for (const xid of this.#open.keys()) if (isBefore(xid, oldestXid)) this.#open.delete(xid)
  }

  /** Relations that were made by those still open: pages written into them are of interest. */
  *createdNumbers(): Iterable<number> {
    for (const { created } of this.#open.values()) for (const one of created ?? []) yield one.relationNumber
  }

  get state(): OpenTransactionsState {
    return [...this.#open].toSorted(([a], [b]) => a - b)
  }

  #at(xid: number): OpenTransaction {
    const known = this.#open.get(xid)
    if (known !== undefined) return known
    if (this.#open.size >= MOST_OPEN)
      for (const [oldest] of this.#open.entries().take(1)) this.#open.delete(oldest)
    // With a place for what many get: an object that grows is made twice.
    const fresh = { inserted: 0, updated: 0, deleted: 0, relations: undefined }
    this.#open.set(xid, fresh)
    return fresh
  }

  #take(xid: number): OpenTransaction | undefined {
    const found = this.#open.get(xid)
    if (found !== undefined) this.#open.delete(xid)
    return found
  }

  #takeAll(xids: readonly number[]): OpenTransaction {
    const whole: OpenTransaction = { inserted: 0, updated: 0, deleted: 0 }
    for (const xid of xids) {
      const part = this.#take(xid)
      if (part === undefined) continue
      whole.inserted += part.inserted
      whole.updated += part.updated
      whole.deleted += part.deleted
      for (const one of part.relations ?? []) {
        const known = whole.relations?.find((other) => isSame(one, other))
        if (known === undefined) (whole.relations ??= []).push({ ...one })
        else known.deleted += one.deleted
      }
      for (const one of part.created ?? []) addCreated(whole, one)
      if (part.databases !== undefined) (whole.databases ??= []).push(...part.databases)
      if (part.truncated !== undefined) whole.truncated ??= part.truncated
    }
    return whole
  }
}

/** Relations of which a transaction deleted rows, those with most first. */
export function deletedFrom({ relations = [] }: OpenTransaction): readonly LostRelation[] {
  return relations.length < 2
    ? relations.map(idOf)
    : relations.toSorted((a, b) => b.deleted - a.deleted).map(idOf)
}

function addCreated(transaction: OpenTransaction, relation: Created): void {
  const created = (transaction.created ??= [])
  const known = created.find((one) => isSame(one, relation))
  if (known === undefined) {
    if (created.length < MOST_CREATED) created.push({ ...relation })
    return
  }
  known.pages += relation.pages
  known.isMade ||= relation.isMade
  // An unlogged relation has a second file that it is reset to; what is written into the first does not show.
  known.isMain &&= relation.isMain
}

/**
 * What a commit took away that was there before it. A relation that gets a new file has its old one dropped: when the new
 * one stays empty, the relation was truncated; otherwise it was written anew. Source: PostgreSQL
 * `src/backend/catalog/heap.c`, `RelationSetNewRelfilenumber` and its callers.
 */
function lossOf(
  dropped: readonly RelationStorage[],
  whole: OpenTransaction | undefined,
  databaseOid: number | undefined,
): Loss | undefined {
  if (whole?.databases !== undefined)
    return { kind: 'database-drop', count: whole.databases.length, relations: [], databases: whole.databases }
  const created = (whole?.created ?? []).filter(({ isMade }) => isMade)
  const gone = dropped.filter((one) => !created.some((other) => isSame(one, other)))
  if (gone.length === 0) return undefined
  const fresh = created.filter((one) => !dropped.some((other) => isSame(one, other)))
  const isEmptied =
    fresh.some(({ pages, isMain }) => isMain && pages === 0) &&
    fresh.every(({ pages }) => pages <= PAGES_OF_EMPTY_INDEX)
  const kind =
    whole?.truncated !== undefined || isEmptied ? 'truncate' : fresh.length > 0 ? 'rewrite' : 'drop'
  return {
    kind,
    count: gone.length,
    relations: gone.slice(0, MOST_LISTED).map(idOf),
    ...(fresh.length > 0 && { created: fresh.slice(0, MOST_LISTED).map(idOf), createdCount: fresh.length }),
    ...(whole?.truncated !== undefined && { truncatedOids: whole.truncated.relationOids }),
    ...(databaseOid !== undefined && { databaseOid }),
  }
}

function deletedOf({ tablespaceOid, databaseOid, relationNumber, deleted }: WalCounter): Deleted {
  return { tablespaceOid, databaseOid, relationNumber, deleted }
}

function idOf({ tablespaceOid, databaseOid, relationNumber }: RelationStorage): LostRelation {
  return { tablespaceOid, databaseOid, relationNumber }
}

function isSame(a: RelationStorage, b: RelationStorage): boolean {
  return (
    a.relationNumber === b.relationNumber &&
    a.databaseOid === b.databaseOid &&
    a.tablespaceOid === b.tablespaceOid
  )
}

/** Transaction numbers go in a circle. Source: PostgreSQL `src/backend/access/transam/transam.c`, `TransactionIdPrecedes`. */
export function isBefore(a: number, b: number): boolean {
  return ((a - b) | 0) < 0
}
