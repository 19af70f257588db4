import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { restoreCommandLine } from '../../api/restore-command-line.ts'
import type { EngineHandlers } from '../../api/contract/contract.ts'
import type { BackupId } from '../../base/backup-id.ts'
import type { InstanceName } from '../../base/instance-name.ts'
import { jobHandlers, ON_MAIN, runCli } from '../../testing/cli-world.ts'

describe('restore', () => {
  const start = (asked: unknown[]): Partial<EngineHandlers> => ({
    'restore.start': async (input) => {
      asked.push(input)
      return { job: 'job-1' }
    },
    'instances.config': async () => [
      {
        group: '',
        key: 'pgdata',
        value: '/saved/data',
        baseValue: '/saved/data',
        isNumber: false,
        isSet: true,
      },
    ],
    ...jobHandlers({
      result: {
        kind: 'restore',
        backupId: 'TOTTEK',
        dataDirectory: '/new',
        fileCount: 3,
        writtenBytes: 1024,
        reusedBytes: 0,
        deletedFiles: 0,
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
      ['-D/new', '-T/a=/b', '-T', '/c=/d', '--external-mapping=/e=/f', '-j8', '--force', '-I', 'lsn'],
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
        incrementalMode: 'lsn',
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
    [
      [
        '-D/new',
        '-I',
        'checksum',
        '--db-include=shop',
        '--db-include',
        'a,b',
        '--destroy-all-other-dbs',
        '-X/wal',
      ],
      {
        dataDirectory: '/new',
        incrementalMode: 'checksum',
        databases: { kind: 'include', names: ['shop', 'a,b'] },
        destroysOtherDatabases: true,
        walDirectory: '/wal',
      },
    ],
    [['-D/new', '--move-aside'], { dataDirectory: '/new', movesAside: true }],
    [['-D/new', '--copy-wal'], { dataDirectory: '/new', copiesWal: true }],
    [
      ['-D/new', '--db-exclude=shop'],
      { dataDirectory: '/new', databases: { kind: 'exclude', names: ['shop'] } },
    ],
  ])('with %j asks for just that', async (options, expected) => {
    const asked: unknown[] = []
    const { status, err } = await runCli(['restore', ...ON_MAIN, ...options], { handlers: start(asked) })

    expect(asked).toEqual([{ ...plain, ...expected }])
    expect(status).toBe(0)
    const [done, ...more] = err.split('\n').filter((line) => line !== '')
    expect(done).toBe('INFO: backup TOTTEK was restored into /new: 3 files, 1024B')
    const { target, targetAction } = asked[0] as { target?: { kind: string }; targetAction?: string }
    const pauses = target !== undefined && target.kind !== 'latest' && targetAction === undefined
    expect(more).toEqual(
      pauses
        ? [
            'INFO: the server will pause at the target, read-only; tidemark after-restore --promote opens it for writing',
            'INFO: until then a table stays locked that a transaction cut off by the target was dropping or truncating',
          ]
        : [],
    )
  })

  test('says that a server which is to shut down at its target does so', async () => {
    const asked: unknown[] = []
    const options = ['-D/new', '-R', '--immediate', '--recovery-target-action=shutdown']
    const { err } = await runCli(['restore', ...ON_MAIN, ...options], { handlers: start(asked) })
    expect(err).toContain('INFO: the server will shut down at the target, whenever it is started;')
  })

  test.each([
    [['--time=2026-11-21', '--xid=1'], /--recovery-target-time and --recovery-target-xid exclude/],
    [['--inclusive=on'], /needs a time, an xid or an LSN/],
    [['--immediate', '--inclusive=on'], /needs a time, an xid or an LSN/],
    [['--recovery-target-action=pause'], /needs a recovery target/],
    [['--db-include=a', '--db-exclude=b'], /--db-include and --db-exclude exclude/],
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
    incrementalMode: 'lsn' as const,
    databases: { kind: 'exclude' as const, names: ["it's", 'two words'] },
    destroysOtherDatabases: true,
    walDirectory: '/wal of it',
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

test('the command of a restore that moves aside what is there says so', () => {
  const request = { catalog: '/c', instance: 'main' as InstanceName, dataDirectory: '/new', movesAside: true }
  expect(restoreCommandLine(request)).toBe('tidemark restore -B /c --instance=main -D /new --move-aside')
})

test('the command of a restore that copies WAL says so', () => {
  const request = { catalog: '/c', instance: 'main' as InstanceName, dataDirectory: '/new', copiesWal: true }
  expect(restoreCommandLine(request)).toBe('tidemark restore -B /c --instance=main -D /new --copy-wal')
})
