import { readdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ReceiverStatus } from '../api/contract/wal-receiver.ts'
import { SILENT_LOG } from '../base/log.ts'
import { parseLsn } from '../base/lsn.ts'
import { walSegmentName } from '../base/wal-segment.ts'
import { FIRST_CONNECT_MS } from '../operations/receive-wal/plan.ts'
import { receiveWalForever } from '../operations/receive-wal/run.ts'
import type { ReceiverState } from '../operations/receive-wal/state.ts'
import { findSlotBySql } from '../server/replication-slot.ts'
import { makeArchive } from '../testing/archives.ts'
import { startEngine, type TestEngine } from '../testing/engines.ts'
import { UNWATCHED } from '../testing/made-archive.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { outerMajors, startServer, type TestServer } from '../testing/servers.ts'
import { mountTinyDisk, whyNoTinyDisk } from '../testing/tiny-disk.ts'

const SEGMENT_BYTES = 1 << 20
const SLOT = 'tidemark_main'
const whyNoDisk = whyNoTinyDisk()

type Ref = { readonly catalog: string; readonly instance: string }

describe.each(outerMajors())('the WAL receiver of PostgreSQL %i', (major) => {
  test('follows a promotion: the old timeline to its end, the next one from its first segment', async () => {
    await using scratch = await scratchDirectory('wal-receiver')
    await using server = await startWalServer(scratch.path, major)
    await using engine = await startEngine()
    const ref = await engine.register(path.join(scratch.path, 'catalog'), server)
    await engine.client['wal-receiver.start']({ ...ref, slot: SLOT, createSlot: true })
    await settled(engine, ref, server)
    await writeWal(server, 20)
    await server.stop('fast')
    await writeFile(path.join(server.dataDirectory, 'standby.signal'), '')
    await server.start()
    await settled(engine, ref, server)
    await server.run('postgres', 'select pg_promote(true)')
    await writeWal(server, 20)
    await server.run('postgres', 'select pg_switch_wal()')

    await expect.poll(async () => (await statusOf(engine, ref)).timeline).toBe(2)
    await settled(engine, ref, server)
    const { timelines } = await engine.client['wal.archive'](ref)
    const [newest, oldest] = timelines
    expect(timelines.map(({ timeline, lost }) => ({ timeline, lost }))).toEqual([
      { timeline: 2, lost: [] },
      { timeline: 1, lost: [] },
    ])
    expect(newest?.parent?.timeline).toBe(1)
    const switchLsn = newest?.parent?.switchLsn ?? 0n
    // The segment of the switch is whole on the new timeline, and only begun on the old one.
    const number = switchLsn / BigInt(SEGMENT_BYTES)
    expect(newest?.segments?.begin).toBe(walSegmentName({ timeline: 2, number }, SEGMENT_BYTES))
    expect(oldest?.segments?.end).toBe(walSegmentName({ timeline: 1, number: number - 1n }, SEGMENT_BYTES))
    expect(await readdir(path.join(ref.catalog, 'wal', 'main'))).toContain('00000002.history')
  })

  test('tells of WAL that the server has removed, and goes on with what is left', async () => {
    await using scratch = await scratchDirectory('wal-receiver')
    await using server = await startServer(scratch.path, {
      major,
      walSegmentMb: 1,
      // Only checkpoints that the test asks for remove WAL.
      settings: { min_wal_size: "'2MB'", max_wal_size: "'1GB'", wal_keep_size: '0' },
    })
    await using engine = await startEngine()
    const ref = await engine.register(path.join(scratch.path, 'catalog'), server)
    await engine.client['wal-receiver.start'](ref)
    await settled(engine, ref, server)
    await writeWal(server, 20)
    await settled(engine, ref, server)
    await engine.client['wal-receiver.stop'](ref)
    for (let round = 0; round < 4; round++) {
      await writeWal(server, 30)
      await server.run('postgres', 'select pg_switch_wal()', 'checkpoint')
    }
    await engine.client['wal-receiver.start'](ref)
    await settled(engine, ref, server)

    expect((await statusOf(engine, ref)).gaps).toHaveLength(1)
    await writeWal(server, 30)
    await settled(engine, ref, server)
    const { timelines } = await engine.client['wal.archive'](ref)
    expect(timelines[0]?.lost).toHaveLength(1)
    expect((await statusOf(engine, ref)).gaps).toHaveLength(1)
  })

  test('gives up a server that never answered, and waits for one that did', async () => {
    await using scratch = await scratchDirectory('wal-receiver')
    await using server = await startWalServer(scratch.path, major)
    let laterMs = 0
    await using engine = await startEngine({ clock: { nowMs: () => Date.now() + laterMs } })
    const ref = await engine.register(path.join(scratch.path, 'catalog'), server)
    const stop = new AbortController()
    const states: ReceiverState[] = []
    const input = {
      ...ref,
      connection: async () => server.connection(),
      slot: undefined,
      compressLevel: undefined,
      firstConnectMs: 1,
    }
    const received = receiveWalForever(input, { ...UNWATCHED, signal: stop.signal }, (state) =>
      states.push(state),
    )
    await expect.poll(() => states.at(-1)?.phase).toBe('streaming')
    expect(states.at(-1)?.segmentCount).toBe(0)
    await server.stop('fast')
    await expect
      .poll(() => states.filter(({ phase }) => phase === 'reconnecting').length)
      .toBeGreaterThanOrEqual(3)
    await server.start()
    await writeWal(server, 12)
    await expect.poll(() => states.at(-1)).toMatchObject({ phase: 'streaming', problem: undefined })
    await expect.poll(() => states.at(-1)?.segmentCount).toBeGreaterThan(0)
    stop.abort()
    expect((await received).segmentCount).toBeGreaterThan(0)

    await server.stop('fast')
    await engine.client['instances.change-config']({ ...ref, values: { pgport: '1' } })
    const started = await engine.client['wal-receiver.start'](ref)
    await expect.poll(async () => (await statusOf(engine, ref)).phase).toBe('reconnecting')
    // It looks at the clock alone.
    laterMs = FIRST_CONNECT_MS
    const failed = await engine.ended(Promise.resolve(started))
    expect(failed.error).toMatchObject({ code: 'server.unreachable' })
    expect(failed.error?.message).toContain('no connection was made in')
    expect(await statusOf(engine, ref)).toMatchObject({ phase: 'failed', isKept: false })
  })

  test('lists the slots of its server, and which one is its own', async () => {
    await using scratch = await scratchDirectory('wal-slots')
    await using server = await startServer(scratch.path, {
      major,
      walSegmentMb: 1,
      settings: { wal_level: 'logical' },
    })
    await using engine = await startEngine()
    const ref = await engine.register(path.join(scratch.path, 'catalog'), server)
    expect((await engine.client['wal.slots'](ref)).slots).toEqual([])

    await server.run(
      'postgres',
      "select pg_create_physical_replication_slot('forgotten', true)",
      "select pg_create_physical_replication_slot('never_used')",
      "select pg_create_logical_replication_slot('feed', 'pgoutput')",
    )
    await writeWal(server, 30)
    await engine.client['wal-receiver.start']({ ...ref, slot: 'ours', createSlot: true })
    await settled(engine, ref, server)
    const { slots, nowLsn, maxSlots } = await engine.client['wal.slots'](ref)
    expect(maxSlots).toBe(10)
    expect(slots.map(({ name }) => name)).toEqual(['forgotten', 'feed', 'ours', 'never_used'])
    expect(slots).toMatchObject([
      { kind: 'physical', isActive: false, isOfReceiver: false, walStatus: 'reserved' },
      { kind: 'logical', database: 'postgres', isActive: false },
      { kind: 'physical', isActive: true, isOfReceiver: true, client: 'tidemark' },
      { restartLsn: undefined, behindBytes: undefined, isActive: false },
    ])
    const [forgotten, , ours] = slots
    expect(forgotten?.behindBytes).toBe(Number(nowLsn - (forgotten?.restartLsn ?? 0n)))
    expect(forgotten?.behindBytes).toBeGreaterThan(3_000_000)
    expect(ours?.behindBytes).toBeLessThan(1_500_000)

    await server.stop('fast')
    await expect(engine.client['wal.slots'](ref)).rejects.toMatchObject({ code: 'server.unreachable' })
  })

  test('finds its slot by SQL where the replication protocol does not tell', async () => {
    await using scratch = await scratchDirectory('wal-receiver')
    await using server = await startWalServer(scratch.path, major)
    const call = { signal: new AbortController().signal, log: SILENT_LOG }
    const restartLsn = await server.value(
      'postgres',
      `select lsn::text from pg_create_physical_replication_slot('${SLOT}', true)`,
    )
    expect(await findSlotBySql(server.connection(), SLOT, call)).toEqual(['physical', restartLsn])
    expect(await findSlotBySql(server.connection(), 'another', call)).toEqual([])
  })

  test('is a service: backups do not wait for it, and it is started again with the application', async () => {
    await using scratch = await scratchDirectory('wal-receiver')
    await using server = await startWalServer(scratch.path, major)
    const stateDirectory = path.join(scratch.path, 'state')
    const ref = { catalog: path.join(scratch.path, 'catalog'), instance: 'main' }
    const password = { PGPASSWORD: server.password }
    {
      await using engine = await startEngine({ stateDirectory, env: password })
      await engine.register(ref.catalog, server)
      const { job } = await engine.client['wal-receiver.start']({ ...ref, slot: SLOT, createSlot: true })
      expect(await engine.client['wal-receiver.start']({ ...ref, slot: SLOT, createSlot: true })).toEqual({
        job,
      })
      await settled(engine, ref, server)
      const backup = await engine.ended(
        engine.client['backups.start']({ ...ref, mode: 'FULL', isStream: false, isValidated: false }),
      )
      expect(backup.error).toBeUndefined()
      expect(await engine.client['jobs.get']({ job })).toMatchObject({ state: 'running' })
      await expect(engine.client['instances.remove']({ ...ref, typedName: 'main' })).rejects.toMatchObject({
        code: 'catalog.locked',
      })
      await using other = await startEngine({ env: password })
      expect(await statusOf(other, ref)).toMatchObject({ phase: 'elsewhere', owner: { pid: process.pid } })
    }
    {
      await using engine = await startEngine({ stateDirectory, env: password })
      await settled(engine, ref, server)
      expect(await engine.client['wal-receiver.list']({})).toMatchObject([
        { ...ref, isKept: true, slot: SLOT },
      ])
      const stopped = await engine.client['wal-receiver.stop'](ref)
      expect(stopped).toMatchObject({ phase: 'off', isKept: false })
    }
    await using engine = await startEngine({ stateDirectory, env: password })
    expect(await engine.client['wal-receiver.list']({})).toEqual([])
    expect((await statusOf(engine, ref)).phase).toBe('off')
  })
})

describe('a segment is sent on its way to prove the set-up', () => {
  test('through the receiver', async () => {
    await using scratch = await scratchDirectory('wal-setup')
    await using server = await startWalServer(scratch.path, 17)
    await using engine = await startEngine()
    const ref = await engine.register(path.join(scratch.path, 'catalog'), server)
    expect((await engine.client['wal.setup'](ref)).receiver).toMatchObject({ state: 'ready', sql: '' })
    await engine.client['wal-receiver.start']({ ...ref, slot: SLOT, createSlot: true })
    await settled(engine, ref, server)

    const tested = await engine.client['wal.setup-test']({ ...ref, timeoutSeconds: 60 })
    expect(tested.arrivedAfterMs).toBeGreaterThanOrEqual(0)
    const names = await readdir(path.join(ref.catalog, 'wal', 'main'))
    expect(names).toContain(tested.segment)
    expect((await engine.client['wal.setup'](ref)).receiver.state).toBe('works')
  })

  test('through archive_command; one that fails is told with what the archiver says', async () => {
    await using scratch = await scratchDirectory('wal-setup')
    const archive = makeArchive(scratch.path)
    await using server = await startWalServer(scratch.path, 17)
    await using engine = await startEngine()
    const ref = await engine.register(path.join(scratch.path, 'catalog'), server)
    await archive.serve(ref)

    const off = await engine.client['wal.setup'](ref)
    expect(off.command).toMatchObject({ state: 'needs-change', needsRestart: true })
    await server.run('postgres', ...statementsOf(off.command.sql))
    await server.stop('fast')
    await server.start()
    expect((await engine.client['wal.setup'](ref)).command.settings).toEqual([])

    // No program of that name is there, at which an archiver ends itself and counts nothing.
    await server.run('postgres', "alter system set archive_command = 'false'")
    await server.stop('fast')
    await server.start()

    const failed = await engine.client['wal.setup-test']({ ...ref, timeoutSeconds: 60 })
    expect(failed).toMatchObject({ arrivedAfterMs: undefined, hasArchiverFailed: true })
    const failing = await engine.client['wal.setup'](ref)
    expect(failing.command.notes.map(({ code }) => code)).toContain('archiver-fails')

    await server.run(
      'postgres',
      `alter system set archive_command = ${archive.settings['archive_command']}`,
      'select pg_reload_conf()',
    )
    const passed = await engine.client['wal.setup-test']({ ...ref, timeoutSeconds: 80 })
    expect(passed.arrivedAfterMs).toBeGreaterThanOrEqual(0)
    expect(passed.archiver?.archivedCount).toBeGreaterThan(0)
  })

  test('and a standby is told that it archives with archive_mode=always only', async () => {
    await using scratch = await scratchDirectory('wal-setup')
    const archive = makeArchive(scratch.path)
    await using server = await startServer(scratch.path, { settings: archive.settings })
    await using engine = await startEngine()
    const ref = await engine.register(path.join(scratch.path, 'catalog'), server)
    await server.stop('fast')
    await writeFile(path.join(server.dataDirectory, 'standby.signal'), '')
    await server.start()
    const { role, command, receiver } = await engine.client['wal.setup'](ref)
    expect(role).toBe('standby')
    expect(command.notes.map(({ code }) => code)).toContain('standby-needs-always')
    expect(command.sql).toContain("ALTER SYSTEM SET archive_mode = 'always';")
    expect(receiver.state).toBe('ready')
  })

  test('not by a role that may not end a segment, which is told what it needs', async () => {
    await using scratch = await scratchDirectory('wal-setup')
    await using server = await startWalServer(scratch.path, 17)
    await server.run(
      'postgres',
      "create role weak login password 'weak'",
      'grant execute on function pg_control_system() to weak',
      'grant execute on function pg_control_checkpoint() to weak',
    )
    await using engine = await startEngine()
    const ref = await engine.register(path.join(scratch.path, 'catalog'), server)
    await engine.client['instances.change-config']({ ...ref, values: { pguser: 'weak' } })
    await engine.client['instances.set-password']({ ...ref, password: 'weak' })

    const setup = await engine.client['wal.setup'](ref)
    expect(setup).toMatchObject({
      canSwitch: false,
      switchGrant: expect.stringContaining('TO weak') as string,
    })
    expect(setup.receiver.sql).toBe('ALTER ROLE weak WITH REPLICATION;\n')
    await expect(engine.client['wal.setup-test'](ref)).rejects.toMatchObject({ code: 'server.denied' })
  })
})

test.skipIf(whyNoDisk !== '')(`a full disk is waited for, and nothing is lost${whyNoDisk}`, async () => {
  await using scratch = await scratchDirectory('wal-receiver')
  await using server = await startWalServer(scratch.path, 17)
  await using disk = mountTinyDisk(path.join(scratch.path, 'disk'), { bytes: 24 << 20 })
  await using engine = await startEngine()
  const ref = await engine.register(path.join(disk.path, 'catalog'), server)
  await engine.client['wal-receiver.start']({ ...ref, slot: SLOT, createSlot: true })
  await settled(engine, ref, server)

  await disk.fill(3 << 20)
  await writeWal(server, 80)
  await expect.poll(async () => (await statusOf(engine, ref)).phase).toBe('disk-full')
  expect((await statusOf(engine, ref)).problem?.code).toBe('storage.full')
  disk.empty()
  await server.run('postgres', 'select pg_switch_wal()')
  await settled(engine, ref, server)

  const { timelines } = await engine.client['wal.archive'](ref)
  expect(timelines).toMatchObject([{ timeline: 1, lost: [] }])
  expect(timelines[0]?.segmentCount).toBeGreaterThan(7)
  await rm(path.join(ref.catalog, 'backups'), { recursive: true })
})

async function startWalServer(directory: string, major: TestServer['major']): Promise<TestServer> {
  return await startServer(directory, {
    major,
    walSegmentMb: 1,
    settings: { wal_keep_size: "'1GB'", max_wal_size: "'1GB'" },
  })
}

/** `count` times 100 kB, on the disk of the server when it returns. */
async function writeWal(server: TestServer, count: number): Promise<void> {
  await server.run(
    'postgres',
    `select pg_logical_emit_message(true, 'x', repeat(md5(random()::text), 3200)) from generate_series(1, ${count})`,
  )
}

async function statusOf(engine: TestEngine, ref: Ref): Promise<ReceiverStatus> {
  return await engine.client['wal-receiver.status'](ref)
}

/** Everything that the server has written so far is safe in the archive. */
async function settled(engine: TestEngine, ref: Ref, server: TestServer): Promise<void> {
  const end = parseLsn(
    await server.value(
      'postgres',
      'select case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end::text',
    ),
  )
  await expect
    .poll(async () => {
      const { phase, flushedLsn = 0n, problem } = await statusOf(engine, ref)
      return { phase, isSafe: flushedLsn >= end, problem }
    })
    .toEqual({ phase: 'streaming', isSafe: true, problem: undefined })
}

function statementsOf(sql: string): readonly string[] {
  return sql.split(/;\n/).filter((statement) => statement !== '')
}
