import { stat, utimes } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { NEWEST_PROGRAM_VERSION, WRITTEN_PROGRAM_VERSION } from '../api/version.ts'
import { SYSTEM_CLOCK } from '../base/clock.ts'
import { type LogEntry, logTo } from '../base/log.ts'
import { readContentList } from '../catalog/backup.ts'
import { readInventory } from '../catalog/inventory.ts'
import type { BackupOptions } from '../operations/backup/settings.ts'
import { takeBackup } from '../operations/backup/run.ts'
import { startEngine } from '../testing/engines.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { serverDirectory, startRestored, startServer, type TestServer } from '../testing/servers.ts'
import { until } from '../testing/until.ts'

const TABLES = ['still', 'busy', 'veiled', 'late']
const FINGERPRINT = `select json_build_object(${TABLES.map(
  (table) => `'${table}', (select md5(string_agg(t::text, '|' order by id)) from ${table} t)`,
).join()})::text`
const TRUSTING = { mode: 'DELTA', isStream: true, trustsFileTimes: true } as const
const SIGNAL = new AbortController().signal

test('DELTA trusts the times of files as far as they are true', async () => {
  await using scratch = await scratchDirectory('file-times')
  await using server = await startServer(scratch.path, { major: 17, settings: { autovacuum: 'off' } })
  await using engine = await startEngine()
  const ref = await engine.register(path.join(scratch.path, 'catalog'), server)
  for (const table of TABLES) {
    await server.run(
      'postgres',
      `create table ${table} as select g as id, md5(g::text) as v from generate_series(1, 5000) g`,
      `vacuum freeze ${table}`,
    )
  }
  await server.run('postgres', 'checkpoint')
  const files = Object.fromEntries(
    await Promise.all(TABLES.map(async (table) => [table, await fileOf(server, table)] as const)),
  )

  const backUp = async (options: BackupOptions) => {
    const entries: LogEntry[] = []
    const taken = await takeBackup(
      {
        ...ref,
        options,
        connection: server.connection(),
        programVersion: WRITTEN_PROGRAM_VERSION,
        newestProgramVersion: NEWEST_PROGRAM_VERSION,
      },
      {
        signal: SIGNAL,
        report: () => undefined,
        log: logTo((entry) => entries.push(entry)),
        clock: SYSTEM_CLOCK,
      },
      () => undefined,
    )
    const { backups } = await readInventory(ref.catalog, ref.instance, { signal: SIGNAL })
    const backup = backups.find(({ id }) => id === taken.id)
    const content = backup === undefined ? [] : await readContentList(backup)
    return {
      ...taken,
      log: entries.map(({ level, message }) => `${level}: ${message}`).join('\n'),
      isStored: (table: string) =>
        content.some((entry) => entry.path === files[table] && entry.sizeBytes > 0),
    }
  }

  // A backup begins at a full second; what was written up to now shall be older than that.
  const writtenSeconds = Math.floor(Date.now() / 1000)
  await until(() => Date.now() >= (writtenSeconds + 1) * 1000)
  const full = await backUp({ mode: 'FULL', isStream: true })

  // As if the clock had been an hour ahead when the parent began: what changes now looks older than it.
  await server.run('postgres', 'update late set v = $$new$$ where id = 1', 'checkpoint')
  const deceived = await backUp({ ...TRUSTING, fileTimeMarginMs: -3_600_000 })
  expect(deceived.log).toMatch(
    new RegExp(
      `warning: times of files are not trusted, every page is read: ".*" has changed since backup ${full.id}`,
    ),
  )
  expect(deceived.log).not.toContain('skipped')
  expect(deceived.isStored('late')).toBe(true)

  // One table changes, and another whose time is then set back, as a copy with its old times would be.
  await server.run('postgres', 'update busy set v = $$new$$ where id = 1')
  await server.run('postgres', 'update veiled set v = $$new$$ where id = 1', 'checkpoint')
  const { mtime } = await stat(path.join(server.dataDirectory, files['still'] ?? ''))
  await utimes(path.join(server.dataDirectory, files['veiled'] ?? ''), mtime, mtime)
  const honest = await backUp({ ...TRUSTING, fileTimeMarginMs: 0 })
  expect(honest.log).toMatch(
    /info: trusting the file system and its clock: \d{3,} data files \(\d{7,} bytes\) are skipped/,
  )
  expect(honest.log).toMatch(/info: \d+ of them .* were read to make sure and hold no change/)
  expect(TABLES.filter(honest.isStored)).toEqual(['busy', 'veiled'])

  const data = await server.value('postgres', FINGERPRINT)
  const dataDirectory = path.join(serverDirectory(path.join(scratch.path, 'restored')), 'data')
  const restore = await engine.ended(
    engine.client['restore.start']({ ...ref, id: honest.id, dataDirectory, threads: 2 }),
  )
  expect(restore.error).toBeUndefined()
  await using restored = await startRestored(dataDirectory, 17, server.password)
  expect(await restored.value('postgres', FINGERPRINT)).toBe(data)
})

async function fileOf(server: TestServer, table: string): Promise<string> {
  return await server.value('postgres', `select pg_relation_filepath('${table}')`)
}
