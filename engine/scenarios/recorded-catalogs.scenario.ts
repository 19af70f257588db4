import { execFile } from 'node:child_process'
import { cp, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RestorePlan } from '../api/contract/restore.ts'
import { startEngine, type TestEngine } from '../testing/engines.ts'
import { type FixtureName, unpackFixture, whyNoFixture } from '../testing/fixtures.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { serverDirectory, startRestored, type TestServer } from '../testing/servers.ts'

type Expected = { readonly backup?: string; readonly data: Readonly<Record<string, unknown>> }

/** The four backups of each: FULL, DELTA and PAGE on it, and a second FULL. */
const BACKUPS = {
  'probackup-pg15-plain1': ['TOTUGH', 'TOTUGR', 'TOTUH1', 'TOTUH3'],
  'probackup-pg15-zlib16': ['TOTUFL', 'TOTUFW', 'TOTUG6', 'TOTUG8'],
} as const satisfies Partial<Record<FixtureName, readonly string[]>>

describe.each(Object.keys(BACKUPS) as (keyof typeof BACKUPS)[])(
  'a catalog of the reference tool, %s',
  (name) => {
    const missing = whyNoFixture(name)
    const cleanUp = new AsyncDisposableStack()
    let scratch: string
    let engine: TestEngine
    let ref: { readonly catalog: string; readonly instance: string }
    let expected: readonly Expected[]

    beforeAll(async () => {
      if (missing !== '') return
      const fixture = cleanUp.use(await unpackFixture(name))
      scratch = cleanUp.use(await scratchDirectory('recorded')).path
      engine = cleanUp.use(await startEngine())
      // Validation writes statuses: what all tests share stays as it is.
      const catalog = path.join(scratch, 'catalog')
      await cp(path.join(fixture.dir, 'catalog'), catalog, { recursive: true, preserveTimestamps: true })
      // The restored servers fetch WAL from it, and may run as another user than this process.
      await promisify(execFile)('chmod', ['-R', 'a+rX', catalog])
      await engine.client['catalogs.open']({ path: catalog })
      ref = { catalog, instance: 'main' }
      const lines = (await readFile(path.join(fixture.dir, 'expected.ndjson'), 'utf8')).trim().split('\n')
      expected = lines.map((line) => JSON.parse(line) as Expected)
    })
    afterAll(() => cleanUp.disposeAsync())

    test.skipIf(missing !== '')(`has the four backups that were recorded${missing}`, async () => {
      const { backups } = await engine.client['backups.list'](ref)
      expect(backups.map(({ id }) => id).toSorted()).toEqual([...BACKUPS[name]])
      expect(expected.flatMap(({ backup }) => backup ?? [])).toEqual([...BACKUPS[name]])
    })

    test.skipIf(missing !== '').each(BACKUPS[name])(`%s is sound${missing}`, async (id) => {
      const job = await engine.ended(engine.client['backups.validate']({ ...ref, id, threads: 2 }))
      expect(job.error).toBeUndefined()
      expect(job.result).toMatchObject({ kind: 'validate', isSound: true, findings: [] })
      expect(job.result).toHaveProperty(
        'verdicts',
        expect.arrayContaining([{ instance: 'main', backupId: id, status: 'OK' }]),
      )
    })

    test.skipIf(missing !== '').each(BACKUPS[name])(
      `%s restores to the recorded data${missing}`,
      async (id) => {
        const place = serverDirectory(path.join(scratch, `restored-${id}`))
        const dataDirectory = path.join(place, 'data')
        const bare = { ...ref, id, dataDirectory, target: { kind: 'immediate' }, threads: 2 } as const
        const outside = await engine.client['restore.plan'](bare)
        expect(outside.tablespaces).toHaveLength(1)
        const request = { ...bare, ...mappingsBelow(place, outside) }
        const job = await engine.ended(engine.client['restore.start'](request))
        expect(job.error).toBeUndefined()

        expect((await stat(dataDirectory)).mode & 0o777).toBe(0o700)
        expect((await stat(path.join(dataDirectory, 'global', 'pg_control'))).mode & 0o777).toBe(0o600)
        await using restored = await startRestored(dataDirectory, 15, '')
        expect(await dataOf(restored)).toEqual(expected.find(({ backup }) => backup === id)?.data)
        expect(
          await restored.value('shop', `select count(*) from pg_tables where tablename = 'ledger'`),
        ).toBe('1')
      },
    )
  },
)

/** Tablespaces and external directories below `place`, since where they were is not of this machine. */
function mappingsBelow(place: string, { tablespaces, externalDirs }: RestorePlan) {
  return {
    tablespaceMapping: tablespaces.map(({ from, oid }) => ({ from, to: path.join(place, `ts-${oid}`) })),
    externalMapping: externalDirs.map(({ from, number }) => ({
      from,
      to: path.join(place, `ext-${number}`),
    })),
  }
}

async function dataOf(server: TestServer): Promise<Expected['data']> {
  const data = await server.value(
    'shop',
    `select json_build_object(
       'ledger_rows', (select count(*) from ledger),
       'ledger_md5', (select md5(string_agg(l::text, '|' order by id)) from ledger l),
       'hot_rows', (select count(*) from hot),
       'hot_md5', (select md5(string_agg(h::text, '|' order by id, v)) from hot h))::text`,
  )
  return JSON.parse(data) as Expected['data']
}
