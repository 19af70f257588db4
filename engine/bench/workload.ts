/** How much of what a cluster holds. */
export type Workload = {
  readonly accounts: number
  readonly notes: number
  readonly smallTables: number
}

/** Size of a cluster at scale 1. */
const UNIT_BYTES = 3_000_000_000
/** Heap and index of a row, with the room that is left free in pages. */
const ACCOUNT_BYTES = 161
const NOTE_BYTES = 607
/** Heap, index, visibility map and an empty TOAST table. */
const SMALL_TABLE_BYTES = 40_960
/** Databases and shared catalogs as initdb makes them. */
const SYSTEM_BYTES = 32_000_000
const ACCOUNTS_SHARE = 0.72
/** Many enough for a statement to be worth it, and few enough that one can be cancelled at any time. */
const ROWS_IN_ONE_INSERT = 250_000
/** One transaction locks every table it makes. */
const TABLES_IN_ONE_TRANSACTION = 100
/** One page in so many is changed: 2 %. */
const CHANGED_ONE_IN = 50

/** Bytes of a cluster of that scale. */
export function clusterBytes(scale: number, smallTables: number): number {
  return Math.max(UNIT_BYTES * scale, smallTables * SMALL_TABLE_BYTES + SYSTEM_BYTES)
}

/** Shares the bytes out: small tables first, then a wide table and one of text. */
export function planWorkload(scale: number, smallTables: number): Workload {
  const rest = Math.max(0, UNIT_BYTES * scale - smallTables * SMALL_TABLE_BYTES - SYSTEM_BYTES)
  return {
    accounts: Math.max(10_000, Math.round((rest * ACCOUNTS_SHARE) / ACCOUNT_BYTES)),
    notes: Math.max(2000, Math.round((rest * (1 - ACCOUNTS_SHARE)) / NOTE_BYTES)),
    smallTables,
  }
}

/** A statement for each step of filling an empty database. No chance is involved: every run makes the same rows. */
export function* fillStatements({ accounts, notes, smallTables }: Workload): Generator<string> {
  // Tables filled in the transaction that made them cost no WAL at the lowest wal_level.
  yield 'begin'
  yield `create table account (id int not null, branch int not null, balance int not null, filler char(84))
    with (fillfactor = 96)`
  for (const [from, to] of ranges(accounts, ROWS_IN_ONE_INSERT)) {
    yield `insert into account select n, 1 + n / 100000, n::bigint * 48271 % 9973, '' from generate_series(${from}, ${to}) n`
  }
  yield 'alter table account add primary key (id)'
  yield 'commit'
  yield 'begin'
  yield `create table note (id bigint not null, body text not null) with (fillfactor = 90)`
  for (const [from, to] of ranges(notes, ROWS_IN_ONE_INSERT)) {
    // A third of it is as good as random, the rest is words: it compresses about as text does.
    yield `insert into note select n, md5(n || 'a') || md5(n || 'b') || md5(n || 'c') || md5(n || 'd') || md5(n || 'e')
        || repeat(' the tide that comes in leaves a mark', 1 + n % 16) from generate_series(${from}, ${to}) n`
  }
  yield 'alter table note add primary key (id)'
  yield 'commit'
  for (const [from, to] of ranges(smallTables, TABLES_IN_ONE_TRANSACTION)) {
    yield `do $$ begin for n in ${from}..${to} loop
        execute format('create table small_%s (id int primary key, name text not null)', n);
        execute format('insert into small_%s select m, md5(%L || m) from generate_series(1, 20) m', n, n);
      end loop; end $$`
  }
  // Without it reading would still set hint bits, and every reader would write.
  yield 'vacuum (freeze, analyze)'
}

/** Statements that change one row in every fiftieth page of a table, where it lies: the pages have room for it. */
export function changeStatements(rowsInPage: {
  readonly account: number
  readonly note: number
}): readonly string[] {
  const step = (rows: number): number => Math.max(1, rows) * CHANGED_ONE_IN
  return [
    `update account set balance = balance + 1 where id % ${step(rowsInPage.account)} = 1`,
    `update note set body = reverse(body) where id % ${step(rowsInPage.note)} = 1`,
  ]
}

function* ranges(count: number, atOnce: number): Generator<readonly [number, number]> {
  for (let from = 1; from <= count; from += atOnce) yield [from, Math.min(count, from + atOnce - 1)]
}
