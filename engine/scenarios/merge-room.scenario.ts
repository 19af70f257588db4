import { cpSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parseBackupId } from '../base/backup-id.ts'
import { startEngine } from '../testing/engines.ts'
import { type FixtureName, unpackFixture, whyNoFixture } from '../testing/fixtures.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { startServer } from '../testing/servers.ts'
import { mountTinyDisk, whyNoTinyDisk } from '../testing/tiny-disk.ts'

const MIB = 1 << 20
/** Each lock takes a block. */
const LOCKS_BYTES = 10 * 4096

/** A FULL, a DELTA and a PAGE on it. The pages of the second one are compressed. */
const CATALOGS = {
  'probackup-pg15-plain1': ['TOTUGR', 'TOTUH1'],
  'probackup-pg15-zlib16': ['TOTUFW', 'TOTUG6'],
} as const satisfies Partial<Record<FixtureName, readonly string[]>>

describe.each(Object.keys(CATALOGS) as (keyof typeof CATALOGS)[])('on a small disk, %s', (name) => {
  const whyNot = whyNoFixture(name) || whyNoTinyDisk()

  /** The catalog on a disk of its own, and an engine. */
  async function catalogOnDisk() {
    const fixture = await unpackFixture(name)
    onTestFinished(() => fixture[Symbol.asyncDispose]())
    const scratch = await scratchDirectory('merge-room')
    onTestFinished(() => scratch[Symbol.asyncDispose]())
    const disk = mountTinyDisk(path.join(scratch.path, 'disk'), { bytes: 512 * MIB })
    onTestFinished(() => disk[Symbol.asyncDispose]())
    const catalog = path.join(disk.path, 'catalog')
    cpSync(path.join(fixture.dir, 'catalog'), catalog, { recursive: true, preserveTimestamps: true })
    const engine = await startEngine()
    onTestFinished(() => engine[Symbol.asyncDispose]())
    const merge = async (id: (typeof CATALOGS)[typeof name][number]) => {
      const ref = { catalog, instance: 'main', id: parseBackupId(id) }
      const { hash } = await engine.client['backups.plan-merge'](ref)
      return await engine.ended(engine.client['backups.merge']({ ...ref, hash, threads: 2 }))
    }
    const estimate = async (id: string) => {
      const ref = { catalog, instance: 'main', id: parseBackupId(id), threads: 2 }
      const found = await engine.client['backups.estimate-merge'](ref)
      if (found.neededBytes.kind !== 'about') throw new Error('the lists are there')
      return { ...found, neededBytes: found.neededBytes }
    }
    return { disk, merge, estimate }
  }

  test.skipIf(whyNot !== '').each(CATALOGS[name])(
    `what a merge up to %s is said to need is enough${whyNot}`,
    async (id) => {
      const { disk, merge, estimate } = await catalogOnDisk()
      const { neededBytes, freeBytes, room, hash, seconds } = await estimate(id)
      expect(room).toBe('enough')
      expect(freeBytes).toBeGreaterThan(neededBytes.high)
      expect(hash).toMatch(/^[0-9a-f]{64}$/)
      expect(seconds).toEqual({ kind: 'unknown' })
      await disk.fill(neededBytes.high + LOCKS_BYTES)
      expect((await estimate(id)).room).toBe('enough')

      const job = await merge(id)

      expect(job.error).toBeUndefined()
      expect(job).toMatchObject({ state: 'succeeded', warningCount: 0 })
    },
  )

  test.skipIf(whyNot !== '')(`a second merge is told as long as the first took${whyNot}`, async () => {
    const { merge, estimate } = await catalogOnDisk()
    const [first, second] = CATALOGS[name]
    await merge(first)

    const { seconds } = await estimate(second)
    expect(seconds).toMatchObject({ kind: 'about', bases: [{ kind: 'merges', count: 1 }] })
  })
})

describe('a merge of a relation that has grown', () => {
  const whyNot = whyNoTinyDisk()

  test.skipIf(whyNot !== '')(
    `does not begin where it cannot have room, and says so where it may not have it${whyNot}`,
    async () => {
      await using scratch = await scratchDirectory('merge-room')
      await using server = await startServer(scratch.path, { major: 17 })
      await using disk = mountTinyDisk(path.join(scratch.path, 'disk'), { bytes: 512 * MIB })
      await using engine = await startEngine()
      const ref = await engine.register(path.join(disk.path, 'catalog'), server)
      const backUp = async (mode: 'FULL' | 'DELTA') => {
        const { error, backupId = '' } = await engine.ended(
          engine.client['backups.start']({ ...ref, mode, isStream: true }),
        )
        expect(error).toBeUndefined()
        return parseBackupId(backupId)
      }
      await server.run('postgres', 'create table grown as select 1 as n', 'checkpoint')
      await backUp('FULL')
      await server.run('postgres', 'insert into grown select generate_series(1, 500000)')
      const id = await backUp('DELTA')
      const subject = { ...ref, id, threads: 2 }
      const estimate = () => engine.client['backups.estimate-merge'](subject)
      const merge = async () => {
        const { hash } = await engine.client['backups.plan-merge']({ ...ref, id })
        return await engine.ended(engine.client['backups.merge']({ ...subject, hash }))
      }
      const { neededBytes, room } = await estimate()
      const { low = 0, high = 0 } = neededBytes.kind === 'about' ? neededBytes : {}
      expect(room).toBe('enough')
      expect(low).toBeGreaterThan(10 * MIB)
      const before = await engine.client['backups.list'](ref)

      await disk.fill(low - MIB)
      expect((await estimate()).room).toBe('short')
      const refused = await merge()
      expect(refused.error).toMatchObject({
        code: 'storage.full',
        hint: expect.stringContaining('Nothing was changed'),
      })
      expect(await engine.client['backups.list'](ref)).toEqual(before)

      await disk.fill(high - LOCKS_BYTES)
      expect((await estimate()).room).toBe('close')
      const tried = await merge()
      expect(tried.warningCount).toBe(1)
      expect(tried.error).toBeUndefined()
    },
  )
})
