import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { parseBackupId } from '../base/backup-id.ts'
import { decodeControlFile } from '../format/control-file.ts'
import { makeArchive } from '../testing/archives.ts'
import { compareClusters } from '../testing/compare-clusters.ts'
import { startEngine, type TestEngine } from '../testing/engines.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { serverDirectory, startRestored, startServer, type TestServer } from '../testing/servers.ts'

type Ref = { readonly catalog: string; readonly instance: string }

/** Each backup of the chain, and the line of its log after which database `busy` is written to before it goes on. */
const CHAIN = [
  { mode: 'FULL', isStream: true, pause: undefined },
  // It waits for the first segment in the archive before it lists the files.
  { mode: 'DELTA', isStream: false, pause: 'backup starts at' },
  // It waits for the archive when the files are listed already.
  { mode: 'PAGE', isStream: true, pause: 'the data directory holds' },
  { mode: 'PTRACK', isStream: true, pause: undefined },
] as const

test('the files of each restored increment are, byte for byte, those of the server that it was taken from', async () => {
  await using scratch = await scratchDirectory('same-bytes')
  const archive = makeArchive(scratch.path)
  await using server = await startServer(scratch.path, {
    major: 17,
    walSegmentMb: 1,
    settings: {
      summarize_wal: 'on',
      ...archive.settings,
      // Nobody but the test may change anything.
      autovacuum: 'off',
      max_prepared_transactions: '8',
      track_commit_timestamp: 'on',
    },
  })
  await using engine = await startEngine()
  const ref = await engine.register(path.join(scratch.path, 'catalog'), server)
  await archive.serve(ref)
  await server.run(
    'postgres',
    `create tablespace aside location '${server.directory('aside')}'`,
    'create database busy',
  )
  await fill(server, 'postgres')
  await fill(server, 'busy')
  const busy = await server.value('postgres', `select oid from pg_database where datname = 'busy'`)
  const isReplayed = (name: string): boolean => path.dirname(name).endsWith(`/${busy}`)

  let before: string | undefined
  for (const [step, { mode, isStream, pause }] of CHAIN.entries()) {
    if (step > 0) {
      await change(server, 'postgres', step)
      await changeFiles(server, step)
    }
    if (pause !== undefined) await archive.close()
    const started = engine.client['backups.start']({ ...ref, mode, isStream, threads: 2, isSynced: false })
    if (pause !== undefined) {
      const { job } = await started
      const said = async () => (await engine.client['jobs.log']({ job, from: 0 })).entries
      await expect
        .poll(async () => (await said()).some(({ message }) => message.startsWith(pause)))
        .toBe(true)
      await change(server, 'busy', step)
      await archive.open()
    }
    const { error, backupId } = await engine.ended(started)
    expect(error).toBeUndefined()
    if (mode === 'FULL') continue

    await server.stop('fast')
    const dataDirectory = path.join(serverDirectory(path.join(scratch.path, `restored-${mode}`)), 'data')
    await restoreAndStop(engine, ref, String(backupId), dataDirectory, archive.directory, server)
    const compared = await compareClusters(server.dataDirectory, dataDirectory, isReplayed)
    expect(compared.differences, mode).toEqual([])
    expect(compared.files).toBeGreaterThan(1000)
    if (before !== undefined) {
      // Whoever sees no difference here would see none above either.
      const { differences } = await compareClusters(server.dataDirectory, before, isReplayed)
      expect(differences.length).toBeGreaterThan(100)
    }
    before = dataDirectory
    await server.start()
    await engine.client['instances.change-config']({ ...ref, values: { pgport: String(server.port) } })
  }
})

/** Lets a server recover on what was restored, and shuts it down without anybody having looked. */
async function restoreAndStop(
  engine: TestEngine,
  ref: Ref,
  id: string,
  dataDirectory: string,
  archive: string,
  server: TestServer,
): Promise<void> {
  const bare = { ...ref, id: parseBackupId(id), dataDirectory, threads: 2, isSynced: false }
  const plan = await engine.client['restore.plan'](bare)
  const { error } = await engine.ended(
    engine.client['restore.start']({
      ...bare,
      tablespaceMapping: plan.tablespaces.map(({ from, oid }) => ({ from, to: `${dataDirectory}-${oid}` })),
      ...(!plan.backup.isStream && {
        restoreCommand: `cp "${archive}/%f" "%p"`,
        targetAction: 'promote',
      }),
    }),
  )
  expect(error).toBeUndefined()
  await using restored = await startRestored(dataDirectory, server.major, server.password)
  // A session would tidy up pages and write caches.
  const control = path.join(dataDirectory, 'global', 'pg_control')
  await expect.poll(() => decodeControlFile(readFileSync(control)).state).toBe('in-production')
  await restored.stop('fast')
}

/** Relations of every kind. */
async function fill(server: TestServer, database: string): Promise<void> {
  await server.run(
    database,
    'create table ledger as select g as id, md5(g::text) as v, g % 100 as kind from generate_series(1, 10000) g',
    'alter table ledger add primary key (id)',
    'create index on ledger using hash (v)',
    'create index on ledger using gin ((array[kind, id % 10]))',
    'create index on ledger using gist (point(id, kind))',
    'create index on ledger using spgist (v)',
    'create index on ledger using brin (id)',
    'create table grown (x text) tablespace aside',
    `insert into grown select repeat('y', 500) from generate_series(1, 3000)`,
    'create table wide (id int, x text)',
    'alter table wide alter x set storage external',
    `insert into wide select g, repeat(md5(g::text), 200) from generate_series(1, 100) g`,
    'create unlogged table cache as select g from generate_series(1, 1000) g',
    'create index on cache (g)',
    'create table counted (id bigint generated always as identity, v int)',
    'insert into counted (v) select g from generate_series(1, 100) g',
    'vacuum ledger',
  )
}

/** Changes of rows: with subtransactions, a prepared transaction and a row that two lock. */
async function change(server: TestServer, database: string, step: number): Promise<void> {
  await server.run(
    database,
    `update ledger set v = md5(v) where id % 50 = ${step}`,
    `delete from ledger where id % 97 = ${step}`,
    `insert into ledger select g, md5(g::text), g % 100 from generate_series(${step * 100_000}, ${step * 100_000 + 500}) g`,
    `insert into grown select repeat('x', 500) from generate_series(1, 500)`,
    `update wide set x = repeat(md5(id::text || '${step}'), 150) where id % 10 = ${step}`,
    `create table made_${step} as select generate_series(1, 300) as n`,
    'insert into counted (v) select g from generate_series(1, 10) g',
    'begin',
    'insert into counted (v) values (1)',
    'savepoint undone',
    'insert into counted (v) values (2)',
    'rollback to undone',
    'update counted set v = v + 1 where id = 5',
    'commit',
    'begin',
    'insert into counted (v) values (7)',
    `prepare transaction '${database} ${step}'`,
    'vacuum ledger',
  )
  await using one = await server.session(database)
  await using other = await server.session(database)
  for (const session of [one, other]) {
    await session.query('begin')
    await session.query('select from counted where id < 5 for share')
  }
  await one.query('commit')
  await other.query('commit')
}

/** Changes that leave other files behind. */
async function changeFiles(server: TestServer, step: number): Promise<void> {
  if (step === 1) {
    await server.run(
      'postgres',
      'truncate grown',
      'vacuum full wide',
      'create database side strategy wal_log',
    )
  }
  if (step === 2) {
    await server.run(
      'postgres',
      'create database other strategy file_copy',
      'alter table grown set tablespace pg_default',
      'reindex table ledger',
    )
  }
  if (step === 3) {
    await server.run(
      'postgres',
      "delete from grown where ctid > '(20,0)'",
      'vacuum grown',
      'drop database side',
    )
  }
}
