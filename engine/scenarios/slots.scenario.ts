import { readdirSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { openSession } from '../cli/session.ts'
import { runCli } from '../testing/cli-world.ts'
import { startEngine, type TestEngine } from '../testing/engines.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { startScratch } from '../testing/scratch-servers.ts'
import { startRestored, startServer, type TestServer } from '../testing/servers.ts'

const SEGMENT_BYTES = 1 << 20

type Ref = { readonly catalog: string; readonly instance: string }

test('idle slots are named before a backup, listed, and dropped one by one', async () => {
  await using scratch = await scratchDirectory('slots')
  await using server = await startServer(scratch.path, {
    major: 17,
    walSegmentMb: 1,
    settings: { wal_level: 'logical' },
  })
  await using engine = await startEngine()
  const ref = await engine.register(path.join(scratch.path, 'catalog'), server)
  const cli = (...words: string[]) =>
    runCli(['slots', '-B', ref.catalog, '--instance=main', ...words], {
      openSession: (log) => openSession({ PGPASSWORD: server.password }, log),
    })
  await server.run(
    'postgres',
    "select pg_create_logical_replication_slot('feed', 'pgoutput')",
    "select pg_create_physical_replication_slot('forgotten', true)",
    "select pg_create_physical_replication_slot('unused')",
  )
  // Less than a segment is kept anyway.
  expect(await idleSlots(engine, ref)).toEqual([])
  await engine.client['wal-receiver.start']({ ...ref, slot: 'ours', createSlot: true })
  await writeWal(server, 30)
  await expect.poll(async () => (await engine.client['wal-receiver.status'](ref)).phase).toBe('streaming')

  expect(await idleSlots(engine, ref)).toMatchObject([
    { name: 'feed', database: 'postgres', isBeforeNewest: false },
  ])
  const job = await engine.ended(engine.client['backups.start']({ ...ref, mode: 'FULL' }))
  expect(job.result).toMatchObject({ kind: 'backup', status: 'OK' })
  expect(await warningsOf(engine, job.id, 'slot')).toEqual([
    expect.stringMatching(
      /^nobody uses the logical replication slot "feed" of database "postgres" since .* keep \d{7,} bytes of WAL/,
    ),
  ])
  const [feed, ...others] = await idleSlots(engine, ref)
  expect(others).toEqual([])
  expect(feed).toMatchObject({ name: 'feed', isBeforeNewest: true, inactiveSince: expect.any(String) })
  expect(feed?.keptBytes).toBeGreaterThan(3 * SEGMENT_BYTES)

  const listed = await cli('--format=json')
  expect({ status: listed.status, err: listed.err }).toEqual({ status: 0, err: '' })
  const { slots } = JSON.parse(listed.out) as { slots: { name: string }[] }
  const named = new Map(slots.map((slot) => [slot.name, slot]))
  expect([...named.keys()].toSorted()).toEqual(['feed', 'forgotten', 'ours', 'unused'])
  expect(named.get('feed')).toMatchObject({
    type: 'logical',
    plugin: 'pgoutput',
    database: 'postgres',
    active: false,
    'wal-status': expect.any(String),
    'xid-age': expect.any(Number),
    'before-newest-backup': true,
  })
  expect(named.get('forgotten')).toMatchObject({
    type: 'physical',
    active: false,
    'before-newest-backup': true,
  })
  expect(named.get('ours')).toMatchObject({
    active: true,
    client: 'tidemark',
    'active-pid': expect.any(Number),
  })
  expect(named.get('unused')).not.toHaveProperty('restart-lsn')

  const without = "create role reader login password 'pearl'"
  await server.run('postgres', without)
  const denied = await runCli(
    ['slots', '-B', ref.catalog, '--instance=main', '--drop=feed', '--format=json', '-U', 'reader'],
    { openSession: (log) => openSession({ PGPASSWORD: 'pearl' }, log) },
  )
  expect(denied.status).toBe(1)
  expect(JSON.parse(denied.out)).toMatchObject([{ name: 'feed', outcome: 'failed' }])

  const drops = ['--drop=ours', '--drop=feed', '--drop=nothing', '--drop=unused']
  const trial = await cli(...drops, '--dry-run')
  expect(trial.err).toContain('would drop replication slot "feed"')
  expect(await slotNames(server)).toBe('feed,forgotten,ours,unused')

  await withOtherIdentity(ref, async () => {
    const foreign = await cli(...drops)
    expect(foreign).toMatchObject({ status: 1, out: '' })
    expect(foreign.err).toContain('no slot of another cluster is dropped')
  })
  expect(await slotNames(server)).toBe('feed,forgotten,ours,unused')

  const dropped = await cli(...drops)
  expect(dropped.status).toBe(1)
  expect(dropped.err.trimEnd().split('\n')).toEqual([
    expect.stringMatching(
      /^WARNING: replication slot "ours" is in use by tidemark \(process \d+ of the server\)/,
    ),
    'INFO: replication slot "feed" was dropped',
    'WARNING: there is no replication slot "nothing"',
    'INFO: replication slot "unused" was dropped',
  ])
  expect(await slotNames(server)).toBe('forgotten,ours')
  expect(await idleSlots(engine, ref)).toEqual([])
})

test('logical slots are backed up when asked for, come back with a restore, and can be dropped there', async () => {
  await using scratch = await scratchDirectory('slots')
  await using server = await startServer(scratch.path, { major: 15, settings: { wal_level: 'logical' } })
  await using engine = await startEngine()
  const ref = await engine.register(path.join(scratch.path, 'catalog'), server)
  await server.run(
    'postgres',
    "select pg_create_logical_replication_slot('feed', 'test_decoding')",
    "select pg_create_physical_replication_slot('follower', true)",
  )
  const backUp = async (mode: 'FULL' | 'DELTA', more: { readonly withSlots?: boolean }) => {
    const job = await engine.ended(engine.client['backups.start']({ ...ref, mode, isStream: true, ...more }))
    expect(job.result).toMatchObject({ kind: 'backup', status: 'OK' })
    const directory = path.join(ref.catalog, 'backups', 'main', job.backupId ?? '')
    return {
      files: readdirSync(path.join(directory, 'database', 'pg_replslot'), { recursive: true }),
      listed: (await readFile(path.join(directory, 'backup_content.control'), 'utf8'))
        .split('\n')
        .flatMap((line) => /"path":"(pg_replslot[^"]*)"/.exec(line)?.[1] ?? [])
        .toSorted(),
      warnings: await warningsOf(engine, job.id, 'replication slots'),
    }
  }
  const without = { files: [], listed: ['pg_replslot'], warnings: [] }
  const withFeed = {
    files: ['feed', path.join('feed', 'state')],
    listed: ['pg_replslot', 'pg_replslot/feed', 'pg_replslot/feed/state'],
    warnings: [expect.stringMatching(/^replication slots are backed up: feed\. /)],
  }
  expect(await backUp('FULL', {})).toEqual(without)
  expect(await backUp('DELTA', { withSlots: true })).toEqual(withFeed)
  // The consumer goes on, and its slot with it.
  await server.run('postgres', 'create table ledger (id int)', 'insert into ledger values (1)')
  await server.run(
    'postgres',
    "select count(*) from pg_logical_slot_get_changes('feed', null, null)",
    'checkpoint',
  )
  const confirmed = "select confirmed_flush_lsn::text from pg_replication_slots where slot_name = 'feed'"
  const at = await server.value('postgres', confirmed)
  expect(await backUp('DELTA', { withSlots: true })).toEqual(withFeed)

  const dataDirectory = path.join(server.directory('restored'), 'data')
  const job = await engine.ended(engine.client['restore.start']({ ...ref, dataDirectory }))
  expect(job.error).toBeUndefined()
  expect(await warningsOf(engine, job.id, 'slots')).toEqual([
    'replication slots come back with the backup: feed. Drop those that nobody will use when the server has started: they make it keep WAL.',
  ])
  await using restored = await startRestored(dataDirectory, 15, server.password)
  expect(await slotNames(restored)).toBe('feed')
  expect(await restored.value('postgres', confirmed)).toBe(at)
  const dropped = await runCli(
    ['slots', '-B', ref.catalog, '--instance=main', '-p', String(restored.port), '--drop=feed'],
    { openSession: (log) => openSession({ PGPASSWORD: server.password }, log) },
  )
  expect(dropped).toMatchObject({ status: 0, err: 'INFO: replication slot "feed" was dropped\n' })
  expect(await slotNames(server)).toBe('feed,follower')
  // A configuration that lies elsewhere is in no backup, and no server starts on such a slot without its wal_level.
  const copy = path.join(server.directory('copy'), 'data')
  const second = await engine.ended(engine.client['restore.start']({ ...ref, dataDirectory: copy }))
  expect(second.error).toBeUndefined()
  await rm(path.join(copy, 'postgresql.conf'))
  await using looked = await startScratch(copy, 15)
  await looked.waitForRecovery({ limitMs: 60_000, signal: new AbortController().signal })
  await using session = await looked.session('postgres', { signal: new AbortController().signal })
  const { rows } = await session.query('select slot_name from pg_replication_slots')
  expect(rows).toEqual([{ slot_name: 'feed' }])
})

async function idleSlots(engine: TestEngine, ref: Ref) {
  const { idleSlots: found, problem } = await engine.client['backups.estimate'](ref)
  expect(problem).toBeUndefined()
  return found
}

async function warningsOf(engine: TestEngine, job: string, about: string): Promise<readonly string[]> {
  const found: string[] = []
  for await (const { level, message } of engine.client['jobs.follow-log']({ job })) {
    if (level === 'warning' && message.includes(about)) found.push(message)
  }
  return found
}

async function slotNames(server: TestServer): Promise<string> {
  return await server.value(
    'postgres',
    "select string_agg(slot_name, ',' order by slot_name) from pg_replication_slots",
  )
}

/** `count` times 100 kB. */
async function writeWal(server: TestServer, count: number): Promise<void> {
  await server.run(
    'postgres',
    `select pg_logical_emit_message(true, 'x', repeat(md5(random()::text), 3200)) from generate_series(1, ${count})`,
  )
}

/** The instance was registered for another cluster. */
async function withOtherIdentity({ catalog }: Ref, work: () => Promise<void>): Promise<void> {
  const file = path.join(catalog, 'backups', 'main', 'pg_probackup.conf')
  const text = await readFile(file, 'utf8')
  await writeFile(file, text.replace(/^system-identifier.*$/m, 'system-identifier = 42'))
  await work()
  await writeFile(file, text)
}
