import type { TestServer } from './servers.ts'

/** What the server must be started with: the extension itself would define the setting. */
export const PTRACK_SETTINGS = { 'ptrack.map_size': '16' }

/** Stands in for the extension `ptrack`, which needs a patched server. */
export type PtrackDouble = {
  /** From which LSN on it claims to have tracked. */
  beginAt(lsn: string): Promise<void>
  /** Files whose changes it keeps to itself. */
  hide(path: string): Promise<void>
  /** Files of which it claims that every page has changed, as the extension may where its map is small. */
  exaggerate(path: string): Promise<void>
  pretendVersion(version: string): Promise<void>
}

/**
 * Gives the database `postgres` functions of the names and result types that ptrack 2.4 has, in a schema whose name needs
 * quotes. The map is made of what the files hold: pages whose LSN is at or after the asked one, and pages without any.
 */
export async function installPtrackDouble(server: TestServer): Promise<PtrackDouble> {
  await server.run(
    'postgres',
    'create schema "Tracking"',
    `create table "Tracking".world (init_lsn pg_lsn, version text, hidden text[], whole text[])`,
    `insert into "Tracking".world values (pg_current_wal_lsn(), '2.4', '{}', '{}')`,
    `create function "Tracking".ptrack_version() returns text language sql as 'select version from "Tracking".world'`,
    `create function "Tracking".ptrack_init_lsn() returns pg_lsn language sql as 'select init_lsn from "Tracking".world'`,
    PAGE_LSN,
    PAGE_MAP_SET,
    'set allow_system_table_mods = on',
    `insert into pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
     values (99999, 'ptrack', 10, '"Tracking"'::regnamespace, true, '2.4')`,
  )
  const tell = async (what: string): Promise<void> =>
    await server.run('postgres', `update "Tracking".world set ${what}`)
  return {
    beginAt: (lsn) => tell(`init_lsn = '${lsn}'`),
    hide: (path) => tell(`hidden = hidden || '${path}'::text`),
    exaggerate: (path) => tell(`whole = whole || '${path}'::text`),
    pretendVersion: (version) => tell(`version = '${version}'`),
  }
}

/** A page begins with its LSN: two 32-bit numbers, the high one first, each in the byte order of the machine. */
const PAGE_LSN = `
create function "Tracking".page_lsn(content bytea, at int) returns pg_lsn language sql immutable as $$
  select (to_hex(sum(get_byte(content, at + i)::bigint << (8 * i)) filter (where i < 4)::bigint) || '/' ||
          to_hex(sum(get_byte(content, at + i)::bigint << (8 * (i - 4))) filter (where i >= 4)::bigint))::pg_lsn
    from generate_series(0, 7) i
$$`

const PAGE_MAP_SET = `
create function "Tracking".ptrack_get_pagemapset(start_lsn pg_lsn)
returns table (path text, pagecount bigint, pagemap bytea) language plpgsql as $$
declare
  world "Tracking".world;
  content bytea;
  lsn pg_lsn;
begin
  select * into world from "Tracking".world;
  for path in
    select directory || '/' || file
      from (select 'global' union all select 'base/' || d from pg_ls_dir('base') d) directories (directory),
           pg_ls_dir(directory) file
     where file ~ '^[0-9]+([.][0-9]+)?$'
  loop
    content := pg_read_binary_file(path, 0, 1 << 28, true);
    continue when content is null or path = any(world.hidden);
    pagemap := decode(repeat('00', length(content) / 8192 / 8 + 1), 'hex');
    pagecount := 0;
    for block in 0 .. length(content) / 8192 - 1 loop
      lsn := "Tracking".page_lsn(content, block * 8192);
      if lsn >= start_lsn or lsn = '0/0' or path = any(world.whole) then
        pagemap := set_bit(pagemap, block, 1);
        pagecount := pagecount + 1;
      end if;
    end loop;
    if pagecount > 0 then
      return next;
    end if;
  end loop;
end
$$`
