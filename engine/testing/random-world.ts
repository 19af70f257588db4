import { chownSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { TestServer } from './servers.ts'

/** Numbers that look random and are the same for the same seed (mulberry32). */
export type Dice = {
  /** From 0 to `sides` - 1. */
  roll(sides: number): number
  pick<Item>(items: readonly Item[]): Item
}

export function diceOf(seed: number): Dice {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const roll = (sides: number): number => Math.floor(next() * sides)
  return {
    roll,
    pick: (items) => {
      const item = items[roll(items.length)]
      if (item === undefined) throw new Error('there is nothing to pick from')
      return item
    },
  }
}

type Deed = (server: TestServer, dice: Dice) => Promise<void>

const LEDGER = 'ledger_a ledger_b ledger_c'.split(' ')
const KEPT = ['create table kept as select g as id from generate_series(1, 500) g', 'vacuum kept']

/** What may happen at any time, while a backup is taken too. Each leaves a world in which all the others work. */
const DEEDS: Readonly<Record<string, Deed>> = {
  insert: (server, dice) =>
    server.run(
      'postgres',
      `insert into ${dice.pick(LEDGER)} (v, note) select md5(g::text), repeat('n', ${dice.roll(900)}) from generate_series(1, ${50 + dice.roll(3000)}) g`,
    ),
  update: (server, dice) =>
    server.run('postgres', `update ${dice.pick(LEDGER)} set v = md5(v) where id % ${3 + dice.roll(40)} = 0`),
  delete: (server, dice) =>
    server.run('postgres', `delete from ${dice.pick(LEDGER)} where id % ${4 + dice.roll(30)} = 1`),
  'cut off the tail': async (server, dice) => {
    const table = dice.pick(LEDGER)
    await server.run(
      'postgres',
      `delete from ${table} where id > (select coalesce(max(id), 0) / 2 from ${table})`,
      `vacuum ${table}`,
    )
  },
  truncate: (server, dice) => server.run('postgres', `truncate ${dice.pick(LEDGER)}`),
  'undo much': (server, dice) =>
    server.run(
      'postgres',
      'begin',
      `insert into ${dice.pick(LEDGER)} (v) select 'gone' from generate_series(1, ${dice.roll(2000)}) g`,
      'savepoint half',
      `truncate ${dice.pick(LEDGER)}`,
      'rollback to half',
      `update ${dice.pick(LEDGER)} set v = 'gone'`,
      'rollback',
    ),
  'vacuum and freeze': (server, dice) => server.run('postgres', `vacuum (freeze) ${dice.pick(LEDGER)}`),
  'vacuum full': (server, dice) => server.run('postgres', `vacuum full ${dice.pick(LEDGER)}`),
  reindex: (server, dice) => server.run('postgres', `reindex table ${dice.pick(LEDGER)}`),
  'make or drop a column': async (server, dice) => {
    const table = dice.pick(LEDGER)
    await server.run('postgres', `alter table ${table} drop column if exists extra`)
    if (dice.roll(2) === 0) return
    // A constant is not written to the rows; a value that differs from row to row rewrites the table.
    const value = dice.pick(['5', '(random() * 1000)::int'])
    await server.run('postgres', `alter table ${table} add column extra int default ${value}`)
  },
  'make and drop a table': async (server, dice) => {
    const name = `made_${dice.roll(3)}`
    await server.run(
      'postgres',
      `drop table if exists ${name}`,
      `create table ${name} as select g as id, md5(g::text) as v from generate_series(1, ${dice.roll(2000)}) g`,
    )
    if (dice.roll(3) === 0) await server.run('postgres', `drop table ${name}`)
  },
  'log or not': (server, dice) =>
    server.run(
      'postgres',
      `insert into passing select g from generate_series(1, ${dice.roll(2000)}) g`,
      `alter table passing set ${dice.pick(['logged', 'unlogged'])}`,
    ),
  'store large objects': (server, dice) =>
    server.run(
      'postgres',
      `select lo_from_bytea(0, convert_to(repeat(md5(g::text), ${1 + dice.roll(400)}), 'UTF8')) from generate_series(1, 3) g`,
      'select lo_unlink(min(oid)) from pg_largeobject_metadata',
    ),
  'prepare or commit a transaction': async (server) => {
    const isPending = (await server.value('postgres', 'select count(*) from pg_prepared_xacts')) === '1'
    await server.run(
      'postgres',
      ...(isPending
        ? [`commit prepared 'pending'`]
        : [
            'begin',
            'insert into promised select g from generate_series(1, 50) g',
            `prepare transaction 'pending'`,
          ]),
    )
  },
  'move to a tablespace': (server, dice) =>
    server.run(
      'postgres',
      `alter table ${dice.pick(LEDGER)} set tablespace ${dice.pick(['aside', 'pg_default'])}`,
    ),
  'make or drop a database': async (server, dice) => {
    const name = `side_${dice.roll(2)}`
    await server.run('postgres', `drop database if exists ${name}`)
    if (dice.roll(3) === 0) return
    const strategy = dice.pick(['wal_log', 'file_copy'])
    const place = dice.pick(['pg_default', 'aside'])
    await server.run('postgres', `create database ${name} strategy ${strategy} tablespace ${place}`)
    await server.run(name, ...KEPT)
  },
  checkpoint: (server) => server.run('postgres', 'checkpoint'),
  'switch the WAL segment': (server) => server.run('postgres', 'select pg_switch_wal()'),
}

/**
 * What may happen between two backups only. No backup outlives a server. A database that is moved while it is copied is
 * lost to any backup, since WAL tells of the move and not of the files. A tablespace that is made would be made by
 * recovery in the same place.
 */
const UPHEAVALS: Readonly<Record<string, Deed>> = {
  crash: async (server) => {
    await server.stop('immediate')
    await server.start()
  },
  restart: async (server) => {
    await server.stop('fast')
    await server.start()
  },
  'switch the timeline': async (server) => {
    await server.stop('fast')
    const signal = path.join(server.dataDirectory, 'standby.signal')
    writeFileSync(signal, '')
    if (server.owner !== undefined) chownSync(signal, server.owner.uid, server.owner.gid)
    await server.start()
    await server.run('postgres', 'select pg_promote()')
    // Only a checkpoint after the promotion tells the timeline to whoever reads the control file.
    await server.run('postgres', 'checkpoint')
  },
  'move a database': async (server, dice) => {
    const found = await server.value(
      'postgres',
      `select coalesce(min(datname || ' ' || spcname), '') from pg_database d
         join pg_tablespace t on t.oid = dattablespace where datname like 'side_%'`,
    )
    const [name = '', place = ''] = found.split(' ')
    const isReturning = dice.roll(3) > 0
    if (name === '') return
    const other = place === 'aside' ? 'pg_default' : 'aside'
    await server.run('postgres', `alter database ${name} set tablespace ${other}`)
    if (!isReturning) return
    // Its files get their old names again, with changes that no WAL tells of under these names: nor will it when
    // somebody looks at the rows, who has looked at them already.
    await server.run(
      name,
      `update kept set id = id + 3 where id % 3 = ${dice.roll(3)}`,
      'select count(*) from kept',
    )
    await server.run('postgres', `alter database ${name} set tablespace ${place}`)
  },
  'make or drop a tablespace': async (server) => {
    const count = await server.value(
      'postgres',
      `select count(*) from pg_tablespace where spcname = 'beyond'`,
    )
    await server.run(
      'postgres',
      ...(count === '1'
        ? ['drop table far', 'drop tablespace beyond']
        : [
            `create tablespace beyond location '${server.directory('beyond')}'`,
            'create table far tablespace beyond as select g as id from generate_series(1, 2000) g',
          ]),
    )
  },
}

/** What {@link makeWorld} needs of the configuration of its server. */
export const WORLD_SETTINGS = { max_prepared_transactions: '2' }

/** Fills a fresh cluster: tables with indexes of several kinds, a tablespace and a database. */
export async function makeWorld(server: TestServer): Promise<void> {
  await server.run(
    'postgres',
    `create tablespace aside location '${server.directory('aside')}'`,
    'create unlogged table passing (id int)',
    'create table promised (id int)',
    'create database side_0',
  )
  await server.run('side_0', ...KEPT)
  for (const table of LEDGER) {
    await server.run(
      'postgres',
      `create table ${table} (id bigint generated always as identity primary key, v text, note text)`,
      `insert into ${table} (v, note) select md5(g::text), repeat('n', 200) from generate_series(1, 4000) g`,
      `create index on ${table} (v)`,
    )
  }
  await server.run(
    'postgres',
    'create index on ledger_a using hash (v)',
    `create index on ledger_b using gin (to_tsvector('simple', v))`,
    'create index on ledger_c using brin (id)',
  )
}

/** Lets a few things happen, and tells each before it happens. */
export async function liveOn(server: TestServer, dice: Dice, tell: (deed: string) => void): Promise<void> {
  await happen({ ...DEEDS, ...UPHEAVALS }, 2 + dice.roll(4), server, dice, tell)
}

/** Lets happen what a backup that is being taken must stand. */
export async function liveOnDuringBackup(
  server: TestServer,
  dice: Dice,
  tell: (deed: string) => void,
): Promise<void> {
  await happen(DEEDS, 1 + dice.roll(4), server, dice, tell)
}

async function happen(
  deeds: Readonly<Record<string, Deed>>,
  count: number,
  server: TestServer,
  dice: Dice,
  tell: (deed: string) => void,
): Promise<void> {
  for (let done = 0; done < count; done++) {
    const name = dice.pick(Object.keys(deeds))
    tell(name)
    await deeds[name]?.(server, dice)
  }
}

/** What exists in a database: relations with columns, indexes and places. Unlogged ones lose their rows, not themselves. */
const RELATIONS = `select coalesce(string_agg(line, E'\\n' order by line), '') from (
  select concat_ws(' ', c.relkind, c.relname, c.relpersistence, s.spcname, pg_get_indexdef(i.indexrelid),
    (select string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' order by attnum)
       from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped)) as line
    from pg_class c left join pg_tablespace s on s.oid = c.reltablespace left join pg_index i on i.indexrelid = c.oid
   where c.relnamespace = 'public'::regnamespace and not exists (
     select from pg_depend where classid = 'pg_class'::regclass and objid = c.oid and deptype = 'e')) lines`

/** Databases, their relations and every row of them, as one text; `except` names databases that are left out. */
export async function fingerprintOf(server: TestServer, except: readonly string[] = []): Promise<string> {
  const lines = [
    await server.value(
      'postgres',
      `select concat_ws(E'\\n',
        (select string_agg(datname || ' in ' || spcname, ', ' order by datname)
           from pg_database d join pg_tablespace s on s.oid = dattablespace),
        (select string_agg(spcname, ', ' order by spcname) from pg_tablespace),
        'prepared: ' || (select coalesce(string_agg(gid, ', '), 'none') from pg_prepared_xacts))`,
    ),
  ]
  const databases = await server.value(
    'postgres',
    `select string_agg(datname, ',' order by datname) from pg_database where not datistemplate`,
  )
  for (const database of databases.split(',')) {
    if (except.includes(database)) continue
    await using session = await server.session(database)
    const value = async (sql: string): Promise<string> =>
      String(Object.values((await session.query(sql)).rows[0] ?? {})[0])
    lines.push(`-- ${database}`, await value(RELATIONS))
    const tables = await value(
      `select coalesce(string_agg(relname, ',' order by relname), '') from pg_class
        where relkind = 'r' and relpersistence = 'p' and relnamespace = 'public'::regnamespace`,
    )
    for (const table of tables === '' ? [] : tables.split(',')) {
      const hash = await value(
        `select count(*) || ' ' || coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) from ${table} t`,
      )
      lines.push(`${table} ${hash}`)
    }
    const objects = await value(
      `select count(*) || ' ' || coalesce(sum(hashtextextended(loid || ' ' || pageno || ' ' || md5(data), 0)::numeric), 0)
         from pg_largeobject`,
    )
    lines.push(`large objects ${objects}`)
  }
  return lines.join('\n')
}

/** Checks every heap, and every btree index against its table; throws what the server says of a broken one. */
export async function checkRelations(server: TestServer): Promise<void> {
  await server.run('postgres', 'create extension if not exists amcheck')
  await server.run(
    'postgres',
    `select bt_index_check(i.indexrelid, true) from pg_index i join pg_class c on c.oid = i.indexrelid
      join pg_am a on a.oid = c.relam where a.amname = 'btree' and c.relpersistence <> 't'`,
  )
  const faults = await server.value(
    'postgres',
    `select coalesce(string_agg(format('%s block %s: %s', c.oid::regclass, blkno, msg), '; '), '')
       from pg_class c, lateral verify_heapam(c.oid) where relkind in ('r', 't', 'm') and relpersistence = 'p'`,
  )
  if (faults !== '') throw new Error(`damaged tables: ${faults}`)
}
