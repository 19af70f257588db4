import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readWalArchive } from '../catalog/wal-archive.ts'
import { startEngine } from '../testing/engines.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import {
  endSegment,
  giveToServers,
  newestMajors,
  startRestored,
  startServer,
  type TestServer,
} from '../testing/servers.ts'

const MIB = 1 << 20
const CLI = path.join(import.meta.dirname, '..', 'cli', 'main.ts')
const NEVER = new AbortController().signal

/** A primary and its standby with archive_mode = always: both push every segment into one archive. */
async function setUp(major: TestServer['major']) {
  const scratch = await scratchDirectory('archive-both')
  onTestFinished(() => scratch[Symbol.asyncDispose]())
  const primary = await startServer(scratch.path, {
    major,
    walSegmentMb: 1,
    settings: { archive_mode: 'always', archive_command: "''", wal_keep_size: "'64MB'" },
  })
  onTestFinished(() => primary[Symbol.asyncDispose]())
  const engine = await startEngine()
  onTestFinished(() => engine[Symbol.asyncDispose]())
  const ref = await engine.register(path.join(scratch.path, 'catalog'), primary)
  giveToServers(ref.catalog)
  const archive = path.join(ref.catalog, 'wal', ref.instance)
  const push = [
    `"${process.execPath}" "${CLI}" archive-push -B "${ref.catalog}" --instance=${ref.instance}`,
    '--wal-file-name=%f --wal-file-path=%p --archive-timeout=5s --log-level-console=log || exit 1',
  ].join(' ')
  const backup = await engine.ended(engine.client['backups.start']({ ...ref, mode: 'FULL', isStream: true }))
  expect(backup.error).toBeUndefined()
  const dataDirectory = path.join(primary.directory('standby'), 'data')
  const restored = await engine.ended(
    engine.client['restore.start']({
      ...ref,
      dataDirectory,
      isReplica: true,
      primaryConninfo: `host=127.0.0.1 port=${primary.port} user=postgres password=${primary.password}`,
    }),
  )
  expect(restored.error).toBeUndefined()
  const standby = await startRestored(dataDirectory, major, primary.password, { isArchiving: true })
  onTestFinished(() => standby[Symbol.asyncDispose]())
  for (const server of [primary, standby])
    await server.run('postgres', `alter system set archive_command = '${push}'`, 'select pg_reload_conf()')
  return { primary, standby, engine, ref, archive }
}

const counted = (server: TestServer, what: 'archived' | 'failed') =>
  server.value('postgres', `select ${what}_count::text from pg_stat_archiver`).then(Number)
const lastArchived = (server: TestServer) =>
  server.value('postgres', 'select last_archived_wal from pg_stat_archiver')
const logOf = (server: TestServer): string => readFileSync(server.logFile, 'utf8')

/** Fills and ends segments on the primary; gives the name of the last one. */
async function write(primary: TestServer, segments: number): Promise<string> {
  let name = ''
  for (let count = 0; count < segments; count++) {
    await primary.run(
      'postgres',
      "select pg_logical_emit_message(true, 'x', repeat(md5(random()::text), 3200))",
    )
    name = await endSegment(primary)
  }
  return name
}

describe.each(newestMajors())('archive_mode = always on PostgreSQL %i', (major) => {
  test('primary and standby push the same segments: each is there once, and none is replaced by another', async () => {
    const { primary, standby, engine, ref, archive } = await setUp(major)
    expect((await engine.client['wal.setup'](ref)).archiveMode).toBe('always')
    const last = await write(primary, 6)
    for (const server of [primary, standby]) await expect.poll(() => lastArchived(server)).toBe(last)

    // Both have pushed all; whoever came second found the same and left it.
    const { timelines } = await readWalArchive(ref.catalog, ref.instance, MIB, { signal: NEVER })
    expect(timelines).toMatchObject([{ timeline: 1, lost: [] }])
    expect(timelines[0]?.files.filter(({ kind }) => kind === 'temporary')).toEqual([])
    expect(await counted(standby, 'archived')).toBeGreaterThan(4)
    expect(logOf(primary) + logOf(standby)).toContain('0 WAL files were archived, 1 were there already')
    for (const name of readdirSync(archive).filter((one) => /^[0-9A-F]{24}$/.test(one))) {
      const own = path.join(primary.dataDirectory, 'pg_wal', name)
      if (existsSync(own)) expect(readFileSync(path.join(archive, name)).equals(readFileSync(own))).toBe(true)
    }

    // The standby goes on by itself: what the old primary writes from now on is another history.
    await standby.run('postgres', 'select pg_promote(true)')
    await standby.run('postgres', 'create table after_promotion (n int)')
    const next = await endSegment(standby)
    await expect.poll(() => lastArchived(standby)).toBe(next)
    await write(primary, 2)
    await expect.poll(() => readdirSync(archive).includes(next)).toBe(true)
    expect(readdirSync(archive)).toContain('00000002.history')
    for (const server of [primary, standby]) expect(await counted(server, 'failed')).toBe(0)
  })

  test('a segment that differs from what the other has pushed is refused, and stays on its server', async () => {
    const { primary, standby, archive } = await setUp(major)
    const last = await write(primary, 2)
    for (const server of [primary, standby]) await expect.poll(() => lastArchived(server)).toBe(last)
    const name = await primary.value('postgres', 'select pg_walfile_name(pg_current_wal_lsn())')
    // Somebody else was there before, with another history.
    const other = Buffer.alloc(MIB, 'another')
    writeFileSync(path.join(archive, name), other)
    await write(primary, 1)
    for (const server of [primary, standby]) {
      await expect.poll(() => counted(server, 'failed')).toBeGreaterThan(0)
      await expect.poll(() => logOf(server)).toContain('has another')
      expect(existsSync(path.join(server.dataDirectory, 'pg_wal', name))).toBe(true)
    }
    expect(readFileSync(path.join(archive, name)).equals(other)).toBe(true)
  })
})
