import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeWalEvent } from './wal-events.ts'
import { decodeTransactionEnd, type RecordHead } from './wal-transactions.ts'

const MICROS_2000 = 946_684_800_000_000n
const commit: RecordHead = { xid: 731, rmgr: 1, info: 0x80, serverMajor: 15 }

/** What a resource manager stores, from numbers of one to eight bytes. */
function bytesOf(
  ...values: readonly (readonly [bytes: 1 | 2 | 4 | 8, value: number | bigint])[]
): Uint8Array {
  return Uint8Array.from(
    values.flatMap(([bytes, value]) =>
      Array.from({ length: bytes }, (_, at) =>
        Number((BigInt.asUintN(64, BigInt(value)) >> BigInt(8 * at)) & 0xffn),
      ),
    ),
  )
}

/** Everything that a record of a transaction can hold, as that version writes it. */
function fullData(serverMajor: number): Uint8Array {
  const statistics =
    serverMajor < 15
      ? []
      : ([[4, 1], [4, 2], [4, 5], [4, 16_400], ...(serverMajor < 18 ? [] : ([[4, 0]] as const))] as const)
  return bytesOf(
    [8, 7_000_001n],
    [4, 0xff - 0x40 + (serverMajor < 15 ? 0 : 0x100)],
    [4, 5],
    [4, 1663],
    [4, 2],
    [4, 732],
    [4, 733],
    [4, 1],
    [4, 1663],
    [4, 5],
    [4, 16_400],
    ...statistics,
    [4, 1],
    [8, 0],
    [8, 0],
    [4, 690],
    [2, 0x7867],
    [1, 0],
    [8, 0x1_0000_0028n],
    [8, 9n],
  )
}

test('a commit that dropped a table is read from the bytes that PostgreSQL 15 wrote', () => {
  const record = Buffer.from(
    '0a010000163d0100b80d5b1100000000810100001582d4dffff032887588c70303004d000000050000007f060000030000007f0600000500' +
      '00001b4000007f060000050000001a4000007f06000005000000174000000b000000370000000500000078c4027000560000',
    'hex',
  )
  // COMMIT 2026-11-21 12:47:32.911154 UTC; rels: base/5/16411 base/5/16410 base/5/16407
  const end = decodeTransactionEnd({ ...commit, info: 0x81, xid: 81_174 }, record.subarray(26))

  expect(end).toMatchObject({
    kind: 'commit',
    isPrepared: false,
    xid: 81_174,
    databaseOid: 5,
    subtransactions: [],
  })
  expect(end?.micros).toBe(BigInt(Date.parse('2026-11-21T12:47:32.911Z')) * 1000n + 154n)
  expect(end?.dropped).toEqual(
    [16_411, 16_410, 16_407].map((relationNumber) => ({
      tablespaceOid: 1663,
      databaseOid: 5,
      relationNumber,
    })),
  )
  // The rest of the invalidations is not in this test.
  expect(end?.isCutOff).toBe(true)
})

test('a commit without details has a time and nothing else', () => {
  expect(decodeTransactionEnd({ ...commit, info: 0 }, bytesOf([8, -1n]))).toEqual({
    kind: 'commit',
    isPrepared: false,
    xid: 731,
    micros: MICROS_2000 - 1n,
    databaseOid: undefined,
    subtransactions: [],
    dropped: [],
    preparedName: undefined,
    origin: undefined,
    isCutOff: false,
  })
})

test.each([12, 14, 15, 17, 18])(
  'all details of a prepared transaction are read, of PostgreSQL %i',
  (serverMajor) => {
    expect(
      decodeTransactionEnd({ ...commit, xid: 0, info: 0xb0, serverMajor }, fullData(serverMajor)),
    ).toEqual({
      kind: 'commit',
      isPrepared: true,
      xid: 690,
      micros: MICROS_2000 + 7_000_001n,
      databaseOid: 5,
      subtransactions: [732, 733],
      dropped: [{ tablespaceOid: 1663, databaseOid: 5, relationNumber: 16_400 }],
      preparedName: 'gx',
      origin: { lsn: 0x1_0000_0028n, micros: MICROS_2000 + 9n },
      isCutOff: false,
    })
  },
)

test('what is left of a record that was cut off is read, and said to be a part', () => {
  const data = fullData(17)
  for (let length = 8; length < data.length; length++) {
    const end = decodeTransactionEnd({ ...commit, serverMajor: 17 }, data.subarray(0, length))
    expect(end?.isCutOff).toBe(true)
    expect(end?.dropped.length).toBe(length >= 48 ? 1 : 0)
  }
})

test.each([
  ['commit', 0x00, { kind: 'commit', isPrepared: false }],
  ['abort', 0x20, { kind: 'abort', isPrepared: false }],
  ['commit prepared', 0x30, { kind: 'commit', isPrepared: true }],
  ['abort prepared', 0x40, { kind: 'abort', isPrepared: true }],
])('%s is known by its code', (_, info, expected) => {
  expect(decodeTransactionEnd({ ...commit, info }, bytesOf([8, 0]))).toMatchObject(expected)
})

test.each([0x10, 0x50, 0x60])('other records of transactions say nothing: %i', (info) => {
  expect(decodeTransactionEnd({ ...commit, info }, new Uint8Array(40))).toBeUndefined()
})

const head = (rmgr: number, info: number, serverMajor = 15): RecordHead => ({
  xid: 9,
  rmgr,
  info,
  serverMajor,
})

test('restore points, checkpoints and ends of recovery are read', () => {
  const name = Uint8Array.from(Buffer.from('before the change\0rubbish'))
  expect(decodeWalEvent(head(0, 0x70), Buffer.concat([bytesOf([8, 5]), name]))).toEqual({
    kind: 'restore-point',
    name: 'before the change',
    micros: MICROS_2000 + 5n,
  })
  const checkpoint = new Uint8Array(88)
  checkpoint.set(bytesOf([8, 0x2000028n], [4, 3], [4, 2]))
  checkpoint.set(bytesOf([8, 1_800_000_000n]), 64)
  const expected = {
    kind: 'checkpoint',
    redoLsn: 0x2000028n,
    timeline: 3,
    previousTimeline: 2,
    micros: 1_800_000_000_000_000n,
  }
  expect(decodeWalEvent(head(0, 0x10), checkpoint)).toEqual({ ...expected, isShutdown: false })
  expect(decodeWalEvent(head(0, 0x00), checkpoint)).toEqual({ ...expected, isShutdown: true })
  expect(decodeWalEvent(head(0, 0x90), bytesOf([8, 5], [4, 4], [4, 3], [4, 1]))).toEqual({
    kind: 'end-of-recovery',
    timeline: 4,
    previousTimeline: 3,
    micros: MICROS_2000 + 5n,
  })
})

test('new files of relations, truncates and running transactions are read', () => {
  const relation = { tablespaceOid: 1663, databaseOid: 5, relationNumber: 16_400 }
  const created = (fork: number): Uint8Array => bytesOf([4, 1663], [4, 5], [4, 16_400], [4, fork])
  expect(decodeWalEvent(head(2, 0x10), created(0))).toEqual({
    kind: 'storage-created',
    relation,
    isMain: true,
  })
  expect(decodeWalEvent(head(2, 0x10), created(3))).toEqual({
    kind: 'storage-created',
    relation,
    isMain: false,
  })
  expect(decodeWalEvent(head(2, 0x10), created(1))).toBeUndefined()
  expect(decodeWalEvent(head(10, 0x30), bytesOf([4, 5], [4, 2], [4, 0], [4, 16_400], [4, 16_401]))).toEqual({
    kind: 'truncate',
    databaseOid: 5,
    relationOids: [16_400, 16_401],
  })
  expect(
    decodeWalEvent(head(8, 0x10), bytesOf([4, 1], [4, 0], [4, 0], [4, 800], [4, 790], [4, 799])),
  ).toEqual({
    kind: 'running',
    oldestXid: 790,
  })
})

test.each([
  [14, 0x00, 'database-created'],
  [14, 0x10, 'database-dropped'],
  [15, 0x00, 'database-created'],
  [15, 0x10, 'database-created'],
  [15, 0x20, 'database-dropped'],
])('version %i has database record %i', (serverMajor, info, kind) => {
  const event = decodeWalEvent(head(4, info, serverMajor), bytesOf([4, 16_500], [4, 1663]))
  expect(event).toEqual({ kind, databaseOid: 16_500 })
})

test('no bytes make it throw', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 120 }),
      fc.nat(15),
      fc.nat(255),
      fc.integer({ min: 12, max: 18 }),
      (data, rmgr, info, serverMajor) => {
        decodeWalEvent({ xid: 1, rmgr, info, serverMajor }, data)
      },
    ),
    { numRuns: 3000 },
  )
})
