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

/** What may happen to a cluster between two backups. Each leaves the world in a state from which all the others work. */
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
  'vacuum full': (server, dice) => server.run('postgres', `vacuum full ${dice.pick(LEDGER)}`),
  reindex: (server, dice) => server.run('postgres', `reindex table ${dice.pick(LEDGER)}`),
  'make and drop a table': async (server, dice) => {
    const name = `made_${dice.roll(3)}`
    await server.run(
      'postgres',
      `drop table if exists ${name}`,
      `create table ${name} as select g as id, md5(g::text) as v from generate_series(1, ${dice.roll(2000)}) g`,
    )
    if (dice.roll(3) === 0) await server.run('postgres', `drop table ${name}`)
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
    await server.run('postgres', `create database ${name} strategy ${strategy}`)
    await server.run(name, 'create table kept as select g as id from generate_series(1, 500) g')
  },
  checkpoint: (server) => server.run('postgres', 'checkpoint'),
  crash: async (server) => {
    await server.stop('immediate')
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
}

/** Fills a fresh cluster: three tables with indexes, and a tablespace. */
export async function makeWorld(server: TestServer): Promise<void> {
  await server.run('postgres', `create tablespace aside location '${server.directory('aside')}'`)
  for (const table of LEDGER) {
    await server.run(
      'postgres',
      `create table ${table} (id bigint generated always as identity primary key, v text, note text)`,
      `insert into ${table} (v, note) select md5(g::text), repeat('n', 200) from generate_series(1, 4000) g`,
      `create index on ${table} (v)`,
    )
  }
}

/** Lets a few things happen, and says which. */
export async function liveOn(server: TestServer, dice: Dice): Promise<readonly string[]> {
  const names = Array.from({ length: 2 + dice.roll(4) }, () => dice.pick(Object.keys(DEEDS)))
  for (const name of names) await DEEDS[name]?.(server, dice)
  return names
}

/** Every row of every table of every database, as one text. */
export async function fingerprintOf(server: TestServer): Promise<string> {
  const databases = await server.value(
    'postgres',
    `select string_agg(datname, ',' order by datname) from pg_database where not datistemplate`,
  )
  const lines: string[] = []
  for (const database of databases.split(',')) {
    const tables = await server.value(
      database,
      `select coalesce(string_agg(relname, ',' order by relname), '') from pg_class
        where relkind = 'r' and relnamespace = 'public'::regnamespace`,
    )
    for (const table of tables === '' ? [] : tables.split(',')) {
      const hash = await server.value(
        database,
        `select count(*) || ' ' || coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) from ${table} t`,
      )
      lines.push(`${database}.${table} ${hash}`)
    }
  }
  return lines.join('\n')
}

/** Checks every btree index against its table; throws what the server says of a broken one. */
export async function checkIndexes(server: TestServer): Promise<void> {
  await server.run('postgres', 'create extension if not exists amcheck')
  await server.run(
    'postgres',
    `select bt_index_check(i.indexrelid, true) from pg_index i join pg_class c on c.oid = i.indexrelid
      join pg_am a on a.oid = c.relam where a.amname = 'btree' and c.relpersistence <> 't'`,
  )
}
