import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { lsnFromBigint } from '../base/lsn.ts'
import { encodeRecord, type MadeBlock, type MadeRecord } from '../testing/made-wal.ts'
import { blockReferences, fileChange, modifiesRelationUnknowably, startsMinimalWal } from './wal-blocks.ts'
import { type WalRecord, walRecordMainData } from './wal-record.ts'

const MAJORS = [12, 13, 14, 15, 16, 17, 18]
const oids = fc.integer({ min: 0, max: 0xffff_ffff })
const bytes = (maxLength: number) => fc.uint8Array({ maxLength })

// Data of ones looks like block headers of that id to whoever reads on behind the last header.
const misleading = (length: number) => new Uint8Array(length).fill(1)

const madeBlocks: fc.Arbitrary<readonly MadeBlock[]> = fc
  .array(
    fc.record(
      {
        relation: fc.tuple(oids, oids, oids),
        block: oids,
        fork: fc.integer({ min: 0, max: 3 }),
        data: bytes(60),
        image: fc.record({
          bytes: bytes(300),
          method: fc.constantFrom('none', 'pglz', 'lz4', 'zstd'),
          hasHole: fc.boolean(),
        }),
      },
      { requiredKeys: ['block'] },
    ),
    { maxLength: 33 },
  )
  // The first one has nobody to share a relation with.
  .map((blocks) => blocks.map((block, id) => (id === 0 ? { relation: [1, 2, 3] as const, ...block } : block)))

const otherHeaders = fc.constantFrom(
  new Uint8Array(0),
  Uint8Array.of(253, 1, 0),
  Uint8Array.of(252, 9, 9, 9, 9),
  Uint8Array.of(253, 1, 0, 252, 9, 9, 9, 9),
)

test('gives back every block and the main data of a record, as each version writes them', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...MAJORS),
      madeBlocks,
      otherHeaders,
      bytes(400),
      (serverMajor, blocks, headers, mainData) => {
        const record = made({ blocks, otherHeaders: headers, mainData }, serverMajor)

        let relation: readonly number[] = []
        const expected = blocks.map((block) => {
          relation = block.relation ?? relation
          const [tablespaceOid, databaseOid, relationNumber] = relation
          const { fork = 0, image } = block
          const hasImage = image !== undefined
          return { tablespaceOid, databaseOid, relationNumber, fork, block: block.block, hasImage }
        })
        expect(blockReferences(record)).toEqual(expected)
        expect([...walRecordMainData(record)]).toEqual([...mainData])
      },
    ),
  )
})

test('headers end where the data begins that they announce, also without main data', () => {
  const image = { bytes: misleading(40), method: 'none', hasHole: false } as const
  const record = made({ rmgr: 0, info: 0xb0, blocks: [{ relation: [1663, 5, 16384], block: 7, image }] }, 15)
  expect(blockReferences(record)).toEqual([
    { tablespaceOid: 1663, databaseOid: 5, relationNumber: 16384, fork: 0, block: 7, hasImage: true },
  ])
})

test('the bit that says compressed up to 14 says something else since, and the other way round', () => {
  const image = { bytes: misleading(40), method: 'none', hasHole: true } as const
  const blocks = [{ relation: [1663, 5, 16384], block: 7, image }] as const
  const old = made({ blocks }, 14)
  const recent = made({ blocks }, 15)
  expect(blockReferences(old)).toEqual(blockReferences(recent))
  expect(blockReferences({ ...old, serverMajor: 15 })).not.toEqual(blockReferences(old))
  expect(blockReferences({ ...recent, serverMajor: 14 })).not.toEqual(blockReferences(recent))
})

test('a record without headers changes no blocks', () => {
  expect(blockReferences(made({}, 17))).toEqual([])
})

test.each([
  ['the first block shares the relation of no other', { blocks: [{ block: 1 }] }],
  ['an id is unknown', { otherHeaders: Uint8Array.of(33, 0, 0, 0) }],
  ['a header is cut off', { otherHeaders: Uint8Array.of(0, 0, 0, 0, 1, 2, 3) }],
  ['more data is announced than there is', { otherHeaders: Uint8Array.of(255, 1) }],
  ['less data is announced than there is', { otherHeaders: Uint8Array.of(255, 1, 0, 0) }],
  ['the ids do not ascend', { otherHeaders: twice(encodeBlockHeader()) }],
] satisfies [string, MadeRecord][])('nobody can say what a record changes when %s', (_, record) => {
  expect(blockReferences(made(record, 17))).toBeUndefined()
  expect(walRecordMainData(made(record, 17))).toHaveLength(0)
})

test('any bytes are read to some end without an error', () => {
  fc.assert(
    fc.property(fc.constantFrom(...MAJORS), bytes(200), (serverMajor, body) => {
      const record = made({ otherHeaders: body }, serverMajor)
      expect(blockReferences(record)?.length ?? 0).toBeLessThanOrEqual(33)
      expect(walRecordMainData(record).length).toBeLessThanOrEqual(body.length)
    }),
    { numRuns: 2000 },
  )
})

test('any change to the headers of a sound record is survived', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...MAJORS),
      madeBlocks,
      fc.nat(),
      fc.nat(255),
      (serverMajor, blocks, at, value) => {
        const record = made({ blocks, mainData: misleading(20) }, serverMajor)
        record.bytes[24 + (at % (record.totalBytes - 24))] = value
        expect(blockReferences(record)?.length ?? 0).toBeLessThanOrEqual(33)
      },
    ),
    { numRuns: 1000 },
  )
})

test('what changes relations by other means than blocks must be of a kind that is known', () => {
  const marked = (rmgr: number, info = 0x01) => modifiesRelationUnknowably({ rmgr, info })
  // 0x31 is a transaction that was prepared and then committed.
  expect([marked(1), marked(1, 0x31), marked(2, 0x21), marked(4)]).toEqual([false, false, false, false])
  expect([marked(0), marked(10, 0x81), marked(128)]).toEqual([true, true, true])
  expect(marked(10, 0x80)).toBe(false)
})

test.each(MAJORS)('version %i says of databases whether they were copied or dropped', (major) => {
  const ofDatabase = (info: number) =>
    fileChange(made({ rmgr: 4, info: info | 0x01, mainData: words(9, 16400, 1, 1663) }, major))
  const copied = { kind: 'copied', tablespaceOid: 16400, databaseOid: 9 }
  expect(ofDatabase(0x00)).toEqual(copied)
  // Dropped up to 14, created in another way since.
  expect(ofDatabase(0x10)).toEqual(major < 15 ? undefined : copied)
  expect(ofDatabase(0x20)).toBeUndefined()
})

test('tells where a main fork was cut off, and that one was made anew', () => {
  const change = (info: number, ...data: readonly number[]) =>
    fileChange(made({ rmgr: 2, info, mainData: words(...data) }, 17))
  const relation = { tablespaceOid: 1663, databaseOid: 5, relationNumber: 16384 }
  expect(change(0x21, 7, 1663, 5, 16384, 0x07)).toEqual({ kind: 'cut', ...relation, block: 7 })
  expect(change(0x21, 7, 1663, 5, 16384, 0x06)).toBeUndefined()
  expect(change(0x11, 1663, 5, 16384, 0)).toEqual({ kind: 'cut', ...relation, block: 0 })
  expect(change(0x11, 1663, 5, 16384, 3)).toBeUndefined()
})

test('no main data of any record is too short for telling what it does', () => {
  fc.assert(
    fc.property(fc.constantFrom(0, 2, 4), fc.nat(255), bytes(24), (rmgr, info, mainData) => {
      const record = made({ rmgr, info, mainData }, 17)
      expect(['cut', 'copied', undefined]).toContain(fileChange(record)?.kind)
      expect(startsMinimalWal(record)).toBe(
        rmgr === 0 &&
          (info & 0xf0) === 0x60 &&
          mainData.length === 24 &&
          mainData.subarray(20).every((byte) => byte === 0),
      )
    }),
    { numRuns: 1000 },
  )
})

function made(record: MadeRecord, serverMajor: number): WalRecord {
  const encoded = encodeRecord(record, 0n, serverMajor)
  return {
    lsn: lsnFromBigint(0x100028n),
    endLsn: lsnFromBigint(0x100028n + BigInt(encoded.length)),
    previousLsn: lsnFromBigint(0n),
    xid: 0,
    rmgr: encoded[17] ?? 0,
    info: encoded[16] ?? 0,
    totalBytes: encoded.length,
    serverMajor,
    bytes: encoded,
  }
}

function encodeBlockHeader(): Uint8Array {
  return encodeRecord({ blocks: [{ relation: [1, 2, 3], block: 4 }] }, 0n, 17).subarray(24)
}

function twice(one: Uint8Array): Uint8Array {
  return Uint8Array.of(...one, ...one)
}

function words(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer)
}
