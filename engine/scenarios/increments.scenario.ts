import { chownSync, cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { readdir, rm, symlink } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startEngine, type TestEngine } from '../testing/engines.ts'
import { installPtrackDouble, PTRACK_SETTINGS } from '../testing/ptrack-double.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import {
  endSegment,
  outerMajors,
  serverDirectory,
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

type Mode = 'FULL' | 'DELTA' | 'PAGE' | 'PTRACK' | 'AUTO'

async function backUp(engine: TestEngine, ref: Ref, mode: Mode) {
  const job = await engine.ended(
    engine.client['backups.start']({ ...ref, mode, isStream: true, threads: 2, compressAlgorithm: 'zlib' }),
  )
  expect(job.error).toBeUndefined()
  return job
}

/** A backup, which mode it became and what its log says: of the choice of the mode, and in all. */
async function taken(engine: TestEngine, ref: Ref, asked: Mode) {
  const { id: job, backupId, mode, result } = await backUp(engine, ref, asked)
  const { entries } = await engine.client['jobs.log']({ job, from: 0 })
  const lines = entries.map(({ message }) => message)
  return {
    id: String(backupId),
    mode,
    because: lines.find((line) => line.startsWith(`mode ${mode}: `)),
    log: lines.join('\n'),
    dataBytes: result?.kind === 'backup' ? result.dataBytes : 0,
  }
}

/** Why a backup of that mode is not taken. */
async function failure(engine: TestEngine, ref: Ref, mode: Mode) {
  return (await engine.ended(engine.client['backups.start']({ ...ref, mode, isStream: true }))).error
}

/** The server must be able to write to the archive, and may run as another user than this process. */
async function linkArchive(ref: Ref, archive: string): Promise<void> {
  const own = path.join(ref.catalog, 'wal', ref.instance)
  await rm(own, { recursive: true })
  await symlink(archive, own)
}

async function fill(server: TestServer): Promise<void> {
  await server.run(
    'postgres',
    'create table ledger as select g as id, md5(g::text) as v from generate_series(1, 20000) g',
    'alter table ledger add primary key (id)',
    'create table grown (x text)',
    `insert into grown select repeat('y', 500) from generate_series(1, 3000)`,
  )
}

/** Starts the next timeline; the server may have another port then. */
async function promote(server: TestServer, engine: TestEngine, ref: Ref): Promise<void> {
  await server.stop('fast')
  const signal = path.join(server.dataDirectory, 'standby.signal')
  writeFileSync(signal, '')
  if (server.owner !== undefined) chownSync(signal, server.owner.uid, server.owner.gid)
  await server.start()
  // Only a checkpoint after the promotion tells the timeline to whoever reads the control file.
  await server.run('postgres', 'select pg_promote()', 'checkpoint')
  await engine.client['instances.change-config']({ ...ref, values: { pgport: String(server.port) } })
}

/** Restores a backup and starts a server on it. */
async function restore(
  engine: TestEngine,
  ref: Ref,
  id: string,
  scratch: string,
  server: TestServer,
): Promise<TestServer> {
  const dataDirectory = path.join(
    serverDirectory(path.join(scratch, `${path.basename(ref.catalog)}-${id}`)),
    'data',
  )
  const { error } = await engine.ended(engine.client['restore.start']({ ...ref, id, dataDirectory }))
  expect(error).toBeUndefined()
  return await startRestored(dataDirectory, server.major, server.password)
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

describe.each(outerMajors())('PostgreSQL %i', (major) => {
  // What the server tracks is asked for right after the changes, not when it had time to catch up.
  const modes = major >= 17 ? (['PTRACK', 'PAGE', 'DELTA'] as const) : (['PAGE', 'DELTA'] as const)
  const cleanUp = new AsyncDisposableStack()
  let scratch: string
  let engine: TestEngine
  let server: TestServer
  /** What the cluster held at the FULL and at each increment. */
  const moments: string[] = []
  /** The chains, each in a catalog of its own: the first backup of each is a copy of the same FULL. */
  const chains = new Map<Mode, { readonly ref: Ref; readonly ids: string[] }>()

  beforeAll(async () => {
    scratch = cleanUp.use(await scratchDirectory('increments')).path
    const archive = serverDirectory(path.join(scratch, 'archive'))
    server = cleanUp.use(
      await startServer(scratch, {
        major,
        settings: {
          ...(major >= 17 && SUMMARIES),
          archive_mode: 'on',
          archive_command: `'cp %p "${archive}/%f.part" && mv "${archive}/%f.part" "${archive}/%f"'`,
        },
      }),
    )
    engine = cleanUp.use(await startEngine())
    await fill(server)
    moments.push(await server.value('postgres', FINGERPRINT))
    let full: { readonly id: string; readonly directory: string } | undefined
    for (const mode of modes) {
      const ref = await engine.register(path.join(scratch, mode), server)
      await linkArchive(ref, archive)
      const directoryOf = (id: string) => path.join(ref.catalog, 'backups', ref.instance, id)
      if (full === undefined) {
        const id = String((await backUp(engine, ref, 'FULL')).backupId)
        full = { id, directory: directoryOf(id) }
      } else cpSync(full.directory, directoryOf(full.id), { recursive: true, preserveTimestamps: true })
      chains.set(mode, { ref, ids: [full.id] })
    }
    for (const round of [1, 2, 3]) {
      await change(server, round)
      moments.push(await server.value('postgres', FINGERPRINT))
      for (const [mode, { ref, ids }] of chains) ids.push(String((await backUp(engine, ref, mode)).backupId))
    }
  })
  afterAll(() => cleanUp.disposeAsync())

  test.each(modes)('a chain of %s backups restores the moment of each increment', async (mode) => {
    const chain = chains.get(mode)
    if (chain === undefined) throw new Error(`no backup was taken with ${mode}`)
    const { ref, ids } = chain
    const { backups } = await engine.client['backups.list'](ref)
    expect(backups.map((backup) => [backup.mode, backup.status, backup.chainLength])).toEqual([
      [mode, 'OK', 4],
      [mode, 'OK', 3],
      [mode, 'OK', 2],
      ['FULL', 'OK', 1],
    ])
    expect(backups[0]?.dataBytes ?? 0).toBeLessThan((backups.at(-1)?.dataBytes ?? 0) / 3)

    // A FULL alone is restored elsewhere.
    for (const [index, id] of ids.entries()) {
      if (index === 0) continue
      await using restored = await restore(engine, ref, id, scratch, server)
      expect(await restored.value('postgres', FINGERPRINT)).toBe(moments[index])
      await restored.run('postgres', 'create extension if not exists amcheck')
      await restored.run('postgres', `select bt_index_check('ledger_pkey', true)`)
    }
  })
})

test('AUTO takes a FULL first, then archived WAL while it is little, else every page, and what the server tracks', async () => {
  await using scratch = await scratchDirectory('auto')
  const archive = serverDirectory(path.join(scratch.path, 'archive'))
  await using server = await startServer(scratch.path, {
    major: 17,
    walSegmentMb: 1,
    settings: {
      archive_mode: 'on',
      archive_command: `'cp %p "${archive}/%f.part" && mv "${archive}/%f.part" "${archive}/%f"'`,
      autovacuum: 'off',
    },
  })
  await using engine = await startEngine()
  const ref = await engine.register(path.join(scratch.path, 'catalog'), server)
  await linkArchive(ref, archive)
  /** Ends the segment that is being written, and waits until it is archived. */
  const archived = async (): Promise<string> => {
    const name = await endSegment(server)
    await expect.poll(() => existsSync(path.join(archive, name))).toBe(true)
    return path.join(archive, name)
  }
  const write = (megabytes: number) =>
    server.run(
      'postgres',
      `insert into grown select repeat('x', 1000) from generate_series(1, ${megabytes * 1000})`,
    )
  await server.run('postgres', 'create table grown (x text)')
  await write(20)

  expect(await taken(engine, ref, 'AUTO')).toMatchObject({
    mode: 'FULL',
    because: expect.stringContaining('there is no usable FULL'),
  })
  await write(1)
  await archived()
  expect(await taken(engine, ref, 'AUTO')).toMatchObject({
    mode: 'PAGE',
    because: expect.stringContaining('at most a quarter'),
  })
  await write(20)
  await archived()
  expect(await taken(engine, ref, 'AUTO')).toMatchObject({
    mode: 'DELTA',
    because: expect.stringContaining('more than a quarter'),
  })
  await write(1)
  const lost = await archived()
  await write(1)
  await archived()
  await rm(lost)
  expect(await failure(engine, ref, 'PAGE')).toMatchObject({
    message: expect.stringContaining(path.basename(lost)),
    hint: expect.stringContaining('DELTA'),
  })
  expect(await taken(engine, ref, 'AUTO')).toMatchObject({
    mode: 'DELTA',
    because: expect.stringContaining('is not in the archive'),
  })

  await server.run('postgres', 'alter system set summarize_wal = on', 'select pg_reload_conf()')
  // Whether the first summaries reach back to the parent is the server's affair; from the next FULL on they do.
  await backUp(engine, ref, 'FULL')
  expect(await taken(engine, ref, 'AUTO')).toMatchObject({
    mode: 'PTRACK',
    because: expect.stringContaining('has summarized its WAL'),
  })
})

test('PTRACK follows WAL summaries from one timeline to the next, and is refused where they have a gap', async () => {
  await using scratch = await scratchDirectory('timelines')
  await using server = await startServer(scratch.path, { major: 17, settings: SUMMARIES })
  await using engine = await startEngine()
  const ref = await engine.register(path.join(scratch.path, 'catalog'), server)
  await fill(server)
  await backUp(engine, ref, 'FULL')
  // Each in its place: what one timeline changed must not be covered up by what the next one did.
  await change(server, 1)
  await promote(server, engine, ref)
  await change(server, 4)
  await promote(server, engine, ref)
  await change(server, 5)
  const { id, mode, log } = await taken(engine, ref, 'AUTO')
  expect(mode).toBe('PTRACK')
  expect(log).toContain('by WAL summaries')
  const { backups } = await engine.client['backups.list'](ref)
  expect(backups.map(({ timeline }) => timeline)).toEqual([3, 1])
  await using restored = await restore(engine, ref, id, scratch.path, server)
  expect(await restored.value('postgres', FINGERPRINT)).toBe(await server.value('postgres', FINGERPRINT))

  await change(server, 3)
  await promote(server, engine, ref)
  const summaries = path.join(server.dataDirectory, 'pg_wal', 'summaries')
  for (const name of await readdir(summaries)) {
    if (name.startsWith('00000003')) await rm(path.join(summaries, name))
  }
  expect(await failure(engine, ref, 'PTRACK')).toMatchObject({
    code: 'plan.refused',
    message: expect.stringContaining('on timeline 3'),
    hint: expect.stringContaining('DELTA'),
  })
  expect(await taken(engine, ref, 'AUTO')).toMatchObject({
    mode: 'DELTA',
    because: expect.stringContaining('do not cover'),
  })
})

test('PTRACK reads the pages that the extension ptrack names, and of those what has changed', async () => {
  await using scratch = await scratchDirectory('ptrack')
  await using server = await startServer(scratch.path, {
    major: 17,
    // It would change pages that nobody else does.
    settings: { ...PTRACK_SETTINGS, autovacuum: 'off' },
  })
  await using engine = await startEngine()
  const ref = await engine.register(path.join(scratch.path, 'catalog'), server)
  await fill(server)
  await server.run(
    'postgres',
    'create table untold as select 1 as n',
    'create table ballast as select md5(g::text) from generate_series(1, 200000) g',
  )
  const fileOf = (table: string) => server.value('postgres', `select pg_relation_filepath('${table}')`)
  const ptrack = await installPtrackDouble(server)
  const began = await server.value('postgres', 'select pg_current_wal_lsn()')
  const full = await taken(engine, ref, 'FULL')

  await change(server, 1)
  await server.run('postgres', 'update untold set n = 2')
  await ptrack.exaggerate(await fileOf('ballast'))
  await ptrack.hide(await fileOf('untold'))
  const first = await taken(engine, ref, 'AUTO')
  expect(first).toMatchObject({ mode: 'PTRACK', because: expect.stringContaining('ptrack 2.4 has tracked') })
  expect(first.log).toContain('by ptrack 2.4')
  // All of `ballast` would be most of the cluster.
  expect(first.dataBytes).toBeLessThan(full.dataBytes / 2)
  await change(server, 2)
  await change(server, 3)
  const { id } = await taken(engine, ref, 'PTRACK')
  await using restored = await restore(engine, ref, id, scratch.path, server)
  expect(await restored.value('postgres', FINGERPRINT)).toBe(await server.value('postgres', FINGERPRINT))
  // A page that the map leaves out was not read: it is the map that decides.
  expect(await restored.value('postgres', 'select n from untold')).toBe('1')

  await ptrack.beginAt('F/0')
  expect(await failure(engine, ref, 'PTRACK')).toMatchObject({
    message: expect.stringContaining('ptrack began to track at F/0'),
  })
  await ptrack.beginAt(began)
  await ptrack.pretendVersion('1.7')
  expect(await failure(engine, ref, 'PTRACK')).toMatchObject({
    code: 'plan.refused',
    message: expect.stringContaining('older than 2.0'),
    hint: expect.stringContaining('Update ptrack'),
  })
  expect(await taken(engine, ref, 'AUTO')).toMatchObject({
    mode: 'DELTA',
    because: expect.stringContaining('older than 2.0'),
  })

  await ptrack.pretendVersion('2.4')
  await server.run('postgres', 'alter system set summarize_wal = on', 'select pg_reload_conf()')
  await backUp(engine, ref, 'FULL')
  expect((await taken(engine, ref, 'PTRACK')).log).toContain('by WAL summaries')
})

test('an increment without a parent, and tracking that does not reach, are refused before anything starts', async () => {
  await using scratch = await scratchDirectory('refused')
  await using server = await startServer(scratch.path, { major: 17 })
  await using engine = await startEngine()
  const ref = await engine.register(path.join(scratch.path, 'catalog'), server)

  expect(await failure(engine, ref, 'DELTA')).toMatchObject({
    code: 'plan.refused',
    hint: expect.stringContaining('FULL'),
  })
  await backUp(engine, ref, 'FULL')
  expect(await failure(engine, ref, 'PTRACK')).toMatchObject({
    code: 'plan.refused',
    message: expect.stringContaining('summarize_wal is off'),
    hint: expect.stringContaining('DELTA'),
  })
  expect(await failure(engine, ref, 'PAGE')).toMatchObject({
    code: 'plan.refused',
    message: expect.stringContaining('archive_mode is off'),
  })
  expect((await engine.client['backups.list'](ref)).backups).toHaveLength(1)
})

test('an increment builds on a backup of every release of the format that is known, and of none after it', async () => {
  await using scratch = await scratchDirectory('increments-writer')
  await using server = await startServer(scratch.path)
  await using engine = await startEngine()
  const ref = await engine.register(path.join(scratch.path, 'catalog'), server)
  const full = await taken(engine, ref, 'FULL')
  const rewriteVersion = (id: string, version: string) => {
    const file = path.join(ref.catalog, 'backups', ref.instance, id, 'backup.control')
    const text = readFileSync(file, 'utf8')
    writeFileSync(file, text.replace(/^program-version = .*$/m, `program-version = ${version}`))
  }

  rewriteVersion(full.id, '2.5.16')
  const delta = await taken(engine, ref, 'DELTA')
  expect(delta.mode).toBe('DELTA')

  rewriteVersion(delta.id, '2.6.0')
  expect(await failure(engine, ref, 'DELTA')).toMatchObject({ code: 'catalog.newer-version' })
  // Nothing began: neither a directory in the catalog nor backup mode.
  expect(readdirSync(path.join(ref.catalog, 'backups', ref.instance)).toSorted()).toEqual(
    [full.id, delta.id, 'pg_probackup.conf'].toSorted(),
  )
  expect(await taken(engine, ref, 'AUTO')).toMatchObject({
    mode: 'FULL',
    because: expect.stringContaining('version 2.6.0'),
  })
})
