import { rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startEngine } from '../testing/engines.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { startRestored, startServer, type TestServer } from '../testing/servers.ts'

const MAJOR = 17
const GIB = 1 << 30
const SEGMENT_PAGES = GIB / 8192
/** One row to a page. */
const ROWS = SEGMENT_PAGES + SEGMENT_PAGES / 8

describe('a relation of 1.1 GB, which is two segments', () => {
  const disposals = new AsyncDisposableStack()
  let root: string
  let server: TestServer
  let before: readonly string[]

  beforeAll(async () => {
    root = disposals.use(await scratchDirectory('big-relation')).path
    server = disposals.use(
      await startServer(root, {
        major: MAJOR,
        // At this level a table filled in the transaction that made it costs no WAL.
        settings: { wal_level: 'minimal', max_wal_senders: '0', shared_buffers: "'256MB'" },
      }),
    )
    await server.run('postgres', 'create database shop')
    await server.run(
      'shop',
      `begin;
       create table big (id int not null, mark text not null, filling text not null);
       alter table big alter column filling set storage plain;
       insert into big select n, md5(n::text), repeat(md5(n::text), 222) from generate_series(1, ${ROWS}) n;
       commit`,
      'create unique index on big (id)',
      'alter system set wal_level = replica',
      'alter system set max_wal_senders = 4',
    )
    await server.stop('fast')
    await server.start()
    before = await describeBig(server)
  })

  afterAll(() => disposals.disposeAsync())

  test.each(['none', 'zlib'] as const)('comes back whole with compression %s', async (compressAlgorithm) => {
    const catalog = path.join(root, `catalog-${compressAlgorithm}`)
    const home = server.directory(`restored-${compressAlgorithm}`)
    await using room = new AsyncDisposableStack()
    for (const directory of [catalog, home]) room.defer(() => rm(directory, { recursive: true, force: true }))
    await using engine = await startEngine()
    const ref = await engine.register(catalog, server)
    const dataDirectory = path.join(home, 'data')

    // Gigabytes that are thrown away in a minute need not reach the disk.
    const options = { ...ref, threads: 2, isSynced: false }
    const backup = await engine.ended(
      engine.client['backups.start']({ ...options, mode: 'FULL', isStream: true, compressAlgorithm }),
    )
    expect(backup.error).toBeUndefined()
    // The backup has just been validated as it was taken.
    const restore = await engine.ended(
      engine.client['restore.start']({ ...options, dataDirectory, isValidated: false }),
    )
    expect(restore.error).toBeUndefined()
    const file = path.join(dataDirectory, await server.value('shop', "select pg_relation_filepath('big')"))
    expect((await stat(file)).size).toBe(GIB)
    expect((await stat(`${file}.1`)).size).toBe(GIB / 8)
    await using restored = await startRestored(dataDirectory, MAJOR, server.password)

    expect(await describeBig(restored)).toEqual(before)
  })
})

/** Every page is read, and the rows on both sides of the segment boundary and a sample of the others in full. */
async function describeBig(server: TestServer): Promise<readonly string[]> {
  return await Promise.all(
    [
      "select concat_ws(' ', count(*), max(ctid), sum(hashtextextended(mark, 0))) from big",
      `select md5(string_agg(ctid || big::text, ',' order by id)) from big
        where ctid between '(${SEGMENT_PAGES - 50},1)' and '(${SEGMENT_PAGES + 50},1)'`,
      "select md5(string_agg(ctid || big::text, ',' order by id)) from big where id % 997 = 1",
      `select ctid::text from big where id = ${SEGMENT_PAGES + 1}`,
    ].map((sql) => server.value('shop', sql)),
  )
}
