import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { lsnFromBigint } from '../base/lsn.ts'
import { WalCursor } from '../format/wal-cursor.ts'
import { encodeRecord, type MadeRecord, MadeWal, timedData } from '../testing/made-wal.ts'
import type { PageKernel } from './page-kernel.ts'
import { openTwinKernel } from './twin-kernel.ts'
import {
  type GivenRecord,
  type OnPlainEnd,
  openWalScan,
  WAL_SCAN,
  type WalCounter,
  type WalScan,
  type WalScanStart,
} from './wal-scan.ts'
import { openWasmKernel } from './wasm-kernel.ts'

const PAGE_BYTES = 8192
const CHUNK_BYTES = 32 * PAGE_BYTES
const MIB = 1 << 20

const kernels = new Map<string, { kernel: PageKernel; scan: WalScan; chunk: Uint8Array }>(
  [openTwinKernel(), openWasmKernel()].flatMap((kernel) =>
    kernel === undefined
      ? []
      : [
          [
            kernel.kind,
            {
              kernel,
              scan: openWalScan(kernel.reserve(WAL_SCAN.end) as Uint8Array<ArrayBuffer>),
              chunk: kernel.reserve(CHUNK_BYTES),
            },
          ] as const,
        ],
  ),
)

type Found = {
  readonly records: readonly GivenRecord[]
  readonly counters: readonly WalCounter[]
  readonly recordCount: bigint
  readonly status: string
  readonly problemLsn: bigint | undefined
  readonly resumeLsn: bigint
  readonly isInsideRecord: boolean
}

/** Reads as an index does it: segment after segment, in pieces, to the first problem or the last segment. */
function scanAll(
  kind: string,
  wal: MadeWal,
  start: Partial<WalScanStart> = {},
  chunkPages = 32,
  onPlainEnd: OnPlainEnd | undefined = undefined,
): Found {
  const { kernel, scan, chunk } = kernels.get(kind) ?? expect.fail(`no ${kind} kernel`)
  const { systemIdentifier, segmentBytes, timeline } = wal
  const first = start.lsn ?? lsnFromBigint(BigInt(MIB))
  scan.begin({ systemIdentifier, segmentBytes, timeline, lsn: first, from: 'first', ...start })
  const records: GivenRecord[] = []
  const counters: WalCounter[] = []
  let number = first / BigInt(segmentBytes)
  let offset = Number(first % BigInt(segmentBytes))
  offset -= offset % PAGE_BYTES
  for (; wal.segments.has(number); number++, offset = 0) {
    const bytes = wal.segment(number * BigInt(segmentBytes))
    scan.enterSegment(lsnFromBigint(number * BigInt(segmentBytes) + BigInt(offset)), timeline)
    while (offset < bytes.length) {
      const piece = bytes.subarray(offset, offset + chunkPages * PAGE_BYTES)
      chunk.set(piece)
      offset += kernel.scanWal(scan.area, chunk.subarray(0, piece.length)) * PAGE_BYTES
      scan.drain(
        (counter) => counters.push({ ...counter }),
        (given) => records.push({ ...given, bytes: Uint8Array.from(given.bytes) }),
        onPlainEnd,
      )
      if (scan.status === 'switched') break
      if (scan.status !== 'more' && scan.status !== 'full') return result(scan, scan.problemLsn)
    }
  }
  return result(scan, undefined)

  function result(at: WalScan, problemLsn: bigint | undefined): Found {
    const { recordCount, status, resumeLsn, isInsideRecord } = at
    return { records, counters, recordCount, status, problemLsn, resumeLsn, isInsideRecord }
  }
}

/** What the cursor says, which reads records as recovery does: all records, and where it ends. */
function readAll(wal: MadeWal): { count: number; lsn: bigint; what: string } {
  const { systemIdentifier, segmentBytes, timeline } = wal
  const start = lsnFromBigint(BigInt(MIB))
  const cursor = new WalCursor({ start, from: 'at-or-after', timeline, segmentBytes, systemIdentifier })
  for (let count = 0; ;) {
    const step = cursor.next()
    if (step.kind === 'record') count++
    else if (step.kind === 'end') return { count, lsn: step.problem.lsn, what: step.problem.what }
    else if (wal.segments.has(step.number))
      cursor.feed(step.number, wal.segment(step.number * BigInt(segmentBytes)))
    else cursor.feedNothing(step.number, 'missing', 'it is not there')
  }
}

const RELATION = [1663, 5, 16_400] as const
const MICROS_2026 = 1_795_000_000_123_457n
const createdData = (number: number, fork = 0): Uint8Array =>
  Uint8Array.from(new Uint8Array(Uint32Array.of(1663, 5, number, fork).buffer))

const anyRecord: fc.Arbitrary<MadeRecord> = fc.oneof(
  fc.record({
    rmgr: fc.constantFrom(0, 1, 2, 4, 8, 9, 10, 11, 15),
    info: fc.constantFrom(0x00, 0x10, 0x20, 0x30, 0x50, 0x60, 0x70, 0x80, 0x90, 0xb0, 0xd0),
    xid: fc.constantFrom(0, 700, 701, 702, 4_000_000_000),
    blocks: fc.constantFrom(
      [],
      [{ relation: RELATION, block: 3, data: new Uint8Array(20) }],
      [{ relation: [1663, 5, 1259] as const, block: 3, data: new Uint8Array(20) }],
      [
        {
          relation: RELATION,
          block: 0,
          image: { bytes: new Uint8Array(900), method: 'pglz' as const, hasHole: true },
        },
        { block: 1, image: { bytes: new Uint8Array(8000), method: 'none' as const, hasHole: true } },
      ],
    ),
    otherHeaders: fc.constantFrom(
      new Uint8Array(0),
      Uint8Array.of(253, 7, 0),
      Uint8Array.of(252, 1, 2, 3, 4),
    ),
    mainData: fc
      .oneof(fc.nat({ max: 300 }), fc.nat({ max: 20_000 }))
      .map((length) => new Uint8Array(length).fill(1)),
  }),
  fc
    .constantFrom(16_400, 16_401)
    .map((number) => ({ rmgr: 2, info: 0x10, xid: 700, mainData: createdData(number) })),
)

test('wasm and twin leave the same behind, whatever is in the records and however the pages are cut', () => {
  fc.assert(
    fc.property(fc.array(anyRecord, { maxLength: 80 }), fc.integer({ min: 1, max: 32 }), (made, pages) => {
      const wal = new MadeWal()
      for (const record of made) wal.append(record)

      const [twin, wasm] = ['twin', 'wasm'].map((kind) => scanAll(kind, wal, {}, pages))

      expect(wasm).toEqual(twin)
    }),
    { numRuns: 200 },
  )
})

test.each([...kernels.keys()])(
  '%s sees every record that a cursor sees, and stops where it stops',
  (kind) => {
    fc.assert(
      fc.property(
        fc.array(anyRecord, { maxLength: 60 }),
        fc.option(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(7))),
        (made, flip) => {
          const wal = new MadeWal()
          for (const record of made) wal.append(record)
          if (flip !== null) {
            const at = MIB + Math.floor(flip[0] * (Number(wal.end) - MIB - 1))
            const segment = wal.segment(BigInt(at))
            segment[at % MIB] = (segment[at % MIB] ?? 0) ^ (1 << flip[1])
          }
          const right = readAll(wal)

          const found = scanAll(kind, wal)

          expect(Number(found.recordCount)).toBe(right.count)
          if (found.problemLsn === undefined) expect(right.what).toBe('missing')
          else
            expect({ what: found.status, lsn: found.problemLsn }).toEqual({
              what: right.what,
              lsn: right.lsn,
            })
        },
      ),
      { numRuns: 200 },
    )
  },
)

describeBoth('hands over commits with their places, and counts rows by transaction and relation', (kind) => {
  const wal = new MadeWal()
  const row = { blocks: [{ relation: RELATION, block: 0, data: new Uint8Array(4) }], xid: 731 }
  const systemRow = {
    blocks: [{ relation: [1663, 5, 1259] as const, block: 0, data: new Uint8Array(4) }],
    xid: 731,
  }
  for (let count = 0; count < 300; count++) wal.append({ rmgr: 10, info: 0x10, ...row })
  for (let count = 0; count < 7; count++) wal.append({ rmgr: 10, info: 0x80, ...row })
  wal.append({ rmgr: 10, info: 0x40, ...row })
  wal.append({ rmgr: 10, info: 0x10, ...systemRow })
  wal.append({ rmgr: 9, info: 0x50, ...row, mainData: Uint8Array.of(0, 0, 44, 1, 9, 9) })
  const lsn = wal.append({ rmgr: 1, info: 0, xid: 731, mainData: timedData(1_000_000n) })
  const endLsn = wal.end
  wal.append({ rmgr: 1, info: 0x50, xid: 732, mainData: timedData(1_000_000n) })

  const { records, counters } = scanAll(kind, wal)

  expect(records).toHaveLength(1)
  expect(records[0]).toMatchObject({ lsn, endLsn, magic: 0xd110 })
  const zero = {
    tablespaceOid: 0,
    databaseOid: 0,
    relationNumber: 0,
    deleted: 0,
    inserted: 0,
    updated: 0,
    pages: 0,
  }
  expect(counters).toHaveLength(2)
  expect(counters).toContainEqual({ ...zero, xid: 731, inserted: 7 + 300, updated: 1 })
  expect(counters).toContainEqual({
    ...zero,
    xid: 731,
    tablespaceOid: 1663,
    databaseOid: 5,
    relationNumber: 16_400,
    deleted: 300,
  })
})

describeBoth(
  'tells plain ends of transactions without a record, and hands over what is not taken',
  (kind) => {
    const wal = new MadeWal()
    const early = timedData(946_684_800_000_000n - 5_000_000_000_123n)
    const commitLsn = wal.append({ rmgr: 1, info: 0, xid: 4_000_000_000, mainData: timedData(MICROS_2026) })
    const abortLsn = wal.append({ rmgr: 1, info: 0x20, xid: 12, mainData: early })
    wal.append({ rmgr: 1, info: 0, xid: 13, mainData: timedData(1n) })
    wal.append({ rmgr: 1, info: 0x30, xid: 14, mainData: timedData(2n) })
    wal.append({ rmgr: 1, info: 0x80, xid: 15, mainData: new Uint8Array(40) })
    wal.append({ rmgr: 1, info: 0, xid: 16, mainData: new Uint8Array(16) })
    const ends: unknown[] = []

    const { records } = scanAll(kind, wal, {}, 32, (...end) => {
      if (end[1] === 13) return false
      ends.push(end)
      return true
    })

    expect(ends).toEqual([
      [true, 4_000_000_000, Number(MICROS_2026 - 946_684_800_000_000n), Number(commitLsn), 40],
      [false, 12, -5_000_000_000_123, Number(abortLsn), 40],
    ])
    expect(records.map(({ bytes }) => new DataView(bytes.buffer).getUint32(4, true))).toEqual([
      13, 14, 15, 16,
    ])
  },
)

describeBoth('counts pages of relations made before, and of no others', (kind) => {
  const wal = new MadeWal()
  const image = { bytes: new Uint8Array(40), method: 'none', hasHole: true } as const
  const writes = (number: number): MadeRecord => ({
    rmgr: 0,
    info: 0xb0,
    xid: 9,
    blocks: [
      { relation: [1663, 5, number], block: 0, image },
      { block: 1, image },
    ],
  })
  wal.append(writes(20_000))
  wal.append({ rmgr: 2, info: 0x10, xid: 9, mainData: createdData(20_000) })
  wal.append(writes(20_000))
  wal.append(writes(20_001))

  const { counters } = scanAll(kind, wal)

  expect(counters.map(({ relationNumber, pages }) => [relationNumber, pages])).toEqual([[20_000, 2]])
})

describeBoth('gives all there is of many transactions, though the room for them is small', (kind) => {
  const wal = new MadeWal()
  const blocks = [{ relation: RELATION, block: 0, data: new Uint8Array(1) }]
  const xids = Array.from({ length: 12_000 }, (_, index) => 1000 + index)
  for (const xid of xids) {
    wal.append({ rmgr: 10, info: 0x10, xid, blocks })
    wal.append({ rmgr: 1, info: 0x20, xid, mainData: timedData(5n) })
  }

  const { counters, records } = scanAll(kind, wal)

  expect(counters.map(({ xid }) => xid)).toEqual(xids)
  expect(records).toHaveLength(xids.length)
})

describeBoth('keeps the beginning of a very long record, and checks all of it', (kind) => {
  const wal = new MadeWal()
  const mainData = new Uint8Array(1_500_000).fill(3)
  mainData.set(timedData(77n))
  const lsn = wal.append({ rmgr: 1, info: 0, xid: 5, mainData })
  wal.append({ rmgr: 1, info: 0, xid: 6, mainData: timedData(78n) })

  const { records } = scanAll(kind, wal)

  expect(records.map(({ bytes }) => bytes.length)).toEqual([256 << 10, 34])
  expect(
    Buffer.compare(
      records[0]?.bytes ?? wal.segment(0n),
      encodeRecord({ rmgr: 1, xid: 5, mainData }, BigInt(MIB) - 8n, 15).subarray(0, 256 << 10),
    ),
  ).toBe(0)
  wal.segment(BigInt(MIB))[900_000] = 4
  const damaged = scanAll(kind, wal)
  expect([damaged.status, damaged.problemLsn]).toEqual(['crc-mismatch', lsn])
})

describeBoth('leaves the rest of a segment after a switch, and goes on in the next', (kind) => {
  const wal = new MadeWal()
  wal.append({ rmgr: 1, xid: 5, mainData: timedData(1n) })
  wal.switchSegment()
  wal.append({ rmgr: 1, xid: 6, mainData: timedData(2n) })

  const { records, recordCount, status } = scanAll(kind, wal)

  expect(records).toHaveLength(2)
  expect([recordCount, status]).toEqual([3n, 'zeroed'])
})

describeBoth('can go on with a record that a segment ends in, from its start', (kind) => {
  const wal = new MadeWal()
  while (wal.end < BigInt(2 * MIB - 20_000)) wal.append({ mainData: new Uint8Array(9000) })
  const previous = wal.append({})
  const lsn = wal.append({
    rmgr: 1,
    xid: 5,
    mainData: Buffer.concat([timedData(1n), new Uint8Array(40_000)]),
  })

  const whole = scanAll(kind, wal)
  const resumed = scanAll(kind, wal, { lsn, from: 'record', previous })
  const wrong = scanAll(kind, wal, { lsn, from: 'record', previous: lsn })

  expect(whole.records).toHaveLength(1)
  expect(resumed.records).toEqual(whole.records)
  expect([wrong.status, wrong.problemLsn]).toEqual(['bad-record', lsn])
})

describeBoth('goes on after a record that a crash cut off', (kind) => {
  const wal = new MadeWal()
  wal.fillPageTo(64)
  const { torn } = wal.appendTorn({ mainData: new Uint8Array(400) })
  wal.append({ rmgr: 1, xid: 6, mainData: timedData(2n) })
  const other = new MadeWal()
  other.fillPageTo(64)
  other.appendTorn({ mainData: new Uint8Array(400) }, torn + 8n)

  expect(scanAll(kind, wal).records).toHaveLength(1)
  expect(scanAll(kind, other).status).toBe('bad-continuation')
})

describeBoth('names WAL of another cluster, timeline or size', (kind) => {
  const made = (): MadeWal => {
    const wal = new MadeWal({ timeline: 3 })
    wal.append({})
    return wal
  }
  expect(scanAll(kind, made(), { systemIdentifier: 1n }).status).toBe('wrong-system')
  const sized = made()
  new DataView(sized.segment(BigInt(MIB)).buffer).setUint32(32, 16 << 20, true)
  expect(scanAll(kind, sized).status).toBe('bad-page')
  const early = made()
  new DataView(early.segment(BigInt(MIB)).buffer).setUint32(4, 4, true)
  expect(scanAll(kind, early).status).toBe('wrong-timeline')
})

function describeBoth(title: string, body: (kind: string) => void): void {
  test.each([...kernels.keys()])(`%s ${title}`, body)
}
