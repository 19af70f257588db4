import { mkdir, readdir, readFile, readlink } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { logTo } from '../base/log.ts'
import { type Lsn, lsnFromBigint, parseLsn } from '../base/lsn.ts'
import { walSegmentName, walSegmentNumber } from '../base/wal-segment.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { outerMajors, startServer, type TestServer } from '../testing/servers.ts'
import { readFacts } from './postgres/facts.ts'
import { receiveWal } from './receive-wal.ts'
import { openWalDirectory } from './wal-directory.ts'

const SEGMENT_BYTES = 1 << 20
const SLOT = 'tidemark_scenario'
/** Writes `count` times 100 kB of WAL. */
const writeWal = (count: number): string =>
  `select pg_logical_emit_message(false, 'x', repeat(md5(random()::text), 3200)) from generate_series(1, ${count})`

describe.each(outerMajors())('receiving WAL from PostgreSQL %i', (major) => {
  test('gives the bytes of the server, also of one that never stops writing', async () => {
    await using scratch = await scratchDirectory('receive-wal')
    await using server = await startWalServer(scratch.path, major)
    await using load = await startWalLoad(server)
    await using receiving = await receiveInto(server, scratch.path)
    await expect.poll(async () => (await receiving.names()).length).toBeGreaterThan(5)

    const stop = await currentLsn(server)
    receiving.stopAt(stop)
    await receiving.done
    const atRest = await readAll(receiving.directory)
    await load.stop()

    const wanted = segmentNames(receiving.start, stop)
    expect(wanted.length).toBeGreaterThan(5)
    expect([...atRest.keys()].slice(0, wanted.length)).toEqual(wanted)
    for (const [name, bytes] of atRest) {
      const own = await readFile(path.join(server.dataDirectory, 'pg_wal', name))
      // What came after the last segment that is wanted may break off anywhere, and is padded with zeros.
      const length = wanted.includes(name) ? SEGMENT_BYTES : lengthWithoutZeros(bytes)
      expect(bytes.length, name).toBe(SEGMENT_BYTES)
      expect(bytes.subarray(0, length).equals(own.subarray(0, length)), name).toBe(true)
    }
    expect(await readAll(receiving.directory)).toEqual(atRest)
  })

  test('goes on after its connection was cut, with the same bytes', async () => {
    await using scratch = await scratchDirectory('receive-wal')
    await using server = await startWalServer(scratch.path, major)
    await using receiving = await receiveInto(server, scratch.path)
    await server.run('postgres', writeWal(16))
    await expect.poll(async () => (await receiving.names()).length).toBeGreaterThan(1)

    const [before] = await slots(server)
    await server.run('postgres', `select pg_terminate_backend(${before?.pid})`, writeWal(16))
    await expect.poll(() => receiving.warnings.length).toBe(1)
    const stop = await currentLsn(server)
    await server.run('postgres', writeWal(8), 'select pg_switch_wal()')
    receiving.stopAt(stop)
    await receiving.done

    expect(receiving.warnings[0]).toMatch(/^receiving WAL: .*; connecting again$/)
    for (const name of segmentNames(receiving.start, stop)) {
      const own = await readFile(path.join(server.dataDirectory, 'pg_wal', name))
      expect((await readFile(path.join(receiving.directory, name))).equals(own), name).toBe(true)
    }
  })

  test('leaves no slot and no open file behind when it is ended', async () => {
    await using scratch = await scratchDirectory('receive-wal')
    await using server = await startWalServer(scratch.path, major)
    await using receiving = await receiveInto(server, scratch.path)
    await server.run('postgres', writeWal(8))
    await expect.poll(() => receiving.names()).not.toEqual([])
    const during = await slots(server)
    // Between two segments there is none for a moment; only Linux says what is open.
    if (process.platform === 'linux')
      await expect.poll(() => openFilesBelow(receiving.directory)).toHaveLength(1)

    receiving.cut()

    await expect(receiving.done).rejects.toThrow('cut')
    expect(during).toEqual([{ name: SLOT, isTemporary: true, pid: expect.any(Number) as number }])
    await expect.poll(() => slots(server)).toEqual([])
    expect(await openFilesBelow(receiving.directory)).toEqual([])
  })
})

async function startWalServer(directory: string, major: TestServer['major']): Promise<TestServer> {
  return await startServer(directory, {
    major,
    walSegmentMb: 1,
    // The server keeps all of its own, to be compared with.
    settings: { wal_keep_size: "'1GB'", max_wal_size: "'1GB'" },
  })
}

/** Receives from now on into a fresh directory. Disposing ends it. */
async function receiveInto(server: TestServer, root: string) {
  const directory = path.join(root, 'received')
  await mkdir(directory)
  await using session = await server.session()
  const { systemIdentifier, timeline } = await readFacts(session)
  const start = await currentLsn(server)
  const cutter = new AbortController()
  const warnings: string[] = []
  let stopLsn: Lsn | undefined
  const done = receiveWal(server.connection(), {
    systemIdentifier,
    timeline,
    startLsn: start,
    segmentBytes: SEGMENT_BYTES,
    slot: { name: SLOT, isTemporary: true },
    directory: openWalDirectory(directory, SEGMENT_BYTES),
    until: () => (stopLsn === undefined ? undefined : { lsn: stopLsn, isProven: false }),
    signal: cutter.signal,
    log: logTo(({ level, message }) => void (level === 'warning' && warnings.push(message))),
  })
  done.catch(() => undefined)
  const cut = (): void => cutter.abort(new Error('cut'))
  return {
    directory,
    start,
    warnings,
    done,
    cut,
    names: async () => (await readdir(directory)).toSorted(),
    stopAt: (lsn: Lsn) => {
      stopLsn = lsn
    },
    async [Symbol.asyncDispose]() {
      cut()
      await done.catch(() => undefined)
    },
  }
}

/** Writes WAL as fast as the server takes it, over a session of its own. */
async function startWalLoad(server: TestServer) {
  const session = await server.session()
  const end = new AbortController()
  const running = (async () => {
    while (!end.signal.aborted) await session.query(writeWal(1))
  })()
  running.catch(() => undefined)
  const stop = async (): Promise<void> => {
    end.abort()
    await running
  }
  return {
    stop,
    async [Symbol.asyncDispose]() {
      await stop().catch(() => undefined)
      await session[Symbol.asyncDispose]()
    },
  }
}

async function currentLsn(server: TestServer): Promise<Lsn> {
  return parseLsn(await server.value('postgres', 'select pg_current_wal_lsn()::text'))
}

async function slots(server: TestServer) {
  await using session = await server.session()
  const { rows } = await session.query(
    'select slot_name, temporary, active_pid from pg_catalog.pg_replication_slots',
  )
  return rows.map((row) => ({
    name: row['slot_name'],
    isTemporary: row['temporary'],
    pid: row['active_pid'],
  }))
}

/** The segments that hold WAL from `start` up to `stop`, on timeline 1. */
function segmentNames(start: Lsn, stop: Lsn): readonly string[] {
  const first = walSegmentNumber(start, SEGMENT_BYTES)
  const last = walSegmentNumber(lsnFromBigint(stop - 1n), SEGMENT_BYTES)
  return Array.from({ length: Number(last - first) + 1 }, (_, index) =>
    walSegmentName({ timeline: 1, number: first + BigInt(index) }, SEGMENT_BYTES),
  )
}

async function readAll(directory: string): Promise<ReadonlyMap<string, Buffer>> {
  const names = (await readdir(directory)).toSorted()
  return new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(path.join(directory, name))] as const)),
  )
}

/** Files that this process holds open, where the system shows them. */
async function openFilesBelow(directory: string): Promise<readonly string[]> {
  const descriptors = await readdir('/proc/self/fd').catch(() => [])
  const files = await Promise.all(descriptors.map((one) => readlink(`/proc/self/fd/${one}`).catch(() => '')))
  return files.filter((file) => file.startsWith(directory))
}

function lengthWithoutZeros(bytes: Uint8Array): number {
  return bytes.findLastIndex((byte) => byte !== 0) + 1
}
