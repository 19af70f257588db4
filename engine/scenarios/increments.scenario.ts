import { rm, symlink } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { startEngine, type TestEngine } from '../testing/engines.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import {
  serverDirectory,
  serverMajors,
  startRestored,
  startServer,
  type TestServer,
} from '../testing/servers.ts'

const SUMMARIES = { summarize_wal: 'on', wal_summary_keep_time: '0' }
const FINGERPRINT = `select json_build_object(
  'ledger', (select count(*) || ' ' || coalesce(md5(string_agg(l::text, '|' order by id)), '') from ledger l),
  'grown', (select count(*) || ' ' || coalesce(sum(hashtext(g::text)), 0) from grown g),
  'tables', (select string_agg(relname, ',' order by relname) from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace))::text`

type Ref = { readonly catalog: string; readonly instance: string }

async function backUp(engine: TestEngine, ref: Ref, mode: 'FULL' | 'DELTA' | 'PAGE' | 'PTRACK' | 'AUTO') {
  const job = await engine.ended(
    engine.client['backups.start']({ ...ref, mode, isStream: true, threads: 2, compressAlgorithm: 'zlib' }),
  )
  expect(job.error).toBeUndefined()
  return job
}

/** Changes of every kind that a chain must carry: rows, new and dropped tables, truncation, growth, vacuum full. */
async function change(server: TestServer, round: number): Promise<void> {
  await server.run(
    'postgres',
    `update ledger set v = md5(v) where id % 50 = ${round}`,
    `delete from ledger where id % 97 = ${round}`,
    `insert into ledger select g, md5(g::text) from generate_series(${round * 100_000}, ${round * 100_000 + 500}) g`,
    `insert into grown select repeat('x', 500) from generate_series(1, 2000)`,
    `create table made_${round} as select generate_series(1, 300) as n`,
  )
  if (round === 2) await server.run('postgres', 'truncate grown', 'drop table made_1', 'vacuum full ledger')
  if (round === 3) {
    await server.run('postgres', "delete from grown where ctid > '(20,0)'", 'vacuum grown', 'checkpoint')
  }
}

describe.each(serverMajors())('PostgreSQL %i', (major) => {
  const modes = major >= 17 ? (['DELTA', 'PAGE', 'PTRACK'] as const) : (['DELTA', 'PAGE'] as const)

  test.each(modes)('a chain of %s backups restores each of its moments', async (mode) => {
    await using scratch = await scratchDirectory('increments')
    const archive = serverDirectory(path.join(scratch.path, 'archive'))
    await using server = await startServer(scratch.path, {
      major,
      settings: {
        ...(major >= 17 && SUMMARIES),
        ...(mode === 'PAGE' && { archive_mode: 'on', archive_command: `'cp %p "${archive}/%f"'` }),
      },
    })
    await using engine = await startEngine()
    const ref = await engine.register(path.join(scratch.path, 'catalog'), server)
    // The server must be able to write to the archive, and may run as another user than this process.
    const own = path.join(ref.catalog, 'wal', ref.instance)
    await rm(own, { recursive: true })
    await symlink(archive, own)
    await server.run(
      'postgres',
      'create table ledger as select g as id, md5(g::text) as v from generate_series(1, 20000) g',
      'alter table ledger add primary key (id)',
      'create table grown (x text)',
      `insert into grown select repeat('y', 500) from generate_series(1, 3000)`,
    )
    const moments: { readonly id: string; readonly data: string }[] = []
    const remember = async (job: Awaited<ReturnType<typeof backUp>>): Promise<void> => {
      moments.push({ id: String(job.backupId), data: await server.value('postgres', FINGERPRINT) })
    }
    await remember(await backUp(engine, ref, 'FULL'))
    for (const round of [1, 2, 3]) {
      await change(server, round)
      await remember(await backUp(engine, ref, mode))
    }
    const { backups } = await engine.client['backups.list'](ref)
    expect(backups.map((backup) => [backup.mode, backup.status, backup.chainLength])).toEqual([
      [mode, 'OK', 4],
      [mode, 'OK', 3],
      [mode, 'OK', 2],
      ['FULL', 'OK', 1],
    ])
    expect(backups[0]?.dataBytes ?? 0).toBeLessThan((backups.at(-1)?.dataBytes ?? 0) / 3)

    for (const { id, data } of moments) {
      const dataDirectory = path.join(serverDirectory(path.join(scratch.path, `restored-${id}`)), 'data')
      const restore = await engine.ended(
        engine.client['restore.start']({ ...ref, id, dataDirectory, threads: 2 }),
      )
      expect(restore.error).toBeUndefined()
      await using restored = await startRestored(dataDirectory, major, server.password)
      expect(await restored.value('postgres', FINGERPRINT)).toBe(data)
      await restored.run('postgres', 'create extension if not exists amcheck')
      await restored.run('postgres', `select bt_index_check('ledger_pkey', true)`)
    }
  })
})

test('AUTO takes a FULL first, then what the server tracks, and else reads every page', async () => {
  await using scratch = await scratchDirectory('auto')
  await using server = await startServer(scratch.path, { major: 17 })
  await using engine = await startEngine()
  const ref = await engine.register(path.join(scratch.path, 'catalog'), server)
  const modeOf = async (): Promise<string | undefined> => (await backUp(engine, ref, 'AUTO')).mode

  expect(await modeOf()).toBe('FULL')
  expect(await modeOf()).toBe('DELTA')
  await server.run('postgres', 'alter system set summarize_wal = on', 'select pg_reload_conf()')
  // Whether the first summaries reach back to the parent is the server's affair; from the next FULL on they do.
  await backUp(engine, ref, 'FULL')
  expect(await modeOf()).toBe('PTRACK')
})

test('an increment without a parent, and tracking that does not reach, are refused before anything starts', async () => {
  await using scratch = await scratchDirectory('refused')
  await using server = await startServer(scratch.path, { major: 17 })
  await using engine = await startEngine()
  const ref = await engine.register(path.join(scratch.path, 'catalog'), server)
  const failureOf = async (mode: 'DELTA' | 'PAGE' | 'PTRACK') =>
    (await engine.ended(engine.client['backups.start']({ ...ref, mode, isStream: true }))).error

  expect(await failureOf('DELTA')).toMatchObject({
    code: 'plan.refused',
    hint: expect.stringContaining('FULL'),
  })
  await backUp(engine, ref, 'FULL')
  expect(await failureOf('PTRACK')).toMatchObject({
    code: 'plan.refused',
    message: expect.stringContaining('summarize_wal is off'),
    hint: expect.stringContaining('DELTA'),
  })
  expect(await failureOf('PAGE')).toMatchObject({
    code: 'plan.refused',
    message: expect.stringContaining('archive_mode is off'),
  })
  expect((await engine.client['backups.list'](ref)).backups).toHaveLength(1)
})
