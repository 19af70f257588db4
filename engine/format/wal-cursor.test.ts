import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatLsn, type Lsn, lsnFromBigint, parseLsn } from '../base/lsn.ts'
import { findWalSegment } from '../base/wal-segment.ts'
import { unpackFixture, whyNoFixture } from '../testing/fixtures.ts'
import { MadeWal } from '../testing/made-wal.ts'
import { WalCursor, type WalCursorOptions, type WalProblem } from './wal-cursor.ts'
import type { WalRecord } from './wal-record.ts'

const MIB = 1 << 20
const lengths = fc.array(fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 30_000 })), {
  maxLength: 60,
})

test('gives back every record that was written, whatever their lengths', () => {
  fc.assert(
    fc.property(lengths, (sizes) => {
      const wal = new MadeWal()
      const written = sizes.map((size) => wal.append({ mainData: new Uint8Array(size).fill(7) }))

      const { records, problem } = readAll(wal, {})

      expect(records.map(({ lsn }) => lsn)).toEqual(written)
      expect(records.map(({ previousLsn }) => previousLsn).slice(1)).toEqual(written.slice(0, -1))
      expect(records.at(-1)?.endLsn ?? problem.lsn).toBe(wal.end)
      expect(problem.what).toBe('zeroed')
    }),
  )
})

test('finds the first record at or after any LSN, past the rest of an earlier one', () => {
  fc.assert(
    fc.property(lengths, fc.nat(200_000), (sizes, distance) => {
      const wal = new MadeWal()
      const written = sizes.map((size) => wal.append({ mainData: new Uint8Array(size) }))
      const start = lsnFromBigint(BigInt(MIB) + (BigInt(distance) % (wal.end - BigInt(MIB) + 1n)))

      const { records } = readAll(wal, { start })

      expect(records.map(({ lsn }) => lsn)).toEqual(written.filter((lsn) => lsn >= start))
    }),
  )
})

test('goes on over page edges after the rest of an earlier record ended near one', () => {
  const room = 8192 - 24
  for (const restBytes of [room, room - 8, room - 40, room - 64]) {
    const wal = new MadeWal()
    wal.fillPageTo(64)
    wal.append({ mainData: new Uint8Array(64 - 29 + restBytes) })
    const ended = wal.end
    const next = wal.append({ mainData: new Uint8Array(30_000) })
    const last = wal.append({})

    const { records } = readAll(wal, { start: parseLsn('0/102000') })

    expect(ended % 8192n).toBe(restBytes === room ? 0n : BigInt(24 + restBytes))
    expect(records.map(({ lsn }) => lsn)).toEqual([next, last])
  }
})

test('a flipped bit is a checksum mismatch at the record that holds it, and all before it are read', () => {
  const LENGTH_BYTES = 4 // It comes first: a wrong one may also show as a page that does not go on.
  fc.assert(
    fc.property(lengths, fc.nat(), fc.nat(7), fc.nat(), (sizes, which, bit, where) => {
      fc.pre(sizes.length > 0)
      const wal = new MadeWal()
      const written = sizes.map((size) => wal.append({ mainData: new Uint8Array(size).fill(1) }))
      const victim = readAll(wal, {}).records[which % sizes.length] as WalRecord
      const inPage = Number(8192n - (victim.lsn % 8192n))
      const span = Math.min(victim.totalBytes, inPage) - LENGTH_BYTES
      fc.pre(span > 0)
      flip(wal, lsnFromBigint(victim.lsn + BigInt(LENGTH_BYTES + (where % span))), bit)

      const { records, problem } = readAll(wal, {})

      expect(records.map(({ lsn }) => lsn)).toEqual(written.filter((lsn) => lsn < victim.lsn))
      expect(problem).toMatchObject({ what: 'crc-mismatch', lsn: victim.lsn })
    }),
  )
})

test('a record longer than two segments comes whole', () => {
  const wal = new MadeWal()
  wal.append({ mainData: new Uint8Array(500) })
  const mainData = Uint8Array.from({ length: 2.5 * MIB }, (_, index) => index % 251)
  const long = wal.append({ mainData, xid: 9 })
  wal.append({})

  const { records } = readAll(wal, {})

  expect(records.length).toBe(3)
  expect(records[1]).toMatchObject({ lsn: long, xid: 9, totalBytes: mainData.length + 29 })
  expect(Buffer.compare(records[1]?.bytes.subarray(29) ?? new Uint8Array(0), mainData)).toBe(0)
})

test('after a switch record reading goes on in the next segment', () => {
  const wal = new MadeWal()
  const first = wal.switchSegment()
  const second = wal.append({})

  const { records } = readAll(wal, {})

  expect(records.map(({ lsn, endLsn }) => [formatLsn(lsn), formatLsn(endLsn)])).toEqual([
    [formatLsn(first), '0/200000'],
    [formatLsn(second), '0/200040'],
  ])
})

test('half a record that a crash left is passed over when its replacement says so', () => {
  const wal = new MadeWal()
  const before = wal.append({})
  const { next } = wal.appendTorn({ mainData: new Uint8Array(20_000) })
  const after = wal.append({})

  expect(readAll(wal, {}).records.map(({ lsn }) => lsn)).toEqual([before, next, after])
})

test('a replacement for another record than the one cut off is damage', () => {
  const wal = new MadeWal()
  wal.append({})
  const { next } = wal.appendTorn({ mainData: new Uint8Array(20_000) }, 12345n)

  expect(readAll(wal, {})).toMatchObject({
    records: [{}],
    problem: { what: 'bad-continuation', lsn: next },
  })
})

test('reading from a record does not look at what is before it', () => {
  const wal = new MadeWal()
  const first = wal.append({ mainData: new Uint8Array(100) })
  const second = wal.append({})
  flip(wal, lsnFromBigint(first + 30n), 0)

  expect(readAll(wal, { start: second, from: 'record' }).records.map(({ lsn }) => lsn)).toEqual([second])
  expect(readAll(wal, { start: second, from: 'at-or-after' }).problem.what).toBe('crc-mismatch')
})

test.each<[string, WalProblem['what'], (wal: MadeWal) => void]>([
  ['a missing segment', 'missing', (wal) => void wal.segments.delete(2n)],
  ['a segment cut short', 'truncated', (wal) => cut(wal, 2n, 8192)],
  ['an empty segment', 'truncated', (wal) => cut(wal, 2n, 0)],
  ['a segment of zeros', 'zeroed', (wal) => void wal.segments.set(2n, new Uint8Array(MIB))],
  ['a page with a foreign magic number', 'bad-magic', (wal) => poke(wal, 2n, 8192, 0xff)],
  ['a page with flags of the future', 'bad-page', (wal) => poke(wal, 2n, 8192 + 2, 0x11)],
  ['a page of a recycled segment', 'wrong-address', (wal) => poke(wal, 2n, 8192 + 11, 0x70)],
  ['a page of a later timeline', 'wrong-timeline', (wal) => poke(wal, 2n, 8192 + 4, 9)],
  ['a page that goes back a timeline', 'wrong-timeline', (wal) => poke(wal, 2n, 8192 + 4, 0)],
  ['a page that does not go on', 'bad-continuation', (wal) => poke(wal, 2n, 8192 + 2, 0)],
  ['a page that goes on too long', 'bad-continuation', (wal) => poke(wal, 2n, 8192 + 18, 1)],
  ['a segment of another cluster', 'wrong-system', (wal) => poke(wal, 2n, 24, 1)],
  ['segments of another size', 'bad-page', (wal) => poke(wal, 2n, 35, 1)],
])('%s ends reading: %s, at the record that needs it', (_, what, damage) => {
  const wal = new MadeWal({ timeline: 3 })
  wal.append({})
  const long = wal.append({ mainData: new Uint8Array(2 * MIB) })
  damage(wal)

  const { records, problem } = readAll(wal, {})

  expect(records.length).toBe(1)
  expect(problem).toMatchObject({ what, lsn: long, segment: '000000030000000000000002' })
  expect(problem.message).toContain('(WAL segment 000000030000000000000002)')
})

test('a record that does not name the one before it is damage, although its checksum holds', () => {
  const wal = new MadeWal()
  wal.append({})
  const lsn = wal.append({ previous: 8n })

  expect(readAll(wal, {})).toMatchObject({ records: [{}], problem: { what: 'bad-record', lsn } })
  expect(readAll(wal, { start: lsn, from: 'record' }).records).toMatchObject([{ lsn, previousLsn: 8n }])
})

test.each([1, 23, 0x4000_0000, 0xffff_ffff])('a record of %i bytes is damage', (claimed) => {
  const wal = new MadeWal()
  const lsn = wal.append({})
  new DataView(wal.segment(lsn).buffer).setUint32(Number(lsn % BigInt(MIB)), claimed, true)

  expect(readAll(wal, {})).toMatchObject({ records: [], problem: { what: 'bad-record', lsn } })
})

test.each(['0/100008', '0/10002C', '0/102010'])('no record is taken to start at %s', (text) => {
  const wal = new MadeWal()
  wal.append({ mainData: new Uint8Array(20_000) })

  expect(readAll(wal, { start: parseLsn(text), from: 'record' }).problem.what).toBe('bad-record')
})

test('the end is final', () => {
  const wal = new MadeWal()
  const cursor = cursorOf(wal, {})
  cursor.feed(1n, wal.segment(BigInt(MIB)))
  expect(cursor.next()).toEqual(cursor.next())
  expect(cursor.next()).toMatchObject({ kind: 'end', problem: { what: 'zeroed', lsn: wal.end } })
})

test('an archive that cannot be unpacked is told as such', () => {
  const cursor = cursorOf(new MadeWal(), {})
  cursor.feedNothing(1n, 'unreadable', 'incorrect header check')
  expect(cursor.next()).toMatchObject({ kind: 'end', problem: { what: 'unreadable' } })
})

// The counts and the last LSNs are those of pg_waldump 15.
for (const [name, segmentBytes, first, count, last, end] of [
  ['probackup-pg15-plain1', MIB, '0/800000', 20_960, '0/1C000D8', '0/1D00000'],
  ['probackup-pg15-zlib16', 16 * MIB, '0/1000000', 44_977, '0/E0000D8', '0/F000000'],
] as const) {
  const why = whyNoFixture(name)
  test.skipIf(why !== '')(
    `reads what PostgreSQL 15 archived in ${name} to the last record${why}`,
    async () => {
      await using fixture = await unpackFixture(name)
      const directory = path.join(fixture.dir, 'catalog', 'wal', 'main')
      const segments = new Map<bigint, Uint8Array>()
      for (const file of await readdir(directory)) {
        const segment = findWalSegment(file.replace(/\.gz$/, ''), segmentBytes)
        if (segment !== undefined)
          segments.set(segment.number, gunzipSync(await readFile(path.join(directory, file))))
      }
      const start = parseLsn(first)
      const systemIdentifier = new DataView(
        (segments.get(start / BigInt(segmentBytes)) ?? new Uint8Array(32)).buffer,
      ).getBigUint64(24, true)

      const { records, problem } = readAll(
        { segments, segmentBytes, timeline: 1, systemIdentifier },
        { start },
      )

      expect(records.length).toBe(count)
      expect(formatLsn(records.at(-1)?.lsn ?? start)).toBe(last)
      expect(problem).toMatchObject({ what: 'missing', lsn: parseLsn(end) })
    },
  )
}

type Source = Pick<MadeWal, 'segments' | 'segmentBytes' | 'timeline' | 'systemIdentifier'>

function cursorOf(wal: Source, options: Partial<WalCursorOptions>): WalCursor {
  const { segmentBytes, timeline, systemIdentifier } = wal
  const start = lsnFromBigint(BigInt(segmentBytes))
  return new WalCursor({ start, from: 'at-or-after', segmentBytes, timeline, systemIdentifier, ...options })
}

function readAll(
  wal: Source,
  options: Partial<WalCursorOptions>,
): { records: WalRecord[]; problem: WalProblem } {
  const cursor = cursorOf(wal, options)
  const records: WalRecord[] = []
  for (;;) {
    const step = cursor.next()
    if (step.kind === 'end') return { records, problem: step.problem }
    if (step.kind === 'record') records.push(step.record)
    else {
      const bytes = wal.segments.get(step.number)
      if (bytes === undefined) cursor.feedNothing(step.number, 'missing', 'the segment is missing')
      else cursor.feed(step.number, bytes)
    }
  }
}

function flip(wal: MadeWal, at: Lsn, bit: number): void {
  const offset = Number(at % BigInt(wal.segmentBytes))
  const segment = wal.segment(at)
  segment[offset] = (segment[offset] ?? 0) ^ (1 << bit)
}

function poke(wal: MadeWal, number: bigint, offset: number, value: number): void {
  wal.segment(number * BigInt(MIB))[offset] = value
}

function cut(wal: MadeWal, number: bigint, bytes: number): void {
  wal.segments.set(number, wal.segment(number * BigInt(MIB)).slice(0, bytes))
}
