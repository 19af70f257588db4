import { cp, open, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EngineError } from '../base/engine-error.ts'
import { walSegmentName, walSegmentNumber } from '../base/wal-segment.ts'
import { startEngine, type TestEngine } from '../testing/engines.ts'
import { unpackFixture, whyNoFixture } from '../testing/fixtures.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { startServer } from '../testing/servers.ts'

const BLOCK = 8 + 8192

/** One kind of damage: what is done to the files of a backup, and how validation must name it. */
type Damage = {
  readonly what: string
  readonly code: string
  /** Below the directory of the backup. */
  readonly where: (relation: string) => string | RegExp
  readonly harm: (backup: string, relation: string) => Promise<void>
}

const DAMAGES: readonly Damage[] = [
  {
    what: 'a flipped bit in a page',
    code: 'page-corrupt',
    where: (relation) => `database/${relation} block 3`,
    harm: (backup, relation) => flipBit(path.join(backup, 'database', relation), 3 * BLOCK + 8 + 4000),
  },
  {
    what: 'a truncated data file',
    code: 'file-size',
    where: (relation) => `database/${relation}`,
    harm: (backup, relation) => truncate(path.join(backup, 'database', relation), 2 * BLOCK + 100),
  },
  {
    what: 'a missing data file',
    code: 'file-missing',
    where: (relation) => `database/${relation}`,
    harm: (backup, relation) => rm(path.join(backup, 'database', relation)),
  },
  {
    what: 'a changed plain file',
    code: 'file-crc',
    where: () => 'database/postgresql.conf',
    harm: (backup) => flipBit(path.join(backup, 'database', 'postgresql.conf'), 40),
  },
  {
    what: 'a damaged control file of the cluster',
    code: 'control-file',
    where: () => 'database/global/pg_control',
    harm: (backup) => flipBit(path.join(backup, 'database', 'global', 'pg_control'), 100),
  },
  {
    what: 'a missing WAL segment',
    code: 'file-missing',
    where: () => /^database\/pg_wal\/[0-9A-F]{24}$/,
    harm: async (backup) => {
      const directory = path.join(backup, 'database', 'pg_wal')
      const [segment] = (await readdir(directory)).filter((name) => /^[0-9A-F]{24}$/.test(name))
      await rm(path.join(directory, String(segment)))
    },
  },
  {
    what: 'a damaged content list',
    code: 'content-list',
    where: () => 'backup_content.control',
    harm: (backup) => flipBit(path.join(backup, 'backup_content.control'), 20),
  },
  {
    what: 'a missing content list',
    code: 'content-list',
    where: () => 'backup_content.control',
    harm: (backup) => rm(path.join(backup, 'backup_content.control')),
  },
  {
    what: 'a damaged header map',
    code: 'header-map',
    where: (relation) => `database/${relation}`,
    harm: async (backup) => {
      const file = path.join(backup, 'page_header_map')
      await writeFile(file, Buffer.alloc((await stat(file)).size, 0x5a))
    },
  },
]

describe('damage of a FULL backup', () => {
  const cleanUp = new AsyncDisposableStack()
  let scratch: string
  let engine: TestEngine
  let golden: string
  let id: string
  let relation: string

  beforeAll(async () => {
    scratch = cleanUp.use(await scratchDirectory('damage')).path
    engine = cleanUp.use(await startEngine())
    const server = cleanUp.use(await startServer(scratch, { major: 17 }))
    await server.run(
      'postgres',
      'create table ledger as select g, md5(g::text) from generate_series(1, 20000) g',
    )
    relation = await server.value('postgres', `select pg_relation_filepath('ledger')`)
    golden = path.join(scratch, 'golden')
    const ref = await engine.register(golden, server)
    const { result, error } = await engine.ended(
      engine.client['backups.start']({ ...ref, mode: 'FULL', isStream: true, compressAlgorithm: 'none' }),
    )
    expect(error).toBeUndefined()
    id = result?.kind === 'backup' ? result.backupId : ''
  })
  afterAll(() => cleanUp.disposeAsync())

  /** A catalog of its own for one test, with the backup in it. */
  async function copyOf(name: string) {
    const catalog = path.join(scratch, name.replaceAll(' ', '-'))
    await cp(golden, catalog, { recursive: true, preserveTimestamps: true })
    await engine.client['catalogs.open']({ path: catalog })
    return { ref: { catalog, instance: 'main' }, backup: path.join(catalog, 'backups', 'main', id) }
  }

  async function validate(ref: { readonly catalog: string; readonly instance: string }) {
    const { result, error } = await engine.ended(
      engine.client['backups.validate']({ ...ref, id, threads: 2 }),
    )
    expect(error).toBeUndefined()
    if (result?.kind !== 'validate') throw new Error('a validation has a result')
    return result
  }

  test('without any, it is sound', async () => {
    const { ref } = await copyOf('sound')
    expect(await validate(ref)).toMatchObject({ isSound: true, findings: [], verdicts: [{ status: 'OK' }] })
  })

  test.each(DAMAGES)(
    '$what is named, and the backup is not restored',
    async ({ what, code, where, harm }) => {
      const { ref, backup } = await copyOf(what)
      await harm(backup, relation)
      const dataDirectory = path.join(scratch, `restored-${what.replaceAll(' ', '-')}`)
      // Restoring checks first, also where nobody has validated since the damage was done.
      expect(await refusalOf(engine, { ...ref, id, dataDirectory })).toBe('backup.damaged')
      await expect(stat(dataDirectory)).rejects.toThrow('ENOENT')

      const { isSound, verdicts, findings } = await validate(ref)
      expect({ isSound, verdicts }).toEqual({
        isSound: false,
        verdicts: [{ instance: 'main', backupId: id, status: 'CORRUPT' }],
      })
      const problems = findings.filter(({ severity }) => severity === 'problem')
      expect(problems[0]?.code).toBe(code)
      expect(problems.map((found) => found.where)).toContainEqual(
        typeof where(relation) === 'string' ? where(relation) : expect.stringMatching(where(relation)),
      )
      const { backups } = await engine.client['backups.list'](ref)
      expect(backups.map(({ status, isRestorable }) => ({ status, isRestorable }))).toEqual([
        { status: 'CORRUPT', isRestorable: false },
      ])
    },
  )

  test('a damaged control file of the backup leaves it in the list as UNKNOWN, with the reason', async () => {
    const { ref, backup } = await copyOf('control')
    await writeFile(path.join(backup, 'backup.control'), 'status = \u0000garbage')
    const { backups, problems } = await engine.client['backups.list'](ref)
    expect(backups.map(({ status }) => status)).toEqual(['UNKNOWN'])
    expect(problems).toEqual([{ id, message: expect.stringContaining('backup.control') }])
    await expect(
      engine.client['restore.plan']({ ...ref, id, dataDirectory: path.join(scratch, 'never') }),
    ).rejects.toMatchObject({ name: 'EngineError' })
  })
})

const FIXTURE = 'probackup-pg15-plain1'
const missing = whyNoFixture(FIXTURE)

test.skipIf(missing !== '')(
  `a damaged FULL makes its increments orphans until it is whole again${missing}`,
  async () => {
    await using cleanUp = new AsyncDisposableStack()
    const scratch = cleanUp.use(await scratchDirectory('orphans')).path
    const engine = cleanUp.use(await startEngine())
    const fixture = cleanUp.use(await unpackFixture(FIXTURE))
    const catalog = path.join(scratch, 'catalog')
    await cp(path.join(fixture.dir, 'catalog'), catalog, { recursive: true, preserveTimestamps: true })
    await engine.client['catalogs.open']({ path: catalog })
    const ref = { catalog, instance: 'main' }
    const statuses = async (): Promise<Readonly<Record<string, string>>> =>
      Object.fromEntries(
        (await engine.client['backups.list'](ref)).backups.map(({ id, status }) => [id, status]),
      )
    const file = path.join(catalog, 'backups', 'main', 'TOTUGH', 'database', 'global', 'pg_control')

    await flipBit(file, 60)
    await engine.ended(engine.client['backups.validate'](ref))
    expect(await statuses()).toEqual({ TOTUGH: 'CORRUPT', TOTUGR: 'ORPHAN', TOTUH1: 'ORPHAN', TOTUH3: 'OK' })
    const dataDirectory = path.join(scratch, 'restored')
    expect(await refusalOf(engine, { ...ref, id: 'TOTUH1', dataDirectory, isValidated: false })).toBe(
      'backup.not-restorable',
    )

    await flipBit(file, 60)
    await engine.ended(engine.client['backups.validate'](ref))
    expect(await statuses()).toEqual({ TOTUGH: 'OK', TOTUGR: 'OK', TOTUH1: 'OK', TOTUH3: 'OK' })
  },
)

test.skipIf(missing !== '')(`a segment that is missing from the archive is named${missing}`, async () => {
  await using cleanUp = new AsyncDisposableStack()
  const scratch = cleanUp.use(await scratchDirectory('archive')).path
  const engine = cleanUp.use(await startEngine())
  const fixture = cleanUp.use(await unpackFixture(FIXTURE))
  const catalog = path.join(scratch, 'catalog')
  await cp(path.join(fixture.dir, 'catalog'), catalog, { recursive: true, preserveTimestamps: true })
  await engine.client['catalogs.open']({ path: catalog })
  const ref = { catalog, instance: 'main' }
  const { backups } = await engine.client['backups.list'](ref)
  const { startLsn, timeline } = backups.find(({ id }) => id === 'TOTUH3') ?? backups[0] ?? raise()
  const segmentBytes = 1 << 20
  const name = walSegmentName({ timeline, number: walSegmentNumber(startLsn, segmentBytes) }, segmentBytes)
  await rm(path.join(catalog, 'wal', 'main', `${name}.gz`))

  const { result } = await engine.ended(engine.client['backups.validate']({ ...ref, id: 'TOTUH3' }))
  expect(result).toMatchObject({
    isSound: false,
    verdicts: [{ backupId: 'TOTUH3', status: 'CORRUPT' }],
    findings: [{ code: 'wal-missing', where: expect.stringContaining(name) }],
  })
})

/** With which code a restore is refused: when it is planned, or when what it needs has been checked. */
async function refusalOf(
  engine: TestEngine,
  request: Parameters<TestEngine['client']['restore.start']>[0],
): Promise<string | undefined> {
  try {
    return (await engine.ended(engine.client['restore.start'](request))).error?.code
  } catch (thrown) {
    if (thrown instanceof EngineError) return thrown.code
    throw thrown
  }
}

function raise(): never {
  throw new Error('the fixture has no backups')
}

async function flipBit(file: string, at: number): Promise<void> {
  await using handle = await open(file, 'r+')
  const byte = Buffer.alloc(1)
  await handle.read(byte, 0, 1, at)
  byte[0] = (byte[0] ?? 0) ^ 0x10
  await handle.write(byte, 0, 1, at)
}
