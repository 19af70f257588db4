import { createHash } from 'node:crypto'
import { chmod, chown, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import type { BackupRecord } from '../api/contract/backups.ts'
import { type Lsn, parseLsn } from '../base/lsn.ts'
import { startEngine } from '../testing/engines.ts'
import { openGate } from '../testing/gate.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { newestMajors, opened, startRestored, startServer, type TestServer } from '../testing/servers.ts'
import { findLedgerFaults, LEDGER_STATEMENTS, startWriteLoad } from '../testing/write-load.ts'

const SMALL_TABLES = 2000
const ROWS_BEFORE_SHRINKING = 40_000

describe.each(newestMajors())('PostgreSQL %i under write load', (major) => {
  test.each(['stream', 'archive'] as const)(
    'a FULL backup in %s mode restores to every committed transaction and nothing torn',
    async (walMode) => {
      await using scratch = await scratchDirectory('under-load')
      const catalog = path.join(scratch.path, 'catalog')
      const archive = path.join(catalog, 'wal', 'main')
      await using server = await startServer(scratch.path, {
        major,
        settings: {
          max_locks_per_transaction: '256',
          ...(walMode === 'archive' && {
            archive_mode: 'on',
            archive_command: `'test ! -f ${archive}/%f && cp %p ${archive}/%f.part && mv ${archive}/%f.part ${archive}/%f'`,
          }),
        },
      })
      await using engine = await startEngine()
      const ref = await engine.register(catalog, server)
      const space = server.directory('space')
      await fillCluster(server, space)
      const external = path.join(scratch.path, 'external')
      await fillExternal(external)
      if (walMode === 'archive') {
        await letServerArchive(catalog, archive, server)
        await engine.client['instances.change-config']({ ...ref, values: { 'external-dirs': external } })
      }
      await using holder = await server.session('shop')
      await holder.query('create temp table passing as select generate_series(1, 5000) as n')
      await using load = await startWriteLoad(server, 'shop')
      await expect.poll(() => load.committed.length).toBeGreaterThan(20)

      await using gate = await openGate(server)
      // The databases are asked for while connecting, and when the files are listed and are to be copied.
      const listed = gate.holdRequest('select oid::text, datname', 2)
      const copied = gate.holdRequest('from pg_catalog.pg_backup_stop')
      const ended = engine.ended(
        engine.client['backups.start']({
          ...ref,
          connection: { port: String(gate.port) },
          mode: 'FULL',
          isStream: walMode === 'stream',
          threads: 2,
          compressAlgorithm: 'zlib',
          ...(walMode === 'stream' && { externalDirs: [external] }),
        }),
      )
      await Promise.race([listed, ended])
      gate.release()
      const duringCopy = await changeMuch(server, walMode === 'stream' ? 'wal_log' : 'file_copy')
      // However quick the copy is, the backup has not ended before.
      await Promise.race([copied, ended])
      gate.release()
      const job = await ended
      expect(job.error).toBeUndefined()
      await load.stop()
      const committed = [...load.committed]
      await server.stop('fast')
      const { backups } = await engine.client['backups.list'](ref)
      const backup = requireOnly(backups)
      const restoredExternal = path.join(scratch.path, 'restored-external')
      const home = server.directory('restored')
      const dataDirectory = path.join(home, 'data')
      const restore = await engine.ended(
        engine.client['restore.start']({
          ...ref,
          dataDirectory,
          threads: 2,
          tablespaceMapping: [{ from: space, to: path.join(home, 'space') }],
          externalMapping: [{ from: external, to: restoredExternal }],
        }),
      )
      expect(restore.error).toBeUndefined()
      expect(await temporaryFiles(home)).toEqual([])
      await using restored = await startRestored(dataDirectory, major, server.password)
      // It answers while it still replays what the archive holds.
      await opened(restored)

      const promised = committed.filter(({ lsn }) => lsn <= backup.stopLsn).map(({ entry }) => entry)
      expect(promised.length).toBeGreaterThan(20)
      expect(await findLedgerFaults(restored, 'shop', promised)).toEqual([])
      expect(await restored.value('shop', 'select damaged_indexes()')).toBe('0')
      expect(await restored.value('shop', 'select sum_of_small_tables()')).toBe(
        String(SMALL_TABLES * (SMALL_TABLES + 1)),
      )
      expect(await restored.value('shop', 'select count(*) from cache')).toBe('0')
      expect(await restored.value('shop', 'select count(*) from cache_in_space')).toBe('0')
      expect(
        await restored.value(
          'shop',
          "select pg_tablespace_location(oid) from pg_tablespace where spcname = 'space'",
        ),
      ).toBe(path.join(home, 'space'))
      expect(duringCopy <= backup.stopLsn).toBe(true)
      expect(await restored.value('born', 'select sum(n) from newborn')).toBe('500500')
      expect(await restored.value('shop', 'select count(*) from shrinking')).toBe('100')
      expect(await restored.value('shop', "select to_regclass('doomed') is null")).toBe('true')
      expect(await describeTree(restoredExternal)).toEqual(await describeTree(external))
    },
  )
})

/** Tables of every kind that a backup treats in a way of its own. */
async function fillCluster(server: TestServer, space: string): Promise<void> {
  await server.run('postgres', `create tablespace space location '${space}'`, 'create database shop')
  await server.run(
    'shop',
    'create extension amcheck schema public',
    ...LEDGER_STATEMENTS,
    'alter table ledger set tablespace space',
    'create unlogged table cache as select n from generate_series(1, 1000) n',
    'create index on cache (n)',
    'create unlogged table cache_in_space (n int) tablespace space',
    'insert into cache_in_space select generate_series(1, 1000)',
    'create table doomed as select n from generate_series(1, 1000) n',
    `create table shrinking as select n, repeat('x', 100) as v from generate_series(1, ${ROWS_BEFORE_SHRINKING}) n`,
    `do $$ begin
       for n in 1..${SMALL_TABLES} loop
         execute format('create table small_%s (id int primary key, twice int)', n);
         execute format('insert into small_%s values (1, %s)', n, 2 * n);
       end loop;
     end $$`,
    `create function sum_of_small_tables() returns bigint language plpgsql as $$
     declare one bigint; total bigint := 0;
     begin
       for n in 1..${SMALL_TABLES} loop
         execute format('select sum(twice) from public.small_%s', n) into strict one;
         total := total + one;
       end loop;
       return total;
     end $$`,
    // Throws at the first damage that amcheck sees, every row looked up in the index included.
    `create function damaged_indexes() returns int language plpgsql as $$
     declare one regclass; seen int := 0;
     begin
       for one in select i.indexrelid::regclass from pg_index i join pg_class c on c.oid = i.indexrelid
                   where c.relam = (select oid from pg_am where amname = 'btree') and c.relpersistence = 'p' loop
         perform public.bt_index_check(one, true);
         seen := seen + 1;
       end loop;
       if seen < ${SMALL_TABLES} then raise 'only % indexes', seen; end if;
       return 0;
     end $$`,
  )
}

/** What hurts a backup most while its files are copied. Gives an LSN by which all of it is committed. */
async function changeMuch(server: TestServer, strategy: 'wal_log' | 'file_copy'): Promise<Lsn> {
  await server.run('postgres', `create database born strategy ${strategy}`)
  await server.run('born', 'create table newborn as select generate_series(1, 1000) as n')
  await server.run('shop', 'drop table doomed', 'delete from shrinking where n > 100', 'vacuum shrinking')
  return parseLsn(await server.value('shop', 'select pg_current_wal_flush_lsn()::text'))
}

/** The server runs as another user here when the tests run as root. */
async function letServerArchive(catalog: string, archive: string, { owner }: TestServer): Promise<void> {
  if (owner === undefined) return
  await chmod(catalog, 0o711)
  await chmod(path.dirname(archive), 0o711)
  await chown(archive, owner.uid, owner.gid)
}

async function fillExternal(directory: string): Promise<void> {
  await mkdir(path.join(directory, 'deep', 'empty'), { recursive: true, mode: 0o750 })
  await writeFile(path.join(directory, 'settings.ini'), 'colour = blue\n', { mode: 0o640 })
  await writeFile(path.join(directory, 'nothing'), '')
  await writeFile(path.join(directory, 'deep', 'picture.bin'), Buffer.alloc(300_001, 'tide\0mark'))
}

/** Path, mode and content of everything below `root`, sorted. */
async function describeTree(root: string): Promise<readonly string[]> {
  const names = (await readdir(root, { recursive: true })).toSorted()
  return await Promise.all(
    names.map(async (name) => {
      const file = path.join(root, name)
      const stats = await stat(file)
      const content = stats.isDirectory() ? 'directory' : sha256(await readFile(file))
      return `${name} ${stats.mode.toString(8)} ${content}`
    }),
  )
}

/** Files of temporary relations: `t3_16384` and its forks. */
async function temporaryFiles(root: string): Promise<readonly string[]> {
  const names = await readdir(root, { recursive: true })
  return names.filter((name) => /^t\d+_\d+/.test(path.basename(name)))
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function requireOnly(backups: readonly BackupRecord[]): BackupRecord {
  const [backup, ...others] = backups
  if (backup === undefined || others.length > 0) throw new Error(`${backups.length} backups instead of one`)
  return backup
}
