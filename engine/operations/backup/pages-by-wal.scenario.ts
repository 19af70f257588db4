import { chownSync, existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { SYSTEM_CLOCK } from '../../base/clock.ts'
import { SILENT_LOG } from '../../base/log.ts'
import { formatLsn, type Lsn, parseLsn } from '../../base/lsn.ts'
import { walSegmentName, walSegmentNumber } from '../../base/wal-segment.ts'
import { PAGE_BYTES, pageLsn } from '../../format/page-header.ts'
import type { ChangedPages } from '../../format/page-map.ts'
import { parseTimelineHistory, timelineHistoryFileName } from '../../format/timeline-history.ts'
import type { Session } from '../../server/connection.ts'
import { readFacts, type ServerFacts } from '../../server/postgres/facts.ts'
import { scratchDirectory } from '../../testing/scratch.ts'
import { opened, serverMajors, startServer, type TestServer } from '../../testing/servers.ts'
import { absolutePathOf, listDataDirectory, type SourceEntry } from './list-files.ts'
import { intervalsBetween, readChangedPages } from './pages-by-wal.ts'

const SIGNAL = new AbortController().signal
const METHODS = ['off', 'pglz', 'lz4', 'zstd']

test.each(serverMajors())(
  'archived WAL of PostgreSQL %i names every page that has changed, over a change of timeline too',
  async (major) => {
    await using scratch = await scratchDirectory('pages-by-wal')
    const archive = path.join(scratch.path, 'archive')
    await using server = await startServer(scratch.path, {
      major,
      walSegmentMb: 1,
      settings: {
        archive_mode: 'on',
        archive_command: `'test ! -f ${archive}/%f && cp %p ${archive}/%f'`,
        restore_command: `'cp ${archive}/%f %p'`,
        autovacuum: 'off',
        // WAL of what is not committed stays in memory.
        wal_writer_delay: '10s',
        max_prepared_transactions: '2',
      },
    })
    server.directory('archive')
    await fill(server, server.directory('space'))
    await using ebbing = await server.session('shop')
    await ebbing.query('begin')
    await ebbing.query("create table ebb as select n, repeat('x', 200) as v from generate_series(1, 3000) n")
    const parent = await checkpoint(server)
    const before = await readDataFiles(server)

    const offered = await server.value(
      'postgres',
      "select enumvals::text from pg_settings where name = 'wal_compression'",
    )
    const methods = METHODS.filter((method) => offered.includes(method))
    expect(methods).toEqual(expect.arrayContaining(['off', 'pglz']))
    for (const [round, method] of methods.entries()) await changeMuch(server, round + 1, method)
    await crash(server, ebbing)
    await beginTimeline(server)
    await changeMuch(server, methods.length + 1, 'pglz')
    const current = await checkpoint(server)
    expect([parent.facts.timeline, current.facts.timeline]).toEqual([1, 2])
    await archiveUpTo(server, current, archive)

    const after = await readDataFiles(server)
    const history = await readFile(path.join(archive, timelineHistoryFileName(2)), 'utf8')
    const pages = await readChangedPages({
      places: [{ directory: archive, kind: 'archive' }],
      intervals: intervalsBetween(parseTimelineHistory(history), placeOf(parent), placeOf(current)),
      ...identityOf(current),
      sources: after.map(({ source }) => source),
      signal: SIGNAL,
    })

    const missed = findMissed({ before, after, pages, from: parent.lsn, to: current.lsn })
    expect(missed).toEqual([])
    const namedCount = after.reduce((sum, { source }) => sum + (pages.get(source.path)?.count ?? 0), 0)
    expect(namedCount).toBeGreaterThan(1000)
    expect(pages.has(await server.value('shop', "select pg_relation_filepath('quiet')"))).toBe(false)
  },
)

test.each(serverMajors())(
  'a time of PostgreSQL %i with wal_level = minimal is no ground for a map, other changes of settings are',
  async (major) => {
    await using scratch = await scratchDirectory('pages-by-wal')
    await using server = await startServer(scratch.path, { major })
    const parent = await checkpoint(server)
    const changed = async () => {
      const current = await checkpoint(server)
      return await readChangedPages({
        places: [{ directory: path.join(server.dataDirectory, 'pg_wal'), kind: 'plain' }],
        intervals: intervalsBetween([], placeOf(parent), placeOf(current)),
        ...identityOf(current),
        sources: [],
        signal: SIGNAL,
      })
    }
    await restartWith(server, { max_connections: '50' })
    await server.run('postgres', 'create table seen as select 1 as n')
    expect((await changed()).has(await server.value('postgres', "select pg_relation_filepath('seen')"))).toBe(
      true,
    )
    await restartWith(server, { wal_level: 'minimal', max_wal_senders: '0' })
    await restartWith(server, { wal_level: 'replica' })
    await expect(changed()).rejects.toThrow(
      expect.objectContaining({ code: 'plan.refused', message: expect.stringContaining('minimal') }),
    )
  },
)

type DataFile = { readonly source: SourceEntry; readonly bytes: Uint8Array }
type Moment = { readonly lsn: Lsn; readonly facts: ServerFacts }

/**
 * Pages that an increment would lack: unnamed ones that were written in between, and unnamed ones that are no longer
 * what they were, hint bits included, since a cluster with checksums logs the first of them after each checkpoint.
 * What the parent does not have at all is stored anyway.
 */
function findMissed(way: {
  readonly before: readonly DataFile[]
  readonly after: readonly DataFile[]
  readonly pages: ChangedPages
  readonly from: Lsn
  readonly to: Lsn
}): readonly string[] {
  const { before, after, pages, from, to } = way
  const old = new Map(before.map(({ source, bytes }) => [source.path, bytes]))
  const missed: string[] = []
  for (const { source, bytes } of after) {
    const oldBytes = old.get(source.path)
    for (let block = 0; block < bytes.length / PAGE_BYTES; block++) {
      if (pages.get(source.path)?.has(block) === true) continue
      const [page, oldPage] = [bytes, oldBytes].map((file) =>
        file?.subarray(block * PAGE_BYTES, (block + 1) * PAGE_BYTES),
      )
      const lsn = pageLsn(page ?? bytes)
      const differs = oldPage !== undefined && Buffer.compare(page ?? bytes, oldPage) !== 0
      if ((lsn > from && lsn <= to) || differs)
        missed.push(`${source.path} block ${block}, ${formatLsn(lsn)}`)
    }
  }
  return missed
}

async function fill(server: TestServer, space: string): Promise<void> {
  await server.run(
    'postgres',
    `create tablespace space location '${space}'`,
    'create database shop',
    'create database nomad',
  )
  await server.run(
    'nomad',
    "create table tents as select n, repeat('t', 200) as v from generate_series(1, 5000) n",
  )
  await server.run(
    'shop',
    `create table goods as select n as id, md5(n::text) as v, array[n % 7, n % 11] as tags,
       point(n % 100, n / 100) as at, n % 500 as price from generate_series(1, 20000) n`,
    'alter table goods add primary key (id)',
    'create index on goods using gin (tags)',
    'create index on goods using gist (at)',
    'create index on goods using spgist (at)',
    'create index on goods using brin (price)',
    'create index on goods using hash (v)',
    'create table pictures (id int, v text)',
    'alter table pictures alter column v set storage external',
    "create table shrinking as select n, repeat('x', 200) as v from generate_series(1, 10000) n",
    'create table in_space (n int, v text) tablespace space',
    "insert into in_space select n, repeat('s', 300) from generate_series(1, 3000) n",
    "create table quiet as select n, repeat('q', 500) as v from generate_series(1, 3000) n",
    'create sequence receipts',
    'vacuum freeze',
  )
}

/** Whatever writes pages: rows, indexes of every kind, vacuum, new and rewritten relations, whole databases. */
async function changeMuch(server: TestServer, round: number, method: string): Promise<void> {
  await server.run(
    'shop',
    `set wal_compression = ${method}`,
    `select setseed(0.1 * ${round})`,
    'checkpoint',
    'update goods set v = md5(random()::text), price = (random() * 500)::int where random() < 0.02',
    'delete from goods where random() < 0.01',
    `insert into goods select ${round} * 100000 + n, md5(random()::text), array[n], point(n, ${round}), n from generate_series(1, 1000) n`,
    'vacuum goods',
    'insert into pictures select n, repeat(md5(random()::text), 1000) from generate_series(1, 30) n',
    'begin',
    'update goods set price = 0 where random() < 0.01',
    'rollback',
    'begin',
    'update in_space set v = md5(v) where random() < 0.01',
    `prepare transaction 'round_${round}'`,
    `commit prepared 'round_${round}'`,
    `create table made_${round} as select * from goods where random() < 0.1`,
    `create index on made_${round} (v)`,
    `select nextval('receipts')`,
    `delete from shrinking where n > ${10_000 - 1500 * round}`,
    'vacuum shrinking',
    `insert into shrinking select n, repeat('y', 200) from generate_series(${10_000 - 1500 * round}, ${10_000 - 1200 * round}) n`,
    'select sum(price) from goods',
  )
  if (round === 1) await server.run('shop', 'vacuum full pictures', 'cluster goods using goods_pkey')
  if (round > 1)
    await server.run('shop', `drop table made_${round - 1}`, 'reindex table in_space', 'truncate pictures')
  if (round === 1) {
    await server.run('postgres', 'alter database nomad set tablespace space')
    await server.run('nomad', "update tents set v = repeat('u', 190) where n % 10 = 3")
    await server.run('postgres', 'alter database nomad set tablespace pg_default')
  } else {
    const strategy = round % 2 === 0 ? 'wal_log' : 'file_copy'
    await server.run('postgres', `create database born_${round} template nomad strategy ${strategy}`)
  }
}

/**
 * Leaves empty pages of which WAL says nothing where a table had rows, which it lost at once: it was cut off by the
 * transaction that made it.
 */
async function crash(server: TestServer, ebbing: Session): Promise<void> {
  for (const statement of ['truncate ebb', 'commit', 'checkpoint']) await ebbing.query(statement)
  await archiverIdle(server)
  await ebbing.query('begin')
  await ebbing.query("insert into ebb select n, repeat('z', 200) from generate_series(1, 1000) n")
  await archiverIdle(server)
  await server.stop('immediate')
}

/**
 * Until every whole segment is archived. At the end of a recovery from an archive a server removes those that are not:
 * to a server that recovers, `archive_mode = on` means that nothing is to be archived. Source: PostgreSQL
 * `src/backend/access/transam/xlogarchive.c`, `XLogArchiveCheckDone`.
 */
async function archiverIdle(server: TestServer): Promise<void> {
  const waiting = "select count(*)::text from pg_ls_archive_statusdir() where name like '%.ready'"
  await expect.poll(() => server.value('postgres', waiting)).toBe('0')
}

/** Starts the server as one that recovers from its archive, which it leaves on a timeline of its own. */
async function beginTimeline(server: TestServer): Promise<void> {
  const signal = path.join(server.dataDirectory, 'recovery.signal')
  await writeFile(signal, '')
  if (server.owner !== undefined) chownSync(signal, server.owner.uid, server.owner.gid)
  await server.start()
  await opened(server)
}

/** Brings everything to disk. Gives where recovery from there would begin, which is where a backup would. */
async function checkpoint(server: TestServer): Promise<Moment> {
  await using session = await server.session()
  await session.query('checkpoint')
  const { rows } = await session.query('select redo_lsn::text as lsn from pg_control_checkpoint()')
  return { lsn: parseLsn(String(rows[0]?.['lsn'])), facts: await readFacts(session) }
}

async function archiveUpTo(server: TestServer, { lsn, facts }: Moment, archive: string): Promise<void> {
  const number = walSegmentNumber(lsn, facts.walSegmentBytes)
  await server.run('postgres', 'select pg_switch_wal()')
  const name = walSegmentName({ timeline: facts.timeline, number }, facts.walSegmentBytes)
  await expect.poll(() => existsSync(path.join(archive, name))).toBe(true)
  await expect
    .poll(() => server.value('postgres', 'select last_archived_wal from pg_stat_archiver'))
    .toBe(name)
}

async function readDataFiles({ dataDirectory, value }: TestServer): Promise<readonly DataFile[]> {
  const versionDirectory = await value(
    'postgres',
    "select (pg_ls_dir('pg_tblspc/' || oid)) from pg_tablespace where spcname = 'space'",
  )
  const run = { signal: SIGNAL, report: () => undefined, log: SILENT_LOG, clock: SYSTEM_CLOCK }
  const sources = await listDataDirectory(
    dataDirectory,
    { versionDirectory, withServerLog: false, slots: new Set<string>() },
    run,
  )
  const dataFiles = sources.filter(({ isDataFile }) => isDataFile)
  return await Promise.all(
    dataFiles.map(async (source) => ({ source, bytes: await readFile(absolutePathOf(source)) })),
  )
}

function placeOf({ lsn, facts }: Moment) {
  return { timeline: facts.timeline, startLsn: lsn }
}

function identityOf({ facts }: Moment) {
  return {
    segmentBytes: facts.walSegmentBytes,
    systemIdentifier: facts.systemIdentifier,
    versionDirectory: facts.tablespaceVersionDirectory,
  }
}

async function restartWith(server: TestServer, settings: Readonly<Record<string, string>>): Promise<void> {
  const statements = Object.entries(settings).map(([name, value]) => `alter system set ${name} = '${value}'`)
  await server.run('postgres', ...statements)
  await server.stop('fast')
  await server.start()
}
