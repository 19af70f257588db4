import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AccidentRecord, RelationNameRecord } from '../api/contract/wal-index.ts'
import type { EmbeddedMajor } from '../host/embedded-postgres.ts'
import { makeArchive, type TestArchive } from '../testing/archives.ts'
import { startEngine, type TestEngine } from '../testing/engines.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { endSegment, serverMajors, startServer, type TestServer } from '../testing/servers.ts'
import { until } from '../testing/until.ts'

const OTHER_DATABASE = 'Büro "2"'
const ODD = '"Söme Schéma"."Ünï ""q"" 表"'

type World = {
  readonly archive: TestArchive
  readonly engine: TestEngine
  readonly server: TestServer
  readonly ref: { readonly catalog: string; readonly instance: string }
  /** Transactions by what they did. */
  readonly xids: Readonly<Record<string, number>>
  readonly firstId: string
  readonly lastId: string
  /** Of the database `shop`. */
  readonly pgClassFile: string
}

describe.each(serverMajors())('what PostgreSQL %i dropped', (major) => {
  const cleanUp = new AsyncDisposableStack()
  let world: World
  beforeAll(async () => {
    world = await liveThrough(major, cleanUp)
  })
  afterAll(() => cleanUp.disposeAsync())

  test('has its names, kinds and owners from a chain of compressed backups', async () => {
    const ledger = await accidentOf(world, 'ledger')
    expect(ledger.namesProblem).toBeUndefined()
    expect(namesOf(ledger)).toEqual([
      'shop.public.ledger table',
      'shop.public.ledger_amount index of public.ledger',
      'shop.public.ledger_pkey index of public.ledger',
      'shop.public.ledger_seq sequence',
      'shop.pg_toast.TOAST toast of public.ledger',
      'shop.pg_toast.TOAST toast-index of public.ledger',
    ])
    expect(ledger.relations.every(({ name }) => name?.backupId === world.lastId)).toBe(true)
    // It was made after the FULL, and the increment has it.
    expect(namesOf(await accidentOf(world, 'second'))).toEqual(['shop.public.second table'])
  })

  test('has odd names, and those in tablespaces and other databases', async () => {
    const [odd] = (await accidentOf(world, 'odd')).relations
    expect(odd?.name).toMatchObject({
      schema: 'Söme Schéma',
      relation: 'Ünï "q" 表',
      database: OTHER_DATABASE,
      isInferred: false,
    })
    expect(namesOf(await accidentOf(world, 'fast'))).toEqual([
      'shop.public.fast table',
      'shop.public.fast_pkey index of public.fast',
    ])
    expect(namesOf(await accidentOf(world, 'parts'))).toEqual([
      'shop.public.parts_1 table',
      'shop.public.parts_2 table',
    ])
    expect(namesOf(await accidentOf(world, 'view'))).toEqual(['shop.public.seen materialized-view'])
  })

  test('has the names of its time: of before a renaming that no backup saw, and both of one that it saw', async () => {
    expect(namesOf(await accidentOf(world, 'renamed'))).toEqual(['shop.public.old_name table'])
    const [seen] = (await accidentOf(world, 'seen')).relations
    expect(seen?.name).toMatchObject({
      relation: 'new_name_2',
      otherNames: [{ schema: 'public', relation: 'old_name_2' }],
    })
  })

  test('is told by what it was before when it got a new file that no backup has', async () => {
    for (const which of ['rewritten', 'emptied']) {
      const { relations, namesProblem } = await accidentOf(world, which)
      expect(namesProblem).toBeUndefined()
      expect(relations).toHaveLength(4)
      expect(relations.map(({ name }) => `${name?.kind} ${name?.relation}`).toSorted()).toEqual([
        `part ${which}`,
        `part ${which}`,
        `part ${which}`,
        `table ${which}`,
      ])
      expect(relations.every(({ name }) => name?.isInferred)).toBe(true)
    }
  })

  test('has no name when a transaction replaced it by something of another shape', async () => {
    const { relations, namesProblem, databaseNames } = await accidentOf(world, 'replacement')
    expect(relations.map(({ name }) => name)).toEqual([undefined])
    // Its database has one all the same.
    expect(databaseNames).toEqual([{ oid: relations[0]?.databaseOid, name: expect.any(String) }])
    expect(namesProblem).toEqual({ code: 'names.not-in-backup', values: { backup: world.lastId } })
  })

  test('a database is told by its name', async () => {
    const { databaseNames } = await accidentOf(world, 'database')
    expect(databaseNames?.map(({ name }) => name)).toEqual(['gone'])
  })

  test('is found by name', async () => {
    const find = async (relationName: string): Promise<readonly number[]> => {
      const { accidents } = await world.engine.client['wal.accidents']({ ...world.ref, relationName })
      return accidents.map(({ xid }) => xid)
    }
    const { ledger, odd, renamed, database } = world.xids
    expect(await find('public.ledger')).toEqual([ledger])
    expect(await find('SHOP.public.ledger_pkey')).toEqual([ledger])
    expect(await find(ODD)).toEqual([odd])
    expect(await find('old_name')).toContain(renamed)
    expect(await find('gone')).toEqual([database])
    expect(await find('nothing of the kind')).toEqual([])
  })

  test('has no names, and says why, when the system tables in the backups are damaged', async () => {
    const file = path.join(world.ref.catalog, 'backups', 'main', world.firstId, 'database', world.pgClassFile)
    const sound = await readFile(file)
    const damaged = Uint8Array.from(sound)
    // In a page that is not compressed a name, so that nothing but the checksum tells.
    const place = sound.indexOf('ledger\0')
    const at = place < 0 ? Math.floor(sound.length / 2) : place
    damaged[at] = (damaged[at] ?? 0) ^ 1
    await writeFile(file, damaged)
    try {
      await using engine = await startEngine()
      await index({ ...world, engine })
      const ledger = await accidentOf({ ...world, engine }, 'ledger')
      expect(ledger.relations.map(({ name }) => name)).toEqual(ledger.relations.map(() => undefined))
      expect(ledger.namesProblem).toMatchObject({
        code: 'names.unreadable',
        values: { backup: world.lastId },
      })
      expect(String(ledger.namesProblem?.values['message'])).toContain(world.pgClassFile)
      // The other database has its own.
      expect((await accidentOf({ ...world, engine }, 'odd')).relations[0]?.name).toBeDefined()
    } finally {
      await writeFile(file, sound)
    }
  })
})

async function accidentOf({ engine, ref, xids }: World, which: string): Promise<AccidentRecord> {
  const { accidents } = await engine.client['wal.accidents']({ ...ref, xid: xids[which] ?? 0 })
  const [accident] = accidents
  if (accident === undefined) throw new Error(`no accident "${which}"`)
  return accident
}

function namesOf({ relations }: AccidentRecord): readonly string[] {
  const text = ({ database, schema, relation, kind, owner }: RelationNameRecord): string =>
    `${database}.${schema}.${relation.replace(/pg_toast_\d+(_index)?/, 'TOAST')} ${kind}` +
    (owner === undefined ? '' : ` of ${owner.schema}.${owner.relation}`)
  const order = (one: string): string => (one.includes('pg_toast') ? '1' : '0') + one
  return relations
    .map(({ name }) => (name === undefined ? 'nameless' : text(name)))
    .toSorted((a, b) => (order(a) < order(b) ? -1 : 1))
}

async function index({ engine, ref }: Pick<World, 'engine' | 'ref'>): Promise<void> {
  const job = await engine.ended(engine.client['wal.index.start'](ref))
  expect(job.error).toBeUndefined()
}

async function liveThrough(major: EmbeddedMajor, cleanUp: AsyncDisposableStack): Promise<World> {
  const scratch = cleanUp.use(await scratchDirectory('relation-names')).path
  const archive = makeArchive(scratch)
  const server = cleanUp.use(
    await startServer(scratch, {
      major,
      walSegmentMb: 1,
      settings: { ...archive.settings, autovacuum: 'off' },
    }),
  )
  const engine = cleanUp.use(await startEngine())
  const ref = await engine.register(path.join(scratch, 'catalog'), server)
  await archive.serve(ref)
  const other = OTHER_DATABASE.replaceAll('"', '""')
  await server.run(
    'postgres',
    'create database shop',
    `create database "${other}"`,
    'create database gone',
    `create tablespace fast location '${server.directory('fast')}'`,
  )
  await server.run(
    'shop',
    'create table ledger (id int primary key, amount int, note text)',
    'create index ledger_amount on ledger (amount)',
    'create sequence ledger_seq owned by ledger.id',
    'create table fast (id int) tablespace fast',
    'alter table fast add primary key (id) using index tablespace fast',
    'create table parts (id int) partition by range (id)',
    'create table parts_1 partition of parts for values from (0) to (10)',
    'create table parts_2 partition of parts for values from (10) to (20)',
    'create materialized view seen as select 1 as one',
    'create table old_name (id int)',
    'create table old_name_2 (id int)',
    'create table rewritten (id int primary key, note text)',
    'insert into rewritten select n from generate_series(1, 1000) n',
    'create table emptied (id int primary key, note text)',
    'insert into emptied select n from generate_series(1, 1000) n',
    'create table replaced (id int primary key, note text)',
  )
  await server.run(OTHER_DATABASE, 'create schema "Söme Schéma"', `create table ${ODD} (id int)`)
  const take = async (
    mode: 'FULL' | 'DELTA',
    compressAlgorithm: 'none' | 'zlib' | 'pglz',
  ): Promise<string> => {
    const job = await engine.ended(
      engine.client['backups.start']({
        ...ref,
        mode,
        isStream: true,
        isSynced: false,
        compressAlgorithm,
        compressLevel: 1,
      }),
    )
    expect(job.error).toBeUndefined()
    return job.result?.kind === 'backup' ? job.result.backupId : ''
  }
  const firstId = await take('FULL', major === 17 ? 'none' : 'zlib')
  await server.run('shop', 'create table second (id int)', 'alter table old_name_2 rename to new_name_2')
  const lastId = await take('DELTA', 'pglz')

  await server.run(
    'shop',
    'alter table old_name rename to new_name',
    'vacuum full rewritten',
    'truncate emptied',
    'begin',
    'drop table replaced',
    'create table replacement (id int)',
    'commit',
  )
  const xids: Record<string, number> = {}
  const commit = async (which: string, database: string, statement: string): Promise<void> => {
    await using session = await server.session(database)
    await session.query('begin')
    await session.query(statement)
    const { rows } = await session.query('select txid_current()::text as xid')
    await session.query('commit')
    xids[which] = Number(rows[0]?.['xid'])
  }
  for (const table of ['ledger', 'second', 'fast', 'parts', 'rewritten', 'emptied', 'replacement'])
    await commit(table, 'shop', `drop table ${table}`)
  await commit('view', 'shop', 'drop materialized view seen')
  await commit('renamed', 'shop', 'drop table new_name')
  await commit('seen', 'shop', 'drop table new_name_2')
  await commit('odd', OTHER_DATABASE, `drop table ${ODD}`)
  xids['database'] = Number(await server.value('postgres', 'select txid_current()'))
  await server.run('postgres', 'drop database gone')
  xids['database']++
  const pgClassFile = await server.value('shop', "select pg_relation_filepath('pg_class')")
  const last = await endSegment(server)
  await until(() => existsSync(path.join(archive.directory, last)))
  await server.stop('immediate')
  const world = { archive, engine, server, ref, xids, firstId, lastId, pgClassFile }
  await index(world)
  return world
}
