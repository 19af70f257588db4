import type { TestServer } from './servers.ts'

/** What a client knows of a transaction that it watched, and what the server says about it. */
export type Known = {
  readonly xid: number
  readonly deleted: number
  /** The files of the relations that it took away. */
  readonly files: readonly number[]
  readonly afterLsn: string
}

/** Everything that somebody may look for later, with what the server knew then. */
export async function provoke(server: TestServer, reach: (count: number) => Promise<void>) {
  await server.run(
    'postgres',
    'create table big (n int primary key, t text)',
    "insert into big select n, repeat('x', 300) from generate_series(1, 6000) n",
    'create table promised (n int)',
    'create table doomed (n int primary key, t text)',
    'insert into doomed select n from generate_series(1, 50) n',
    'create table emptied (n int primary key, t text)',
    'insert into emptied select n from generate_series(1, 500) n',
    'create table packed (n int primary key, t text)',
    "insert into packed select n, repeat('y', 400) from generate_series(1, 2000) n",
    'create database passing',
  )
  const droppedDatabase = Number(
    await server.value('postgres', "select oid::text from pg_database where datname = 'passing'"),
  )
  await server.run('postgres', "select pg_create_restore_point('before the accident')")
  const deleted = await remember(server, 1500, async (run) => {
    await run('delete from big where n <= 700')
    // Other WAL comes in between, and a segment ends.
    await reach(60)
    await run('select pg_switch_wal()')
    await run('delete from big where n > 700 and n <= 1500')
  })
  const saved = await remember(server, 700, async (run) => {
    await run('delete from big where n > 1500 and n <= 1600')
    await run('savepoint a')
    await run('delete from big where n > 1600 and n <= 2000')
    await run('savepoint b')
    await run('delete from big where n > 2000 and n <= 2200')
    await run('release savepoint b')
    await run('savepoint c')
    await run('delete from big where n > 4000')
    await run('rollback to savepoint c')
  })
  const promised = Number(await server.value('postgres', "select pg_relation_filenode('promised')"))
  await using session = await server.session('postgres')
  for (const sql of ['begin', 'delete from big where n > 2200 and n <= 2600', 'drop table promised'])
    await session.query(sql)
  await session.query("prepare transaction 'kept'")
  const drop = await takeAway(server, 'doomed', 'drop table doomed')
  const truncated = await takeAway(server, 'emptied', 'truncate emptied')
  const vacuum = await takeAway(server, 'packed', 'alter table packed alter n type bigint')
  await server.run('postgres', 'drop database passing')
  await reach(150)
  const prepared: Known = { xid: 0, deleted: 400, files: [promised], afterLsn: 'FFFFFFFF/0' }
  return { delete: deleted, saved, prepared, drop, truncate: truncated, vacuum, droppedDatabase }
}

/** Runs statements in one transaction and says which it was. */
export async function remember(
  server: TestServer,
  deleted: number,
  work: (run: (sql: string) => Promise<unknown>) => Promise<void>,
): Promise<Known> {
  await using session = await server.session('postgres')
  await session.query('begin')
  const { rows } = await session.query('select pg_current_xact_id()::text as xid')
  await work((sql) => session.query(sql))
  await session.query('commit')
  const afterLsn = await server.value('postgres', 'select pg_current_wal_insert_lsn()')
  return { xid: Number(rows[0]?.['xid']), deleted, files: [], afterLsn }
}

/** The same for a statement that takes files of a table away: its own, its indexes', and those of its long values. */
async function takeAway(server: TestServer, table: string, sql: string): Promise<Known> {
  await using session = await server.session('postgres')
  const { rows } = await session.query(
    `with main as (select oid, reltoastrelid as toast from pg_class where relname = $1)
     select pg_relation_filenode(c.oid)::int as file from pg_class c, main
     where c.oid in (main.oid, main.toast)
        or c.oid in (select indexrelid from pg_index where indrelid in (main.oid, main.toast))`,
    [table],
  )
  const known = await remember(server, 0, async (run) => {
    await run(sql)
  })
  return { ...known, files: rows.map(({ file }) => Number(file)) }
}

/** The commit timestamps from a transaction on, by number. */
export async function readTimestamps(server: TestServer, from: number): Promise<ReadonlyMap<number, string>> {
  await using session = await server.session('postgres')
  const { rows } = await session.query(
    `select n::int as xid, to_char(pg_xact_commit_timestamp(n::text::xid) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at
     from generate_series($1::int, (select (pg_snapshot_xmax(pg_current_snapshot())::text)::int - 1)) n
     where pg_xact_commit_timestamp(n::text::xid) is not null`,
    [from],
  )
  return new Map(rows.map(({ xid, at }) => [Number(xid), String(at)]))
}
