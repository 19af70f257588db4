import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { chownSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RestoreRequest } from '../api/contract/restore.ts'
import { compareTrees } from '../testing/compare-trees.ts'
import { startEngine, type TestEngine } from '../testing/engines.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { newestMajors, startRestored, startServer, type TestServer } from '../testing/servers.ts'

describe.each(newestMajors())('a restore on PostgreSQL %i', (major) => {
  const disposals = new AsyncDisposableStack()
  let server: TestServer
  let engine: TestEngine
  let ref: { readonly catalog: string; readonly instance: string }
  let external: string

  beforeAll(async () => {
    const root = disposals.use(await scratchDirectory('options')).path
    server = disposals.use(await startServer(root, { major }))
    engine = disposals.use(await startEngine())
    ref = await engine.register(path.join(root, 'catalog'), server)
    external = server.directory('external')
    writeFileSync(path.join(external, 'keep'), 'kept')
    await server.run('postgres', 'create database shop', 'create database attic')
    await server.run('shop', 'create table ledger as select g as id from generate_series(1, 5000) g')
    await server.run('attic', 'create table chest as select g as id from generate_series(1, 5000) g')
    const backup = await engine.ended(
      engine.client['backups.start']({ ...ref, mode: 'FULL', isStream: true, externalDirs: [external] }),
    )
    expect(backup.error).toBeUndefined()
    await server.run('attic', 'insert into chest values (0)')
  })
  afterAll(() => disposals.disposeAsync())

  const restore = async (name: string, more: Partial<RestoreRequest>) => {
    const dataDirectory = path.join(server.directory(name), 'data')
    const job = await engine.ended(
      engine.client['restore.start']({ ...ref, dataDirectory, skipsExternal: true, ...more }),
    )
    return { dataDirectory, job }
  }
  const sum = 'select sum(id) from ledger'

  describe('of some databases', () => {
    test.each<readonly [string, NonNullable<RestoreRequest['databases']>]>([
      ['named', { kind: 'include', names: ['shop', 'postgres'] }],
      ['not named', { kind: 'exclude', names: ['attic'] }],
    ])('gives those that are %s, and the others can be dropped', async (_, databases) => {
      const { dataDirectory, job } = await restore(`some-${databases.kind}`, { databases })
      expect(job.error).toBeUndefined()
      const oid = await server.value('postgres', "select oid from pg_database where datname = 'attic'")
      const files = readdirSync(path.join(dataDirectory, 'base', oid))
      expect(files.length).toBeGreaterThan(200)
      expect(files.filter((name) => statSync(path.join(dataDirectory, 'base', oid, name)).size > 0)).toEqual(
        [],
      )
      expect(existsSync(path.join(dataDirectory, 'database_map'))).toBe(false)

      await using restored = await startRestored(dataDirectory, major, server.password)
      expect(await restored.value('shop', sum)).toBe(await server.value('shop', sum))
      await expect(restored.value('attic', 'select 1')).rejects.toThrow()
      await restored.run('postgres', 'drop database attic', 'create database attic')
      expect(await restored.value('attic', 'select 1')).toBe('1')
    })

    test('is refused for a name that the backup does not know', async () => {
      const request = { ...ref, dataDirectory: path.join(server.directory('none'), 'data') }
      const databases = { kind: 'include' as const, names: ['shpo'] }
      await expect(engine.client['restore.plan']({ ...request, databases })).rejects.toMatchObject({
        code: 'plan.refused',
        message: expect.stringContaining('"shpo"'),
        hint: expect.stringContaining('shop'),
      })
    })

    test('over a whole cluster takes the others away', async () => {
      const whole = await restore('over', {})
      const databases = { kind: 'include' as const, names: ['shop', 'postgres'] }
      const { job } = await restore('over', {
        databases,
        incrementalMode: 'checksum',
        destroysOtherDatabases: true,
      })
      expect(job.error).toBeUndefined()
      const expected = await restore('over-expected', { databases })
      expect(compareTrees(expected.dataDirectory, whole.dataDirectory)).toEqual([])
    })
  })

  test('with the WAL elsewhere, and over it again', async () => {
    const walDirectory = path.join(server.directory('wal'), 'wal')
    const { dataDirectory, job } = await restore('with-wal', { walDirectory })
    expect(job.error).toBeUndefined()
    expect(readlinkSync(path.join(dataDirectory, 'pg_wal'))).toBe(walDirectory)
    expect(readdirSync(walDirectory).filter((name) => /^[0-9A-F]{24}$/.test(name)).length).toBeGreaterThan(0)
    {
      await using restored = await startRestored(dataDirectory, major, server.password)
      expect(await restored.value('shop', sum)).toBe(await server.value('shop', sum))
      await restored.stop('fast')
    }
    const refused = await restore('with-wal-too', { walDirectory })
    expect(refused.job.error).toMatchObject({ code: 'storage.not-empty' })
    const over = await restore('with-wal', { walDirectory, incrementalMode: 'checksum' })
    expect(over.job.error).toBeUndefined()
    const moved = path.join(server.directory('wal-moved'), 'wal')
    const elsewhere = await restore('with-wal', { walDirectory: moved, incrementalMode: 'checksum' })
    expect(elsewhere.job.error).toBeUndefined()
    expect(readlinkSync(path.join(dataDirectory, 'pg_wal'))).toBe(moved)
    const inside = await restore('with-wal-expected', { incrementalMode: 'checksum' })
    expect(compareTrees(path.join(inside.dataDirectory, 'pg_wal'), moved)).toEqual([])
    await using restored = await startRestored(dataDirectory, major, server.password)
    expect(await restored.value('shop', sum)).toBe(await server.value('shop', sum))
  })

  test('as a standby follows its primary through a slot', async () => {
    await server.run('postgres', "select pg_create_physical_replication_slot('follower', true)")
    const primaryConninfo = `host=127.0.0.1 port=${server.port} user=postgres password=${server.password}`
    const { dataDirectory, job } = await restore('standby', {
      isReplica: true,
      primaryConninfo,
      primarySlotName: 'follower',
    })
    expect(job.error).toBeUndefined()
    expect(lstatSync(path.join(dataDirectory, 'standby.signal')).size).toBe(0)
    await using standby = await startRestored(dataDirectory, major, server.password)
    await server.run('shop', 'create table later as select 42 as answer')
    await expect.poll(() => standby.value('shop', 'select answer from later').catch(String)).toBe('42')
    expect(await standby.value('postgres', 'select pg_is_in_recovery()')).toBe('true')
    expect(
      await server.value('postgres', "select active from pg_replication_slots where slot_name = 'follower'"),
    ).toBe('true')
  })

  test('over an external directory deletes there what the backup does not have, but for hidden files', async () => {
    const to = server.directory('external-copy')
    const externalMapping = [{ from: external, to: path.join(to, 'of-restore') }]
    const first = await restore('with-external', { skipsExternal: false, externalMapping })
    expect(first.job.error).toBeUndefined()
    const mapped = path.join(to, 'of-restore')
    expect(readdirSync(mapped)).toEqual(['keep'])
    const again = { skipsExternal: false, externalMapping, incrementalMode: 'checksum' as const }
    expect((await restore('with-external', again)).job.error).toMatchObject({ code: 'storage.not-empty' })

    writeFileSync(path.join(external, 'later'), 'not in the backup')
    writeFileSync(path.join(external, '.hidden'), 'mine')
    writeFileSync(path.join(external, 'keep'), 'kEpt')
    mkdirSync(path.join(external, 'more'))
    if (server.owner !== undefined) chownSync(external, server.owner.uid, server.owner.gid)
    const over = await restore('with-external', { skipsExternal: false, incrementalMode: 'checksum' })
    expect(over.job.error).toBeUndefined()
    expect(readdirSync(external).toSorted()).toEqual(['.hidden', 'keep'])
    expect(readFileSync(path.join(external, 'keep'), 'utf8')).toBe('kept')
  })
})
