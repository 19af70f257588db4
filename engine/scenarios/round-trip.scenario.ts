import path from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { fingerprintQueries } from '../demo/sample-database.ts'
import { startEngine, type TestEngine } from '../testing/engines.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { serverMajors, startRestored, startServer, type TestServer } from '../testing/servers.ts'

/** How pages are packed is nothing that a server knows of: one way on every version, the others on one. */
const EVERYWHERE = ['zlib'] as const
const OTHERS = ['none', 'pglz', 'lz4', 'zstd'] as const

describe.each(serverMajors())('PostgreSQL %i', (major) => {
  const cleanUp = new AsyncDisposableStack()
  let server: TestServer
  let engine: TestEngine
  let ref: { readonly catalog: string; readonly instance: string }

  beforeAll(async () => {
    const scratch = cleanUp.use(await scratchDirectory('round-trip'))
    // As initdb leaves it, with the database that nobody may connect to.
    server = cleanUp.use(await startServer(scratch.path, { major, isOwn: true }))
    engine = cleanUp.use(await startEngine())
    ref = await engine.register(path.join(scratch.path, 'catalog'), server)
    await server.run('postgres', 'create database shop')
    await server.run('shop', 'create unlogged table cache as select 1 as n')
  })
  afterAll(() => cleanUp.disposeAsync())

  test.each([...EVERYWHERE, ...(major === 17 ? OTHERS : [])])(
    'a FULL backup with compression %s restores to the same data',
    async (compressAlgorithm) => {
      await server.run(
        'shop',
        'create table ledger as select g as id, md5(g::text) as v from generate_series(1, 20000) g',
        'create index on ledger (v)',
      )
      const before = await fingerprint(server)

      const backup = await engine.ended(
        engine.client['backups.start']({
          ...ref,
          mode: 'FULL',
          isStream: true,
          threads: 2,
          compressAlgorithm,
        }),
      )
      expect(backup.error).toBeUndefined()
      await server.run('shop', 'drop table ledger')
      const dataDirectory = path.join(server.directory(`restored-${compressAlgorithm}`), 'data')
      const restore = await engine.ended(
        engine.client['restore.start']({ ...ref, dataDirectory, threads: 2 }),
      )
      expect(restore.error).toBeUndefined()
      await using restored = await startRestored(dataDirectory, major, server.password)

      expect(await fingerprint(restored)).toEqual(before)
      expect(await restored.value('shop', 'select count(*) from cache')).toBe('0')
    },
  )
})

async function fingerprint(server: TestServer): Promise<readonly string[]> {
  const session = await server.session('shop')
  onTestFinished(() => session[Symbol.asyncDispose]())
  const lines: string[] = []
  for (const { name, sql } of fingerprintQueries(['ledger'])) {
    const { rows } = await session.query(sql)
    lines.push(`${name} ${JSON.stringify(rows)}`)
  }
  await session[Symbol.asyncDispose]()
  return lines
}
