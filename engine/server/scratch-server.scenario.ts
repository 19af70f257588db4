import { access, chown, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeArchive } from '../testing/archives.ts'
import { startEngine } from '../testing/engines.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { startScratch } from '../testing/scratch-servers.ts'
import { outerMajors, serverDirectory, startServer } from '../testing/servers.ts'

const NEVER = new AbortController().signal
const WAIT = { limitMs: 60_000, signal: NEVER }

describe.each(outerMajors())('a scratch server of PostgreSQL %i', (major) => {
  const cleanUp = new AsyncDisposableStack()
  let restore: (label: string, request: object) => Promise<string>
  let archive: string

  beforeAll(async () => {
    const scratch = cleanUp.use(await scratchDirectory('scratch-server'))
    const made = makeArchive(scratch.path)
    archive = made.directory
    const server = cleanUp.use(
      await startServer(scratch.path, { major, walSegmentMb: 1, settings: made.settings }),
    )
    const engine = cleanUp.use(await startEngine())
    const ref = await engine.register(path.join(scratch.path, 'catalog'), server)
    await made.serve(ref)
    await server.run('postgres', 'create table t (n int)')
    const { error } = await engine.ended(engine.client['backups.start']({ ...ref, mode: 'FULL' }))
    expect(error).toBeUndefined()
    await server.run(
      'postgres',
      'insert into t values (1)',
      `select pg_create_restore_point('here')`,
      'insert into t values (2)',
      'select pg_switch_wal()',
      'insert into t values (3)',
    )
    await server.stop('fast')
    restore = async (label, request) => {
      const dataDirectory = path.join(serverDirectory(path.join(scratch.path, label)), 'data')
      const job = await engine.ended(
        engine.client['restore.start']({
          ...ref,
          dataDirectory,
          isSynced: false,
          isValidated: false,
          // The catalog belongs to this process, which may be root.
          restoreCommand: `cp "${archive}/%f" "%p"`,
          ...request,
        }),
      )
      expect(job.error).toBeUndefined()
      return dataDirectory
    }
  })
  afterAll(() => cleanUp.disposeAsync())

  test('pauses at the target, can be read, and is gone afterwards with all that was its own', async () => {
    const dataDirectory = await restore('pausing', { target: { kind: 'name', name: 'here' } })
    const before = await readdir(archive)
    let place = ''
    let pid = 0
    {
      await using server = await startScratch(dataDirectory, major)
      pid = server.pid
      place = server.connection().host ?? ''
      await access(place)
      const stop = await server.waitForRecovery(WAIT)
      expect(stop).toMatchObject({
        state: 'paused',
        timeline: 1,
        log: { stop: { side: 'after', at: { kind: 'name', name: 'here' } } },
      })
      await using session = await server.session('postgres', { signal: NEVER })
      expect((await session.query('select n from public.t order by n')).rows).toEqual([{ n: 1 }])
      await session.query('select pg_promote()')
      expect(await server.waitForRecovery(WAIT)).toMatchObject({ state: 'open', timeline: 1 })
      await session.query('insert into public.t values (9)')
      await session.query('select pg_switch_wal()')
    }
    expect(() => process.kill(pid, 0)).toThrow()
    await expect(access(place)).rejects.toThrow()
    expect(await readdir(archive)).toEqual(before)
    await expect(access(path.join(dataDirectory, 'postmaster.pid'))).rejects.toThrow()
  })

  test('whose action is to shut down tells so', async () => {
    const dataDirectory = await restore('shutting', {
      target: { kind: 'name', name: 'here' },
      targetAction: 'shutdown',
    })
    await using server = await startScratch(dataDirectory, major)
    expect(await server.waitForRecovery(WAIT)).toMatchObject({
      state: 'shut-down',
      log: { stop: { at: { kind: 'name', name: 'here' } } },
    })
  })

  test('that does not reach its target tells why, in the words of the server', async () => {
    const dataDirectory = await restore('missing', { target: { kind: 'name', name: 'nowhere' } })
    await using server = await startScratch(dataDirectory, major)
    expect(await server.waitForRecovery(WAIT)).toMatchObject({
      state: 'failed',
      message: 'recovery ended before configured recovery target was reached',
    })
  })

  test('is not waited for longer than allowed, nor by one who has enough of it', async () => {
    const dataDirectory = await restore('waiting', {
      target: { kind: 'name', name: 'here' },
      restoreCommand: 'sleep 60',
    })
    await using server = await startScratch(dataDirectory, major)
    await expect(server.waitForRecovery({ ...WAIT, limitMs: 300 })).rejects.toMatchObject({
      code: 'run.timeout',
    })
    const cancelled = server.waitForRecovery({ ...WAIT, signal: AbortSignal.timeout(100) })
    await expect(cancelled).rejects.toMatchObject({ name: 'TimeoutError' })
  })

  test('connects as the first role that exists', async () => {
    const dataDirectory = await restore('roles', { target: { kind: 'immediate' } })
    await using server = await startScratch(dataDirectory, major, { users: ['nobody-here', 'postgres'] })
    await server.waitForRecovery(WAIT)
    expect(server.connection().user).toBe('postgres')
  })

  test('starts where the configuration was kept elsewhere', async () => {
    const dataDirectory = await restore('bare', { target: { kind: 'immediate' } })
    await rm(path.join(dataDirectory, 'postgresql.conf'))
    await using server = await startScratch(dataDirectory, major)
    expect(await server.waitForRecovery(WAIT)).toMatchObject({ state: 'paused' })
  })
})

test.skipIf(process.getuid?.() !== 0)('a server is not started as root (only root can try)', async () => {
  await using scratch = await scratchDirectory('of-root')
  const dataDirectory = path.join(scratch.path, 'data')
  await mkdir(dataDirectory)
  await writeFile(path.join(dataDirectory, 'PG_VERSION'), '17\n')
  await chown(dataDirectory, 0, 0)
  await expect(startScratch(dataDirectory, 17)).rejects.toMatchObject({ code: 'server.denied' })
})
