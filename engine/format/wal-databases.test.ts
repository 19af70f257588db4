import fc from 'fast-check'
import { expect, test } from 'vitest'
import { lsnFromBigint } from '../base/lsn.ts'
import { encodeRecord } from '../testing/made-wal.ts'
import { databaseChange } from './wal-databases.ts'
import type { WalRecord } from './wal-record.ts'

const lsn = lsnFromBigint(0x2000f00n)

/** What servers wrote for CREATE DATABASE … STRATEGY FILE_COPY, the same with WAL_LOG, and DROP DATABASE. */
const WRITTEN = [
  [
    15,
    '2a000000db02000068080002000000000104000059b7e3f3ff10054000007f060000014000007f060000',
    '22000000db020000f00700020000000010040000058cf184ff08054000007f060000',
    '26000000dc020000380f00020000000021040000624c78b1ff0c01400000010000007f060000',
  ],
  [
    17,
    '2a000000e9020000c008000200000000010400005a04025dff10054000007f060000014000007f060000',
    '22000000e9020000280800020000000010040000e70e9223ff08054000007f060000',
    '26000000ea020000e80f00020000000021040000828c2218ff0c01400000010000007f060000',
  ],
  [
    18,
    '2a000000f7020000c0080002000000000104000024c231e5ff10054000007f060000014000007f060000',
    '22000000f702000028080002000000001004000099c8a19bff08054000007f060000',
    '26000000f8020000081000020000000021040000335d856bff0c01400000010000007f060000',
  ],
] as const

test.each(WRITTEN)('reads what PostgreSQL %i wrote', (major, copied, logged, dropped) => {
  const of = (hex: string) => databaseChange(record(Buffer.from(hex, 'hex'), major))
  const made = { databaseOid: 16389, tablespaceOid: 1663 }
  const old = { databaseOid: 16385, tablespaceOid: 1663 }
  expect(of(copied)).toEqual({ kind: 'copied', lsn, place: made, from: old })
  expect(of(logged)).toEqual({ kind: 'logged', lsn, place: made })
  expect(of(dropped)).toEqual({ kind: 'dropped', lsn, places: [old] })
})

test('before 15 every creation is a copy, and the other record is a drop', () => {
  const of = (major: number, info: number, ...data: readonly number[]) =>
    databaseChange(record(encodeRecord({ rmgr: 4, info, mainData: words(...data) }, 0n, major), major))
  expect(of(14, 0x00, 9, 16400, 1, 1663)).toMatchObject({ kind: 'copied', from: { databaseOid: 1 } })
  const inTwo = [
    { databaseOid: 9, tablespaceOid: 16400 },
    { databaseOid: 9, tablespaceOid: 1663 },
  ]
  expect(of(14, 0x10, 9, 2, 16400, 1663)).toEqual({ kind: 'dropped', lsn, places: inTwo })
  expect(of(12, 0x10, 9, 16400)).toEqual({ kind: 'dropped', lsn, places: inTwo.slice(0, 1) })
  expect(of(14, 0x20, 9, 1, 1663)).toBeUndefined()
})

test('no record is too short or too strange for telling what it does', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(2, 4),
      fc.nat(255),
      fc.uint8Array({ maxLength: 24 }),
      fc.constantFrom(12, 14, 15, 18),
      (rmgr, info, mainData, major) => {
        const change = databaseChange(record(encodeRecord({ rmgr, info, mainData }, 0n, major), major))
        if (rmgr !== 4) expect(change).toBeUndefined()
        if (change?.kind === 'dropped') expect(change.places.length).toBeLessThanOrEqual(4)
      },
    ),
  )
})

function record(bytes: Uint8Array, serverMajor: number): WalRecord {
  return {
    lsn,
    endLsn: lsn,
    previousLsn: lsn,
    xid: 0,
    rmgr: bytes[17] ?? 0,
    info: bytes[16] ?? 0,
    totalBytes: bytes.length,
    serverMajor,
    bytes,
  }
}

function words(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer)
}
