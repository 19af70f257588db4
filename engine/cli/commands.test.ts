import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { restoreCommandLine } from '../api/restore-command-line.ts'
import type { EngineHandlers } from '../api/contract/contract.ts'
import type { JobSnapshot } from '../api/contract/jobs.ts'
import type { BackupId } from '../base/backup-id.ts'
import { heldClock } from '../base/clock.ts'
import { EngineError } from '../base/engine-error.ts'
import type { InstanceName } from '../base/instance-name.ts'
import { jobHandlers, runCli } from '../testing/cli-world.ts'

const ON_MAIN = ['-B', '/srv/catalog', '--instance=main']

/** A handler that remembers what it was asked. */
function recorder<Result>(result: Result) {
  const asked: unknown[] = []
  const handler = async (input: unknown): Promise<Result> => {
    asked.push(input)
    return result
  }
  return { asked, handler: handler as never }
}

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
      'backup -b delta -D /pg/ -j4 -C --no-stream --backup-pg-log --no-validate --skip-block-validation --no-sync ' +
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

describe('passwords', () => {
  const refusal = { code: 'server.auth-failed' as const, message: 'password authentication failed' }

  /** A server that wants the password `right`. */
  function lockedServer(asked: (string | undefined)[]): Partial<EngineHandlers> {
    let last: string | undefined
    const good = jobHandlers({})
    const bad = jobHandlers({ state: 'failed', error: refusal })
    return {
      ...good,
      'backups.start': async ({ password }) => {
        asked.push(password)
        last = password
        return { job: 'job-1' }
      },
      'jobs.get': async (input, call) =>
        (last === 'right' ? good : bad)['jobs.get']?.(input, call) ?? Promise.reject(new Error('no handler')),
    }
  }

  test('none is asked for where the server wants none', async () => {
    const start = recorder({ job: 'job-1' })
    await runCli(['backup', ...ON_MAIN, '-b', 'FULL'], {
      handlers: { 'backups.start': start.handler, ...jobHandlers({}) },
      askPassword: () => Promise.reject(new Error('asked')),
    })

    expect(start.asked).toEqual([expect.not.objectContaining({ password: expect.anything() })])
  })

  test('the server wants one: it is asked for, and the backup is started again', async () => {
    const asked: (string | undefined)[] = []
    const { status } = await runCli(['backup', ...ON_MAIN, '-b', 'FULL'], {
      handlers: lockedServer(asked),
      password: 'right',
    })

    expect({ status, asked }).toEqual({ status: 0, asked: [undefined, 'right'] })
  })

  test('-W asks before connecting', async () => {
    const asked: (string | undefined)[] = []
    const { status } = await runCli(['backup', ...ON_MAIN, '-b', 'FULL', '-W'], {
      handlers: lockedServer(asked),
      password: 'right',
    })

    expect({ status, asked }).toEqual({ status: 0, asked: ['right'] })
  })

  test.each([
    ['-w', { password: 'right' }],
    ['without a terminal', {}],
  ])('%s: never asks and fails at once', async (option, world) => {
    const asked: (string | undefined)[] = []
    const argv = ['backup', ...ON_MAIN, '-b', 'FULL', ...(option === '-w' ? ['-w'] : [])]
    const { status, err } = await runCli(argv, { handlers: lockedServer(asked), ...world })

    expect({ status, asked }).toEqual({ status: 1, asked: [undefined] })
    expect(err).toContain('ERROR: password authentication failed')
  })

  test('-W without a terminal is refused with advice', async () => {
    const { status, err } = await runCli(['backup', ...ON_MAIN, '-b', 'FULL', '-W'])

    expect(status).toBe(1)
    expect(err).toMatch(/no terminal to ask.*\nHINT: Put the password into ~\/\.pgpass/)
  })

  test('add-instance asks as well when the server wants one', async () => {
    const asked: unknown[] = []
    const { status } = await runCli(['add-instance', ...ON_MAIN, '-D', '/pg'], {
      password: 'right',
      handlers: {
        'instances.add': async ({ catalog, instance, password }) => {
          asked.push(password)
          if (password !== 'right') throw new EngineError('server.auth-failed', 'no')
          return { catalog, instance }
        },
      },
    })

    expect({ status, asked }).toEqual({ status: 0, asked: [undefined, 'right'] })
  })
})

describe('Ctrl-C', () => {
  /** A job that runs until it is cancelled. */
  function endlessJob() {
    const cancelled = Promise.withResolvers<void>()
    const end = jobHandlers({ state: 'cancelled', backupId: 'TOTTEK' })
    const handlers: Partial<EngineHandlers> = {
      ...end,
      'backups.start': async () => ({ job: 'job-1' }),
      'jobs.cancel': async (input, call) => {
        cancelled.resolve()
        return (await end['jobs.get']?.(input, call)) as JobSnapshot
      },
      async *'jobs.follow-log'() {
        yield { level: 'info', atMs: 0, message: 'copying' }
        await cancelled.promise
        yield { level: 'warning', atMs: 0, message: 'cancelled' }
      },
      async *'jobs.watch'() {
        await cancelled.promise
        yield* end['jobs.watch']?.({ job: 'job-1' }, { signal: AbortSignal.abort() }) ?? []
      },
    }
    return handlers
  }

  /** Presses Ctrl-C when `text` has been printed. */
  function interruptAt(text: string, presses: number) {
    let press = (): void => undefined
    let err = ''
    return {
      writeErr: (chunk: string) => {
        err += chunk
        if (err.includes(text)) for (; presses > 0; presses--) queueMicrotask(() => press())
      },
      onInterrupt: (listener: () => void) => {
        press = listener
        return { [Symbol.dispose]: () => undefined }
      },
      printed: () => err,
    }
  }

  test('cancels the job, waits for its end and exits with 130', async () => {
    const { printed, ...world } = interruptAt('copying', 1)
    const { status } = await runCli(['backup', ...ON_MAIN, '-b', 'FULL'], {
      handlers: endlessJob(),
      ...world,
    })

    expect(status).toBe(130)
    expect(printed()).toMatch(
      /copying\nWARNING: cancelling; .*\nWARNING: cancelled\nINFO: backup TOTTEK was not/,
    )
  })

  test('a second one ends at once', async () => {
    const exits: number[] = []
    const { printed: _printed, ...world } = interruptAt('copying', 2)
    await runCli(['backup', ...ON_MAIN, '-b', 'FULL'], {
      handlers: endlessJob(),
      ...world,
      exitNow: (status) => void exits.push(status),
    })

    expect(exits).toEqual([130])
  })

  test('before a job has started it ends the call', async () => {
    const { printed, ...world } = interruptAt('never', 0)
    const { status } = await runCli(['backup', ...ON_MAIN, '-b', 'FULL'], {
      ...world,
      onInterrupt: (listener) => {
        queueMicrotask(listener)
        return { [Symbol.dispose]: () => undefined }
      },
      handlers: {
        'backups.start': (_input, { signal }) =>
          new Promise((_resolve, reject) => {
            if (signal.aborted) reject(signal.reason)
            signal.addEventListener('abort', () => reject(signal.reason))
          }),
      },
    })

    expect(status).toBe(130)
    expect(printed()).toBe('WARNING: cancelled\n')
  })
})

describe('--progress', () => {
  const running = (phase: 'copy' | 'validate', doneBytes: number): JobSnapshot => ({
    ...(snapshotOf() as JobSnapshot),
    state: 'running',
    progress: { phase, doneBytes, totalBytes: 20_971_520, doneFiles: 3, totalFiles: 12, currentFiles: [] },
    rateBytesPerSecond: 10_485_760,
    etaSeconds: [1, 2],
  })

  test('prints a line at each new phase where there is no terminal, and not at every report', async () => {
    const { err } = await runCli(['backup', ...ON_MAIN, '-b', 'FULL', '--progress'], {
      handlers: progressing([running('copy', 0), running('copy', 10_485_760), running('validate', 0)]),
    })

    expect(err.match(/progress: .*/g)).toEqual([
      'progress: copying 0%, 0 of 20MB, 3 of 12 files, 10MB/s, 1s to 2s left',
      'progress: validating 0%, 0 of 20MB, 3 of 12 files, 10MB/s, 1s to 2s left',
    ])
  })

  test('prints again after five seconds of one phase', async () => {
    const clock = heldClock('2026-11-21T01:00:00Z')
    const times = ['01:00:00', '01:00:04', '01:00:05']
    const { err } = await runCli(['backup', ...ON_MAIN, '-b', 'FULL', '--progress'], {
      clock,
      handlers: progressing(
        times.map((_time, index) => running('copy', index * 5_242_880)),
        (index) => clock.set(`2026-11-21T${times[index]}Z`),
      ),
    })

    expect(err.match(/copying \d+%/g)).toEqual(['copying 0%', 'copying 50%'])
  })

  test('redraws one line on a terminal, within its width, and takes it away at the end', async () => {
    const { err } = await runCli(['backup', ...ON_MAIN, '-b', 'FULL', '--progress', '--no-color'], {
      isErrTerminal: true,
      errColumns: 40,
      handlers: progressing([running('copy', 0), running('copy', 10_485_760)]),
    })

    expect(err).toBe(
      '\r\x1b[Kcopying 0%, 0 of 20MB, 3 of 12 files, 1' +
        '\r\x1b[Kcopying 50%, 10MB of 20MB, 3 of 12 file' +
        '\r\x1b[K',
    )
  })

  test('without it nothing is shown', async () => {
    const { err } = await runCli(['backup', ...ON_MAIN, '-b', 'FULL'], {
      isErrTerminal: true,
      handlers: progressing([running('copy', 0)]),
    })

    expect(err).toBe('')
  })

  function progressing(snapshots: JobSnapshot[], before: (index: number) => void = () => undefined) {
    return {
      ...jobHandlers({}),
      'backups.start': async () => ({ job: 'job-1' }),
      async *'jobs.watch'() {
        for (const [index, snapshot] of snapshots.entries()) {
          before(index)
          yield snapshot
        }
      },
    } satisfies Partial<EngineHandlers>
  }

  function snapshotOf() {
    return { id: 'job-1', kind: 'backup', phases: [], warningCount: 0, logCount: 0 } as unknown
  }
})

describe('restore', () => {
  const start = (asked: unknown[]): Partial<EngineHandlers> => ({
    'restore.start': async (input) => {
      asked.push(input)
      return { job: 'job-1' }
    },
    'instances.config': async () => [
      { group: '', key: 'pgdata', value: '/saved/data', baseValue: '/saved/data', isSet: true },
    ],
    ...jobHandlers({
      result: {
        kind: 'restore',
        backupId: 'TOTTEK',
        dataDirectory: '/new',
        fileCount: 3,
        writtenBytes: 1024,
      },
    }),
  })
  const plain = {
    catalog: '/srv/catalog',
    instance: 'main',
    skipsExternal: false,
    isValidated: true,
    checksBlocks: true,
    isSynced: true,
    isForced: false,
    isReplica: false,
  }

  test.each([
    [[], { dataDirectory: '/saved/data' }],
    [['-D', '/new', '-i', 'tottek'], { dataDirectory: '/new', id: 'TOTTEK' }],
    [
      ['-D/new', '--time=2026-11-21 10:00:00+08', '--inclusive=false', '--timeline=2'],
      {
        dataDirectory: '/new',
        target: { kind: 'time', at: '2026-11-21 10:00:00+08' },
        isInclusive: false,
        targetTimeline: '2',
      },
    ],
    [
      ['-D/new', '--recovery-target-xid=743', '--recovery-target-action=promote'],
      { dataDirectory: '/new', target: { kind: 'xid', xid: '743' }, targetAction: 'promote' },
    ],
    [['-D/new', '--lsn=0/3000028'], { dataDirectory: '/new', target: { kind: 'lsn', lsn: '0/3000028' } }],
    [
      ['-D/new', '--recovery-target-name=before drop'],
      { dataDirectory: '/new', target: { kind: 'name', name: 'before drop' } },
    ],
    [['-D/new', '--immediate'], { dataDirectory: '/new', target: { kind: 'immediate' } }],
    [['-D/new', '--recovery-target=latest'], { dataDirectory: '/new', target: { kind: 'latest' } }],
    [
      ['-D/new', '-T/a=/b', '-T', '/c=/d', '--external-mapping=/e=/f', '-j8', '--force', '-I', 'none'],
      {
        dataDirectory: '/new',
        tablespaceMapping: [
          { from: '/a', to: '/b' },
          { from: '/c', to: '/d' },
        ],
        externalMapping: [{ from: '/e', to: '/f' }],
        threads: 8,
        isForced: true,
        isValidated: false,
      },
    ],
    [
      ['-D/new', '-R', '--primary-conninfo=host=p', '-S', 'slot_1', '--skip-external-dirs', '--no-sync'],
      {
        dataDirectory: '/new',
        isReplica: true,
        primaryConninfo: 'host=p',
        primarySlotName: 'slot_1',
        skipsExternal: true,
        isSynced: false,
      },
    ],
  ])('with %j asks for just that', async (options, expected) => {
    const asked: unknown[] = []
    const { status, err } = await runCli(['restore', ...ON_MAIN, ...options], { handlers: start(asked) })

    expect(asked).toEqual([{ ...plain, ...expected }])
    expect({ status, err }).toEqual({
      status: 0,
      err: 'INFO: backup TOTTEK was restored into /new: 3 files, 1024B\n',
    })
  })

  test.each([
    [['--time=2026-11-21', '--xid=1'], /--recovery-target-time and --recovery-target-xid exclude/],
    [['--inclusive=on'], /needs a time, an xid or an LSN/],
    [['--immediate', '--inclusive=on'], /needs a time, an xid or an LSN/],
    [['--recovery-target-action=pause'], /needs a recovery target/],
    [['-I', 'checksum'], /--incremental-mode=checksum is not available/],
  ])('refuses %j', async (options, message) => {
    const asked: unknown[] = []
    const { status, err } = await runCli(['restore', ...ON_MAIN, '-D/new', ...options], {
      handlers: start(asked),
    })

    expect({ status, asked }).toEqual({ status: 1, asked: [] })
    expect(err).toMatch(message)
  })
})

test('the command that a restore plan shows asks for the same restore', async () => {
  const request = {
    catalog: "/srv/it's a catalog",
    instance: 'main' as InstanceName,
    id: 'TOTTEK' as BackupId,
    dataDirectory: '/new place',
    target: { kind: 'time' as const, at: '2026-11-21 10:00:00.5+08' },
    isInclusive: false,
    targetTimeline: '2',
    targetAction: 'promote' as const,
    restoreCommand: 'cp "/arc/%f" \'%p\'',
    tablespaceMapping: [{ from: '/a=1', to: '/b' }],
    externalMapping: [{ from: '/c', to: '/d=2' }],
    skipsExternal: true,
    threads: 4,
    isValidated: false,
    checksBlocks: false,
    isSynced: false,
    isForced: true,
    isReplica: true,
    primaryConninfo: 'host=p user=u',
    primarySlotName: 'slot_1',
  }
  const words = execFileSync('sh', ['-c', `printf '%s\\0' ${restoreCommandLine(request)}`], {
    encoding: 'utf8',
  })
  const [program, ...argv] = words.split('\0').slice(0, -1)
  const asked: unknown[] = []
  await runCli(argv, {
    handlers: {
      ...jobHandlers({}),
      'restore.start': async (input) => {
        asked.push(input)
        return { job: 'job-1' }
      },
    },
  })

  expect(program).toBe('tidemark')
  expect(asked).toEqual([request])
})

describe('validate', () => {
  const verdict = (backupId: string, status: string) => ({ instance: 'main', backupId, status })
  const job = (verdicts: ReturnType<typeof verdict>[], isSound: boolean): Partial<EngineHandlers> => ({
    'backups.validate': async () => ({ job: 'job-1' }),
    ...jobHandlers({ result: { kind: 'validate', verdicts, findings: [], isSound } }),
  })

  test('everything sound: 0', async () => {
    const one = await runCli(['validate', ...ON_MAIN, '-i', 'TOTTEK'], {
      handlers: job([verdict('TOTTEK', 'OK')], true),
    })
    const all = await runCli(['validate', '-B', '/srv/catalog'], {
      handlers: job([verdict('TOTTEK', 'OK'), verdict('TOTTEV', 'OK')], true),
    })

    expect(one).toEqual({ status: 0, out: '', err: 'INFO: backup TOTTEK is sound\n' })
    expect(all).toEqual({ status: 0, out: '', err: 'INFO: all 2 backups are sound\n' })
  })

  test('something damaged: 1, and each bad backup is named', async () => {
    const { status, err } = await runCli(['validate', ...ON_MAIN], {
      handlers: job(
        [verdict('TOTTEK', 'CORRUPT'), verdict('TOTTEV', 'ORPHAN'), verdict('TOTTEZ', 'OK')],
        false,
      ),
    })

    expect(status).toBe(1)
    expect(err).toBe(
      'WARNING: backup TOTTEK of main is CORRUPT\nWARNING: backup TOTTEV of main is ORPHAN\n' +
        'ERROR: 2 of 3 backups are not sound\n',
    )
  })

  test('what could not be looked at is not sound either', async () => {
    expect((await runCli(['validate', ...ON_MAIN], { handlers: job([], false) })).status).toBe(1)
  })

  test('a backup without its instance is refused', async () => {
    expect((await runCli(['validate', '-B', '/srv/catalog', '-i', 'TOTTEK'])).err).toMatch(
      /which instance is meant/,
    )
  })
})

describe('delete', () => {
  const plan = {
    hash: 'h1',
    backups: [
      { id: 'TOTTEK' as BackupId, reason: 'asked' as const, dataBytes: 8008355 },
      { id: 'TOTTEV' as BackupId, reason: 'descendant' as const, dataBytes: 131072 },
    ],
    freedBytes: 8139427,
  }
  const deleted = jobHandlers({
    result: { kind: 'delete', backupIds: ['TOTTEK', 'TOTTEV'], freedBytes: 8139427 },
  })

  test('names what goes and why, and deletes exactly the plan', async () => {
    const asked: unknown[] = []
    const { status, err } = await runCli(['delete', ...ON_MAIN, '-i', 'TOTTEK', '-j2'], {
      handlers: {
        'backups.plan-delete': async () => plan,
        'backups.delete': async (input) => {
          asked.push(input)
          return { job: 'job-1' }
        },
        ...deleted,
      },
    })

    expect(asked).toEqual([{ catalog: '/srv/catalog', instance: 'main', id: 'TOTTEK', hash: 'h1' }])
    expect({ status, err }).toEqual({
      status: 0,
      err:
        'INFO: --threads changes nothing for delete\n' +
        'INFO: deleting backup TOTTEK (7821kB)\n' +
        'INFO: deleting backup TOTTEV, which needs a backup that is deleted (128kB)\n' +
        'INFO: 2 backups were deleted, 7949kB freed\n',
    })
  })

  test('--dry-run deletes nothing', async () => {
    const { status, err } = await runCli(['delete', ...ON_MAIN, '--status=error', '--dry-run'], {
      handlers: {
        'backups.plan-delete': async ({ status: asked }) => {
          expect(asked).toBe('ERROR')
          return plan
        },
      },
    })

    expect(status).toBe(0)
    expect(err).toContain('INFO: would delete backup TOTTEK')
    expect(err).toContain('nothing was changed')
  })

  test('a plan that has become stale is made again, but not for ever', async () => {
    let plans = 0
    const { status, err } = await runCli(['delete', ...ON_MAIN, '-i', 'TOTTEK'], {
      handlers: {
        'backups.plan-delete': async () => {
          plans++
          return plan
        },
        'backups.delete': async () => {
          throw new EngineError('plan.stale', 'the catalog has changed')
        },
      },
    })

    expect({ status, plans }).toEqual({ status: 1, plans: 3 })
    expect(err).toContain('ERROR: the catalog has changed')
  })

  test.each([
    [[], /was not told which backups/],
    [['-i', 'TOTTEK', '--status=OK'], /exclude each other/],
    [['--delete-expired'], /--delete-expired is not available/],
  ])('refuses %j', async (options, message) => {
    const { status, err } = await runCli(['delete', ...ON_MAIN, ...options])

    expect(status).toBe(1)
    expect(err).toMatch(message)
  })
})

describe('instances and settings', () => {
  test('init makes the catalog', async () => {
    const create = recorder({ path: '/srv/new' })
    const { status, err } = await runCli(['init', '-B', '/srv/new/'], {
      handlers: { 'catalogs.create': create.handler },
    })

    expect({ status, err, asked: create.asked }).toEqual({
      status: 0,
      err: 'INFO: the backup catalog /srv/new was created\n',
      asked: [{ path: '/srv/new' }],
    })
  })

  test('add-instance hands over data directory, connection and settings, and saves nothing of the environment', async () => {
    const add = recorder({ catalog: '/srv/catalog', instance: 'main' })
    await runCli(
      [
        'add-instance',
        ...ON_MAIN,
        '-D',
        '/pg',
        '-h',
        '/run/pg',
        '-E',
        '/x',
        '--retention-window=7',
        '--log-rotation-age=60',
      ],
      { handlers: { 'instances.add': add.handler }, environment: { PGUSER: 'envuser' } },
    )

    expect(add.asked).toEqual([
      {
        catalog: '/srv/catalog',
        instance: 'main',
        dataDirectory: '/pg',
        connection: { host: '/run/pg' },
        config: {
          pghost: '/run/pg',
          'external-dirs': '/x',
          'retention-window': '7',
          'log-rotation-age': '60min',
        },
      },
    ])
  })

  test('del-instance names the instance as its confirmation', async () => {
    const remove = recorder({ deletedBackups: 4 })
    const { err } = await runCli(['del-instance', ...ON_MAIN], {
      handlers: { 'instances.remove': remove.handler },
    })

    expect(remove.asked).toEqual([{ catalog: '/srv/catalog', instance: 'main', typedName: 'main' }])
    expect(err).toBe('INFO: the instance main was deleted, with 4 backups\n')
  })

  test('set-config saves what was given and nothing of the environment', async () => {
    const change = recorder([])
    const { err } = await runCli(
      [
        'set-config',
        ...ON_MAIN,
        '--archive-timeout=90',
        '--compress-algorithm=ZLIB',
        '--log-filename=x-%u.log',
        '--pghost=',
        '--log-rotation-age=',
      ],
      { handlers: { 'instances.change-config': change.handler }, environment: { PGDATA: '/env' } },
    )

    expect(change.asked).toEqual([
      {
        catalog: '/srv/catalog',
        instance: 'main',
        values: {
          'compress-algorithm': 'zlib',
          'archive-timeout': '90s',
          pghost: '',
          'log-rotation-age': '',
          'log-filename': 'x-%u.log',
        },
      },
    ])
    expect(err).toMatch(/^INFO: saved for main: /)
  })

  test('set-config without a setting changes nothing and says so', async () => {
    const { status, err } = await runCli(['set-config', ...ON_MAIN])

    expect({ status, err }).toEqual({
      status: 0,
      err: 'INFO: no setting was given, so nothing was changed\n',
    })
  })

  test.each([
    [['--ttl=30d'], { ttlSeconds: 2_592_000 }],
    [['--ttl=0'], { ttlSeconds: 0 }],
    [['--ttl=1ms'], { ttlSeconds: 1 }],
    [['--expire-time=2027-01-01 00:00:00+03'], { expireTime: '2026-12-31T21:00:00Z' }],
    [['--note=a note'], { note: 'a note' }],
    [['--note=none'], { note: '' }],
  ])('set-backup with %j', async (options, change) => {
    const annotate = recorder({ id: 'TOTTEK', note: 'a note', expireTime: '2027-01-01T00:00:00Z' })
    const { status } = await runCli(['set-backup', ...ON_MAIN, '-i', 'TOTTEK', ...options], {
      handlers: { 'backups.annotate': annotate.handler },
    })

    expect(status).toBe(0)
    expect(annotate.asked).toEqual([{ catalog: '/srv/catalog', instance: 'main', id: 'TOTTEK', ...change }])
  })

  test.each([
    [['-i', 'TOTTEK'], /told nothing to change/],
    [['--note=x'], /needs to know the backup/],
    [['-i', 'TOTTEK', '--ttl=1d', '--expire-time=2027-01-01'], /exclude each other/],
  ])('set-backup refuses %j', async (options, message) => {
    const { status, err } = await runCli(['set-backup', ...ON_MAIN, ...options])

    expect(status).toBe(1)
    expect(err).toMatch(message)
  })

  test('an instance that is not there is told with its hint', async () => {
    const { status, err } = await runCli(['show', ...ON_MAIN], {
      handlers: {
        'instances.config': async () => {
          throw new EngineError('instance.not-found', 'the catalog has no instance main', { hint: 'Add it.' })
        },
      },
    })

    expect({ status, err }).toEqual({
      status: 1,
      err: 'ERROR: the catalog has no instance main\nHINT: Add it.\n',
    })
  })
})
