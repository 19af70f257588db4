import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RestoreRequest } from '../api/contract/restore.ts'
import { type BackupId, parseBackupId } from '../base/backup-id.ts'
import type { InstanceName } from '../base/instance-name.ts'
import { writeRestoreMark } from '../operations/restore/interrupted.ts'
import { startEngine, type TestEngine } from '../testing/engines.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import {
  newestMajors,
  serverDirectory,
  startRestored,
  startServer,
  type TestServer,
} from '../testing/servers.ts'

describe.each(newestMajors())('a restore that moves aside what is there, on PostgreSQL %i', (major) => {
  const disposals = new AsyncDisposableStack()
  let server: TestServer
  let engine: TestEngine
  let backupId: BackupId
  let ref: { readonly catalog: string; readonly instance: InstanceName }

  beforeAll(async () => {
    const root = disposals.use(await scratchDirectory('aside')).path
    server = disposals.use(await startServer(root, { major }))
    engine = disposals.use(await startEngine())
    const { catalog, instance } = await engine.register(path.join(root, 'catalog'), server)
    ref = { catalog, instance: instance as InstanceName }
    await server.run('postgres', 'create table kept as select 1 as n')
    const backup = await engine.ended(
      engine.client['backups.start']({ ...ref, mode: 'FULL', isStream: true }),
    )
    expect(backup.error).toBeUndefined()
    backupId = parseBackupId(backup.backupId ?? '')
  })
  afterAll(() => disposals.disposeAsync())

  const request = (name: string, more: Partial<RestoreRequest> = {}): RestoreRequest => ({
    ...ref,
    dataDirectory: path.join(server.directory(name), 'data'),
    movesAside: true,
    ...more,
  })
  const restore = async (asked: RestoreRequest) => await engine.ended(engine.client['restore.start'](asked))
  const targetOf = async (asked: RestoreRequest) =>
    (await engine.client['restore.plan'](asked)).preflight.find(({ code }) => code === 'target-directory')

  test('leaves the old cluster as it was, each time under a name of its own', async () => {
    const asked = request('twice')
    const { dataDirectory } = asked
    expect((await restore(asked)).error).toBeUndefined()
    expect(existsSync(`${dataDirectory}.before-restore`)).toBe(false)
    {
      await using first = await startRestored(dataDirectory, major, server.password)
      await first.run('postgres', 'update kept set n = 2')
      await first.stop('fast')
    }
    const { uid } = statSync(dataDirectory)
    expect(await targetOf(asked)).toMatchObject({
      state: 'warning',
      sentence: {
        code: 'target-moved',
        values: { path: dataDirectory, to: `${dataDirectory}.before-restore` },
      },
    })

    expect((await restore(asked)).error).toBeUndefined()
    expect(statSync(dataDirectory).uid).toBe(uid)
    expect((await restore(asked)).error).toBeUndefined()
    expect(existsSync(`${dataDirectory}.before-restore-2`)).toBe(true)

    await using now = await startRestored(dataDirectory, major, server.password)
    expect(await now.value('postgres', 'select n from kept')).toBe('1')
    await using old = await startRestored(`${dataDirectory}.before-restore`, major, server.password)
    expect(await old.value('postgres', 'select n from kept')).toBe('2')
  })

  test('takes what is no cluster away as well', async () => {
    const asked = request('files')
    mkdirSync(asked.dataDirectory)
    writeFileSync(path.join(asked.dataDirectory, 'notes'), 'mine')
    expect((await restore(asked)).error).toBeUndefined()
    expect(readFileSync(path.join(`${asked.dataDirectory}.before-restore`, 'notes'), 'utf8')).toBe('mine')
  })

  test.each(['', 'wal/main', '..'])('never takes the catalog away, not by its "%s" either', async (below) => {
    const dataDirectory = path.join(ref.catalog, below)
    const outcome = await restore({ ...ref, dataDirectory, movesAside: true })
    expect(outcome.error).toMatchObject({ code: 'plan.refused' })
    expect(outcome.error?.message).toContain('catalog')
    expect((await engine.client['backups.list'](ref)).backups).not.toEqual([])
  })

  test('continues an interrupted restore instead', async () => {
    const asked = request('interrupted')
    expect((await restore(asked)).error).toBeUndefined()
    // As a process leaves it that was killed just before the end.
    rmSync(path.join(asked.dataDirectory, 'global', 'pg_control'))
    await writeRestoreMark(asked.dataDirectory, {
      systemIdentifier: await server.value('postgres', 'select system_identifier from pg_control_system()'),
      instance: ref.instance,
      backupId,
      startedAt: '2026-11-21T01:00:00.000Z',
      places: [],
    })
    const outcome = await restore(asked)
    expect(outcome).toMatchObject({ error: undefined, result: { reusedBytes: expect.any(Number) } })
    expect(existsSync(path.join(asked.dataDirectory, 'global', 'pg_control'))).toBe(true)
    expect(existsSync(`${asked.dataDirectory}.before-restore`)).toBe(false)
  })

  test('leaves tablespaces where they are: the hint of its refusal leads out, and the old cluster still starts', async () => {
    const dataDirectory = path.join(serverDirectory(server.directory('with-space')), 'data')
    const space = server.directory('space')
    await server.run('postgres', `create tablespace aside location '${space}'`)
    await server.run('postgres', 'create table far tablespace aside as select 7 as n')
    const backup = await engine.ended(
      engine.client['backups.start']({ ...ref, mode: 'FULL', isStream: true }),
    )
    const id = parseBackupId(backup.backupId ?? '')
    const own = serverDirectory(server.directory('own-space'))
    const asked: RestoreRequest = {
      ...ref,
      id,
      dataDirectory,
      movesAside: true,
      tablespaceMapping: [{ from: space, to: own }],
    }
    expect((await restore(asked)).error).toBeUndefined()
    const refused = (await restore(asked)).error
    expect(refused).toMatchObject({
      code: 'storage.not-empty',
      hint: expect.stringMatching(/^Map the tablespace .* with --tablespace-mapping: .* moved aside\.$/),
    })
    expect(existsSync(`${dataDirectory}.before-restore`)).toBe(false)

    const other = serverDirectory(server.directory('other-space'))
    expect(
      (await restore({ ...asked, tablespaceMapping: [{ from: space, to: other }] })).error,
    ).toBeUndefined()
    await using now = await startRestored(dataDirectory, major, server.password)
    expect(await now.value('postgres', 'select n from far')).toBe('7')
    await using old = await startRestored(`${dataDirectory}.before-restore`, major, server.password)
    expect(await old.value('postgres', 'select n from far')).toBe('7')
    await server.run('postgres', 'drop table far')
  })

  test('is refused where a server runs, through a link, and together with an incremental mode', async () => {
    expect((await restore({ ...request('x'), dataDirectory: server.dataDirectory })).error).toMatchObject({
      code: 'server.running',
    })
    const place = serverDirectory(path.join(server.directory('link'), 'real'))
    writeFileSync(path.join(place, 'notes'), 'mine')
    const link = path.join(path.dirname(place), 'data')
    symlinkSync(place, link)
    expect(await targetOf({ ...request('y'), dataDirectory: link })).toMatchObject({
      state: 'blocked',
      sentence: { code: 'target-refused' },
    })
    await expect(targetOf(request('z', { incrementalMode: 'checksum' }))).rejects.toMatchObject({
      code: 'usage.invalid',
    })
  })
})
