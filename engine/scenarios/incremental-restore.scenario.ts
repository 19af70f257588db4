import {
  appendFileSync,
  chmodSync,
  chownSync,
  closeSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { JobSnapshot } from '../api/contract/jobs.ts'
import type { RestoreRequest } from '../api/contract/restore.ts'
import { decodeControlFile } from '../format/control-file.ts'
import { crc32c } from '../format/crc32c.ts'
import { compareTrees } from '../testing/compare-trees.ts'
import { startEngine, type TestEngine } from '../testing/engines.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { newestMajors, startRestored, startServer, type TestServer } from '../testing/servers.ts'

const PAGE = 8192
const FINGERPRINT = `select json_build_object(
  'ledger', (select count(*) || ' ' || md5(string_agg(l::text, '|' order by id)) from ledger l),
  'kept', (select count(*) || ' ' || md5(string_agg(k::text, '|' order by id)) from kept k),
  'tables', (select string_agg(relname, ',' order by relname) from pg_class
              where relkind = 'r' and relnamespace = 'public'::regnamespace))::text`

/** A data directory and its tablespace, apart from the server that they were copied from. */
type Copy = { readonly dataDirectory: string; readonly tablespace: string }

describe.each(newestMajors())('an incremental restore on PostgreSQL %i', (major) => {
  const disposals = new AsyncDisposableStack()
  let root: string
  let server: TestServer
  let engine: TestEngine
  let ref: { readonly catalog: string; readonly instance: string }
  let location: string
  /** Backups in the order in which they were taken: FULL, DELTA, DELTA. */
  const ids: string[] = []
  const states: string[] = []
  let count = 0

  const backUp = async (mode: 'FULL' | 'DELTA'): Promise<void> => {
    const job = await engine.ended(
      engine.client['backups.start']({ ...ref, mode, isStream: true, threads: 2, compressAlgorithm: 'zlib' }),
    )
    expect(job.error).toBeUndefined()
    ids.push(job.backupId ?? '')
    states.push(await server.value('shop', FINGERPRINT))
  }

  beforeAll(async () => {
    root = disposals.use(await scratchDirectory('incremental')).path
    server = disposals.use(await startServer(root, { major, settings: { autovacuum: 'off' } }))
    engine = disposals.use(await startEngine())
    ref = await engine.register(path.join(root, 'catalog'), server)
    location = server.directory('fast')
    await server.run('postgres', `create tablespace fast location '${location}'`, 'create database shop')
    await server.run(
      'shop',
      'create table ledger as select g as id, md5(g::text) as v from generate_series(1, 40000) g',
      'create index on ledger (v)',
      'create table kept tablespace fast as select g as id, md5(g::text) as v from generate_series(1, 20000) g',
      'create table doomed as select g as id from generate_series(1, 2000) g',
      'create table shrinking as select g as id, md5(g::text) as v from generate_series(1, 20000) g',
      'checkpoint',
    )
    await backUp('FULL')
    await server.run('shop', "update ledger set v = 'one' where id % 100 = 0", 'create table born (id int)')
    await backUp('DELTA')
    await server.run('shop', "update kept set v = 'two' where id < 300", 'insert into born values (1)')
    await backUp('DELTA')
  })
  afterAll(() => disposals.disposeAsync())

  /** Copies the cluster of a server that is stopped, and its tablespace. */
  const copy = (of: string = server.dataDirectory): Copy => {
    const at = server.directory(`copy-${++count}`)
    const dataDirectory = path.join(at, 'data')
    const tablespace = path.join(at, 'fast')
    cpSync(of, dataDirectory, { recursive: true, verbatimSymlinks: true })
    for (const name of readdirSync(path.join(dataDirectory, 'pg_tblspc'))) {
      const link = path.join(dataDirectory, 'pg_tblspc', name)
      cpSync(readlinkSync(link), tablespace, { recursive: true })
      rmSync(link)
      symlinkSync(tablespace, link)
    }
    chmodSync(dataDirectory, 0o700)
    own(at)
    return { dataDirectory, tablespace }
  }
  const own = (at: string): void => {
    const { owner } = server
    if (owner === undefined) return
    chownSync(at, owner.uid, owner.gid)
    for (const entry of readdirSync(at, { recursive: true, withFileTypes: true }))
      if (!entry.isSymbolicLink()) chownSync(path.join(entry.parentPath, entry.name), owner.uid, owner.gid)
  }
  const restore = async (to: Copy, more: Partial<RestoreRequest>): Promise<JobSnapshot> => {
    const tablespaceMapping = [{ from: location, to: to.tablespace }]
    return await engine.ended(
      engine.client['restore.start']({
        ...ref,
        dataDirectory: to.dataDirectory,
        tablespaceMapping,
        isValidated: false,
        threads: 2,
        ...more,
      }),
    )
  }
  const plain = new Map<string, Promise<Copy>>()
  const plainRestore = (id: string): Promise<Copy> => {
    const known = plain.get(id)
    if (known !== undefined) return known
    const made = (async () => {
      const at = server.directory(`plain-${id}`)
      const to = { dataDirectory: path.join(at, 'data'), tablespace: path.join(at, 'fast') }
      expect((await restore(to, { id: id as never })).error).toBeUndefined()
      return to
    })()
    plain.set(id, made)
    return made
  }
  const stopped = async <Out>(work: () => Promise<Out>): Promise<Out> => {
    await server.stop('fast')
    try {
      return await work()
    } finally {
      await server.start()
      await engine.client['instances.change-config']({ ...ref, values: { pgport: String(server.port) } })
    }
  }
  const expectSame = async (to: Copy, id: string): Promise<void> => {
    expect(compareTrees((await plainRestore(id)).dataDirectory, to.dataDirectory)).toEqual([])
    await using started = await startRestored(to.dataDirectory, major, server.password)
    expect(await started.value('shop', FINGERPRINT)).toBe(states[ids.indexOf(id)])
  }
  const reuse = (job: JobSnapshot) => {
    expect(job.error).toBeUndefined()
    if (job.result?.kind !== 'restore') throw new Error('no result')
    return job.result
  }

  describe('over a cluster that went on', () => {
    let gone: Copy
    beforeAll(async () => {
      await server.run(
        'shop',
        "update ledger set v = 'later' where id % 7 = 0",
        'drop table doomed',
        'delete from shrinking where id > 5000',
        'vacuum shrinking',
        'truncate born',
        'create table latest as select g as id from generate_series(1, 5000) g',
      )
      await server.run('postgres', 'create database other', 'checkpoint')
      gone = await stopped(async () => copy())
    })

    test.each([
      ['checksum', 0],
      ['checksum', 2],
      ['lsn', 0],
      ['lsn', 1],
      ['lsn', 2],
    ] as const)(
      'in mode %s, backup %i comes out as from a restore into nothing',
      async (incrementalMode, at) => {
        const id = ids[at] ?? ''
        const to = copy(gone.dataDirectory)
        const { writtenBytes, reusedBytes, deletedFiles } = reuse(
          await restore(to, { id: id as never, incrementalMode }),
        )
        const whole = reuse(await restore(freshPlace(`whole-${incrementalMode}-${at}`), { id: id as never }))
        // The WAL in the backup is a third of what is written anew.
        expect(reusedBytes).toBeGreaterThan(whole.writtenBytes / 3)
        expect(writtenBytes + reusedBytes).toBeGreaterThan(whole.writtenBytes - PAGE)
        expect(writtenBytes).toBeLessThan(whole.writtenBytes - reusedBytes / 2)
        expect(deletedFiles).toBeGreaterThan(100)
        await expectSame(to, id)
      },
    )
  })
  const freshPlace = (name: string): Copy => {
    const at = server.directory(name)
    return { dataDirectory: path.join(at, 'data'), tablespace: path.join(at, 'fast') }
  }
  const idOf = (at: number): never => (ids[at] ?? '') as never

  test('over a damaged copy brings back what is broken, missing, too long, linked or not of it', async () => {
    const to = await stopped(async () => copy())
    const file = async (table: string): Promise<string> =>
      path.join(to.dataDirectory, await server.value('shop', `select pg_relation_filepath('${table}')`))
    const index = await file('ledger_v_idx')
    const ledger = await file('ledger')
    const kept = await file('kept')
    const shrinking = await file('shrinking')
    overwrite(index, 3 * PAGE + 4000, Buffer.alloc(100, 0xaa))
    overwrite(kept, 2 * PAGE, Buffer.alloc(PAGE))
    truncateSync(ledger, 5 * PAGE + 77)
    appendFileSync(shrinking, Buffer.alloc(3 * PAGE + 5, 0x11))
    rmSync(path.join(to.dataDirectory, 'global', 'pg_filenode.map'))
    const hba = path.join(to.dataDirectory, 'pg_hba.conf')
    const elsewhere = path.join(path.dirname(to.dataDirectory), 'hba')
    writeFileSync(elsewhere, 'somebody else reads this')
    rmSync(hba)
    symlinkSync(elsewhere, hba)
    mkdirSync(path.join(to.dataDirectory, 'mine', 'below'), { recursive: true })
    writeFileSync(path.join(to.dataDirectory, 'mine', 'below', 'x'), 'x')
    writeFileSync(path.join(to.dataDirectory, 'standby.signal'), '')
    // Of a cluster of another version, in the same place.
    const sibling = path.join(to.tablespace, 'PG_9.9_1', '5')
    mkdirSync(sibling, { recursive: true })

    reuse(await restore(to, { id: idOf(2), incrementalMode: 'checksum' }))
    expect(readFileSync(elsewhere, 'utf8')).toBe('somebody else reads this')
    expect(existsSync(sibling)).toBe(true)
    rmSync(path.dirname(sibling), { recursive: true })
    await expectSame(to, idOf(2))
  })

  test('leaves another copy alone that shares files with the directory', async () => {
    const to = await stopped(async () => copy())
    const name = await server.value('shop', "select pg_relation_filepath('ledger')")
    const shared = path.join(path.dirname(to.dataDirectory), 'shared')
    linkSync(path.join(to.dataDirectory, name), shared)
    const before = readFileSync(shared)

    reuse(await restore(to, { id: idOf(0), incrementalMode: 'checksum' }))
    expect(readFileSync(shared).equals(before)).toBe(true)
    await expectSame(to, idOf(0))
  })

  test('from an older state goes forward', async () => {
    const to = freshPlace('older')
    reuse(await restore(to, { id: idOf(0) }))
    const { reusedBytes } = reuse(await restore(to, { id: idOf(2), incrementalMode: 'checksum' }))
    expect(reusedBytes).toBeGreaterThan(10_000_000)
    await expectSame(to, idOf(2))
  })

  test('over a promoted standby follows its history back to the chain', async () => {
    const to = await stopped(async () => copy())
    writeFileSync(path.join(to.dataDirectory, 'standby.signal'), '')
    own(path.dirname(to.dataDirectory))
    {
      await using promoted = await startRestored(to.dataDirectory, major, server.password)
      await promoted.run('postgres', 'select pg_promote()')
      await promoted.run('shop', "update kept set v = 'promoted' where id % 50 = 0", 'checkpoint')
      await promoted.stop('fast')
    }
    const outcome = reuse(await restore(to, { id: idOf(2), incrementalMode: 'lsn' }))
    expect(outcome.reusedBytes).toBeGreaterThan(10_000_000)
    await expectSame(to, idOf(2))
  })

  test('by LSN over a copy that went its own way on the same timeline stops, and by checksum goes on', async () => {
    const to = freshPlace('parted')
    reuse(await restore(to, { id: idOf(0) }))
    {
      await using parted = await startRestored(to.dataDirectory, major, server.password)
      await parted.run('shop', "update ledger set v = 'elsewhere'", 'checkpoint', 'vacuum ledger')
      await parted.stop('fast')
    }
    const refused = await restore(to, { id: idOf(2), incrementalMode: 'lsn' })
    expect(refused.error).toMatchObject({ code: 'restore.diverged' })
    await expect(startRestored(to.dataDirectory, major, server.password)).rejects.toThrow()
    reuse(await restore(to, { id: idOf(2), incrementalMode: 'checksum' }))
    await expectSame(to, idOf(2))
  })

  describe('is refused', () => {
    let gone: Copy
    beforeAll(async () => {
      gone = await stopped(async () => copy())
    })

    const cases: readonly (readonly [string, Partial<RestoreRequest>, string, (to: Copy) => unknown])[] = [
      ['without the mode', {}, 'storage.not-empty', () => undefined],
      [
        'where a server runs, even by force',
        { incrementalMode: 'checksum', isForced: true },
        'server.running',
        ({ dataDirectory }) => writeFileSync(path.join(dataDirectory, 'postmaster.pid'), `${process.pid}\n`),
      ],
      [
        'where nobody can tell whether a server runs',
        { incrementalMode: 'checksum', isForced: true },
        'plan.refused',
        ({ dataDirectory }) => writeFileSync(path.join(dataDirectory, 'postmaster.pid'), 'rubbish'),
      ],
      [
        'over what is no cluster, even by force',
        { incrementalMode: 'checksum', isForced: true },
        'storage.not-empty',
        ({ dataDirectory }) => rmSync(path.join(dataDirectory, 'global', 'pg_control')),
      ],
      [
        'by LSN where a backup_label is',
        { incrementalMode: 'lsn' },
        'plan.refused',
        ({ dataDirectory }) => writeFileSync(path.join(dataDirectory, 'backup_label'), ''),
      ],
      [
        'in part without saying that the rest may go',
        { incrementalMode: 'checksum', databases: { kind: 'include', names: ['shop'] } },
        'plan.refused',
        () => undefined,
      ],
      [
        'over another cluster',
        { incrementalMode: 'checksum' },
        'instance.identity-mismatch',
        ({ dataDirectory }) => otherSystem(dataDirectory),
      ],
    ]
    test.each(cases)('%s', async (_, request, code, change) => {
      const to = copy(gone.dataDirectory)
      change(to)
      own(path.dirname(to.dataDirectory))
      const before = compareTrees(gone.dataDirectory, to.dataDirectory)
      const job = await restore(to, { id: idOf(2), ...request })
      expect(job.error).toMatchObject({ code, hint: expect.any(String) })
      expect(compareTrees(gone.dataDirectory, to.dataDirectory)).toEqual(before)
    })

    test('by LSN over a server that was not shut down', async () => {
      const to = copy(gone.dataDirectory)
      const crashed = await startRestored(to.dataDirectory, major, server.password)
      await crashed.stop('immediate')
      const job = await restore(to, { id: idOf(2), incrementalMode: 'lsn' })
      expect(job.error).toMatchObject({
        code: 'plan.refused',
        message: expect.stringContaining('not shut down'),
      })
      reuse(await restore(to, { id: idOf(2), incrementalMode: 'checksum' }))
      await expectSame(to, idOf(2))
    })

    test('when the directory changed after it was looked at', async () => {
      const to = copy(gone.dataDirectory)
      const request = {
        ...ref,
        id: idOf(2),
        dataDirectory: to.dataDirectory,
        tablespaceMapping: [{ from: location, to: to.tablespace }],
        incrementalMode: 'checksum' as const,
      }
      const { hash, incremental } = await engine.client['restore.plan'](request)
      expect(incremental).toMatchObject({
        mode: 'checksum',
        modes: [
          { mode: 'checksum', isPossible: true },
          { mode: 'lsn', isPossible: true },
        ],
      })
      writeFileSync(path.join(to.dataDirectory, 'new'), 'new')
      await expect(engine.client['restore.start']({ ...request, hash })).rejects.toMatchObject({
        code: 'plan.stale',
      })
    })
  })

  test('by force empties the directory of another cluster, but for hidden files', async () => {
    const to = await stopped(async () => copy())
    otherSystem(to.dataDirectory)
    writeFileSync(path.join(to.dataDirectory, '.hidden'), 'mine')
    own(path.dirname(to.dataDirectory))
    const { reusedBytes } = reuse(
      await restore(to, { id: idOf(2), incrementalMode: 'checksum', isForced: true }),
    )
    expect(reusedBytes).toBe(0)
    expect(readFileSync(path.join(to.dataDirectory, '.hidden'), 'utf8')).toBe('mine')
    rmSync(path.join(to.dataDirectory, '.hidden'))
    await expectSame(to, idOf(2))
  })
})

function overwrite(file: string, offset: number, bytes: Uint8Array): void {
  const descriptor = openSync(file, 'r+')
  writeSync(descriptor, bytes, 0, bytes.length, offset)
  closeSync(descriptor)
}

/** Makes a cluster that of somebody else. */
function otherSystem(dataDirectory: string): void {
  const file = path.join(dataDirectory, 'global', 'pg_control')
  const bytes = readFileSync(file)
  bytes.writeBigUInt64LE(bytes.readBigUInt64LE(0) + 1n, 0)
  const crcAt = decodeControlFile(bytes).version >= 1800 ? 292 : 288
  bytes.writeUInt32LE(crc32c(bytes.subarray(0, crcAt)), crcAt)
  writeFileSync(file, bytes)
}
