import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { assert, constantFrom, property, string } from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parseBackupId } from '../../base/backup-id.ts'
import { heldClock } from '../../base/clock.ts'
import { SILENT_LOG } from '../../base/log.ts'
import type { Run } from '../../base/run.ts'
import type { BackupControl } from '../../format/backup-control.ts'
import { madeControl } from '../../testing/made-catalog.ts'
import { scratchDirectory } from '../../testing/scratch.ts'
import type { RestoreInput } from './restore-facts.ts'
import { recoverySettingsText, restoreCommandFor, writeRecoverySettings } from './recovery.ts'

const ID = parseBackupId('TOTTEK')
const NOW = '2026-11-21T00:32:04Z'
const HEAD =
  "# recovery settings added by pg_probackup restore of backup TOTTEK at '2026-11-21 00:32:04+00'\n"
const WITH_SIGNALS = ['12', '13', '14', '15', '16', '17', '18']
const WITHOUT_SIGNALS = ['9.6', '10', '11']

const run: Run = {
  signal: new AbortController().signal,
  report: () => undefined,
  log: SILENT_LOG,
  clock: heldClock(NOW),
}

function input(given: Partial<RestoreInput> = {}): RestoreInput {
  return {
    catalog: '/backup',
    instance: 'main',
    id: undefined,
    dataDirectory: '/restore',
    target: undefined,
    isInclusive: undefined,
    targetTimeline: undefined,
    targetAction: undefined,
    restoreCommand: undefined,
    copiesWal: false,
    walThrough: undefined,
    tablespaceMapping: [],
    externalMapping: [],
    skipsExternal: false,
    incrementalMode: 'none',
    databases: undefined,
    movesAside: false,
    destroysOtherDatabases: false,
    walDirectory: undefined,
    threads: 1,
    isValidated: true,
    isSynced: true,
    isForced: false,
    isReplica: false,
    primaryConninfo: undefined,
    primarySlotName: undefined,
    ...given,
  }
}

async function scratch(): Promise<string> {
  const directory = await scratchDirectory('recovery')
  onTestFinished(() => directory[Symbol.asyncDispose]())
  return directory.path
}

async function written(
  given: Partial<RestoreInput>,
  control: Partial<BackupControl>,
  before: Readonly<Record<string, string>> = {},
): Promise<Readonly<Record<string, string>>> {
  const dataDirectory = await scratch()
  for (const [name, text] of Object.entries(before)) writeFileSync(path.join(dataDirectory, name), text)
  await writeRecoverySettings(input({ ...given, dataDirectory }), ID, madeControl(control), undefined, run)
  const names = readdirSync(dataDirectory).toSorted()
  for (const name of names) expect(statSync(path.join(dataDirectory, name)).mode & 0o777).toBe(0o600)
  return Object.fromEntries(names.map((name) => [name, readFileSync(path.join(dataDirectory, name), 'utf8')]))
}

/** Settings as a server reads them. Source: PostgreSQL `guc-file.l`, `DeescapeQuotedString`. */
function readAsServer(text: string): Readonly<Record<string, string>> {
  const settings: Record<string, string> = {}
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const [, name = '', quoted = ''] = /^(\w+) = '((?:[^'\\]|''|\\.)*)'$/.exec(line) ?? []
    expect(name, line).not.toBe('')
    settings[name] = quoted.replaceAll(/''|\\(.)/g, (all, escaped?: string) =>
      all === "''" ? "'" : escaped === 'n' ? '\n' : escaped === 'r' ? '\r' : (escaped ?? ''),
    )
  }
  return settings
}

describe.each(WITH_SIGNALS)('for a server %s', (serverVersion) => {
  test('a backup with its own WAL gets a comment and no signal', async () => {
    expect(await written({}, { serverVersion })).toEqual({ 'postgresql.auto.conf': `\n${HEAD}` })
  })

  test('a target goes to postgresql.auto.conf, and a signal is left', async () => {
    const files = await written({ target: { kind: 'lsn', lsn: '0/3000118' } }, { serverVersion })
    expect(Object.keys(files)).toEqual(['postgresql.auto.conf', 'recovery.signal'])
    expect(files['recovery.signal']).toBe('')
    expect(readAsServer(files['postgresql.auto.conf'] ?? '')).toEqual({
      recovery_target_lsn: '0/3000118',
      recovery_target_timeline: 'current',
      recovery_target_action: 'pause',
      restore_command: restoreCommandFor('/backup/wal/main'),
    })
  })

  test('a replica gets a standby signal, and no standby_mode', async () => {
    const files = await written({ isReplica: true }, { serverVersion, primaryConninfo: 'host=db' })
    expect(Object.keys(files)).toEqual(['postgresql.auto.conf', 'standby.signal'])
    expect(readAsServer(files['postgresql.auto.conf'] ?? '')).toEqual({ primary_conninfo: 'host=db' })
  })
})

describe.each(WITHOUT_SIGNALS)('for a server %s', (serverVersion) => {
  test('a backup with its own WAL gets no file at all', async () => {
    expect(await written({}, { serverVersion })).toEqual({})
  })

  test('a target goes to recovery.conf without a timeline', async () => {
    const files = await written({ target: { kind: 'immediate' } }, { serverVersion })
    expect(Object.keys(files)).toEqual(['recovery.conf'])
    expect(readAsServer(files['recovery.conf'] ?? '')).toEqual({
      recovery_target: 'immediate',
      recovery_target_action: 'pause',
      restore_command: restoreCommandFor('/backup/wal/main'),
    })
  })

  test('a replica is told so in recovery.conf', async () => {
    const files = await written({ isReplica: true, primarySlotName: 'slot' }, { serverVersion })
    expect(Object.keys(files)).toEqual(['recovery.conf'])
    expect(readAsServer(files['recovery.conf'] ?? '')).toEqual({
      standby_mode: 'on',
      primary_slot_name: 'slot',
    })
  })
})

describe('the settings', () => {
  test('of an ARCHIVE backup fetch WAL from the archive of its instance', async () => {
    const files = await written({ instance: 'shop 15' }, { isStream: false })
    expect(readAsServer(files['postgresql.auto.conf'] ?? '')['restore_command']).toBe(
      restoreCommandFor('/backup/wal/shop 15'),
    )
  })

  test('take the command and the connection that were asked for before those of the backup', () => {
    const text = recoverySettingsText(
      input({ restoreCommand: 'fetch %f %p', isReplica: true, primaryConninfo: 'host=new' }),
      ID,
      madeControl({ primaryConninfo: 'host=old' }),
      Date.parse(NOW),
    )
    expect(text.startsWith(HEAD)).toBe(true)
    expect(readAsServer(text)).toMatchObject({ restore_command: 'fetch %f %p', primary_conninfo: 'host=new' })
  })

  test('in a preview are those that are written', async () => {
    const given = {
      target: { kind: 'xid', xid: '739' },
      isInclusive: false,
      targetAction: 'promote',
    } as const
    const files = await written(given, {})
    const preview = recoverySettingsText(input(given), ID, madeControl(), Date.parse(NOW))
    expect(files['postgresql.auto.conf']).toBe(`\n${preview}`)
  })

  test('replace those of an earlier restore and leave the others of the server', async () => {
    const files = await written(
      { target: { kind: 'name', name: 'new' } },
      {},
      {
        'postgresql.auto.conf':
          "work_mem = '8MB'\nrecovery_target_name = 'old'\nrestore_command = 'old'\nport = '5433'",
      },
    )
    const text = files['postgresql.auto.conf'] ?? ''
    expect(text.startsWith(`work_mem = '8MB'\nport = '5433'\n${HEAD}`)).toBe(true)
    expect(readAsServer(text)).toMatchObject({ work_mem: '8MB', port: '5433', recovery_target_name: 'new' })
  })

  test('leave every byte of the others, whatever their encoding', async () => {
    const dataDirectory = await scratch()
    const file = path.join(dataDirectory, 'postgresql.auto.conf')
    const before = Buffer.from("search_path = 'größe'\n", 'latin1')
    writeFileSync(file, before)
    const restoreCommand = 'cp /备份/%f %p'
    const given = input({ dataDirectory, restoreCommand })
    await writeRecoverySettings(given, ID, madeControl(), undefined, run)
    const after = readFileSync(file)
    expect(after.subarray(0, before.length).equals(before)).toBe(true)
    expect(after.toString('utf8')).toContain(restoreCommand)
  })

  test('are not written over a file that cannot be read', async () => {
    const dataDirectory = await scratch()
    mkdirSync(path.join(dataDirectory, 'postgresql.auto.conf'))
    const writing = writeRecoverySettings(input({ dataDirectory }), ID, madeControl(), undefined, run)
    await expect(writing).rejects.toMatchObject({
      code: 'storage.failed',
      message: expect.stringContaining('read'),
    })
    expect(readdirSync(dataDirectory)).toEqual(['postgresql.auto.conf'])
  })

  test('come to the server as they were given, whatever they hold', () => {
    const anyText = string({
      unit: constantFrom("'", '\\', '\n', '\r', '#', '"', '$', '`', ' ', '=', 'n', 'ä', '%', '\t'),
      minLength: 1,
      maxLength: 20,
    })
    assert(
      property(anyText, constantFrom('11', '16'), (value, serverVersion) => {
        const text = recoverySettingsText(
          input({
            target: { kind: 'name', name: value },
            targetTimeline: value,
            restoreCommand: value,
            isReplica: true,
            primaryConninfo: value,
            primarySlotName: value,
          }),
          ID,
          madeControl({ serverVersion }),
          0,
        )
        expect(readAsServer(text)).toMatchObject({
          recovery_target_name: value,
          recovery_target_timeline: value,
          restore_command: value,
          primary_conninfo: value,
          primary_slot_name: value,
        })
      }),
    )
  })
})

describe('the command that fetches WAL', () => {
  const SEGMENT = '000000010000000000000003'

  /** Runs it as a server does, in its data directory. Source: PostgreSQL `replace_percent_placeholders`. */
  function fetch(
    archive: string,
    name: string,
    to: string,
    given: { isStandby?: boolean; programs?: string } = {},
  ) {
    const command = restoreCommandFor(archive, given).replaceAll(/%([%fp])/g, (_, letter: string) =>
      letter === 'f' ? name : letter === 'p' ? to : '%',
    )
    const { programs } = given
    execFileSync('/bin/sh', ['-c', command], {
      stdio: 'pipe',
      cwd: path.dirname(to),
      ...(programs !== undefined && { env: { PATH: programs } }),
    })
  }

  const ended = expect.objectContaining({ status: 1 })
  /** What a server does not take for the end of the WAL. Source: PostgreSQL `xlogarchive.c`, `RestoreArchivedFile`. */
  const failed = expect.objectContaining({ status: 126 })

  /** So many random bytes, of which the first page says how large its segment is. */
  function heldBytes(length: number): Buffer {
    const held = randomBytes(length)
    held.writeUInt32LE(1 << 20, 32)
    return held
  }

  test.each(['plain', 'with space', "it's", '$(touch oops)', '`x`;"', 'a%fb%p%', 'back\\slash', '*'])(
    'finds a segment and a compressed one in an archive called %j',
    async (name) => {
      const root = await scratch()
      const archive = path.join(root, name)
      mkdirSync(archive)
      writeFileSync(path.join(archive, SEGMENT), 'plain')
      writeFileSync(path.join(archive, '00000002.history.gz'), gzipSync('packed'))
      const to = path.join(root, 'RECOVERYXLOG')
      fetch(archive, SEGMENT, to)
      expect(readFileSync(to, 'utf8')).toBe('plain')
      fetch(archive, '00000002.history', to)
      expect(readFileSync(to, 'utf8')).toBe('packed')
      expect(readdirSync(root).toSorted()).toEqual([name, 'RECOVERYXLOG'].toSorted())
    },
  )

  test('takes what there is of the last segment, and never before the whole one', async () => {
    const root = await scratch()
    const to = path.join(root, 'RECOVERYXLOG')
    const held = heldBytes(1000)
    writeFileSync(path.join(root, `${SEGMENT}.partial`), held)
    fetch(root, SEGMENT, to)
    expect(readFileSync(to).subarray(0, held.length).equals(held)).toBe(true)
    writeFileSync(path.join(root, `${SEGMENT}.gz`), gzipSync('the whole'))
    fetch(root, SEGMENT, to)
    expect(readFileSync(to, 'utf8')).toBe('the whole')
  })

  test.each([
    ['.partial', (bytes: Uint8Array) => bytes],
    ['.gz.partial', (bytes: Uint8Array) => gzipSync(bytes)],
    ['.gz.partial', (bytes: Uint8Array) => gzipSync(bytes).subarray(0, -12)],
  ])('fills up what is cut off, as a server wants it (%s)', async (suffix, stored) => {
    const root = await scratch()
    const to = path.join(root, 'RECOVERYXLOG')
    // A first page says how large its segment is; random, so that packed bytes are not far shorter.
    const held = heldBytes(100_000)
    writeFileSync(path.join(root, SEGMENT + suffix), stored(held))
    fetch(root, SEGMENT, to)
    const got = readFileSync(to)
    expect(got.length).toBe(1 << 20)
    expect(got.subarray(0, 60_000).equals(held.subarray(0, 60_000))).toBe(true)
    expect(got.subarray(held.length).every((byte) => byte === 0)).toBe(true)
  })

  test('takes of two partial segments the one that goes further', async () => {
    const root = await scratch()
    const to = path.join(root, 'RECOVERYXLOG')
    const held = heldBytes(100_000)
    const [plain, packed] = [`${SEGMENT}.partial`, `${SEGMENT}.gz.partial`].map((name) =>
      path.join(root, name),
    )
    for (const [short, long] of [
      [held.subarray(0, 60_000), held],
      [held, held.subarray(0, 60_000)],
    ] as const) {
      writeFileSync(plain ?? '', Buffer.concat([short, Buffer.alloc((1 << 20) - short.length)]))
      writeFileSync(packed ?? '', gzipSync(long))
      fetch(root, SEGMENT, to)
      expect(readFileSync(to).subarray(0, held.length).equals(held)).toBe(true)
    }
  })

  test('takes a partial segment with nothing in it for the end', async () => {
    const root = await scratch()
    const to = path.join(root, 'RECOVERYXLOG')
    for (const empty of [Buffer.alloc(0), Buffer.alloc(30), Buffer.alloc(1 << 20)]) {
      writeFileSync(path.join(root, `${SEGMENT}.partial`), empty)
      expect(() => fetch(root, SEGMENT, to)).toThrow(ended)
    }
  })

  test('leaves the segment of the server alone where that goes further', async () => {
    const root = await scratch()
    const to = path.join(root, 'RECOVERYXLOG')
    const whole = Buffer.alloc(1 << 20)
    whole.set(heldBytes(50_000))
    whole[20_000] = 7
    mkdirSync(path.join(root, 'pg_wal'))
    writeFileSync(path.join(root, 'pg_wal', SEGMENT), whole)
    for (const partial of [
      whole.subarray(0, 20_000),
      Buffer.concat([whole.subarray(0, 20_000), Buffer.alloc(9)]),
    ]) {
      writeFileSync(path.join(root, `${SEGMENT}.partial`), partial)
      expect(() => fetch(root, SEGMENT, to)).toThrow(ended)
    }
    const further = Buffer.concat([whole.subarray(0, 50_000), randomBytes(100)])
    for (const partial of [whole, further]) {
      writeFileSync(path.join(root, `${SEGMENT}.partial`), partial)
      fetch(root, SEGMENT, to)
      expect(readFileSync(to).subarray(0, partial.length).equals(partial)).toBe(true)
    }
  })

  test('never tells the server that its WAL has ended when it could not be fetched', async () => {
    const root = await scratch()
    const archive = path.join(root, 'archive')
    const to = path.join(root, 'RECOVERYXLOG')
    const fetchIt = (given = {}) => fetch(archive, SEGMENT, to, given)
    // An archive that is not mounted.
    expect(() => fetchIt()).toThrow(failed)
    expect(() => fetchIt({ isStandby: true })).toThrow(ended)
    mkdirSync(archive)
    expect(() => fetchIt()).toThrow(ended)
    const packed = path.join(archive, `${SEGMENT}.gz`)
    writeFileSync(packed, gzipSync(randomBytes(100_000)).subarray(0, -12))
    expect(() => fetchIt()).toThrow(failed)
    expect(() => fetchIt({ isStandby: true })).toThrow(ended)
    // A partial one that was left beside it would hide that.
    writeFileSync(path.join(archive, `${SEGMENT}.partial`), heldBytes(1000))
    expect(() => fetchIt()).toThrow(failed)
    writeFileSync(packed, gzipSync('whole'))
    expect(() => fetchIt({ programs: '/nowhere' })).toThrow(failed)
    writeFileSync(path.join(archive, SEGMENT), 'whole')
    expect(() => fetch(archive, SEGMENT, path.join(root, 'nowhere', 'x'))).toThrow()
    rmSync(to)
    mkdirSync(to)
    mkdirSync(path.join(to, SEGMENT))
    expect(() => fetchIt()).toThrow(failed)
  })

  test('fits into the commands of old servers', () => {
    // Source: PostgreSQL 12 `xlogarchive.c`, `xlogRestoreCmd`, and `MAXPGPATH`.
    expect(restoreCommandFor(`/${'x'.repeat(150)}`).length).toBeLessThan(1024 - 50)
  })

  test('fails for a segment that is not there, with a status that lets the server go on', async () => {
    const root = await scratch()
    expect(() => fetch(root, SEGMENT, path.join(root, 'RECOVERYXLOG'))).toThrow(ended)
  })
})
