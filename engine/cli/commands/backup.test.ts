import { describe, expect, test } from 'vitest'
import type { JobSnapshot } from '../../api/contract/jobs.ts'
import { jobHandlers, ON_MAIN, recorder, runCli } from '../../testing/cli-world.ts'

describe('backup', () => {
  const done: Partial<JobSnapshot> = {
    backupId: 'TOTTEK',
    result: { kind: 'backup', backupId: 'TOTTEK', status: 'OK', dataBytes: 8008355, walBytes: 16777216 },
  }

  test('asks for what the command line says, and for the defaults of the family otherwise', async () => {
    const start = recorder({ job: 'job-1' })
    const handlers = { 'backups.start': start.handler, ...jobHandlers(done) }
    await runCli(['backup', ...ON_MAIN, '-b', 'full'], { handlers })
    const line =
      'backup -b delta -D /pg/ -j4 -C --no-stream --backup-pg-log --backup-pg-replslot --no-validate --skip-block-validation --no-sync ' +
      '--note=before --ttl=30d -E/a:/b --compress --archive-timeout=2min --start-time=1795221020 --trust-file-times -h db -p5433 -U me'
    await runCli([...line.split(' '), ...ON_MAIN], { handlers })

    const plain = {
      catalog: '/srv/catalog',
      instance: 'main',
      isStream: true,
      isSmoothCheckpoint: false,
      withServerLog: false,
      isValidated: true,
      checksBlocks: true,
      isSynced: true,
    }
    expect(start.asked).toEqual([
      { ...plain, mode: 'FULL' },
      {
        ...plain,
        mode: 'DELTA',
        isStream: false,
        isSmoothCheckpoint: true,
        withServerLog: true,
        withSlots: true,
        isValidated: false,
        checksBlocks: false,
        isSynced: false,
        dataDirectory: '/pg',
        threads: 4,
        note: 'before',
        ttlSeconds: 2_592_000,
        externalDirs: ['/a', '/b'],
        compressAlgorithm: 'zlib',
        compressLevel: 1,
        archiveTimeoutSeconds: 120,
        startSeconds: 1795221020,
        trustsFileTimes: true,
        connection: { host: 'db', port: '5433', user: 'me' },
      },
    ])
  })

  test('takes the catalog, the data directory and the connection from the environment, the command line first', async () => {
    const start = recorder({ job: 'job-1' })
    const handlers = { 'backups.start': start.handler, ...jobHandlers(done) }
    const environment = {
      BACKUP_PATH: '/env/catalog',
      PGDATA: '/env/data',
      PGHOST: 'envhost',
      PGPORT: '1111',
      PGUSER: 'envuser',
      PGDATABASE: '',
    }
    await runCli(['backup', '--instance=main', '-b', 'FULL', '-h', 'given'], { handlers, environment })

    expect(start.asked).toEqual([
      expect.objectContaining({
        catalog: '/env/catalog',
        dataDirectory: '/env/data',
        connection: { host: 'given', port: '1111', user: 'envuser' },
      }),
    ])
  })

  test('prints the log of the job and how the backup stands at the end', async () => {
    const handlers = {
      'backups.start': async () => ({ job: 'job-1' }),
      ...jobHandlers(done, [{ level: 'info', atMs: 0, message: 'backup TOTTEK starts' }]),
    }
    const { status, out, err } = await runCli(['backup', ...ON_MAIN, '-b', 'FULL'], { handlers })

    expect({ status, out }).toEqual({ status: 0, out: '' })
    expect(err).toBe(
      'INFO: backup TOTTEK starts\n' +
        'INFO: backup TOTTEK (FULL) of main: status OK, 7821kB of data, 16MB of WAL\n',
    )
  })

  test('a failure is told once, with its cause and its hint', async () => {
    const error = {
      code: 'server.unreachable' as const,
      message: 'no server answers on db:5432',
      hint: 'Start it.',
      cause: { code: 'internal.bug' as const, message: 'ECONNREFUSED' },
    }
    const handlers = {
      'backups.start': async () => ({ job: 'job-1' }),
      ...jobHandlers({ state: 'failed', error }, [{ level: 'error', atMs: 0, message: error.message }]),
    }
    const { status, err } = await runCli(['backup', ...ON_MAIN, '-b', 'FULL'], { handlers })

    expect(status).toBe(1)
    expect(err).toBe('ERROR: no server answers on db:5432\nDETAIL: ECONNREFUSED\nHINT: Start it.\n')
  })

  test.each([
    [['--stream', '--no-stream'], /--stream and --no-stream exclude/],
    [['--ttl=1d', '--expire-time=2027-01-01'], /--ttl and --expire-time exclude/],
    [['--no-stream', '--slot=s'], /--no-stream and --slot exclude/],
    [['-w', '-W'], /--password and --no-password exclude/],
  ])('refuses %s together', async (options, message) => {
    const { status, err } = await runCli(['backup', ...ON_MAIN, '-b', 'FULL', ...options])

    expect(status).toBe(1)
    expect(err).toMatch(message)
  })

  test('needs a mode, an instance and a catalog', async () => {
    const mode = await runCli(['backup', ...ON_MAIN])
    const instance = await runCli(['backup', '-B', '/srv/catalog', '-b', 'FULL'])
    const catalog = await runCli(['backup', '--instance=main', '-b', 'FULL'])

    expect([mode.status, instance.status, catalog.status]).toEqual([1, 1, 1])
    expect(mode.err).toMatch(/mode of the backup was not given\nHINT: Write -b FULL/)
    expect(instance.err).toMatch(/needs to know the instance\nHINT: Name it with --instance/)
    expect(catalog.err).toMatch(/no backup catalog was named\nHINT: Give it with -B, or set BACKUP_PATH/)
  })

  test('a PGPORT that is no port is refused by its name', async () => {
    const { status, err } = await runCli(['backup', ...ON_MAIN, '-b', 'FULL'], {
      environment: { PGPORT: 'x' },
    })

    expect(status).toBe(1)
    expect(err).toMatch(/^ERROR: bad value for PGPORT: "x" is not a whole number/)
  })

  test('a relative BACKUP_PATH is refused by its name', async () => {
    const { err } = await runCli(['show'], { environment: { BACKUP_PATH: 'catalog' } })

    expect(err).toMatch(/^ERROR: bad value for BACKUP_PATH: "catalog" is not an absolute path/)
  })
})
