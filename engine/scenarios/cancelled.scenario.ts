import { existsSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { BackupRecord } from '../api/contract/backups.ts'
import type { JobSnapshot } from '../api/contract/jobs.ts'
import { startCli } from '../testing/cli-process.ts'
import { startEngine, type TestEngine } from '../testing/engines.ts'
import { type Gate, openGate } from '../testing/gate.ts'
import { expectLeftAlone } from '../testing/left-alone.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { startRestored, startServer, type TestServer } from '../testing/servers.ts'

const MAJOR = 17
/** Takes a thread some tenths of a second to compress or to restore: long enough to be met while it does. */
const ROWS = 160_000
const HARD_TO_COPY = ['--compress-algorithm=zlib', '--compress-level=9']

describe('cancelled', () => {
  const disposals = new AsyncDisposableStack()
  let root: string
  let ref: { readonly catalog: string; readonly instance: string }
  let server: TestServer
  let gate: Gate
  let engine: TestEngine
  let sum: string

  beforeAll(async () => {
    root = disposals.use(await scratchDirectory('cancelled')).path
    server = disposals.use(
      await startServer(root, {
        major: MAJOR,
        settings: { checkpoint_timeout: "'1h'", max_wal_size: "'4GB'", autovacuum: 'off' },
      }),
    )
    gate = disposals.use(await openGate(server))
    engine = disposals.use(await startEngine())
    ref = await engine.register(path.join(root, 'catalog'), server)
    await server.run('postgres', 'create database shop')
    await server.run(
      'shop',
      `create table ledger as
         select n, md5(n::text) || md5((n + 1)::text) || md5((n + 2)::text) as v from generate_series(1, ${ROWS}) n`,
      'checkpoint',
    )
    sum = await checksum(server)
  })
  afterAll(() => disposals.disposeAsync())

  const place = (): readonly string[] => ['-B', ref.catalog, '--instance=main']
  type Changes = Partial<Parameters<TestEngine['client']['backups.start']>[0]>
  const startBackup = (changes: Changes = {}) =>
    engine.client['backups.start']({
      ...ref,
      mode: 'FULL',
      isStream: true,
      connection: { port: String(gate.port) },
      ...changes,
    })
  const backups = async (): Promise<readonly BackupRecord[]> =>
    (await engine.client['backups.list'](ref)).backups
  const logOf = async (job: string): Promise<string> => {
    const { entries } = await engine.client['jobs.log']({ job, from: 0, limit: 1000 })
    return entries.map(({ message }) => message).join('\n')
  }
  /** Cancels the job as soon as it is there, and gives how it ended. */
  const cancelAt = async (
    job: string,
    isThere: (snapshot: JobSnapshot) => boolean | Promise<boolean>,
  ): Promise<JobSnapshot> => {
    let isCancelled = false
    for await (const snapshot of engine.client['jobs.watch']({ job })) {
      if (isCancelled || !(await isThere(snapshot))) continue
      isCancelled = true
      await engine.client['jobs.cancel']({ job })
    }
    expect(isCancelled, 'it was never there').toBe(true)
    return await engine.client['jobs.get']({ job })
  }
  const expectNextBackupSound = async (): Promise<void> => {
    const next = await engine.ended(startBackup())
    expect(next.error).toBeUndefined()
    const [backup] = await backups()
    expect(backup).toMatchObject({ id: next.backupId, status: 'OK' })
    const validated = await engine.ended(
      engine.client['backups.validate']({ ...ref, id: backup?.id ?? next.backupId }),
    )
    expect(validated).toMatchObject({ state: 'succeeded', result: { isSound: true } })
  }

  describe('a backup', () => {
    test.each<{
      readonly phase: string
      readonly changes?: Changes
      readonly prepare?: () => Promise<unknown>
      readonly isThere: (snapshot: JobSnapshot) => boolean | Promise<boolean>
    }>([
      {
        phase: 'waits for the checkpoint',
        changes: { isSmoothCheckpoint: true },
        prepare: () => server.run('shop', 'update ledger set n = n + 0'),
        isThere: async ({ progress }) => {
          if (progress?.phase !== 'checkpoint') return false
          await expect.poll(isWaitingForCheckpoint).toBe('true')
          return true
        },
      },
      {
        phase: 'copies files',
        changes: { compressAlgorithm: 'zlib', compressLevel: 9 },
        isThere: ({ progress }) => progress?.phase === 'copy' && progress.doneBytes > 0,
      },
      {
        phase: 'asks for the place of WAL',
        prepare: async () => void gate.holdRequest('IDENTIFY_SYSTEM'),
        isThere: ({ progress }) => progress?.phase === 'wait-for-wal',
      },
      {
        phase: 'waits for WAL that does not come',
        prepare: async () => void gate.holdWalAfter('select pg_catalog.pg_create_restore_point'),
        isThere: ({ progress }) =>
          progress?.phase === 'wait-for-wal' && progress.reason?.startsWith('the WAL record') === true,
      },
    ])('while it $phase leaves an ERROR and the server as it was', async ({ changes, prepare, isThere }) => {
      await prepare?.()
      const { job } = await startBackup(changes)
      const ended = await cancelAt(job, isThere)
      gate.open()

      expect(ended).toMatchObject({ state: 'cancelled', error: undefined, result: undefined })
      const [backup] = await backups()
      expect(backup).toMatchObject({ id: ended.backupId, status: 'ERROR' })
      expect(backup?.endTime).toBeDefined()
      await expectLeftAlone(server)
      await expectNextBackupSound()
      expect((await backups()).find(({ id }) => id === ended.backupId)?.status).toBe('ERROR')
    })

    test('is not begun while it connects or waits for another one', async () => {
      const before = await backups()
      const held = gate.holdRequest('from pg_catalog.pg_tablespace')
      const first = await startBackup()
      await held
      const second = await startBackup()
      await engine.client['jobs.cancel']({ job: second.job })
      await engine.client['jobs.cancel']({ job: first.job })
      gate.open()

      for (const { job } of [first, second]) {
        expect(await engine.ended(Promise.resolve({ job }))).toMatchObject({
          state: 'cancelled',
          backupId: undefined,
        })
      }
      expect(await backups()).toEqual(before)
      await expectLeftAlone(server)
    })

    test('with Ctrl-C at the command line ends with status 130 and leaves an ERROR', async () => {
      await using program = startCli(
        ['backup', '-b', 'FULL', '--stream', '--progress', ...HARD_TO_COPY, ...place()],
        { PGPASSWORD: server.password },
        { text: 'progress: copying', signal: 'SIGINT' },
      )
      const { status, signal, err } = await program.ended

      expect({ status, signal }).toEqual({ status: 130, signal: null })
      expect(err).toContain('WARNING: cancelling; waiting until everything is cleaned up')
      const [backup] = await backups()
      expect(err).toContain(`backup ${backup?.id} was not completed`)
      expect(backup?.status).toBe('ERROR')
      await expectLeftAlone(server)
      await expectNextBackupSound()
    })
  })

  describe('a restore', () => {
    let sound: BackupRecord['id']

    beforeAll(async () => {
      sound = (await engine.ended(startBackup({ compressAlgorithm: 'zlib' }))).backupId as BackupRecord['id']
    })

    const expectNothingLost = async (dataDirectory: string): Promise<void> => {
      expect(existsSync(path.join(dataDirectory, 'base'))).toBe(true)
      expect(existsSync(path.join(dataDirectory, 'global', 'pg_control'))).toBe(false)
      await expect(startRestored(dataDirectory, MAJOR, server.password)).rejects.toThrow('does not start')
      const again = path.join(server.directory(`${path.basename(path.dirname(dataDirectory))} again`), 'data')
      const restore = await engine.ended(
        engine.client['restore.start']({ ...ref, id: sound, dataDirectory: again }),
      )
      expect(restore.error).toBeUndefined()
      await using restored = await startRestored(again, MAJOR, server.password)
      expect(await checksum(restored)).toBe(sum)
    }

    test('leaves nothing that a server starts on, and says so', async () => {
      const before = await backups()
      const dataDirectory = path.join(server.directory('by job'), 'data')
      const { job } = await engine.client['restore.start']({
        ...ref,
        id: sound,
        dataDirectory,
        isValidated: false,
      })
      const ended = await cancelAt(
        job,
        ({ progress }) => progress?.phase === 'restore' && progress.doneBytes > 0,
      )

      expect(ended).toMatchObject({ state: 'cancelled', error: undefined, result: undefined })
      expect(await logOf(job)).toContain(`"${dataDirectory}" holds an unfinished restore without pg_control`)
      expect(await backups()).toEqual(before)
      await expectNothingLost(dataDirectory)
    })

    test('with Ctrl-C at the command line ends with status 130', async () => {
      const before = await backups()
      const dataDirectory = path.join(server.directory('by hand'), 'data')
      await using program = startCli(
        ['restore', '-i', sound, '-D', dataDirectory, '--no-validate', '--progress', ...place()],
        {},
        { text: 'progress: restoring', signal: 'SIGINT' },
      )
      const { status, signal, err } = await program.ended

      expect({ status, signal }).toEqual({ status: 130, signal: null })
      expect(err).toContain('holds an unfinished restore without pg_control')
      expect(await backups()).toEqual(before)
      await expectNothingLost(dataDirectory)
    })
  })

  const isWaitingForCheckpoint = (): Promise<string> =>
    server.value(
      'postgres',
      "select exists (select from pg_stat_activity where query like '%pg_backup_start%' and wait_event like 'Checkpoint%')::text",
    )
})

async function checksum(server: TestServer): Promise<string> {
  return await server.value('shop', 'select md5(string_agg(v, null order by n)) from ledger')
}
