import { execFile } from 'node:child_process'
import { cpSync } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RestorePlan } from '../api/contract/restore.ts'
import { startEngine, type TestEngine } from '../testing/engines.ts'
import { type FixtureName, unpackFixture, whyNoFixture } from '../testing/fixtures.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { opened, serverDirectory, startRestored, type TestServer } from '../testing/servers.ts'

type Expected = {
  readonly backup?: string
  readonly target_time?: string
  readonly restore_point?: string
  readonly data: Readonly<Record<string, unknown>>
}

type RestoreInput = Parameters<TestEngine['client']['restore.start']>[0]

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
      cpSync(path.join(fixture.dir, 'catalog'), catalog, { recursive: true, preserveTimestamps: true })
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

    test.skipIf(missing !== '')(`several are looked at in one go, each once${missing}`, async () => {
      const [full, , page, other] = BACKUPS[name]
      const ids = [page, other, full]
      const { result } = await engine.ended(engine.client['backups.validate']({ ...ref, ids, threads: 2 }))
      expect(result).toMatchObject({ kind: 'validate', isSound: true, findings: [] })
      const looked = result?.kind === 'validate' ? result.verdicts.map(({ backupId }) => backupId) : []
      // What an increment hangs on is looked at with it, parents first.
      expect(looked).toEqual([...BACKUPS[name]])
      await expect(
        engine.client['backups.validate']({ ...ref, id: full, ids: [page] }),
      ).rejects.toMatchObject({ code: 'usage.invalid' })
    })

    /** Restores into directories of its own, all of them below `place`. */
    async function restored(
      label: string,
      request: Omit<RestoreInput, 'catalog' | 'instance' | 'dataDirectory'>,
    ) {
      const place = serverDirectory(path.join(scratch, label))
      const dataDirectory = path.join(place, 'data')
      const bare = { ...ref, ...request, dataDirectory, threads: 2 }
      const outside = await engine.client['restore.plan'](bare)
      expect(outside.tablespaces).toHaveLength(1)
      expect(outside.externalDirs).toHaveLength(1)
      const mappings = mappingsBelow(place, outside)
      const { error } = await engine.ended(engine.client['restore.start']({ ...bare, ...mappings }))
      expect(error).toBeUndefined()
      return { dataDirectory, externalDirectory: path.join(place, 'ext-1') }
    }

    test.skipIf(missing !== '').each(BACKUPS[name])(
      `%s restores to the recorded data${missing}`,
      async (id) => {
        const { dataDirectory, externalDirectory } = await restored(id, {
          id,
          target: { kind: 'immediate' },
        })

        const stored = (of: string) => path.join(ref.catalog, 'backups', 'main', of)
        const listed = await listedModes(path.join(stored(id), 'backup_content.control'))
        expect(await modesBelow(dataDirectory)).toEqual({
          ...listed.data,
          '': 0o700,
          'recovery.signal': 0o600,
        })
        expect(await modesBelow(externalDirectory)).toEqual({ ...listed.external, '': 0o700 })
        expect(listed.data).toMatchObject({ base: 0o700, 'global/pg_control': 0o600, backup_label: 0o644 })
        // The increments store none of it: nobody wrote to it before the second FULL.
        const full = stored(BACKUPS[name][id === BACKUPS[name][3] ? 3 : 0])
        for (const file of ['README.txt', 'scripts/nightly.sh'])
          expect(await readFile(path.join(externalDirectory, file), 'utf8')).toBe(
            await readFile(path.join(full, 'external_directories', 'externaldir1', file), 'utf8'),
          )

        await using server = await startRestored(dataDirectory, 15, '')
        expect(await dataOf(server)).toEqual(expected.find(({ backup }) => backup === id)?.data)
        // Nobody may look into an unlogged table before recovery has ended.
        expect(await server.value('shop', 'select pg_promote()')).toBe('true')
        expect(await server.value('shop', 'select count(*) from scratch')).toBe('0')
      },
    )

    test.skipIf(missing !== '').each(['time', 'name'] as const)(
      `restores to the recorded moment before a table was dropped, given by its %s${missing}`,
      async (kind) => {
        const moment = expected.at(-1)
        const { target_time: at = '', restore_point: point = '' } = moment ?? {}
        const target = kind === 'time' ? { kind, at } : { kind, name: point }
        const { dataDirectory } = await restored(`by-${kind}`, { target, targetAction: 'promote' })

        await using server = await startRestored(dataDirectory, 15, '')
        // Until then it may lag behind the target, or hold the lock of the one who was about to drop the table.
        await opened(server)
        expect(await dataOf(server)).toEqual(moment?.data)
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

/** Permission bits by path, as the content list has them. What serves the restore only is left out. */
async function listedModes(contentList: string) {
  const data: Record<string, number> = {}
  const external: Record<string, number> = {}
  for (const line of (await readFile(contentList, 'utf8')).trim().split('\n')) {
    const entry = JSON.parse(line) as { path: string; mode: string; external_dir_num: string }
    if (entry.path === 'tablespace_map' || entry.path === 'database_map') continue
    const modes = entry.external_dir_num === '0' ? data : external
    modes[entry.path] = Number(entry.mode) & 0o7777
  }
  return { data, external }
}

/** Permission bits of a directory, under the empty path, and of all that is below it, through links. */
async function modesBelow(root: string, below = ''): Promise<Readonly<Record<string, number>>> {
  const place = path.join(root, below)
  const status = await stat(place)
  const modes = { [below]: status.mode & 0o7777 }
  if (!status.isDirectory()) return modes
  for (const name of await readdir(place))
    Object.assign(modes, await modesBelow(root, path.join(below, name)))
  return modes
}
