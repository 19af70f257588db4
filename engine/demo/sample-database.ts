/** A small shop, the way applications leave them: keys, indexes, text, JSON, a partitioned table, a large value or two. */
export const SAMPLE_DATABASE = 'shop'

/** Statements that make the sample in an empty database; about 60 MB with the default scale. Fixed seed, so every run is alike. */
export function sampleStatements(scale = 1): readonly string[] {
  const customers = Math.round(20_000 * scale)
  const orders = Math.round(100_000 * scale)
  return [
    'select setseed(0.4242)',
    `create table customer (
       id bigint generated always as identity primary key,
       name text not null, city text not null, email text not null unique,
       preferences jsonb not null default '{}', joined_at timestamptz not null)`,
    `create table product (
       id int primary key, sku text not null unique, title text not null, price numeric(10, 2) not null, description text)`,
    `create table purchase (
       id bigint generated always as identity, customer_id bigint not null, placed_on date not null,
       total numeric(12, 2) not null, note text, primary key (id, placed_on)) partition by range (placed_on)`,
    ...[1, 2, 3, 4].map(
      (quarter) =>
        `create table purchase_2026q${quarter} partition of purchase
           for values from ('${quarterStart(quarter)}') to ('${quarterStart(quarter + 1)}')`,
    ),
    'create table purchase_line (purchase_id bigint, product_id int, quantity int not null, primary key (purchase_id, product_id))',
    'create unlogged table session_cache (token uuid primary key default gen_random_uuid(), seen_at timestamptz default now())',
    'create table ledger (entry bigint generated always as identity primary key, at timestamptz not null default now(), amount numeric not null)',
    `insert into customer (name, city, email, preferences, joined_at)
       select 'Customer ' || n, (array['Lisbon', 'Lyon', '杭州', 'Leipzig', 'Łódź', 'Kyoto'])[1 + n % 6], 'c' || n || '@example.org',
              jsonb_build_object('newsletter', n % 3 = 0, 'theme', case when n % 2 = 0 then 'dark' else 'light' end),
              timestamptz '2024-01-01' + n * interval '17 minutes'
         from generate_series(1, ${customers}) n`,
    `insert into product
       select n, 'SKU-' || lpad(n::text, 6, '0'), 'Article ' || n, round((random() * 500)::numeric, 2), repeat(md5(n::text), 1 + n % 40)
         from generate_series(1, 2000) n`,
    `insert into purchase (customer_id, placed_on, total, note)
       select 1 + n % ${customers}, date '2026-01-01' + n % 365, round((random() * 900)::numeric, 2),
              case when n % 11 = 0 then 'leave at the door, bell ' || n end
         from generate_series(1, ${orders}) n`,
    `insert into purchase_line
       select n, 1 + (n * 7 + line * 131) % 2000, 1 + (n + line) % 5
         from generate_series(1, ${orders}) n, generate_series(0, 2) line on conflict do nothing`,
    'insert into session_cache select from generate_series(1, 500)',
    'insert into ledger (amount) select round((random() * 1000 - 500)::numeric, 2) from generate_series(1, 5000)',
    'create index on customer using gin (preferences)',
    'create index on purchase (customer_id)',
    'create view revenue as select placed_on, sum(total) as total from purchase group by placed_on',
    'analyze',
  ]
}

/** A change that touches every kind of table: rows added, changed and removed, a column added, an index rebuilt. */
export const CHANGE_STATEMENTS: readonly string[] = [
  'update customer set preferences = preferences || \'{"vip": true}\' where id % 50 = 0',
  'delete from purchase_line where purchase_id % 97 = 0',
  "insert into purchase (customer_id, placed_on, total) select n, date '2026-11-20', 42 from generate_series(1, 2000) n",
  'insert into ledger (amount) select n from generate_series(1, 1000) n',
  'alter table product add column discontinued boolean not null default false',
  'update product set discontinued = true where id % 100 = 0',
  'reindex index purchase_customer_id_idx',
]

/** One statement of a light, steady load. */
export const LOAD_STATEMENT =
  'insert into ledger (amount) values (round((random() * 1000 - 500)::numeric, 2))'

/**
 * For each table a query for its row count and a hash that does not depend on the order of rows. Two databases with
 * equal answers hold the same data.
 */
export function fingerprintQueries(
  tables: readonly string[],
): readonly { readonly name: string; readonly sql: string }[] {
  return tables.map((name) => ({
    name,
    sql: `select count(*) as counted, coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) as hash from ${name} t`,
  }))
}

function quarterStart(quarter: number): string {
  return quarter === 5 ? '2027-01-01' : `2026-${String(quarter * 3 - 2).padStart(2, '0')}-01`
}
