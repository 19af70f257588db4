import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { assert } from '../../base/assert.ts'
import { type Lsn, lsnFromBigint, parseLsn } from '../../base/lsn.ts'
import { parseBackupControl } from '../../format/backup-control.ts'
import { unpackFixture, whyNoFixture } from '../../testing/fixtures.ts'
import { MadeWal, timedData } from '../../testing/made-wal.ts'
import { checkWalRange, findStopLsn } from './check-wal.ts'
import type { WalPlace } from './read-wal.ts'

const MIB = 1 << 20
const COMMIT = { rmgr: 1, info: 0 }
const AT = 1_795_237_045_190_200n
const PATIENCE = { waitedMs: 0, timeoutMs: 1000 }

test('reads a range from plain, compressed and partial segments and tells its last time', async () => {
  await using scratch = await scratchDirectory()
  const wal = new MadeWal()
  const start = wal.append({})
  wal.append({ ...COMMIT, mainData: timedData(AT) })
  wal.append({ mainData: new Uint8Array(1.5 * MIB) })
  wal.append({ ...COMMIT, mainData: timedData(AT + 5n) })
  wal.switchSegment()
  const stop = wal.append({ xid: 77 })
  wal.append({ ...COMMIT, mainData: timedData(AT + 9n) })
  await write(scratch, `${wal.nameOf(1n)}`, wal.segment(1n * 0x100000n))
  await write(scratch, `${wal.nameOf(2n)}.gz`, gzipSync(wal.segment(2n * 0x100000n)))
  await write(scratch, `${wal.nameOf(3n)}.partial`, wal.segment(3n * 0x100000n))

  expect(await check(wal, scratch, start, stop)).toEqual({
    kind: 'complete',
    lastRecord: { lsn: stop, endLsn: lsnFromBigint(stop + 24n), xid: 77 },
    endLsn: lsnFromBigint(stop + 24n),
    recoveryTimeMicros: AT + 5n,
    databaseChanges: [],
    segments: [wal.nameOf(1n), wal.nameOf(2n), wal.nameOf(3n)],
  })
})

test('reads of two partial segments the one that goes further', async () => {
  await using scratch = await scratchDirectory()
  const wal = new MadeWal()
  const start = wal.append({})
  const stop = wal.append({ mainData: new Uint8Array(300_000) })
  const bytes = wal.segment(0x100000n)
  const short = Buffer.concat([bytes.subarray(0, 100_000), Buffer.alloc(bytes.length - 100_000)])
  await write(scratch, `${wal.nameOf(1n)}.partial`, short)
  expect(await check(wal, scratch, start, stop)).toMatchObject({ kind: 'incomplete' })
  await write(scratch, `${wal.nameOf(1n)}.gz.partial`, gzipSync(bytes))
  expect(await check(wal, scratch, start, stop)).toMatchObject({ kind: 'complete' })
})

test('takes a pipe under the name of a segment for none, and does not wait for who writes to it', async () => {
  await using scratch = await scratchDirectory()
  const wal = new MadeWal()
  const start = wal.append({})
  const stop = wal.append({ mainData: new Uint8Array(300_000) })
  for (const suffix of ['', '.partial', '.gz.partial'])
    execFileSync('mkfifo', [path.join(scratch.directory, wal.nameOf(1n) + suffix)])
  expect(await check(wal, scratch, start, stop)).toMatchObject({ kind: 'incomplete' })
  await write(scratch, `${wal.nameOf(1n)}.gz`, gzipSync(wal.segment(0x100000n)))
  expect(await check(wal, scratch, start, stop)).toMatchObject({ kind: 'complete' })
})

test('tells what is done to databases up to the stop, in that order', async () => {
  await using scratch = await scratchDirectory()
  const wal = new MadeWal()
  const database = (...words: readonly number[]) => ({
    rmgr: 4,
    mainData: new Uint8Array(Uint32Array.from(words).buffer),
  })
  const start = wal.append(database(9, 16400, 1, 1663))
  const stop = wal.append({ ...database(9, 1, 16400), info: 0x20 })
  wal.append(database(10, 16400, 1, 1663))
  await writeAll(scratch, wal)

  expect(await check(wal, scratch, start, stop)).toMatchObject({
    databaseChanges: [
      { kind: 'copied', lsn: start, place: { databaseOid: 9 } },
      { kind: 'dropped', lsn: stop },
    ],
  })
})

test('the record at the stop counts for the time, and none is no time', async () => {
  await using scratch = await scratchDirectory()
  const wal = new MadeWal()
  const first = wal.append({})
  const second = wal.append({ rmgr: 0, info: 0x70, mainData: timedData(AT, 'here') })
  await writeAll(scratch, wal)

  expect(await check(wal, scratch, first, second)).toMatchObject({ recoveryTimeMicros: AT })
  expect(await check(wal, scratch, first, first)).toMatchObject({ recoveryTimeMicros: undefined })
})

test('a stop that is no record is reached by the next one, whose time does not count', async () => {
  await using scratch = await scratchDirectory()
  const wal = new MadeWal()
  const first = wal.append({ mainData: new Uint8Array(100) })
  const second = wal.append({ ...COMMIT, mainData: timedData(AT) })
  await writeAll(scratch, wal)

  const checked = await check(wal, scratch, first, lsnFromBigint(second - 8n))
  expect(checked).toMatchObject({
    kind: 'complete',
    lastRecord: { lsn: second },
    recoveryTimeMicros: undefined,
  })
})

test('says what is wrong, and how far WAL is good', async () => {
  await using scratch = await scratchDirectory()
  const wal = new MadeWal()
  const first = wal.append({})
  wal.switchSegment()
  const second = wal.append({ mainData: new Uint8Array(1000) })
  const third = wal.append({})
  await writeAll(scratch, wal)
  const segment = wal.segment(second)
  segment[500] = 1

  expect(await check(wal, scratch, first, wal.end)).toMatchObject({
    kind: 'incomplete',
    problem: { what: 'zeroed', lsn: wal.end },
    lastGoodLsn: wal.end,
  })
  await write(scratch, wal.nameOf(2n), segment)
  expect(await check(wal, scratch, first, third)).toMatchObject({
    kind: 'incomplete',
    problem: { what: 'crc-mismatch', lsn: second, segment: wal.nameOf(2n) },
    lastGoodLsn: parseLsn('0/200000'),
  })
  await write(scratch, wal.nameOf(2n), segment.subarray(0, 100))
  expect(await check(wal, scratch, first, third)).toMatchObject({
    problem: { what: 'truncated', lsn: parseLsn('0/200000'), segment: wal.nameOf(2n) },
  })
  await rm(path.join(scratch.directory, wal.nameOf(2n)))
  expect(await check(wal, scratch, first, third)).toMatchObject({ problem: { what: 'missing' } })
  await write(scratch, `${wal.nameOf(2n)}.gz`, gzipSync(wal.segment(second)).subarray(0, 200))
  expect(await check(wal, scratch, first, third)).toMatchObject({ problem: { what: 'unreadable' } })
  expect(await check(wal, scratch, third, third)).toMatchObject({ lastGoodLsn: undefined })
})

test('the WAL of another cluster is not taken for ours', async () => {
  await using scratch = await scratchDirectory()
  const wal = new MadeWal({ systemIdentifier: 1n })
  const first = wal.append({})
  await writeAll(scratch, wal)

  const checked = await check(new MadeWal({ systemIdentifier: 2n }), scratch, first, first)
  expect(checked).toMatchObject({ kind: 'incomplete', problem: { what: 'wrong-system', lsn: first } })
})

test('compressed segments are for archives only, and the first place that has a segment counts', async () => {
  await using one = await scratchDirectory()
  await using other = await scratchDirectory()
  const wal = new MadeWal()
  const first = wal.append({})
  await write(one, `${wal.nameOf(1n)}.gz`, gzipSync(wal.segment(first)))
  const range = { ...identity(wal), start: first, stop: first, signal: AbortSignal.timeout(10_000) }
  const plain = { directory: one.directory, kind: 'plain' } as const

  expect(await checkWalRange({ ...range, places: [plain] })).toMatchObject({ problem: { what: 'missing' } })
  await writeAll(other, wal)
  expect(await checkWalRange({ ...range, places: [plain, place(other)] })).toMatchObject({ kind: 'complete' })
})

test('stops when it is cancelled', async () => {
  await using scratch = await scratchDirectory()
  const wal = new MadeWal()
  const first = wal.append({})
  await writeAll(scratch, wal)
  const range = { ...identity(wal), places: [place(scratch)], start: first, stop: first }

  await expect(checkWalRange({ ...range, signal: AbortSignal.abort() })).rejects.toThrow(
    expect.objectContaining({ name: 'AbortError' }),
  )
})

test('stops when it is cancelled in the middle of a segment', async () => {
  await using scratch = await scratchDirectory()
  const wal = new MadeWal()
  const first = wal.append({})
  for (let count = 0; count < 25_000; count++) wal.append({})
  await writeAll(scratch, wal)
  const cancelling = new AbortController()
  let askedCount = 0
  const range = {
    ...identity(wal),
    places: [place(scratch)],
    start: first,
    // Asked for with every record: so somebody cancels while records are read.
    get stop() {
      if (++askedCount === 10_000) cancelling.abort()
      return wal.end
    },
    signal: cancelling.signal,
  }

  await expect(checkWalRange(range)).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }))
})

test('a backup stops where its record starts, once that record is there', async () => {
  await using scratch = await scratchDirectory()
  const wal = new MadeWal()
  const startLsn = wal.append({})
  await writeAll(scratch, wal)
  const stopLsn = wal.end

  expect(await search(wal, scratch, { startLsn, stopLsn })).toMatchObject({
    kind: 'not-yet',
    problem: { what: 'zeroed', lsn: stopLsn },
  })
  wal.append({ mainData: new Uint8Array(2 * MIB) })
  await write(scratch, wal.nameOf(1n), wal.segment(stopLsn))
  expect(await search(wal, scratch, { startLsn, stopLsn })).toMatchObject({
    kind: 'not-yet',
    problem: { what: 'missing', segment: wal.nameOf(2n) },
  })
  await writeAll(scratch, wal)
  expect(await search(wal, scratch, { startLsn, stopLsn })).toEqual({ kind: 'found', stopLsn })
})

test('at the edge of a page or a segment it is the first record after it', async () => {
  await using scratch = await scratchDirectory()
  const wal = new MadeWal()
  const startLsn = wal.append({})
  wal.fillPageTo(0)
  const pageEdge = wal.end
  const afterPage = wal.append({})
  wal.append({ mainData: new Uint8Array(1.5 * MIB) })
  const segmentEdge = parseLsn('0/200000')
  const afterSegment = wal.append({})
  await writeAll(scratch, wal)

  expect(pageEdge % 8192n).toBe(0n)
  expect(await search(wal, scratch, { startLsn, stopLsn: pageEdge })).toEqual({
    kind: 'found',
    stopLsn: afterPage,
  })
  expect(await search(wal, scratch, { startLsn, stopLsn: segmentEdge })).toEqual({
    kind: 'found',
    stopLsn: afterSegment,
  })
})

test('a standby may have nothing at its stop: the record before it counts, after half of the patience', async () => {
  await using scratch = await scratchDirectory()
  const wal = new MadeWal()
  const startLsn = wal.append({})
  const last = wal.append({ mainData: new Uint8Array(50) })
  await writeAll(scratch, wal)
  const at = { startLsn, stopLsn: wal.end, isFromReplica: true }

  expect(await search(wal, scratch, { ...at, waitedMs: 499 })).toMatchObject({ kind: 'not-yet' })
  expect(await search(wal, scratch, { ...at, waitedMs: 500 })).toEqual({ kind: 'found', stopLsn: last })
  expect(await search(wal, scratch, { ...at, waitedMs: 500, isFromReplica: false })).toMatchObject({
    kind: 'not-yet',
  })
})

test('a standby at the edge of a page takes the record before it at once', async () => {
  await using scratch = await scratchDirectory()
  const wal = new MadeWal()
  const startLsn = wal.append({})
  const last = wal.fillPageTo(0)
  await writeAll(scratch, wal)
  const stopLsn = wal.end

  expect(await search(wal, scratch, { startLsn, stopLsn, isFromReplica: true })).toEqual({
    kind: 'found',
    stopLsn: last,
  })
  // The server may also name the place behind the header of the page that follows.
  const behindHeader = lsnFromBigint(stopLsn + 24n)
  expect(
    await search(wal, scratch, { startLsn, stopLsn: behindHeader, isFromReplica: true, waitedMs: 900 }),
  ).toEqual({ kind: 'found', stopLsn: last })
})

test('a standby at the edge of a segment takes the record before it, which may begin a segment earlier', async () => {
  await using scratch = await scratchDirectory()
  const wal = new MadeWal()
  const startLsn = wal.append({})
  const long = wal.append({ mainData: new Uint8Array(1.2 * MIB) })
  const stopLsn = wal.end
  await writeAll(scratch, wal)
  expect(await search(wal, scratch, { startLsn, stopLsn, isFromReplica: true, waitedMs: 900 })).toEqual({
    kind: 'found',
    stopLsn: long,
  })

  const last = wal.switchSegment()
  await writeAll(scratch, wal)
  expect(await search(wal, scratch, { startLsn, stopLsn: wal.end, isFromReplica: true })).toEqual({
    kind: 'found',
    stopLsn: last,
  })
})

test.each(['0/100008', '0/102001', '0/10202C', '0/100020'])('a backup cannot end at %s', async (text) => {
  await using scratch = await scratchDirectory()
  const found = search(new MadeWal(), scratch, { startLsn: parseLsn('0/100028'), stopLsn: parseLsn(text) })
  await expect(found).rejects.toThrow(expect.objectContaining({ code: 'value.malformed' }))
})

// The backups of the reference tool say themselves where they stop and what time that was.
for (const [name, segmentBytes] of [
  ['probackup-pg15-plain1', MIB],
  ['probackup-pg15-zlib16', 16 * MIB],
] as const) {
  const why = whyNoFixture(name)
  test.skipIf(why !== '')(`agrees with the reference tool about every backup of ${name}${why}`, async () => {
    await using fixture = await unpackFixture(name)
    const catalog = path.join(fixture.dir, 'catalog')
    const config = await readFile(path.join(catalog, 'backups', 'main', 'pg_probackup.conf'), 'utf8')
    const systemIdentifier = BigInt(/^system-identifier = (\d+)$/m.exec(config)?.[1] ?? '0')
    const backups = (await readdir(path.join(catalog, 'backups', 'main'), { withFileTypes: true }))
      .filter((entry) => entry.isDirectory())
      .map((entry) => path.join(entry.parentPath, entry.name))
    expect(backups.length).toBe(4)

    for (const directory of backups) {
      const { control } = parseBackupControl(await readFile(path.join(directory, 'backup.control'), 'utf8'))
      assert(control !== undefined, 'the control files of the fixture are sound')
      const from: WalPlace = control.isStream
        ? { directory: path.join(directory, 'database', 'pg_wal'), kind: 'plain' }
        : { directory: path.join(catalog, 'wal', 'main'), kind: 'archive' }
      const source = {
        timeline: control.timeline,
        segmentBytes,
        systemIdentifier,
        signal: AbortSignal.timeout(20_000),
      }
      const checked = await checkWalRange({
        ...source,
        places: [from],
        start: control.startLsn,
        stop: control.stopLsn,
      })
      expect(checked).toMatchObject({ kind: 'complete', lastRecord: { lsn: control.stopLsn } })
      const seconds =
        checked.kind === 'complete' ? Number((checked.recoveryTimeMicros ?? 0n) / 1_000_000n) : 0
      expect(seconds).toBe(control.recoverySeconds)
      const { startLsn, stopLsn } = control
      expect(
        await findStopLsn({ ...source, place: from, startLsn, stopLsn, isFromReplica: false, ...PATIENCE }),
      ).toEqual({ kind: 'found', stopLsn })
    }
  })
}

type Scratch = AsyncDisposable & { readonly directory: string }

async function scratchDirectory(): Promise<Scratch> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'check-wal-'))
  return { directory, [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) }
}

async function write({ directory }: Scratch, name: string, bytes: Uint8Array): Promise<void> {
  await writeFile(path.join(directory, name), bytes)
}

async function writeAll(scratch: Scratch, wal: MadeWal): Promise<void> {
  for (const [number, bytes] of wal.segments) await write(scratch, wal.nameOf(number), bytes)
}

function place({ directory }: Scratch): WalPlace {
  return { directory, kind: 'archive' }
}

function identity({ timeline, segmentBytes, systemIdentifier }: MadeWal) {
  return { timeline, segmentBytes, systemIdentifier }
}

async function check(wal: MadeWal, scratch: Scratch, start: Lsn, stop: Lsn) {
  const signal = AbortSignal.timeout(10_000)
  return await checkWalRange({ ...identity(wal), places: [place(scratch)], start, stop, signal })
}

type Search = Omit<Parameters<typeof findStopLsn>[0], keyof ReturnType<typeof identity> | 'place' | 'signal'>

async function search(
  wal: MadeWal,
  scratch: Scratch,
  asked: Partial<Search> & Pick<Search, 'startLsn' | 'stopLsn'>,
) {
  const signal = AbortSignal.timeout(10_000)
  return await findStopLsn({
    ...identity(wal),
    place: place(scratch),
    isFromReplica: false,
    ...PATIENCE,
    ...asked,
    signal,
  })
}
