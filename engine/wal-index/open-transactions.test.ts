import { describe, expect, test } from 'vitest'
import type { RelationStorage, TransactionEnd } from '../format/wal-transactions.ts'
import type { WalCounter } from '../kernel/wal-scan.ts'
import { MOST_OPEN, OpenTransactions } from './open-transactions.ts'

const file = (relationNumber: number): RelationStorage => ({
  tablespaceOid: 1663,
  databaseOid: 5,
  relationNumber,
})

const ended = (xid: number, more: Partial<TransactionEnd> = {}): TransactionEnd => ({
  kind: 'commit',
  isPrepared: false,
  xid,
  micros: 0n,
  databaseOid: 5,
  subtransactions: [],
  dropped: [],
  preparedName: undefined,
  origin: undefined,
  isCutOff: false,
  ...more,
})

const counted = (xid: number, relationNumber: number, counts: Partial<WalCounter>): WalCounter => ({
  xid,
  ...file(relationNumber),
  deleted: 0,
  inserted: 0,
  updated: 0,
  pages: 0,
  ...counts,
})

describe('rows', () => {
  test('are those of the transaction and of its parts, and of no other', () => {
    const open = new OpenTransactions()
    open.count(counted(10, 0, { inserted: 3, updated: 1 }))
    open.count(counted(11, 20_000, { deleted: 5 }))
    open.count(counted(12, 20_001, { deleted: 7 }))
    open.count(counted(13, 20_001, { deleted: 100 }))

    expect(open.end(ended(10, { subtransactions: [11, 12] }))).toMatchObject({
      inserted: 3,
      updated: 1,
      deleted: 12,
      deletedFrom: [file(20_001), file(20_000)],
    })
    expect(open.end(ended(10))).toMatchObject({ deleted: 0, deletedFrom: [] })
    expect(open.state.map(([xid]) => xid)).toEqual([13])
  })

  test('of transactions that a crash ended are forgotten', () => {
    const open = new OpenTransactions()
    for (const xid of [4_294_967_290, 5, 9]) open.count(counted(xid, 20_000, { deleted: 1 }))
    open.forgetBefore(9)
    expect(open.state.map(([xid]) => xid)).toEqual([9])
  })

  test('are followed for a bounded number of transactions, the latest', () => {
    const open = new OpenTransactions()
    for (let xid = 1; xid <= MOST_OPEN + 10; xid++) open.count(counted(xid, 20_000, { deleted: 1 }))
    expect(open.state).toHaveLength(MOST_OPEN)
    expect(open.end(ended(10)).deleted).toBe(0)
    expect(open.end(ended(11)).deleted).toBe(1)
  })

  test('go on from what was written down', () => {
    const first = new OpenTransactions()
    first.count(counted(10, 20_000, { deleted: 5 }))
    first.create(10, file(20_010), true)
    const text = JSON.stringify(first.state)
    const second = new OpenTransactions(JSON.parse(text) as typeof first.state)
    second.count(counted(10, 20_000, { deleted: 1 }))
    expect([...second.createdNumbers()]).toEqual([20_010])
    expect(second.end(ended(10)).deleted).toBe(6)
    expect(JSON.stringify(first.state)).toBe(text)
  })
})

describe('a commit', () => {
  const lossOf = (prepare: (open: OpenTransactions) => void, dropped: readonly RelationStorage[]) => {
    const open = new OpenTransactions()
    prepare(open)
    return open.end(ended(10, { dropped })).loss
  }
  const table = [file(20_000), file(20_001), file(20_002)]

  test('that drops what was there before it lost it', () => {
    expect(lossOf(() => undefined, table)).toEqual({
      kind: 'drop',
      count: 3,
      relations: table,
      databaseOid: 5,
    })
  })

  test('that drops what it made itself lost nothing', () => {
    expect(lossOf((open) => open.create(10, file(20_000), true), [file(20_000)])).toBeUndefined()
  })

  test('that makes an empty table and its empty index anew truncated it, whatever comes first', () => {
    const truncated = (open: OpenTransactions): void => {
      open.count(counted(10, 20_011, { pages: 1 }))
      open.create(10, file(20_010), true)
      open.create(10, file(20_011), true)
    }
    expect(lossOf(truncated, table.slice(1))?.kind).toBe('truncate')
  })

  test('that makes a table anew with its rows rewrote it', () => {
    const rewritten = (open: OpenTransactions): void => {
      open.create(10, file(20_010), true)
      open.create(10, file(20_011), true)
      open.count(counted(10, 20_010, { pages: 40 }))
      open.count(counted(10, 20_011, { pages: 3 }))
    }
    expect(lossOf(rewritten, table.slice(1))?.kind).toBe('rewrite')
  })

  test('is not taken for a truncate when nothing tells what was written: the relation is unlogged', () => {
    expect(lossOf((open) => open.create(10, file(20_010), false), [file(20_000)])?.kind).toBe('rewrite')
  })

  test('truncated what logical decoding says', () => {
    const loss = lossOf((open) => open.truncate(10, 5, [16_400]), [file(20_000)])
    expect(loss).toMatchObject({ kind: 'truncate', truncatedOids: [16_400] })
  })

  test('dropped a database', () => {
    expect(lossOf((open) => open.dropDatabase(10, 77), [])).toMatchObject({
      kind: 'database-drop',
      count: 1,
      databases: [77],
    })
  })

  test('lists a hundred of very many relations, and counts all', () => {
    const many = Array.from({ length: 5000 }, (_, index) => file(20_000 + index))
    const loss = lossOf(() => undefined, many)
    expect([loss?.count, loss?.relations.length]).toEqual([5000, 100])
  })
})
