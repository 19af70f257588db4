import { readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { DrillRecord } from '../api/contract/drills.ts'
import { SILENT_LOG } from '../base/log.ts'
import { type EmbeddedMajor, findEmbeddedPrograms } from '../host/embedded-postgres.ts'
import { openSession } from '../server/connection.ts'
import { makeArchive } from '../testing/archives.ts'
import { startEngine, type TestEngine } from '../testing/engines.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { outerMajors, serverDirectory, serverMajors, startServer } from '../testing/servers.ts'

type DrillCall = Parameters<TestEngine['client']['drills.start']>[0]

const ROWS = 40_000

describe.each(outerMajors())('a drill on PostgreSQL %i', (major: EmbeddedMajor) => {
  const cleanUp = new AsyncDisposableStack()
  let engine: TestEngine
  let ref: { readonly catalog: string; readonly instance: string }
  let base: DrillCall
  let place: string
  let archiveDirectory: string

  beforeAll(async () => {
    const scratch = cleanUp.use(await scratchDirectory('drill'))
    const archive = makeArchive(scratch.path)
    const server = cleanUp.use(
      await startServer(scratch.path, { major, walSegmentMb: 1, settings: archive.settings }),
    )
    engine = cleanUp.use(await startEngine({ stateDirectory: path.join(scratch.path, 'state') }))
    ref = await engine.register(path.join(scratch.path, 'catalog'), server)
    await archive.serve(ref)
    await server.run(
      'postgres',
      'create database shop',
      `create table account (id int primary key, name text)`,
      'create table gone as select n from generate_series(1, 50) n',
      `insert into account select n, repeat('x', 40) || n from generate_series(1, ${ROWS}) n`,
    )
    await server.run('shop', 'create table item as select n from generate_series(1, 100) n')
    const { error } = await engine.ended(engine.client['backups.start']({ ...ref, mode: 'FULL' }))
    expect(error).toBeUndefined()
    await server.run(
      'postgres',
      `insert into account select n, repeat('y', 40) || n from generate_series(${ROWS + 1}, ${2 * ROWS}) n`,
      `select pg_create_restore_point('here')`,
      'delete from account',
      'drop table gone',
      'select pg_switch_wal()',
    )
    await server.stop('fast')
    place = serverDirectory(path.join(scratch.path, 'drills'))
    archiveDirectory = archive.directory
    base = {
      ...ref,
      scratchDirectory: place,
      programs: findEmbeddedPrograms(major),
      restoreCommand: `cp "${archive.directory}/%f" "%p"`,
      threads: 2,
    }
  })
  afterAll(() => cleanUp.disposeAsync())

  const drill = async (request: Partial<DrillCall>): Promise<DrillRecord> => {
    const job = await engine.ended(engine.client['drills.start']({ ...base, ...request }))
    if (job.result?.kind !== 'drill') throw new Error(JSON.stringify(job.error))
    return job.result.drill
  }
  const failed = ({ checks }: DrillRecord) => checks.filter(({ state }) => state === 'failed')
  const HERE = { kind: 'name', name: 'here' } as const

  test('is known to whoever opens the catalog, and compared with by the next drill', async () => {
    const record = await drill({ target: HERE })
    // An engine without state, as every command of the command line has it.
    await using other = await startEngine()
    const { catalog: _, scratchId: _id, ...kept } = record
    expect(await other.client['drills.latest'](ref)).toMatchObject([JSON.parse(JSON.stringify(kept))])
    const job = await other.ended(other.client['drills.start']({ ...base, target: HERE }))
    expect(job.result).toMatchObject({
      kind: 'drill',
      drill: { checks: expect.arrayContaining([expect.objectContaining({ code: 'rows-as-expected' })]) },
    })
    // And back: the engine that has state sees what the other one did.
    const [newest] = await engine.client['drills.list'](ref)
    expect(job.result).toMatchObject({ drill: { id: newest?.id } })
  })

  test('passes, tells what it did, and leaves nothing', async () => {
    const record = await drill({
      target: HERE,
      sqlChecks: [
        {
          database: 'postgres',
          sql: 'select count(*), max(id) from public.account',
          expected: `${2 * ROWS}|${2 * ROWS}`,
        },
      ],
    })
    expect(failed(record)).toEqual([])
    expect(record.isPassed).toBe(true)
    expect(record.steps.map(({ step }) => step)).toEqual(['restore', 'start', 'replay', 'checks', 'remove'])
    expect(record.stop).toMatchObject({ timeline: 1 })
    expect(record.checks).toContainEqual(expect.objectContaining({ check: 'target', state: 'passed' }))
    expect(record.checks).toContainEqual(
      expect.objectContaining({
        code: 'tables-counted',
        values: expect.objectContaining({ database: 'shop', rows: 100 }),
      }),
    )
    expect(await readdir(place)).toEqual([])
    expect(await engine.client['drills.latest'](ref)).toEqual([record])

    await engine.ended(engine.client['wal.index.start'](ref))
    const moment = await engine.client['recovery.moment']({ ...ref, target: HERE })
    expect(JSON.stringify(moment)).toMatch(/"replaySeconds":\{/)
  })

  test('fails where SQL gives something else', async () => {
    const record = await drill({
      target: HERE,
      sqlChecks: [
        { database: 'shop', sql: 'select count(*) from public.item', expected: '99' },
        { database: 'shop', sql: 'select 1/0' },
        { database: 'shop', sql: 'delete from public.item' },
      ],
    })
    expect(record.isPassed).toBe(false)
    expect(failed(record).map(({ code, values }) => [code, values['found'] ?? values['message']])).toEqual([
      ['sql-differs', '"100"'],
      ['sql-failed', 'division by zero'],
      ['sql-failed', expect.stringContaining('"delete" is not run here')],
    ])
  })

  test('that fails makes the instance red and says why, until another one passes', async () => {
    const severity = async () => {
      const [catalog] = await engine.client['fleet.list']({})
      return catalog?.instances.find(({ instance }) => instance === ref.instance)?.protection.severity
    }
    const sqlChecks = [{ database: 'shop', sql: 'select count(*) from public.item', expected: '99' }]
    await drill({ target: HERE, sqlChecks })
    expect(await severity()).toBe('problem')
    const { protection, todo } = await engine.client['instances.overview'](ref)
    expect(protection.sentence.code).toBe('drill-failed')
    expect(todo[0]).toMatchObject({
      severity: 'problem',
      sentence: { code: 'drill-failed' },
      finding: { code: 'sql-differs', values: { found: '"100"' } },
    })
    await drill({ target: HERE })
    expect(await severity()).not.toBe('problem')
    expect(JSON.stringify((await engine.client['instances.overview'](ref)).todo)).not.toContain('drill')
  })

  test('fails where a table has other rows than the last time, at this moment or before it', async () => {
    await drill({ target: { kind: 'immediate' } })
    const record = await drill({ target: HERE, tolerancePercent: 10 })
    expect(failed(record)).toMatchObject([
      { code: 'rows-differ', values: { table: 'public.account', expected: ROWS, found: 2 * ROWS } },
    ])
    // What was there later says nothing of it.
    expect(failed(await drill({ target: { kind: 'immediate' }, tolerancePercent: 10 }))).toEqual([])
  })

  test('fails, and says so, where the target cannot be reached', async () => {
    const record = await drill({ target: { kind: 'name', name: 'nowhere' } })
    expect(record.isPassed).toBe(false)
    expect(failed(record)).toMatchObject([{ check: 'restore', code: 'restore-failed' }])
    expect(failed(record)[0]?.values['message']).toMatch(/target/)
    expect(await readdir(place)).toEqual([])
  })

  test('that is cancelled leaves no file and no server', async () => {
    for (const phase of ['any', 'replay', 'check-data'] as const) {
      const { job } = await engine.client['drills.start']({
        ...base,
        target: HERE,
        ...(phase === 'replay' && { restoreCommand: 'sleep 30' }),
        sqlChecks: [{ database: 'postgres', sql: 'select pg_sleep(60)' }],
      })
      for await (const { progress } of engine.client['jobs.watch']({ job })) {
        if (progress !== undefined && (phase === 'any' || progress.phase === phase))
          await engine.client['jobs.cancel']({ job })
      }
      expect((await engine.client['jobs.get']({ job })).state).toBe('cancelled')
      expect(await readdir(place)).toEqual([])
    }
  })

  test('is kept as a server that only reads, until it is stopped', async () => {
    const { scratchId = '' } = await drill({ target: HERE, keepMinutes: 5 })
    const [kept] = await engine.client['scratch.list']({})
    expect(kept).toMatchObject({ id: scratchId, databases: ['postgres', 'shop'] })
    const result = await engine.client['scratch.query']({
      id: scratchId,
      database: 'postgres',
      sql: 'table public.account order by id',
    })
    expect(result).toMatchObject({ columns: ['id', 'name'], isCut: true })
    expect(result.rows).toHaveLength(1000)
    for (const sql of [
      'select 1; select 2',
      'delete from public.account',
      'with gone as (delete from public.account returning 1) table gone',
    ])
      await expect(
        engine.client['scratch.query']({ id: scratchId, database: 'postgres', sql }),
      ).rejects.toThrow()
    const sleeping = engine.client['scratch.query']({
      id: scratchId,
      database: 'postgres',
      sql: 'select pg_sleep(60)',
      limitSeconds: 1,
    })
    await expect(sleeping).rejects.toMatchObject({ code: 'run.timeout' })
    await engine.client['scratch.stop']({ id: scratchId })
    expect(await readdir(place)).toEqual([])
  })

  test('leaves a server that can be promoted, and then neither archives nor leaves anything', async () => {
    const { scratchId = '' } = await drill({ target: HERE, keepMinutes: 5 })
    const ask = async (sql: string) => {
      const asked = { id: scratchId, database: 'postgres', sql }
      return (await engine.client['scratch.query'](asked)).rows[0]?.[0]
    }
    const archived = await readdir(archiveDirectory)
    expect(await engine.client['scratch.list']({})).toMatchObject([{ id: scratchId, state: 'paused' }])
    expect(await ask('select pg_is_in_recovery()')).toBe('t')
    const promoted = await engine.client['scratch.promote']({ id: scratchId })
    expect(promoted).toMatchObject({ state: 'open', timeline: 1 })
    expect(await engine.client['scratch.promote']({ id: scratchId })).toMatchObject({ state: 'open' })
    expect(await ask('select pg_is_in_recovery()')).toBe('f')
    expect(await ask('show archive_mode')).toBe('off')
    expect(await ask('select count(*) from public.account')).toBe(String(2 * ROWS))
    const { host, port, user } = promoted.connection
    await using session = await openSession(
      { host, port: Number(port), user, password: '', database: 'postgres', sslMode: 'disable', env: {} },
      { signal: new AbortController().signal, log: SILENT_LOG },
    )
    await session.query('insert into public.account values (0)')
    await session.query('select pg_switch_wal()')
    await engine.client['scratch.stop']({ id: scratchId })
    expect(await readdir(archiveDirectory)).toEqual(archived)
    expect(await readdir(place)).toEqual([])
    await expect(engine.client['scratch.promote']({ id: scratchId })).rejects.toMatchObject({
      code: 'value.malformed',
    })
  })

  test('just before a drop reads the table that the drop had locked', async () => {
    await engine.ended(engine.client['wal.index.start'](ref))
    const { accidents } = await engine.client['wal.accidents']({ ...ref, relationName: 'gone' })
    const [drop] = accidents
    const record = await drill({
      target: { kind: 'xid', xid: String(drop?.xid) },
      isInclusive: false,
      sqlChecks: [{ database: 'postgres', sql: 'select count(*) from public.gone', expected: '50' }],
      checkLimitSeconds: 10,
    })
    // The other table had been emptied by then.
    expect(failed(record).filter(({ check }) => check !== 'row-counts')).toEqual([])
    expect(record.checks).toContainEqual(expect.objectContaining({ check: 'target', state: 'passed' }))
  })

  test('finds damage in the backup', async () => {
    const [backup] = (await engine.client['backups.list'](ref)).backups
    const { directory } = await engine.client['backups.detail']({ ...ref, id: backup?.id ?? ('' as never) })
    const files = await readdir(path.join(directory, 'database'), { recursive: true, withFileTypes: true })
    const sizes = await Promise.all(
      files
        .filter((file) => file.isFile() && /^\d+$/.test(file.name))
        .map(async (file) => {
          const full = path.join(file.parentPath, file.name)
          return { full, bytes: await readFile(full) }
        }),
    )
    const biggest = sizes.toSorted((a, b) => b.bytes.length - a.bytes.length)[0]
    if (biggest === undefined) throw new Error('no relation')
    const damaged = Buffer.from(biggest.bytes)
    damaged[5000] = (damaged[5000] ?? 0) ^ 0xff
    await writeFile(biggest.full, damaged)
    try {
      const record = await drill({ target: HERE })
      expect(failed(record)).toMatchObject([{ check: 'restore', code: 'restore-failed' }])
    } finally {
      await writeFile(biggest.full, biggest.bytes)
    }
  })
})

test('a drill finds a table and an index that were backed up damaged, where pages have no checksums', async () => {
  const major = serverMajors().at(-1) ?? 17
  await using scratch = await scratchDirectory('drill-damage')
  await using server = await startServer(scratch.path, { major, walSegmentMb: 1, hasChecksums: false })
  await using engine = await startEngine()
  const ref = await engine.register(path.join(scratch.path, 'catalog'), server)
  await server.run(
    'postgres',
    'create extension amcheck',
    'create table heap as select n from generate_series(1, 50) n',
    'create table sorted (n int primary key)',
    'insert into sorted select generate_series(1, 50)',
    'checkpoint',
  )
  const spoil = async (relation: string, change: (page: Buffer) => void): Promise<void> => {
    const file = path.join(
      await server.value('postgres', `show data_directory`),
      await server.value('postgres', `select pg_relation_filepath('${relation}')`),
    )
    const bytes = await readFile(file)
    change(bytes)
    await writeFile(file, bytes)
  }
  // The first line pointer of a page leads to a tuple, which begins with the transaction that made it:
  // of one this long ago no server knows how it ended.
  await spoil('heap', (page) => {
    const tuple = page.readUInt32LE(24) & 0x7fff
    page.writeUInt32LE(0xf000_0000, tuple)
    page.writeUInt16LE(0x0800, tuple + 20)
  })
  // Two keys of a leaf change their places.
  await spoil('sorted_pkey', (page) => {
    const at = 8192 + 24 + 4
    const [one, other] = [page.readUInt32LE(at), page.readUInt32LE(at + 4)]
    page.writeUInt32LE(other, at)
    page.writeUInt32LE(one, at + 4)
  })
  const { error } = await engine.ended(
    engine.client['backups.start']({ ...ref, mode: 'FULL', isStream: true }),
  )
  expect(error).toBeUndefined()
  const place = serverDirectory(path.join(scratch.path, 'drills'))
  const job = await engine.ended(
    engine.client['drills.start']({
      ...ref,
      scratchDirectory: place,
      programs: findEmbeddedPrograms(major),
      checksIndexes: true,
    }),
  )
  if (job.result?.kind !== 'drill') throw new Error(JSON.stringify(job.error))
  expect(job.result.drill.checks.filter(({ state }) => state === 'failed')).toMatchObject([
    { code: 'table-unreadable', values: { table: 'public.heap' } },
    { code: 'index-damaged', values: { index: 'public.sorted_pkey' } },
  ])
  expect(await readdir(place)).toEqual([])
})
