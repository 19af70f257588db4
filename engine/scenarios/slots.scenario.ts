import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { openSession } from '../cli/session.ts'
import { runCli } from '../testing/cli-world.ts'
import { startEngine, type TestEngine } from '../testing/engines.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { startServer, type TestServer } from '../testing/servers.ts'

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
  expect(await warningsOf(engine, job.id)).toEqual([
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

async function idleSlots(engine: TestEngine, ref: Ref) {
  const { idleSlots: found, problem } = await engine.client['backups.estimate'](ref)
  expect(problem).toBeUndefined()
  return found
}

async function warningsOf(engine: TestEngine, job: string): Promise<readonly string[]> {
  const found: string[] = []
  for await (const { level, message } of engine.client['jobs.follow-log']({ job })) {
    if (level === 'warning' && message.includes('slot')) found.push(message)
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
