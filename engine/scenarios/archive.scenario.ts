import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { describe, expect, onTestFinished, test } from 'vitest'
import { walSegmentName } from '../base/wal-segment.ts'
import { readWalArchive, type WalArchive } from '../catalog/wal-archive.ts'
import { type PushingServer, startPushingServer } from '../testing/pushing-servers.ts'
import { endSegment, newestMajors, opened, startRestored, type TestServer } from '../testing/servers.ts'
import { whyNoTinyDisk } from '../testing/tiny-disk.ts'
import { findLedgerFaults, startWriteLoad } from '../testing/write-load.ts'

const MIB = 1 << 20
const NEVER = new AbortController().signal
const KILLED_PUSHERS = 10
const whyNoDisk = whyNoTinyDisk()
const whyNoKill = process.platform === 'linux' ? '' : ' (skipped: processes are found in /proc)'

async function setUp(major: TestServer['major'], diskBytes?: number): Promise<PushingServer> {
  return await startPushingServer('archive', major, diskBytes === undefined ? {} : { diskBytes })
}

async function readArchive({ ref }: PushingServer): Promise<WalArchive> {
  return await readWalArchive(ref.catalog, ref.instance, MIB, { signal: NEVER })
}

describe.each(newestMajors())('the archive of a PostgreSQL %i', (major) => {
  test(`has every segment, though pushers are killed under load, and restores what was committed${whyNoKill}`, async () => {
    const world = await setUp(major)
    const { server, engine, ref } = world
    await world.pushWith('--compress', '--batch-size=8', '-j2')
    const load = await startWriteLoad(server, 'shop', { restMs: 1 })
    onTestFinished(() => load[Symbol.asyncDispose]())
    if (whyNoKill === '') await killPushers(world, KILLED_PUSHERS)

    const backup = await engine.ended(
      engine.client['backups.start']({ ...ref, mode: 'FULL', isStream: false, threads: 2 }),
    )
    expect(backup.error).toBeUndefined()
    // Plain from here on: both forms in one archive.
    await world.pushWith('--batch-size=3')
    await expect.poll(() => readdirSync(world.archive).some((name) => /^[0-9A-F]{24}$/.test(name))).toBe(true)
    await load.stop()
    const entries = load.committed.map(({ entry }) => entry)
    await world.archiveAll()

    const { timelines } = await readArchive(world)
    expect(timelines).toHaveLength(1)
    expect(timelines[0]).toMatchObject({ lost: [] })
    expect(timelines[0]?.segmentCount).toBeGreaterThan(10)
    expectWhole(world, await readArchive(world))

    const dataDirectory = path.join(server.directory('restored'), 'data')
    const restore = await engine.ended(
      engine.client['restore.start']({
        ...ref,
        dataDirectory,
        target: { kind: 'latest' },
        targetAction: 'promote',
        restoreCommand: world.getWith('--batch-size=6', '-j2'),
      }),
    )
    expect(restore.error).toBeUndefined()
    await using restored = await startRestored(dataDirectory, major, server.password)
    await opened(restored)
    expect(await findLedgerFaults(restored, 'shop', entries)).toEqual([])
    expect(existsSync(path.join(dataDirectory, 'pg_wal', 'pbk_prefetch'))).toBe(true)
  })
})

describe('a server whose archive_command is archive-push', () => {
  test('keeps a segment of which the archive has another, and goes on when that is gone', async () => {
    const world = await setUp(17)
    const { server, archive } = world
    const name = await server.value('postgres', 'select pg_walfile_name(pg_current_wal_lsn())')
    const foreign = Buffer.alloc(MIB, 'another')
    writeFileSync(path.join(archive, name), foreign)
    await world.pushWith('--compress')
    await endSegment(server)
    const failures = 'select last_failed_wal from pg_stat_archiver where failed_count > 1'
    await expect.poll(() => server.value('postgres', failures)).toBe(name)
    await expect.poll(() => readFileSync(server.logFile, 'utf8')).toContain('has another')
    expect(readFileSync(path.join(archive, name)).equals(foreign)).toBe(true)
    expect(existsSync(path.join(server.dataDirectory, 'pg_wal', name))).toBe(true)

    rmSync(path.join(archive, name))
    // Three times refused, the archiver would rest for a minute.
    await endSegment(server)
    await expect.poll(() => world.hasArchived(name)).toBe(true)
  })

  test('is refused by the instance of another cluster', async () => {
    const world = await setUp(17)
    const { ref, server } = world
    const config = path.join(ref.catalog, 'backups', ref.instance, 'pg_probackup.conf')
    writeFileSync(config, readFileSync(config, 'utf8').replace(/(system-identifier = )\d+/, '$11234567890'))
    await world.pushWith()
    await endSegment(server)
    await expect.poll(() => readFileSync(server.logFile, 'utf8')).toContain('1234567890')
    expect(readdirSync(world.archive)).toEqual([])
  })

  test.skipIf(whyNoDisk !== '')(`waits for room on a full disk and loses nothing${whyNoDisk}`, async () => {
    const world = await setUp(17, 40 * MIB)
    const { disk, server } = world
    if (disk === undefined) throw new Error('there is a disk')
    await world.pushWith('--batch-size=4', '-j2')
    await disk.fill(5 * MIB + MIB / 2)
    await server.run('shop', 'select post(n) from generate_series(1, 4000) n')
    const last = await endSegment(server)
    await expect
      .poll(() => server.value('postgres', 'select (failed_count > 1)::text from pg_stat_archiver'))
      .toBe('true')
    expect(world.hasArchived(last)).toBe(false)
    const [full] = (await readArchive(world)).timelines
    expect(full?.files.filter(({ kind }) => kind === 'temporary').length ?? 0).toBeLessThanOrEqual(2)
    expect(full?.lost).toEqual([])

    disk.empty()
    await endSegment(server)
    await expect.poll(() => world.hasArchived(last)).toBe(true)
    const [whole] = (await readArchive(world)).timelines
    expect(whole).toMatchObject({ lost: [], files: expect.not.arrayContaining([{ kind: 'temporary' }]) })
    expectWhole(world, await readArchive(world))
  })
})

describe('a recovery whose restore_command is archive-get', () => {
  test('stops where a segment is damaged, and opens no cluster before the end of the archive', async () => {
    const world = await setUp(17)
    const { server, engine, ref, archive } = world
    await world.pushWith('--compress')
    const backup = await engine.ended(
      engine.client['backups.start']({ ...ref, mode: 'FULL', isStream: false }),
    )
    expect(backup.error).toBeUndefined()
    await server.run('shop', 'select post(n) from generate_series(1, 3000) n')
    await world.archiveAll()

    const segments = (await readArchive(world)).timelines[0]?.segments
    const victim = walSegmentName({ timeline: 1, number: (segments?.end ?? 0n) - 1n }, MIB)
    const file = path.join(archive, `${victim}.gz`)
    const bytes = readFileSync(file)
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 0x55
    writeFileSync(file, bytes)

    const dataDirectory = path.join(server.directory('stopped'), 'data')
    const restore = await engine.ended(
      engine.client['restore.start']({
        ...ref,
        dataDirectory,
        target: { kind: 'latest' },
        targetAction: 'promote',
        restoreCommand: world.getWith('--batch-size=3'),
        isValidated: false,
      }),
    )
    expect(restore.error).toBeUndefined()
    const log = `${dataDirectory}.log`
    // It may let us in as a hot standby before it meets the damage.
    const started = await startRestored(dataDirectory, 17, server.password).catch(() => undefined)
    if (started !== undefined) onTestFinished(() => started[Symbol.asyncDispose]())
    await expect.poll(() => readFileSync(log, 'utf8')).toContain('database system is shut down')
    expect(readFileSync(log, 'utf8')).toContain(`${victim}.gz" cannot be unpacked`)
    expect(readFileSync(log, 'utf8')).not.toContain('archive recovery complete')
  })
})

/** Kills pushers of this world in whatever they are doing, until `wanted` are dead. */
async function killPushers({ ref }: PushingServer, wanted: number): Promise<void> {
  for (let killed = 0; killed < wanted;) {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      const words = commandOf(pid)
      if (!words.includes('archive-push') || !words.includes(ref.catalog) || words[0] !== process.execPath)
        continue
      // Somewhere between its start and its end.
      await sleep(80 + Math.random() * 250)
      try {
        process.kill(Number(pid), 'SIGKILL')
        killed++
      } catch {
        // It was faster.
      }
      await sleep(150)
    }
    await sleep(20)
  }
}

function commandOf(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return []
  }
}

/** Every segment can be unpacked, has its full size, and says itself where it belongs. */
function expectWhole({ archive }: PushingServer, { timelines }: WalArchive): void {
  for (const { files } of timelines) {
    for (const { name, kind, isCompressed, number } of files) {
      if (kind !== 'segment') continue
      const stored = readFileSync(path.join(archive, name))
      const bytes = isCompressed ? gunzipSync(stored) : stored
      expect({ name, size: bytes.length }).toEqual({ name, size: MIB })
      expect({ name, at: bytes.readBigUInt64LE(8) }).toEqual({ name, at: number * BigInt(MIB) })
    }
  }
}
