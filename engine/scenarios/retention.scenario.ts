import { cpSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { RetentionPlanRecord } from '../api/contract/retention.ts'
import type { BackupId } from '../base/backup-id.ts'
import { readControl, writeBackupControl } from '../catalog/backup.ts'
import { startCli } from '../testing/cli-process.ts'
import { startEngine, type TestEngine } from '../testing/engines.ts'
import { unpackFixture, whyNoFixture } from '../testing/fixtures.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { startRestored, startServer, type TestServer } from '../testing/servers.ts'
import { mountTinyDisk, whyNoTinyDisk } from '../testing/tiny-disk.ts'

const MAJOR = 17
const MIB = 1 << 20
const DAY = 86_400
const whyNoDisk = whyNoTinyDisk()
const WINDOW = { policy: { redundancy: 0, windowDays: 7, walDepth: 0 }, deletesExpired: true } as const
const MERGING = { ...WINDOW, mergesExpired: true } as const

describe('retention of real backups', () => {
  const disposals = new AsyncDisposableStack()
  let root: string
  let original: string
  let server: TestServer
  let engine: TestEngine
  let copies = 0
  /** What the ledger was when each backup was taken. */
  const sums = new Map<string, string>()
  /** 20 days old; 10, 9 and 5 days old and one chain; 1 day old. */
  let old: BackupId
  let full: BackupId
  let first: BackupId
  let second: BackupId
  let young: BackupId

  beforeAll(async () => {
    root = disposals.use(await scratchDirectory('retention')).path
    server = disposals.use(await startServer(root, { major: MAJOR }))
    engine = disposals.use(await startEngine())
    original = path.join(root, 'catalog')
    const ref = await engine.register(original, server)
    await server.run('postgres', 'create database shop')
    await server.run(
      'shop',
      'create table ledger as select n, md5(n::text) as v from generate_series(1, 50000) n',
    )
    const take = async (mode: 'FULL' | 'DELTA', days: number): Promise<BackupId> => {
      await server.run('shop', `update ledger set v = md5(v) where n % 7 = ${days % 7}`)
      const { backupId, error } = await engine.ended(
        engine.client['backups.start']({ ...ref, mode, isStream: true, threads: 2 }),
      )
      expect(error).toBeUndefined()
      const directory = path.join(original, 'backups', 'main', backupId ?? '')
      const { control } = readControl(directory)
      if (control?.recoverySeconds === undefined) throw new Error(`no backup ${backupId}`)
      await writeBackupControl(directory, {
        ...control,
        recoverySeconds: control.recoverySeconds - days * DAY,
      })
      sums.set(backupId ?? '', await checksum(server))
      return backupId as BackupId
    }
    old = await take('FULL', 20)
    full = await take('FULL', 10)
    first = await take('DELTA', 9)
    second = await take('DELTA', 5)
    young = await take('FULL', 1)
  })
  afterAll(() => disposals.disposeAsync())

  const copyCatalog = (below = root): { readonly catalog: string; readonly instance: string } => {
    const catalog = path.join(below, `catalog-${++copies}`)
    cpSync(original, catalog, { recursive: true, preserveTimestamps: true })
    return { catalog, instance: 'main' }
  }
  type Ref = ReturnType<typeof copyCatalog>
  const list = async (ref: Ref, one = engine) =>
    (await one.client['backups.list'](ref)).backups.map(({ id, mode, status }) => ({ id, mode, status }))
  const apply = async (ref: Ref, { hash }: Pick<RetentionPlanRecord, 'hash'>, asked: object, one = engine) =>
    await one.ended(one.client['retention.apply']({ ...ref, ...asked, hash }))
  const planAndApply = async (ref: Ref, asked: object, confirm = '') =>
    await apply(ref, await engine.client['retention.plan']({ ...ref, ...asked }), { ...asked, confirm })
  const expectRestorable = async (ref: Ref, id: BackupId): Promise<void> => {
    const dataDirectory = path.join(server.directory(`restored-${++copies}`), 'data')
    const job = await engine.ended(engine.client['restore.start']({ ...ref, id, dataDirectory, threads: 2 }))
    expect(job.error).toBeUndefined()
    await using restored = await startRestored(dataDirectory, MAJOR, server.password)
    expect(await checksum(restored)).toBe(sums.get(id))
  }
  const AFTER_MERGE = () => [
    { id: young, mode: 'FULL', status: 'OK' },
    { id: second, mode: 'FULL', status: 'OK' },
  ]
  const expectMerged = async (ref: Ref): Promise<void> => {
    expect(await list(ref)).toEqual(AFTER_MERGE())
    await expectRestorable(ref, second)
    await expectRestorable(ref, young)
  }

  test('deletes what neither the window nor a child keeps, and what stays can be restored', async () => {
    const ref = copyCatalog()
    const plan = await engine.client['retention.plan']({ ...ref, ...WINDOW })
    expect(plan.backups.map(({ verdict }) => verdict)).toEqual(['kept', 'kept', 'held', 'held', 'will-go'])
    expect(plan.promise.broken).toEqual([])
    const job = await apply(ref, plan, WINDOW)
    expect(job.result).toMatchObject({ kind: 'retention', deletedIds: [old], mergedIds: [], skippedIds: [] })
    expect((await list(ref)).map(({ id }) => id)).toEqual([young, second, first, full])
    await expectRestorable(ref, second)
  })

  test('applied twice changes nothing', async () => {
    const ref = copyCatalog()
    await planAndApply(ref, WINDOW)
    const before = await list(ref)
    const again = await engine.client['retention.plan']({ ...ref, ...WINDOW })
    expect(again).toMatchObject({ deletes: [], merges: [], freedBytes: 0 })
    const { result } = await apply(ref, again, WINDOW)
    expect(result).toMatchObject({ deletedIds: [], mergedIds: [], freedBytes: 0 })
    expect(await list(ref)).toEqual(before)
  })

  test('is refused where the past would begin after the window, until the name confirms it', async () => {
    const ref = copyCatalog()
    const plan = await engine.client['retention.plan']({ ...ref, ...MERGING })
    expect(plan.merges).toMatchObject([{ ids: [full, first, second], destinationId: second }])
    expect(plan.promise.broken).toEqual(['below-window'])
    const before = await list(ref)
    for (const confirm of [{}, { confirm: 'mine' }]) {
      const { error } = await apply(ref, plan, { ...MERGING, ...confirm })
      expect(error).toMatchObject({
        code: 'plan.refused',
        hint: expect.stringContaining('Nothing was changed'),
      })
    }
    expect(await list(ref)).toEqual(before)
    const { error, result } = await apply(ref, plan, { ...MERGING, confirm: 'main' })
    expect(error).toBeUndefined()
    expect(result).toMatchObject({ deletedIds: [old], mergedIds: [second] })
    await expectMerged(ref)
  })

  test('is refused as stale when the catalog has changed since the preview', async () => {
    const ref = copyCatalog()
    const plan = await engine.client['retention.plan']({ ...ref, ...WINDOW })
    await engine.client['backups.annotate']({ ...ref, id: old, expireTime: '2100-01-01T00:00:00Z' })
    const before = await list(ref)
    expect((await apply(ref, plan, WINDOW)).error).toMatchObject({ code: 'plan.stale' })
    expect(await list(ref)).toEqual(before)
    const again = await engine.client['retention.plan']({ ...ref, ...WINDOW })
    expect(again.backups.at(-1)).toMatchObject({ verdict: 'pinned', pinEnds: '2100-01-01T00:00:00Z' })
  })

  test('cancelled before it starts has changed nothing', async () => {
    const ref = copyCatalog()
    const before = await list(ref)
    const plan = await engine.client['retention.plan']({ ...ref, ...WINDOW })
    const { job } = await engine.client['retention.apply']({ ...ref, ...WINDOW, hash: plan.hash })
    await engine.client['jobs.cancel']({ job })
    const ended = await engine.ended(Promise.resolve({ job }))
    expect(ended.state).toBe('cancelled')
    expect(await list(ref)).toEqual(before)
  })

  describe('under a clock that jumps', () => {
    const at = async (days: number): Promise<TestEngine> => {
      const one = await startEngine({
        env: { TIDEMARK_NOW: new Date(Date.now() + days * DAY * 1000).toISOString() },
      })
      onTestFinished(() => one[Symbol.asyncDispose]())
      return one
    }

    test('ahead would lose everything, and is refused', async () => {
      const ref = copyCatalog()
      const future = await at(400)
      const before = await list(ref)
      const plan = await future.client['retention.plan']({ ...ref, ...WINDOW })
      expect(plan.deletes).toHaveLength(5)
      expect(plan.promise.broken).toEqual(['no-backup'])
      expect((await apply(ref, plan, WINDOW, future)).error).toMatchObject({ code: 'plan.refused' })
      expect(await list(ref)).toEqual(before)
    })

    test('back lets nothing go, not even what a plan from before the jump would', async () => {
      const ref = copyCatalog()
      const past = await at(-30)
      const now = await engine.client['retention.plan']({ ...ref, ...WINDOW })
      const plan = await past.client['retention.plan']({ ...ref, ...WINDOW })
      expect(plan.deletes).toEqual([])
      const before = await list(ref)
      expect((await apply(ref, now, WINDOW, past)).error).toMatchObject({ code: 'plan.stale' })
      expect(await list(ref)).toEqual(before)
    })

    test('is not needed to look at another day, and what was seen there is not applied today', async () => {
      const ref = copyCatalog()
      const asOf = new Date(Date.now() + 8 * DAY * 1000).toISOString()
      const plan = await engine.client['retention.plan']({ ...ref, ...WINDOW, asOf })
      expect(plan.deletes).toHaveLength(5)
      const { error } = await apply(ref, plan, { ...WINDOW, confirm: 'main' })
      expect(error).toMatchObject({ code: 'plan.stale' })
    })
  })

  describe('killed', () => {
    test.each([
      { when: 'at the first deletion', says: () => `deleting backup ${old}` },
      { when: 'when members are checked', says: () => `checking backup ${full}` },
      { when: 'in the middle of a merge', says: () => 'are to be merged' },
      { when: 'when merged increments go', says: () => `deleting backup ${first}, which is merged` },
    ])('$when is finished by the same command', async ({ says }) => {
      const ref = copyCatalog()
      const words = [
        'delete',
        '-B',
        ref.catalog,
        '--instance=main',
        '--delete-expired',
        '--merge-expired',
        '--retention-window=7',
        '--accept-broken-promise',
        '--progress',
        '--log-level-console=verbose',
      ]
      {
        await using program = startCli(words)
        await program.says(says())
        program.kill('SIGKILL')
        expect((await program.ended).signal).toBe('SIGKILL')
      }
      await using program = startCli(words)
      const { status, err } = await program.ended
      expect(status, err).toBe(0)
      await expectMerged(ref)
    })
  })

  test.skipIf(whyNoDisk !== '')(
    `on a full disk deletes, and merges when there is room${whyNoDisk}`,
    async () => {
      await using disk = mountTinyDisk(path.join(root, 'disk'), { bytes: 400 * MIB })
      const ref = copyCatalog(disk.path)
      // Pinned, so that deleting makes no room.
      await engine.client['backups.annotate']({ ...ref, id: old, expireTime: '2100-01-01T00:00:00Z' })
      await disk.fill(0)
      const short = await planAndApply(ref, MERGING, 'main')
      expect(short.error).toMatchObject({ code: 'storage.full' })
      await expectRestorable(ref, second)
      expect(await list(ref)).toHaveLength(5)

      disk.empty()
      await engine.client['backups.annotate']({ ...ref, id: old, expireTime: null })
      await disk.fill(0)
      const deleted = await planAndApply(ref, WINDOW)
      expect(deleted.result).toMatchObject({ deletedIds: [old] })
      disk.empty()
      expect((await planAndApply(ref, MERGING, 'main')).error).toBeUndefined()
      await expectMerged(ref)
    },
  )
})

const RECORDED = 'probackup-pg15-plain1'

describe.skipIf(whyNoFixture(RECORDED) !== '')(
  `the purge of WAL in a catalog of the reference tool${whyNoFixture(RECORDED)}`,
  () => {
    test.each([0, 1, 2])(
      'with a depth of %i leaves every backup with the WAL that it needs',
      async (walDepth) => {
        await using fixture = await unpackFixture(RECORDED)
        await using scratch = await scratchDirectory('retention-wal')
        await using engine = await startEngine()
        const ref = { catalog: path.join(scratch.path, 'catalog'), instance: 'main' }
        cpSync(path.join(fixture.dir, 'catalog'), ref.catalog, { recursive: true, preserveTimestamps: true })
        const archive = path.join(ref.catalog, 'wal', 'main')
        const before = readdirSync(archive)
        const asked = { purgesWal: true, policy: { walDepth } }
        const plan = await engine.client['retention.plan']({ ...ref, ...asked })
        const gone = plan.wal.flatMap(({ files }) => files)
        expect(plan.promise.strandedIds).toEqual([])
        expect(plan.promise.broken).toEqual([])
        const job = await engine.ended(
          engine.client['retention.apply']({ ...ref, ...asked, hash: plan.hash }),
        )
        expect(job.result).toMatchObject({ walFiles: gone.length, freedBytes: plan.walBytes })
        expect(readdirSync(archive)).toEqual(before.filter((name) => !gone.includes(name)))
        const validated = await engine.ended(engine.client['backups.validate']({ ...ref, threads: 2 }))
        expect(validated.result).toMatchObject({ isSound: true })
        const again = await engine.client['retention.plan']({ ...ref, ...asked })
        expect(again.walBytes).toBe(0)
      },
    )
  },
)

async function checksum(server: TestServer): Promise<string> {
  return await server.value('shop', 'select md5(string_agg(v, null order by n)) from ledger')
}
