import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { BackupRecord, BackupTablespace } from '../api/contract/backups.ts'
import type { EngineHandlers } from '../api/contract/contract.ts'
import { parseBackupId } from '../base/backup-id.ts'
import { EngineError } from '../base/engine-error.ts'
import type { IsoTime } from '../base/iso-time.ts'
import { LSN_NONE, parseLsn } from '../base/lsn.ts'
import { runCli } from '../testing/cli-world.ts'
import { leastCpuMs } from '../testing/cpu-time.ts'
import { formatBackupTable } from './backup-listing.ts'

// What pg_probackup 2.5.16 printed for two catalogs, and the files of those catalogs that it printed them from.
const RECORDED = ['plain1', 'zlib16']
const SHOW = ['show', '-B', '/srv/catalog']

let zoneBefore: string | undefined

beforeEach(() => {
  zoneBefore = process.env['TZ']
  process.env['TZ'] = 'UTC'
})
afterEach(() => {
  if (zoneBefore === undefined) delete process.env['TZ']
  else process.env['TZ'] = zoneBefore
})

describe.each(RECORDED)('the recorded catalog %s', (name) => {
  const handlers = recordedHandlers(name)

  test('is listed like the reference tool lists it', async () => {
    const { status, out, err } = await runCli(SHOW, { handlers })

    expect(out).toBe(golden(name, 'show.txt'))
    expect({ status, err }).toEqual({ status: 0, err: '' })
  })

  test('is listed without a heading when the instance is named', async () => {
    const { out } = await runCli([...SHOW, '--instance=main'], { handlers })

    expect(`\nBACKUP INSTANCE 'main'\n${out}`).toBe(golden(name, 'show.txt'))
  })

  test('gives the JSON that the reference tool gives, byte for byte', async () => {
    const all = await runCli([...SHOW, '--format=json'], { handlers })
    const one = await runCli([...SHOW, '--format=json', '--instance=main'], { handlers })

    expect(all.out).toBe(golden(name, 'show-json.txt'))
    expect(one.out).toBe(golden(name, 'show-json.txt'))
  })

  test('gives each backup alone', async () => {
    for (const id of backupIds(name)) {
      const { out } = await runCli([...SHOW, '--format=json', '--instance=main', '-i', id], { handlers })
      const [listed] = JSON.parse(out) as [{ backups: { id: string }[] }]

      expect(listed.backups.map((backup) => backup.id)).toEqual([id])
    }
  })

  test('shows a backup in full as its control file says, with its tablespaces', async () => {
    const [id = ''] = backupIds(name)
    const { out } = await runCli([...SHOW, '--instance=main', '-i', id.toLowerCase()], { handlers })

    expect(out).toBe(
      `${golden(name, `${id}.control.txt`)}\ntablespace_map = '16384 /srv/fixture/${name}/ts1'\n`,
    )
  })
})

test('times are those of the local zone everywhere', async () => {
  process.env['TZ'] = 'Asia/Shanghai'
  const handlers = recordedHandlers('plain1')
  const list = await runCli(SHOW, { handlers })
  const json = await runCli([...SHOW, '--format=json'], { handlers })
  const detail = await runCli([...SHOW, '--instance=main', '-i', 'TOTUH3'], { handlers })

  expect(list.out).toContain('2026-11-21 08:53:28+08')
  expect(json.out).toContain('"start-time": "2026-11-21 08:53:27+08"')
  expect(detail.out).toContain("expire-time = '2036-11-18 08:53:28+08'")
  expect(`${list.out}${json.out}${detail.out}`).not.toContain('00:53')
})

test('a backup that is not there is told, and is no failure', async () => {
  const handlers: Partial<EngineHandlers> = {
    ...recordedHandlers('plain1'),
    'backups.detail': async () => {
      throw new EngineError('backup.not-found', 'no such backup')
    },
  }
  const plain = await runCli([...SHOW, '--instance=main', '-i', 'TOTAAA'], { handlers })
  const json = await runCli([...SHOW, '--instance=main', '-i', 'TOTAAA', '--format=json'], { handlers })

  expect(plain).toEqual({ status: 0, out: '', err: 'INFO: the instance main has no backup TOTAAA\n' })
  expect(json.status).toBe(0)
  expect(json.out).toBe(`[
    {
        "instance": "main",
        "backups": [
        ]
    }
]
`)
})

test('an ID without an instance is refused', async () => {
  const { status, err } = await runCli([...SHOW, '-i', 'TOTUH3'])

  expect(status).toBe(1)
  expect(err).toContain('ERROR: a backup ID alone')
  expect(err).toContain('HINT: Name the instance with --instance.')
})

test('a control file that cannot be read is warned of and listed as UNKNOWN', async () => {
  const stub: BackupRecord = { ...record('TOTUH3', ''), status: 'UNKNOWN', mode: '', isStream: false }
  const handlers: Partial<EngineHandlers> = {
    'backups.list': async () => ({
      instance: 'main',
      revision: '1',
      backups: [stub],
      problems: [{ id: 'TOTUH3', message: 'backup.control is empty' }],
      retentionRule: 'probackup',
    }),
  }
  const { out, err } = await runCli([...SHOW, '--instance=main'], { handlers })

  expect(err).toBe('WARNING: backup TOTUH3 of main: backup.control is empty\n')
  expect(out.split('\n')[3]?.trim().split(/\s+/)).toEqual(
    'main ---- TOTUH3 ---- ARCHIVE 0/0 ---- 0 0 1.00 0/0 0/0 UNKNOWN'.split(' '),
  )
})

test.each([
  ['RUNNING', 'validation or the next backup makes it ERROR'],
  ['MERGING', 'merge it again to finish that'],
  ['DELETING', 'delete it again to finish that'],
] as const)('a backup that a dead process left %s is marked, in as many columns', async (status, remedy) => {
  const left: BackupRecord = { ...record('TOTUH3', ''), status, isStale: true }
  const busy: BackupRecord = { ...record('TOTUH1', ''), status }
  const handlers: Partial<EngineHandlers> = {
    'backups.list': async () => ({
      instance: 'main',
      revision: '1',
      backups: [left, busy],
      problems: [],
      retentionRule: 'probackup',
    }),
    'backups.tablespaces': async () => ({}),
    'backups.detail': async () => ({
      backup: left,
      tablespaces: [],
      databases: [],
      fileCount: undefined,
      controlText: `status = ${status}\n`,
      directory: '/srv/catalog/backups/main/TOTUH3',
    }),
  }
  const warning = `WARNING: backup TOTUH3 says ${status}, but the process is gone: ${remedy}\n`
  const plain = await runCli([...SHOW, '--instance=main'], { handlers })
  const json = await runCli([...SHOW, '--instance=main', '--format=json'], { handlers })
  const detail = await runCli([...SHOW, '--instance=main', '-i', 'TOTUH3'], { handlers })

  expect([plain.err, json.err, detail.err]).toEqual([warning, warning, warning])
  const rows = plain.out.split('\n').slice(3, 5)
  expect(rows.map((row) => row.trim().split(/\s+/).at(-1))).toEqual([`${status}(stale)`, status])
  expect(new Set(rows.map((row) => row.trim().split(/\s+/).length)).size).toBe(1)
  const [{ backups }] = JSON.parse(json.out) as [{ backups: { status: string; stale?: boolean }[] }]
  expect(backups.map((one) => [one.status, one.stale])).toEqual([
    [status, true],
    [status, undefined],
  ])
})

test('an empty instance has a heading and no lines, an empty catalog nothing', async () => {
  const handlers: Partial<EngineHandlers> = {
    'catalog.instances': async () => [],
    'backups.list': async () => ({
      instance: 'main',
      revision: '1',
      backups: [],
      problems: [],
      retentionRule: 'probackup',
    }),
  }

  expect((await runCli([...SHOW, '--instance=main'], { handlers })).out.split('\n')).toHaveLength(4)
  expect((await runCli(SHOW, { handlers })).out).toBe('')
  expect((await runCli([...SHOW, '--format=json'], { handlers })).out).toBe('[\n]\n')
})

describe('the Time column', () => {
  const nowMs = Date.parse('2026-11-21T02:00:00Z')
  const start = '2026-11-21T00:00:00Z' as IsoTime
  const end = '2026-11-21T00:01:40Z' as IsoTime
  const base = { ...record('TOTUH3', ''), startTime: start }

  test.each([
    ['runs on while a backup runs', { status: 'RUNNING' as const }, '2h:0m'],
    ['is the length of the backup', { status: 'OK' as const, endTime: end }, '1m:40s'],
    [
      'is the length of the last merge',
      { status: 'OK' as const, endTime: end, mergeTime: '2026-11-21T00:01:30Z' as IsoTime },
      '10s',
    ],
    ['is not known without an end', { status: 'ERROR' as const }, '----'],
  ])('%s', (_what, changes, text) => {
    const table = formatBackupTable('main', [{ ...base, ...changes }], { nowMs, isColored: false })

    expect(table.split('\n')[3]).toContain(` ${text} `)
  })
})

test('colours change nothing but colours', async () => {
  const handlers = recordedHandlers('zlib16')
  const colored = await runCli(SHOW, { handlers, isOutTerminal: true })
  const plain = await runCli([...SHOW, '--no-color'], { handlers, isOutTerminal: true })

  expect(colored.out).toContain('\x1b[32mOK\x1b[0m')
  // oxlint-disable-next-line no-control-regex
  expect(colored.out.replace(/\x1b\[[0-9;]*m/g, '')).toBe(plain.out)
  expect(plain.out).toBe(golden('zlib16', 'show.txt'))
})

test('ten thousand backups are listed in less than a second', async () => {
  const [first] = recordedBackups('plain1')
  const many = Array.from({ length: 10_000 }, () => first as BackupRecord)
  const handlers: Partial<EngineHandlers> = {
    'backups.list': async () => ({
      instance: 'main',
      revision: '1',
      backups: many,
      problems: [],
      retentionRule: 'probackup',
    }),
    'backups.tablespaces': async () => ({}),
  }
  const show = () => runCli([...SHOW, '--instance=main'], { handlers })
  expect((await show()).out.split('\n')).toHaveLength(10_004)
  expect(await leastCpuMs(1000, show)).toBeLessThan(1000)
})

function golden(name: string, file: string): string {
  return readFileSync(path.join(import.meta.dirname, 'golden', name, file), 'utf8')
}

function backupIds(name: string): string[] {
  return readdirSync(path.join(import.meta.dirname, 'golden', name))
    .filter((file) => file.endsWith('.control.txt'))
    .map((file) => file.replace('.control.txt', ''))
    .sort()
    .reverse()
}

function recordedHandlers(name: string): Partial<EngineHandlers> {
  const tablespaces = Object.fromEntries(backupIds(name).map((id) => [id, recordedTablespaces(name, id)]))
  return {
    'catalog.instances': async () => ['main'],
    'backups.list': async () => ({
      instance: 'main',
      revision: '1',
      backups: recordedBackups(name),
      problems: [],
      retentionRule: 'probackup',
    }),
    'backups.tablespaces': async () => tablespaces,
    'backups.detail': async ({ id }) => ({
      backup: record(id, golden(name, `${id}.control.txt`)),
      tablespaces: tablespaces[id] ?? [],
      databases: [],
      fileCount: undefined,
      controlText: golden(name, `${id}.control.txt`),
      directory: `/srv/catalog/backups/main/${id}`,
    }),
  }
}

function recordedTablespaces(name: string, id: string): BackupTablespace[] {
  return golden(name, `${id}.tablespaces.txt`)
    .split('\n')
    .flatMap((line) => {
      const [, oid, where] = /^(\d+) (.*)$/.exec(line) ?? []
      return oid === undefined || where === undefined ? [] : [{ oid: Number(oid), path: where }]
    })
}

function recordedBackups(name: string): BackupRecord[] {
  const records = backupIds(name).map((id) => record(id, golden(name, `${id}.control.txt`)))
  return records.map((backup) => ({
    ...backup,
    parentTimeline: records.find(({ id }) => id === backup.parentId)?.timeline ?? 0,
  }))
}

/** A record from the text of a control file, read independently of the engine. */
function record(id: string, control: string): BackupRecord {
  const values = new Map<string, string>()
  for (const line of control.split('\n')) {
    const [, key, value] = /^([\w-]+) = '?(.*?)'?$/.exec(line) ?? []
    if (key !== undefined && value !== undefined) values.set(key, value)
  }
  const time = (key: string): IsoTime | undefined => {
    const text = values.get(key)
    return text === undefined ? undefined : (`${text.slice(0, 19).replace(' ', 'T')}Z` as IsoTime)
  }
  const number = (key: string): number | undefined => {
    const text = values.get(key)
    return text === undefined ? undefined : Number(text)
  }
  const lsn = (key: string) => parseLsn(values.get(key) ?? '0/0')
  const parent = values.get('parent-backup-id')
  return {
    id: parseBackupId(id),
    parentId: parent === undefined ? undefined : parseBackupId(parent),
    mode: (values.get('backup-mode') ?? 'FULL') as BackupRecord['mode'],
    status: (values.get('status') ?? 'OK') as BackupRecord['status'],
    isStale: false,
    isStream: values.get('stream') === 'true',
    compressAlgorithm: values.get('compress-alg') ?? 'none',
    compressLevel: number('compress-level') ?? 1,
    isFromReplica: values.get('from-replica') === 'true',
    blockBytes: number('block-size') ?? 8192,
    walBlockBytes: number('xlog-block-size') ?? 8192,
    checksumVersion: number('checksum-version') ?? 0,
    programVersion: values.get('program-version'),
    serverVersion: values.get('server-version'),
    timeline: number('timelineid') ?? 0,
    parentTimeline: 0,
    startLsn: lsn('start-lsn') ?? LSN_NONE,
    stopLsn: lsn('stop-lsn') ?? LSN_NONE,
    startTime: time('start-time') ?? ('2026-11-21T00:00:00Z' as IsoTime),
    mergeTime: time('merge-time'),
    endTime: time('end-time'),
    recoveryTime: time('recovery-time'),
    recoveryXid: BigInt(values.get('recovery-xid') ?? 0),
    expireTime: time('expire-time'),
    dataBytes: number('data-bytes'),
    walBytes: number('wal-bytes'),
    uncompressedBytes: number('uncompressed-bytes'),
    pgdataBytes: number('pgdata-bytes'),
    primaryConninfo: values.get('primary_conninfo'),
    externalDirs: values.get('external-dirs'),
    note: values.get('note'),
    contentCrc: number('content-crc'),
    restoreBytes: 0,
    fullId: undefined,
    chainLength: 0,
    isRestorable: true,
  }
}
