import { readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeArchive } from '../testing/archives.ts'
import { startCli } from '../testing/cli-process.ts'
import { startEngine, type TestEngine } from '../testing/engines.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import {
  serverDirectory,
  serverMajors,
  startRestored,
  startServer,
  type TestServer,
} from '../testing/servers.ts'
import { until } from '../testing/until.ts'

describe.each(serverMajors())('after a restore that pauses at its target, PostgreSQL %i', (major) => {
  const cleanUp = new AsyncDisposableStack()
  let engine: TestEngine
  let ref: { readonly catalog: string; readonly instance: string }
  let origin: TestServer
  let restore: (label: string) => Promise<string>
  const conf = (dataDirectory: string) => readFile(path.join(dataDirectory, 'postgresql.auto.conf'), 'utf8')

  beforeAll(async () => {
    const scratch = cleanUp.use(await scratchDirectory('after-restore'))
    const archive = makeArchive(scratch.path)
    origin = cleanUp.use(
      await startServer(scratch.path, { major, walSegmentMb: 1, settings: archive.settings }),
    )
    engine = cleanUp.use(await startEngine())
    ref = await engine.register(path.join(scratch.path, 'catalog'), origin)
    await archive.serve(ref)
    await origin.run('postgres', 'create table t (n int)', `alter system set work_mem = '77MB'`)
    const backup = engine.client['backups.start']({ ...ref, mode: 'FULL' })
    expect((await engine.ended(backup)).error).toBeUndefined()
    await origin.run(
      'postgres',
      'insert into t values (1)',
      `select pg_create_restore_point('here')`,
      'insert into t values (2)',
      'select pg_switch_wal()',
    )
    restore = async (label) => {
      const dataDirectory = path.join(serverDirectory(path.join(scratch.path, label)), 'data')
      const job = await engine.ended(
        engine.client['restore.start']({
          ...ref,
          dataDirectory,
          target: { kind: 'name', name: 'here' },
          isSynced: false,
          isValidated: false,
          restoreCommand: `cp "${archive.directory}/%f" "%p"`,
        }),
      )
      expect(job.error).toBeUndefined()
      return dataDirectory
    }
  })
  afterAll(() => cleanUp.disposeAsync())

  test('the server is found, looked at, promoted and cleaned up: its settings are those of the backup', async () => {
    const dataDirectory = await restore('promoted')
    const place = { ...ref, dataDirectory }
    const fresh = await engine.client['restored.look'](place)
    expect(fresh).toMatchObject({
      stage: 'not-started',
      server: undefined,
      files: ['recovery.signal', 'backup_label'],
      unmarkedSettings: [],
    })
    expect(fresh.settings).toContain("recovery_target_name = 'here'")
    await expect(engine.client['restored.clean-up'](place)).rejects.toMatchObject({ code: 'plan.refused' })
    await expect(engine.client['restored.promote'](place)).rejects.toMatchObject({ code: 'plan.refused' })

    await using server = await startRestored(dataDirectory, major, origin.password)
    const paused = await until(
      () => engine.client['restored.look'](place),
      (one) => one.server?.state === 'paused',
    )
    expect(paused).toMatchObject({
      stage: 'recovering',
      server: { port: String(server.port), problem: undefined },
      log: { stop: expect.stringMatching(/^recovery stopping at restore point "here"/), serious: [] },
    })
    await expect(engine.client['restored.clean-up'](place)).rejects.toMatchObject({ code: 'plan.refused' })
    expect(await conf(dataDirectory)).toContain('recovery_target_name')

    await engine.client['restored.promote'](place)
    const open = await until(
      () => engine.client['restored.look'](place),
      (one) => one.stage === 'open',
    )
    expect(open).toMatchObject({ server: { state: 'open' }, files: ['backup_label.old'] })
    expect(await server.value('postgres', 'select count(*) from public.t')).toBe('1')
    expect(await engine.client['restored.promote'](place)).toMatchObject({ server: { state: 'open' } })

    const cleaned = await engine.client['restored.clean-up'](place)
    expect(cleaned).toMatchObject({ settings: [], unmarkedSettings: [] })
    expect(await conf(dataDirectory)).toBe(await conf(await origin.value('postgres', 'show data_directory')))
    expect(await engine.client['restored.clean-up'](place)).toMatchObject({ settings: [] })
    await server.stop('fast')
    await using again = await startRestored(dataDirectory, major, origin.password)
    expect(await again.value('postgres', `select current_setting('recovery_target_name')`)).toBe('')
    expect(await again.value('postgres', 'show work_mem')).toBe('77MB')
    expect(await again.value('postgres', 'select count(*) from public.t')).toBe('1')
  })

  test('a server that gave up is told with what its log says of that', async () => {
    const dataDirectory = await restore('gave-up')
    const place = { ...ref, dataDirectory }
    const auto = path.join(dataDirectory, 'postgresql.auto.conf')
    await writeFile(auto, (await readFile(auto, 'utf8')).replace("= 'here'", "= 'nowhere'"))
    // Where it is consistent early it answers for a moment before it gives up.
    const started = await startRestored(dataDirectory, major, origin.password).catch(() => undefined)
    const gaveUp = await until(
      () => engine.client['restored.look'](place),
      (one) => one.server === undefined,
    )
    await started?.[Symbol.asyncDispose]()
    expect(gaveUp).toMatchObject({
      stage: 'recovering',
      server: undefined,
      log: {
        file: `${dataDirectory}.log`,
        stop: undefined,
        serious: [
          expect.stringContaining('FATAL:  recovery ended before configured recovery target was reached'),
        ],
      },
    })
  })

  test('a server that replays and answers nobody yet is told as far as it is', async () => {
    const dataDirectory = await restore('slow')
    const place = { ...ref, dataDirectory }
    // Until somebody says so nothing that is asked for comes: the server is up, and its recovery not consistent yet.
    const seenFile = path.join(path.dirname(dataDirectory), 'seen')
    const auto = path.join(dataDirectory, 'postgresql.auto.conf')
    const settings = (await readFile(auto, 'utf8')).replace(
      /restore_command = .*/,
      `restore_command = 'until [ -e "${seenFile}" ]; do sleep 0.1; done; exit 1'`,
    )
    await writeFile(auto, settings)
    const started = startRestored(dataDirectory, major, origin.password).catch(() => undefined)
    const seen = await until(
      () => engine.client['restored.look'](place),
      (one) => one.server?.state === 'starting',
    )
    await writeFile(seenFile, '')
    await (await started)?.stop('immediate')
    expect(seen).toMatchObject({ server: { problem: undefined } })
  })

  test('what ALTER SYSTEM has left without its mark is told and not touched', async () => {
    const dataDirectory = await restore('altered')
    const place = { ...ref, dataDirectory }
    await using server = await startRestored(dataDirectory, major, origin.password)
    await until(
      () => engine.client['restored.look'](place),
      (one) => one.server?.state === 'paused',
    )
    // Whoever paused a standby wants it to go on following its primary.
    const signal = path.join(dataDirectory, 'standby.signal')
    await writeFile(signal, '')
    await expect(engine.client['restored.promote'](place)).rejects.toMatchObject({ code: 'plan.refused' })
    await rm(signal)
    await engine.client['restored.promote'](place)
    await server.run('postgres', `alter system set work_mem = '9MB'`)
    const open = await until(
      () => engine.client['restored.look'](place),
      (one) => one.stage === 'open',
    )
    expect(open.settings).toEqual([])
    expect(open.unmarkedSettings).toContain("recovery_target_name = 'here'")
    const before = await conf(dataDirectory)
    await engine.client['restored.clean-up'](place)
    expect(await conf(dataDirectory)).toBe(before)
  })

  test('the command line does the same', async () => {
    const dataDirectory = await restore('by-command')
    const run = async (...words: readonly string[]) => {
      const place = [`--backup-path=${ref.catalog}`, '--instance=main', `--pgdata=${dataDirectory}`]
      await using cli = startCli(['after-restore', ...place, ...words], { PGPASSWORD: origin.password })
      return await cli.ended
    }
    expect((await run()).out).toContain('no server has been started on it yet')
    await using server = await startRestored(dataDirectory, major, origin.password)
    const place = { ...ref, dataDirectory }
    await until(
      () => engine.client['restored.look'](place),
      (one) => one.server?.state === 'paused',
    )
    const refused = await run('--clean-up')
    expect(refused).toMatchObject({ status: 1, err: expect.stringContaining('is not over') })
    const { status, out } = await run('--promote', '--clean-up', '--format=json')
    expect(status).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ stage: 'open', server: { state: 'open' }, settings: [] })
    expect(await server.value('postgres', 'select pg_is_in_recovery()')).toBe('false')
  })

  test('a server that runs elsewhere is not taken for it', async () => {
    const dataDirectory = await restore('elsewhere')
    const place = { ...ref, dataDirectory }
    const pidFile = await readFile(
      path.join(await origin.value('postgres', 'show data_directory'), 'postmaster.pid'),
      'utf8',
    )
    await writeFile(path.join(dataDirectory, 'postmaster.pid'), pidFile)
    expect((await engine.client['restored.look'](place)).server).toMatchObject({
      state: undefined,
      problem: { code: 'instance.identity-mismatch' },
    })
    await expect(engine.client['restored.promote'](place)).rejects.toMatchObject({
      code: 'instance.identity-mismatch',
    })
  })
})
