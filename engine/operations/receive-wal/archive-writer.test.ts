import { randomBytes } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import { lsnFromBigint } from '../../base/lsn.ts'
import { walSegmentName } from '../../base/wal-segment.ts'
import { scratchDirectory } from '../../testing/scratch.ts'
import { openArchiveWriter } from './archive-writer.ts'

const SEGMENT_BYTES = 1 << 20
const FIRST = 5n
const FIVE = walSegmentName({ timeline: 1, number: FIRST }, SEGMENT_BYTES)
const SIX = walSegmentName({ timeline: 1, number: FIRST + 1n }, SEGMENT_BYTES)

/** Three segments of WAL from segment 5 on, and an archive to write them into. */
async function setUp(compressLevel?: number) {
  const scratch = await scratchDirectory('archive-writer')
  const directory = scratch.path
  const writer = openArchiveWriter({ directory, segmentBytes: SEGMENT_BYTES, compressLevel })
  onTestFinished(async () => {
    await writer.finish()
    await scratch[Symbol.asyncDispose]()
  })
  const wal = randomBytes(3 * SEGMENT_BYTES)
  const lsnAt = (offset: number) => lsnFromBigint(FIRST * BigInt(SEGMENT_BYTES) + BigInt(offset))
  return {
    directory,
    writer,
    wal,
    lsnAt,
    segment: (index: number) => wal.subarray(index * SEGMENT_BYTES, (index + 1) * SEGMENT_BYTES),
    /** Sends that part of the WAL. */
    send: (from: number, to: number, bytes: Uint8Array = wal) =>
      writer.write(1, lsnAt(from), bytes.subarray(from, to)),
    names: async () => (await readdir(directory)).toSorted(),
    read: (name: string) => readFile(path.join(directory, name)),
  }
}

test('a segment is .partial until it is whole, and what is whole is safe', async () => {
  const { writer, send, names, read, segment, lsnAt } = await setUp()
  await send(0, 1000)
  expect(await names()).toEqual([`${FIVE}.partial`])
  expect(writer.syncedTo()).toBeUndefined()
  await send(1000, SEGMENT_BYTES + 500)
  expect(await names()).toEqual([FIVE, `${SIX}.partial`])
  expect(writer.syncedTo()).toBe(lsnAt(SEGMENT_BYTES))
  expect((await read(FIVE)).equals(segment(0))).toBe(true)
  expect(writer).toMatchObject({ segmentCount: 1, receivedBytes: SEGMENT_BYTES + 500 })
})

test('what is synced in between counts as safe up to its last byte', async () => {
  const { writer, send, lsnAt } = await setUp()
  await send(0, 1000)
  await writer.sync()
  expect(writer.syncedTo()).toBe(lsnAt(1000))
  await send(1000, 3000)
  expect(writer.syncedTo()).toBe(lsnAt(1000))
  await writer.finish()
  expect(writer.syncedTo()).toBe(lsnAt(3000))
})

test('a stream that begins anew keeps what came before, and takes nothing of it for safe', async () => {
  const { writer, send, names, read, wal, lsnAt } = await setUp()
  await send(0, 4000)
  await writer.begin()
  expect(writer.syncedTo()).toBeUndefined()
  await send(0, 1000)
  await writer.sync()
  expect(writer.syncedTo()).toBe(lsnAt(1000))
  const partial = await read(`${FIVE}.partial`)
  expect(partial.length).toBe(SEGMENT_BYTES)
  expect(partial.subarray(0, 4000).equals(wal.subarray(0, 4000))).toBe(true)
  expect(partial.subarray(4000).every((byte) => byte === 0)).toBe(true)
  await send(1000, SEGMENT_BYTES)
  expect(await names()).toEqual([FIVE])
})

test('compressed segments unpack to what was sent', async () => {
  const { send, names, read, segment } = await setUp(1)
  await send(0, 2 * SEGMENT_BYTES + 1)
  expect(await names()).toEqual([
    `${FIVE}.gz`,
    `${SIX}.gz`,
    `${walSegmentName({ timeline: 1, number: FIRST + 2n }, SEGMENT_BYTES)}.partial`,
  ])
  expect(gunzipSync(await read(`${FIVE}.gz`)).equals(segment(0))).toBe(true)
})

test.each([
  { form: 'plain', ending: '', pack: (bytes: Uint8Array) => bytes },
  { form: 'compressed', ending: '.gz', pack: (bytes: Uint8Array) => gzipSync(bytes) },
])('a $form segment that is there with the same bytes is left alone', async ({ ending, pack }) => {
  const { directory, writer, send, names, segment, lsnAt } = await setUp()
  await writeFile(path.join(directory, FIVE + ending), pack(segment(0)))
  await send(0, SEGMENT_BYTES)
  expect(await names()).toEqual([FIVE + ending])
  expect(writer.syncedTo()).toBe(lsnAt(SEGMENT_BYTES))
})

test.each([
  { what: 'one bit', change: (bytes: Buffer) => bytes.fill((bytes[777] ?? 0) ^ 1, 777, 778) },
  { what: 'its length', change: (bytes: Buffer) => bytes.subarray(0, 5000) },
])('a segment that differs by $what is never replaced, nor said to be safe', async ({ change }) => {
  const { directory, writer, send, read, segment } = await setUp()
  const other = change(Buffer.from(segment(0)))
  await writeFile(path.join(directory, FIVE), other)
  await expect(send(0, SEGMENT_BYTES)).rejects.toMatchObject({
    code: 'wal.conflict',
    facts: { segment: FIVE },
  })
  expect((await read(FIVE)).equals(other)).toBe(true)
  expect((await read(`${FIVE}.partial`)).equals(segment(0))).toBe(true)
  expect(writer.syncedTo()).toBeUndefined()
})

test('a compressed segment that cannot be unpacked counts as another', async () => {
  const { directory, send } = await setUp(1)
  await writeFile(path.join(directory, `${FIVE}.gz`), 'no gzip at all')
  await expect(send(0, SEGMENT_BYTES)).rejects.toThrow('cannot be read')
})

test('a hole in the stream is refused', async () => {
  const { send } = await setUp()
  await send(0, 1000)
  await expect(send(1001, 2000)).rejects.toMatchObject({ code: 'wal.damaged' })
})

test('a stream that begins inside a segment is refused', async () => {
  const { send } = await setUp()
  await expect(send(8192, 9000)).rejects.toMatchObject({ code: 'wal.damaged' })
})

test('a history file is written once, and another one of the same name is refused', async () => {
  const { writer, names, read } = await setUp()
  await writer.writeHistory('00000002.history', '1\t0/7000100\tpromoted\n')
  await writer.writeHistory('00000002.history', '1\t0/7000100\tpromoted\n')
  await expect(writer.writeHistory('00000002.history', '1\t0/8000100\tpromoted\n')).rejects.toThrow(
    'another 00000002.history',
  )
  expect((await read('00000002.history')).toString()).toContain('0/7000100')
  await writer.writeHistory('../escape', 'x')
  expect(await names()).toEqual(['00000002.history'])
})
