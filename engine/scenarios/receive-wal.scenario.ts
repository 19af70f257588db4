import { chown, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { delay } from '../base/concurrency.ts'
import { type Lsn, lsnFromBigint, parseLsn } from '../base/lsn.ts'
import { type Timeline, walSegmentName, walSegmentNumber, walSegmentStart } from '../base/wal-segment.ts'
import { readWalArchive } from '../catalog/wal-archive.ts'
import { timelineHistoryFileName } from '../format/timeline-history.ts'
import { readWalRecords } from '../operations/steps/read-wal.ts'
import { startCli, type CliProcess } from '../testing/cli-process.ts'
import { startEngine, type TestEngine } from '../testing/engines.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { opened, serverMajors, startRestored, startServer, type TestServer } from '../testing/servers.ts'
import { until } from '../testing/until.ts'
import { findLedgerFaults, LEDGER_STATEMENTS } from '../testing/write-load.ts'

const SEGMENT_BYTES = 1 << 20
const SLOT = 'tidemark_main'
const NEVER = new AbortController().signal
/** How often each version's receiver is interrupted; by hand: TIDEMARK_INTERRUPTIONS=50. Every third is each kind. */
const INTERRUPTIONS = Number(process.env['TIDEMARK_INTERRUPTIONS'] ?? 8)
const MAJORS = serverMajors()

/** Each brings 20 kB of WAL. */
const LEAST_ENTRIES = 400

/** The server keeps all of its own, to be compared with. */
const KEPT_FOR_COMPARISON = { wal_keep_size: "'4GB'", max_wal_size: "'4GB'" }
/** The slot alone keeps the server from removing what was not received yet. */
const KEPT_BY_SLOT = { wal_keep_size: '0', min_wal_size: "'2MB'", max_wal_size: "'3MB'" }

type Ref = { readonly catalog: string; readonly instance: string }

describe.each(MAJORS)('WAL received from PostgreSQL %i', (major) => {
  const isHeldBySlot = major === 18
  const share = Math.ceil(INTERRUPTIONS / MAJORS.length)

  test(
    `has no hole after ${share} interruptions, and restores an older backup to the end`,
    async () => {
      await using scratch = await scratchDirectory('receive-wal')
      await using server = await startServer(scratch.path, {
        major,
        walSegmentMb: 1,
        settings: { ...(isHeldBySlot ? KEPT_BY_SLOT : KEPT_FOR_COMPARISON), wal_sender_timeout: '5s' },
      })
      await using engine = await startEngine()
      const ref = await engine.register(path.join(scratch.path, 'catalog'), server)
      await server.run('postgres', ...LEDGER_STATEMENTS)
      let receiver = startReceiver(ref, server, major === 17 ? ['--compress'] : [])
      try {
        await receiver.says('receiving WAL from')
        const backup = await engine.ended(
          engine.client['backups.start']({ ...ref, mode: 'FULL', isStream: false, isValidated: true }),
        )
        expect(backup.error).toBeUndefined()
        const first = parseLsn(await server.value('postgres', 'select pg_current_wal_lsn()::text'))

        await using load = startStubbornLoad(server)
        const kinds = ['disconnect', 'kill', 'fast', 'disconnect', 'kill', 'immediate'] as const
        const random = seeded(Number(process.env['TIDEMARK_SEED'] ?? major))
        for (let count = 0; count < share; count++) {
          await delay(50 + Math.floor(random() * 600), NEVER)
          switch (kinds[(count + major) % kinds.length]) {
            case 'disconnect':
              await retried(() =>
                server.run(
                  'postgres',
                  `select pg_terminate_backend(active_pid) from pg_replication_slots where active_pid is not null`,
                ),
              )
              break
            case 'kill':
              receiver.kill('SIGKILL')
              expect((await receiver.ended).signal).toBe('SIGKILL')
              receiver = startReceiver(ref, server, major === 17 ? ['--compress'] : [])
              break
            case 'fast':
              await server.stop('fast')
              await server.start()
              break
            case 'immediate':
              await server.stop('immediate')
              await server.start()
              break
          }
        }
        // Some segments in any case.
        await until(() => load.committed.length > LEAST_ENTRIES)
        await load.stop()
        await server.run('postgres', 'select pg_switch_wal()')
        const end = parseLsn(await server.value('postgres', 'select pg_current_wal_lsn()::text'))
        const last = walSegmentNumber(lsnFromBigint(end - 1n), SEGMENT_BYTES)
        await expect.poll(async () => (await archivedBytes(ref, 1, last - 1n)) !== undefined).toBe(true)

        await expectNoHole(ref, server, first, last, isHeldBySlot)
        const restored = path.join(server.directory('restored'), 'data')
        await restoreToTheEnd(ref, engine, server, backup.backupId ?? '', restored)
        await using copy = await startRestored(restored, major, server.password)
        await opened(copy)
        expect(await findLedgerFaults(copy, 'postgres', load.committed)).toEqual([])
        expect(await sumOf(copy)).toBe(await sumOf(server))

        await receiver.says('receiving WAL from')
        receiver.kill('SIGINT')
        expect(await receiver.ended).toMatchObject({ status: 0 })
      } finally {
        await receiver[Symbol.asyncDispose]()
      }
    },
    240_000 + share * 15_000,
  )
})

function startReceiver(
  { catalog, instance }: Ref,
  server: TestServer,
  more: readonly string[] = [],
): CliProcess {
  return startCli(
    [
      'receive-wal',
      '-B',
      catalog,
      `--instance=${instance}`,
      `--slot=${SLOT}`,
      '--create-slot',
      ...more,
    ].concat(['-h', '127.0.0.1', '-p', String(server.port), '-U', 'postgres', '-d', 'postgres']),
    { PGPASSWORD: server.password },
  )
}

/** Posts entries one after the other, again and again where the server goes away meanwhile. */
function startStubbornLoad(server: TestServer) {
  const committed: number[] = []
  const end = new AbortController()
  const running = (async () => {
    for (let entry = 1; !end.signal.aborted;) {
      try {
        await using session = await server.session('postgres')
        while (!end.signal.aborted) {
          await session.query('select post($1)', [entry])
          // So that segments fill quickly.
          await session.query("select pg_logical_emit_message(false, 'x', repeat(md5(random()::text), 600))")
          committed.push(entry++)
        }
      } catch (thrown) {
        // It had been committed when the connection broke.
        if (thrown instanceof Error && thrown.message.includes('duplicate key')) committed.push(entry++)
        await delay(50, NEVER)
      }
    }
  })()
  const stop = async (): Promise<void> => {
    end.abort()
    await running
  }
  return { committed, stop, [Symbol.asyncDispose]: stop }
}

async function retried(work: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await work()
    } catch (thrown) {
      if (tries === 20) throw thrown
      await delay(250, NEVER)
    }
  }
}

/** A segment of the archive, unpacked; undefined when it is not there whole. */
async function archivedBytes({ catalog, instance }: Ref, timeline: Timeline, number: bigint) {
  const file = path.join(catalog, 'wal', instance, walSegmentName({ timeline, number }, SEGMENT_BYTES))
  const plain = await readFile(file).catch(() => undefined)
  if (plain !== undefined) return plain
  const packed = await readFile(`${file}.gz`).catch(() => undefined)
  return packed === undefined ? undefined : await promisify(gunzip)(packed)
}

/** Every segment is there, has the bytes of the server, and its records lead from the first to the last. */
async function expectNoHole(
  ref: Ref,
  server: TestServer,
  first: Lsn,
  last: bigint,
  isServerTidied: boolean,
): Promise<void> {
  const archive = await readWalArchive(ref.catalog, ref.instance, SEGMENT_BYTES, { signal: NEVER })
  expect(archive.timelines.map(({ timeline, lost }) => ({ timeline, lost }))).toEqual([
    { timeline: 1, lost: [] },
  ])
  let comparedCount = 0
  const firstNumber = walSegmentNumber(first, SEGMENT_BYTES)
  for (let number = firstNumber; number < last; number++) {
    const name = walSegmentName({ timeline: 1, number }, SEGMENT_BYTES)
    const own = await readFile(path.join(server.dataDirectory, 'pg_wal', name)).catch(() => undefined)
    if (own === undefined && isServerTidied) continue
    expect(own).toBeDefined()
    expect((await archivedBytes(ref, 1, number))?.equals(own ?? Buffer.alloc(0)), name).toBe(true)
    comparedCount++
  }
  if (!isServerTidied) expect(comparedCount).toBeGreaterThan(5)
  const systemIdentifier = BigInt(
    await server.value('postgres', 'select system_identifier::text from pg_control_system()'),
  )
  let reached: Lsn = first
  const problem = await readWalRecords(
    {
      timeline: 1,
      segmentBytes: SEGMENT_BYTES,
      systemIdentifier,
      places: [{ directory: archive.directory, kind: 'archive' }],
      signal: NEVER,
    },
    { start: walSegmentStart(firstNumber, SEGMENT_BYTES), from: 'at-or-after' },
    (record) => {
      reached = record.endLsn
      return walSegmentNumber(reached, SEGMENT_BYTES) < last
    },
  )
  expect(problem).toBeUndefined()
}

/** Replays all that was archived. The server may not look into the catalog: it gets a copy. */
async function restoreToTheEnd(
  ref: Ref,
  engine: TestEngine,
  server: TestServer,
  id: string,
  dataDirectory: string,
): Promise<void> {
  const copy = server.directory('archive-copy')
  const archive = await readWalArchive(ref.catalog, ref.instance, SEGMENT_BYTES, { signal: NEVER })
  const give = async (name: string, bytes: Uint8Array): Promise<void> => {
    await writeFile(path.join(copy, name), bytes)
    if (server.owner !== undefined) await chown(path.join(copy, name), server.owner.uid, server.owner.gid)
  }
  for (const { timeline, files, history } of archive.timelines) {
    for (const { number, kind } of files) {
      const bytes = kind === 'segment' ? await archivedBytes(ref, timeline, number) : undefined
      if (bytes !== undefined) await give(walSegmentName({ timeline, number }, SEGMENT_BYTES), bytes)
    }
    if (history !== undefined) {
      const name = timelineHistoryFileName(timeline)
      await give(name, await readFile(path.join(archive.directory, name)))
    }
  }
  const restored = await engine.ended(
    engine.client['restore.start']({
      ...ref,
      id,
      dataDirectory,
      target: { kind: 'latest' },
      targetTimeline: 'latest',
      restoreCommand: `cp "${copy}/%f" "%p"`,
    }),
  )
  expect(restored.error).toBeUndefined()
}

async function sumOf(server: TestServer): Promise<string> {
  return await server.value(
    'postgres',
    "select md5(string_agg(l::text, ',' order by entry, account)) || count(*) from ledger l",
  )
}

/** The same numbers from 0 to 1 for the same seed. */
function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
