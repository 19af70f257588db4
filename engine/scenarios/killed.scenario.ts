import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openSession } from '../cli/session.ts'
import { type CliProcess, type SignalAt, startCli } from '../testing/cli-process.ts'
import { runCli } from '../testing/cli-world.ts'
import { compareTrees } from '../testing/compare-trees.ts'
import { startEngine } from '../testing/engines.ts'
import { type Gate, openGate } from '../testing/gate.ts'
import { expectLeftAlone } from '../testing/left-alone.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { startRestored, startServer, type TestServer } from '../testing/servers.ts'

const MAJOR = 17
/** Takes a thread some tenths of a second to compress: long enough to be met while it does. */
const ROWS = 160_000
const whyNoSync = process.platform === 'linux' ? '' : ' (skipped: only Linux syncs through a program)'

type Listed = { readonly id: string; readonly status: string }

describe('killed with SIGKILL', () => {
  const disposals = new AsyncDisposableStack()
  let root: string
  let catalog: string
  let server: TestServer
  let gate: Gate
  let sum: string

  beforeAll(async () => {
    root = disposals.use(await scratchDirectory('killed')).path
    catalog = path.join(root, 'catalog')
    server = disposals.use(
      await startServer(root, {
        major: MAJOR,
        settings: { checkpoint_timeout: "'1h'", max_wal_size: "'4GB'", autovacuum: 'off' },
      }),
    )
    gate = disposals.use(await openGate(server))
    await using engine = await startEngine()
    await engine.register(catalog, server)
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

  const start = (
    words: readonly string[],
    changes: Record<string, string> = {},
    signalAt?: SignalAt,
  ): CliProcess =>
    startCli(
      [...words, '-B', catalog, '--instance=main', '--progress', '--log-level-console=verbose'],
      { PGPASSWORD: server.password, ...changes },
      signalAt,
    )
  const startBackup = (
    words: readonly string[] = [],
    changes: Record<string, string> = {},
    signalAt?: SignalAt,
  ): CliProcess =>
    start(['backup', '-b', 'FULL', '--stream', `--pgport=${gate.port}`, ...words], changes, signalAt)
  const run = (...words: readonly string[]) =>
    runCli([...words, '-B', catalog, '--instance=main'], { openSession: (log) => openSession({}, log) })
  const list = async (): Promise<readonly Listed[]> => {
    const { status, out, err } = await run('show', '--format=json')
    // What was killed is warned of, and nothing else.
    const others = err.replaceAll(/^WARNING: backup \w{6} says \w+, but the process is gone: .*\n/gm, '')
    expect({ status, others }).toEqual({ status: 0, others: '' })
    const [instance] = JSON.parse(out) as readonly { readonly backups: readonly Listed[] }[]
    return instance?.backups ?? []
  }
  const statusOf = async (id: string): Promise<string | undefined> =>
    (await list()).find((backup) => backup.id === id)?.status
  const newSince = async (before: readonly Listed[]): Promise<readonly Listed[]> =>
    (await list()).filter(({ id }) => before.every((known) => known.id !== id))

  /** Gives the last phase that the program told of. */
  const kill = async (program: CliProcess): Promise<string | undefined> => {
    program.kill('SIGKILL')
    const { signal, err } = await program.ended
    expect(signal, err).toBe('SIGKILL')
    return /progress: ([a-z A-Z-]+)/.exec(err.slice(err.lastIndexOf('progress:')))?.[1]?.trim()
  }
  const expectServerLeftAlone = async (): Promise<void> => {
    // A session that waits for a checkpoint hears only at its end that its client has gone.
    await server.run('postgres', 'checkpoint')
    await expectLeftAlone(server)
  }
  const expectNextBackupSound = async (): Promise<void> => {
    const before = await list()
    const next = await startBackup().ended
    expect(next.status, next.err).toBe(0)
    const [backup, ...others] = await newSince(before)
    expect(others).toEqual([])
    expect(backup?.status).toBe('OK')
    const validated = await run('validate', '-i', backup?.id ?? '')
    expect(validated.status, validated.err).toBe(0)
  }

  describe('a backup', () => {
    test.each<{
      readonly phase: string
      /** Brings a backup into the phase and holds it there, until what holds it is disposed of. */
      readonly reach: (holding: AsyncDisposableStack) => Promise<CliProcess>
      /** The last phase that it may tell of. */
      readonly last: string
    }>([
      {
        phase: 'checkpoint',
        reach: async () => {
          await server.run('shop', 'update ledger set n = n + 0')
          const program = startBackup(['--smooth-checkpoint'])
          await program.says('progress: waiting for the checkpoint')
          await expect
            .poll(() =>
              server.value(
                'postgres',
                "select count(*) from pg_stat_activity where query like '%pg_backup_start%' and wait_event like 'Checkpoint%'",
              ),
            )
            .toBe('1')
          return program
        },
        last: 'waiting for the checkpoint',
      },
      {
        phase: 'waiting for the first WAL',
        reach: async () => {
          const held = gate.holdRequest('START_REPLICATION')
          const program = startBackup()
          await held
          await program.says('progress: waiting for WAL')
          return program
        },
        last: 'waiting for WAL',
      },
      {
        phase: 'list-files',
        reach: async () => {
          // The databases are asked for while connecting and after the files were listed.
          const held = gate.holdRequest('select oid::text, datname', 2)
          const program = startBackup()
          await held
          await program.says('progress: listing files')
          return program
        },
        last: 'listing files',
      },
      {
        phase: 'copy',
        reach: async () => {
          const text = 'progress: copying'
          const words = ['--compress-algorithm=zlib', '--compress-level=9']
          const program = startBackup(words, {}, { text, signal: 'SIGKILL' })
          await program.says(text)
          return program
        },
        last: 'copying',
      },
      {
        phase: 'stop-backup',
        reach: async () => {
          const held = gate.holdRequest('from pg_catalog.pg_backup_stop')
          const program = startBackup()
          await held
          await program.says('progress: stopping the backup')
          return program
        },
        last: 'stopping the backup',
      },
      {
        phase: 'waiting for the last WAL',
        reach: async () => {
          const held = gate.holdWalAfter('select pg_catalog.pg_create_restore_point')
          const program = startBackup()
          await held
          await program.says('progress: waiting for WAL, the WAL record at')
          return program
        },
        last: 'waiting for WAL',
      },
      {
        phase: 'sync',
        reach: async (holding) => {
          const disk = holding.use(await slowDisk(root))
          const program = startBackup([], disk.env)
          await disk.isSyncing()
          await program.says('progress: syncing to disk')
          return program
        },
        last: 'syncing to disk',
      },
    ])('in the phase "$phase" is seen to be unfinished', async ({ reach, last }) => {
      const before = await list()
      await using holding = new AsyncDisposableStack()
      await using program = await reach(holding)
      expect(await kill(program)).toBe(last)
      gate.open()

      const [backup, ...others] = await newSince(before)
      expect(others).toEqual([])
      expect(backup?.status).toBe('RUNNING')
      const id = backup?.id ?? ''
      const refused = await run('restore', '-i', id, '-D', path.join(root, 'refused'))
      expect(refused.status).toBe(1)
      expect(refused.err).toContain(`backup ${id} cannot be restored`)
      expect(existsSync(path.join(root, 'refused'))).toBe(false)
      await expectServerLeftAlone()
      await expectNextBackupSound()
      expect(await statusOf(id)).toBe('ERROR')
    })

    test('while it connects leaves nothing', async () => {
      const before = await list()
      const held = gate.holdRequest('from pg_catalog.pg_tablespace')
      await using program = startBackup()
      await held
      await program.says('progress: connecting')
      expect(await kill(program)).toBe('connecting')

      expect(await list()).toEqual(before)
      await expectServerLeftAlone()
      await expectNextBackupSound()
    })

    test('while it is validated is complete', async () => {
      const before = await list()
      const text = 'progress: validating'
      await using program = startBackup(['--compress-algorithm=zlib'], {}, { text, signal: 'SIGKILL' })
      await program.says(text)
      expect(await kill(program)).toBe('validating')

      const [backup] = await newSince(before)
      expect(backup?.status).toMatch(/^(DONE|OK)$/)
      await expectServerLeftAlone()
      await expectNextBackupSound()
      const id = backup?.id ?? ''
      expect(await statusOf(id)).toBe(backup?.status)
      expect(await run('validate', '-i', id)).toMatchObject({ status: 0 })
      expect(await statusOf(id)).toBe('OK')
    })
  })

  describe(`a restore${whyNoSync}`, () => {
    test.skipIf(whyNoSync !== '').each([
      { phase: 'writes files', traces: ['base/1/PG_VERSION'] },
      { phase: 'writes recovery settings', traces: ['postgresql.auto.conf.tmp', 'recovery.signal'] },
      { phase: 'syncs', traces: ['called'] },
    ])('while it $phase leaves nothing that a server starts on', async ({ phase, traces }) => {
      const before = await list()
      const id = before.find(({ status }) => status === 'OK')?.id ?? ''
      const target = path.join(server.directory(phase), 'data')
      // However late the signal comes, it meets a restore that has not got beyond here.
      await using disk = await slowDisk(root)
      await using program = start(
        ['restore', '-i', id, '-D', target, '--no-validate', '--recovery-target=immediate'],
        disk.env,
      )
      await expect
        .poll(
          () =>
            traces.some((trace) => [target, disk.directory].some((at) => existsSync(path.join(at, trace)))),
          { interval: 1 },
        )
        .toBe(true)
      await kill(program)

      expect(existsSync(path.join(target, 'base'))).toBe(true)
      expect(existsSync(path.join(target, 'global', 'pg_control'))).toBe(false)
      await expect(startRestored(target, MAJOR, server.password)).rejects.toThrow('does not start')
      expect(await list()).toEqual(before)
      expect(await run('validate', '-i', id)).toMatchObject({ status: 0 })

      const again = await run('restore', '-i', id, '-D', target)
      expect(again.status, again.err).toBe(0)
      expect(again.err).toContain(`taking up the restore of backup ${id}`)
      const fresh = path.join(server.directory(`${phase} again`), 'data')
      expect(await run('restore', '-i', id, '-D', fresh)).toMatchObject({ status: 0 })
      expect(compareTrees(fresh, target)).toEqual([])
      await using restored = await startRestored(target, MAJOR, server.password)
      expect(await checksum(restored)).toBe(sum)
    })
  })

  describe(`an incremental restore${whyNoSync}`, () => {
    test.skipIf(whyNoSync !== '').each<{
      readonly moment: string
      readonly isReached: (target: string, disk: string) => boolean
      readonly again: readonly string[]
    }>([
      {
        moment: 'pg_control is put aside',
        isReached: (target) => !existsSync(path.join(target, 'global', 'pg_control')),
        again: ['-I', 'checksum'],
      },
      {
        moment: 'it has deleted a file',
        isReached: (target) => !existsSync(path.join(target, 'mine', '9')),
        again: [],
      },
      {
        moment: 'it writes files',
        isReached: (target) => existsSync(path.join(target, 'backup_label')),
        again: ['-I', 'checksum'],
      },
      {
        moment: 'it syncs',
        isReached: (_, disk) => existsSync(path.join(disk, 'called')),
        again: [],
      },
    ])('killed when $moment cannot be started, and goes on when it is begun again', async (one) => {
      const id = (await list()).find(({ status }) => status === 'OK')?.id ?? ''
      const target = path.join(server.directory(`over ${one.moment}`), 'data')
      expect(await run('restore', '-i', id, '-D', target)).toMatchObject({ status: 0 })
      {
        await using diverged = await startRestored(target, MAJOR, server.password)
        await diverged.run('shop', "update ledger set v = 'elsewhere' where n % 2 = 0", 'checkpoint')
        await diverged.stop('fast')
      }
      mkdirSync(path.join(target, 'mine'))
      for (let at = 0; at < 2000; at++) writeFileSync(path.join(target, 'mine', `${at}`), '')
      await using disk = await slowDisk(root)
      await using program = start(
        ['restore', '-i', id, '-D', target, '--no-validate', '-I', 'checksum'],
        disk.env,
      )
      await expect.poll(() => one.isReached(target, disk.directory), { interval: 1 }).toBe(true)
      await kill(program)

      expect(existsSync(path.join(target, 'global', 'pg_control.pbk.bak'))).toBe(true)
      await expect(startRestored(target, MAJOR, server.password)).rejects.toThrow('does not start')
      const again = await run('restore', '-i', id, '-D', target, ...one.again)
      expect(again.status, again.err).toBe(0)
      const fresh = path.join(server.directory(`over ${one.moment} again`), 'data')
      expect(await run('restore', '-i', id, '-D', fresh)).toMatchObject({ status: 0 })
      expect(compareTrees(fresh, target)).toEqual([])
    })
  })
})

/** A disk on which syncing takes until it is disposed of: a `sync` program that says that it was called, and waits. */
async function slowDisk(root: string) {
  const directory = await mkdtemp(path.join(root, 'disk-'))
  const called = path.join(directory, 'called')
  const script = `#!/bin/sh\necho $$ >'${called}.tmp' && mv '${called}.tmp' '${called}'\nexec sleep 600\n`
  await writeFile(path.join(directory, 'sync'), script, { mode: 0o755 })
  return {
    directory,
    env: { PATH: `${directory}:${process.env['PATH']}` },
    isSyncing: () => expect.poll(() => existsSync(called)).toBe(true),
    async [Symbol.asyncDispose]() {
      if (existsSync(called)) process.kill(Number.parseInt(await readFile(called, 'utf8'), 10))
    },
  }
}

async function checksum(server: TestServer): Promise<string> {
  return await server.value('shop', 'select md5(string_agg(v, null order by n)) from ledger')
}
