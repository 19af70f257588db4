import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { BackupRecord } from '../api/contract/backups.ts'
import type { JobSnapshot } from '../api/contract/jobs.ts'
import { startEngine, type TestEngine } from '../testing/engines.ts'
import { findRestoreMark } from '../operations/restore/interrupted.ts'
import { expectLeftAlone } from '../testing/left-alone.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { startRestored, startServer, type TestServer } from '../testing/servers.ts'
import { mountTinyDisk, type TinyDisk, whyNoTinyDisk } from '../testing/tiny-disk.ts'

const MAJOR = 17
const MIB = 1 << 20
const whyNot = whyNoTinyDisk()

describe.skipIf(whyNot !== '')(`a full disk${whyNot}`, () => {
  const disposals = new AsyncDisposableStack()
  let root: string
  let ref: { readonly catalog: string; readonly instance: string }
  let server: TestServer
  let engine: TestEngine
  let disk: TinyDisk
  let sound: BackupRecord['id']
  let dataBytes: number
  let sum: string

  beforeAll(async () => {
    root = disposals.use(await scratchDirectory('full-disk')).path
    server = disposals.use(await startServer(root, { major: MAJOR }))
    disk = disposals.use(mountTinyDisk(path.join(root, 'disk'), { bytes: 160 * MIB }))
    engine = disposals.use(await startEngine())
    ref = await engine.register(path.join(disk.path, 'catalog'), server)
    await server.run('postgres', 'create database shop')
    await server.run(
      'shop',
      'create table ledger as select n, md5(n::text) as v from generate_series(1, 100000) n',
    )
    sum = await checksum(server)
    const first = await backUp()
    expect(first.error).toBeUndefined()
    dataBytes = first.result?.kind === 'backup' ? first.result.dataBytes : 0
    sound = first.backupId as BackupRecord['id']
  })
  afterAll(() => disposals.disposeAsync())

  const backUp = (): Promise<JobSnapshot> =>
    engine.ended(engine.client['backups.start']({ ...ref, mode: 'FULL', isStream: true, threads: 2 }))
  const restore = (dataDirectory: string): Promise<JobSnapshot> =>
    engine.ended(engine.client['restore.start']({ ...ref, id: sound, dataDirectory, threads: 2 }))
  const backups = async (): Promise<readonly BackupRecord[]> =>
    (await engine.client['backups.list'](ref)).backups
  const expectEarlierBackupSound = async (): Promise<void> => {
    expect((await backups()).find(({ id }) => id === sound)?.status).toBe('OK')
    const validated = await engine.ended(engine.client['backups.validate']({ ...ref, id: sound }))
    expect(validated).toMatchObject({ state: 'succeeded', result: { isSound: true } })
  }
  const deleteAllBut = async (kept: BackupRecord['id']): Promise<void> => {
    for (const { id } of await backups()) {
      if (id === kept) continue
      const request = { ...ref, id }
      const { hash } = await engine.client['backups.plan-delete'](request)
      const deleted = await engine.ended(engine.client['backups.delete']({ ...request, hash }))
      expect(deleted.error).toBeUndefined()
    }
  }
  const expectRestorable = async (name: string): Promise<void> => {
    const dataDirectory = path.join(server.directory(name), 'data')
    expect((await restore(dataDirectory)).error).toBeUndefined()
    await using restored = await startRestored(dataDirectory, MAJOR, server.password)
    expect(await checksum(restored)).toBe(sum)
  }

  describe('of the catalog', () => {
    test.each([
      { when: 'while files are copied', room: () => 4 * MIB, where: '/database/' },
      // Small files take more room than they have bytes; a segment of WAL has 16 MiB.
      { when: 'when the last WAL arrives', room: () => dataBytes + 12 * MIB, where: '/database/pg_wal"' },
    ])('$when ends the backup with ERROR and hurts no other', async ({ room, where }) => {
      await disk.fill(room())
      onTestFinished(disk.empty)
      const failed = await backUp()

      expect(failed.state).toBe('failed')
      expect(failed.error?.message).toContain(where)
      expect(failed.error).toMatchObject({
        code: 'storage.full',
        hint: expect.stringContaining('Free space'),
      })
      expect((await backups()).find(({ id }) => id === failed.backupId)?.status).toBe('ERROR')
      await expectLeftAlone(server)
      await expectEarlierBackupSound()
      disk.empty()
      expect((await backUp()).error).toBeUndefined()
      expect((await backups()).find(({ id }) => id === failed.backupId)?.status).toBe('ERROR')
      await deleteAllBut(sound)
    })

    test('before anything is written leaves no trace of a backup', async () => {
      const before = await backups()
      await disk.fill(0)
      onTestFinished(disk.empty)
      const failed = await backUp()

      expect(failed.error).toMatchObject({
        code: 'storage.full',
        hint: expect.stringContaining('Free space'),
      })
      expect(await backups()).toEqual(before)
      await expectEarlierBackupSound()
      disk.empty()
      expect((await backUp()).error).toBeUndefined()
      await deleteAllBut(sound)
    })
  })

  describe('of the catalog, to the last byte', () => {
    beforeAll(async () => {
      await disk.fill(0)
    })
    afterAll(() => disk.empty())

    test('lets its backups be validated and restored', async () => {
      await expectEarlierBackupSound()
      await expectRestorable('from a full disk')
    })

    test('lets a backup be deleted to make room', async () => {
      disk.empty()
      const doomed = await backUp()
      await disk.fill(0)

      await deleteAllBut(sound)

      expect((await backups()).map(({ id }) => id)).toEqual([sound])
      expect(doomed.backupId).toBeDefined()
    })
  })

  describe('that is restored to', () => {
    test('and has too little room from the start is left alone', async () => {
      await using small = mountTinyDisk(path.join(root, 'small'), { bytes: 8 * MIB })
      const failed = await restore(path.join(small.path, 'data'))

      expect(failed.error).toMatchObject({
        code: 'storage.full',
        hint: expect.stringContaining('Free space'),
      })
      expect(await readdir(small.path)).toEqual([])
      await expectEarlierBackupSound()
    })

    test('and gets full half-way is left without pg_control, and the catalog as it was', async () => {
      const before = await backups()
      await using small = mountTinyDisk(path.join(root, 'few'), { bytes: 200 * MIB, files: 400 })
      const dataDirectory = path.join(small.path, 'data')
      const failed = await restore(dataDirectory)

      expect(failed.error).toMatchObject({
        code: 'storage.full',
        hint: expect.stringContaining('Free space'),
      })
      expect(existsSync(path.join(dataDirectory, 'base'))).toBe(true)
      expect(existsSync(path.join(dataDirectory, 'global', 'pg_control'))).toBe(false)
      expect(findRestoreMark(dataDirectory)).toMatchObject({ backupId: sound, owner: undefined })
      expect(await backups()).toEqual(before)
      await expectEarlierBackupSound()
      await expectRestorable('elsewhere')
    })
  })
})

async function checksum(server: TestServer): Promise<string> {
  return await server.value('shop', 'select md5(string_agg(v, null order by n)) from ledger')
}
