import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { BackupId } from '../base/backup-id.ts'
import { readControl, writeBackupControl } from '../catalog/backup.ts'
import { readWalArchive } from '../catalog/wal-archive.ts'
import { startCli } from '../testing/cli-process.ts'
import { type PushingServer, startPushingServer } from '../testing/pushing-servers.ts'
import { newestMajors, opened, startRestored, type TestServer } from '../testing/servers.ts'
import { findLedgerFaults, startWriteLoad } from '../testing/write-load.ts'

const DAY = 86_400
const MIB = 1 << 20
const NEVER = new AbortController().signal
const ROUNDS = 5
const WAL_OF_SEGMENTS = `select pg_logical_emit_message(true, 'x', repeat('x', ${3 * MIB}))`
/** A backup that needs the archive: purging that takes too much cannot hide behind WAL of its own. */
const BY_ARCHIVE = ['--no-stream', '--archive-timeout=120s']

type World = PushingServer & {
  /** Runs a command on the instance in a process of its own. */
  cli(...words: readonly string[]): Promise<{ readonly status: number | null; readonly err: string }>
  /** Newest first. */
  listed(): Promise<readonly { readonly id: BackupId; readonly mode: string; readonly status: string }[]>
  /** Takes a backup on the command line and makes it so many days older. */
  take(mode: 'FULL' | 'DELTA', days: number): Promise<BackupId>
}

async function setUp(major: TestServer['major']): Promise<World> {
  const pushing = await startPushingServer('retention-meanwhile', major)
  const { server, engine, ref } = pushing
  // Starting a program for each segment would be most of the work.
  await pushing.pushWith('--batch-size=8')
  const cli: World['cli'] = async (verb, ...rest) => {
    await using program = startCli([verb ?? '', '-B', ref.catalog, '--instance=main', ...rest], {
      PGPASSWORD: server.password,
    })
    return await program.ended
  }
  const listed: World['listed'] = async () =>
    (await engine.client['backups.list'](ref)).backups.map(({ id, mode, status }) => ({ id, mode, status }))
  return {
    ...pushing,
    cli,
    listed,
    async take(mode, days) {
      const { status, err } = await cli('backup', '-b', mode, ...BY_ARCHIVE)
      expect(status, err).toBe(0)
      const [newest] = await listed()
      const directory = path.join(ref.catalog, 'backups', 'main', newest?.id ?? '')
      const { control } = readControl(directory)
      if (newest === undefined || control?.recoverySeconds === undefined) throw new Error('no backup')
      await writeBackupControl(directory, {
        ...control,
        recoverySeconds: control.recoverySeconds - days * DAY,
      })
      return newest.id
    },
  }
}

/** Restores to the end of the archive and holds the server to what was committed. */
async function expectLatest(world: World, entries: readonly number[]): Promise<void> {
  const { server, engine, ref } = world
  const dataDirectory = path.join(server.directory('restored'), 'data')
  const restore = await engine.ended(
    engine.client['restore.start']({
      ...ref,
      dataDirectory,
      target: { kind: 'latest' },
      targetAction: 'promote',
    }),
  )
  expect(restore.error).toBeUndefined()
  await using restored = await startRestored(dataDirectory, server.major, server.password)
  await opened(restored)
  expect(await findLedgerFaults(restored, 'shop', entries)).toEqual([])
}

/** Each backup that is left can be restored with the WAL that is left. */
async function expectSound({ engine, ref }: World): Promise<void> {
  const { result } = await engine.ended(engine.client['backups.validate']({ ...ref, threads: 2 }))
  expect(result).toMatchObject({ isSound: true })
}

describe.each(newestMajors())('retention after a backup of PostgreSQL %i', (major) => {
  test('deletes, merges and purges what the new backup makes needless, and nothing else', async () => {
    const world = await setUp(major)
    const load = await startWriteLoad(world.server, 'shop', { restMs: 2 })
    onTestFinished(() => load[Symbol.asyncDispose]())
    const old = await world.take('FULL', 20)
    const full = await world.take('FULL', 10)
    const increment = await world.take('DELTA', 5)
    const before = (await world.listed()).map(({ id }) => id)
    expect(before).toEqual([increment, full, old])

    const words = [
      '-b',
      'FULL',
      ...BY_ARCHIVE,
      '--delete-expired',
      '--merge-expired',
      '--delete-wal',
      '--retention-window=7',
    ]
    // The new backup is there, but what follows it would cut the past short: it is told, and everything stays.
    const refused = await world.cli('backup', ...words)
    expect(refused.status, refused.err).toBe(1)
    expect(refused.err).toContain('--accept-broken-promise')
    expect((await world.listed()).slice(1).map(({ id }) => id)).toEqual(before)
    expect((await world.listed()).every(({ status }) => status === 'OK')).toBe(true)

    const accepted = await world.cli('backup', ...words, '--accept-broken-promise')
    expect(accepted.status, accepted.err).toBe(0)
    const left = await world.listed()
    expect(left.slice(2)).toEqual([{ id: increment, mode: 'FULL', status: 'OK' }])
    expect(left).toHaveLength(3)
    await load.stop()
    await world.archiveAll()
    const { timelines } = await readWalArchive(world.ref.catalog, 'main', MIB, { signal: NEVER })
    const { control } = readControl(path.join(world.ref.catalog, 'backups', 'main', increment))
    const first = Number((control?.startLsn ?? 0n) / BigInt(MIB))
    expect(timelines).toMatchObject([{ lost: [] }])
    expect(Number(timelines[0]?.segments?.begin)).toBe(first)
    await expectSound(world)
    await expectLatest(
      world,
      load.committed.map(({ entry }) => entry),
    )
  })
})

describe.each(newestMajors())('a purge of WAL while PostgreSQL %i archives', (major) => {
  test('takes nothing that a backup needs, also one that is being taken', async () => {
    const world = await setUp(major)
    const load = await startWriteLoad(world.server, 'shop', { restMs: 2 })
    onTestFinished(() => load[Symbol.asyncDispose]())
    await world.take('FULL', 0)
    const purged: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      // Something to purge, however slow the load is.
      await world.server.run('shop', WAL_OF_SEGMENTS)
      const end = new AbortController()
      const taken = world
        .cli('backup', '-b', round % 2 === 0 ? 'FULL' : 'DELTA', ...BY_ARCHIVE)
        .finally(() => end.abort())
      while (!end.signal.aborted) {
        const { status, err } = await world.cli('delete', '--delete-wal', '--wal-depth=1')
        expect(status, err).toBe(0)
        purged.push(Number(/(\d+) files of WAL/.exec(err)?.[1] ?? 0))
      }
      const { status, err } = await taken
      expect(status, err).toBe(0)
    }
    // It did purge, or the test would show nothing.
    expect(purged.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(ROUNDS)
    await load.stop()
    await world.archiveAll()
    const { timelines } = await readWalArchive(world.ref.catalog, 'main', MIB, { signal: NEVER })
    // Older than the first backup is nothing; what is missing in between was seen to be needed by none.
    expect(timelines[0]?.segments?.begin).toBeGreaterThan(1n)
    expect((await world.listed()).map(({ status }) => status)).toEqual(Array(ROUNDS + 1).fill('OK'))
    await expectSound(world)
    await expectLatest(
      world,
      load.committed.map(({ entry }) => entry),
    )
  })
})
