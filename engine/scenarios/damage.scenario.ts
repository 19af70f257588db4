import { cpSync } from 'node:fs'
import { open, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EngineError } from '../base/engine-error.ts'
import { walSegmentName, walSegmentNumber } from '../base/wal-segment.ts'
import { startEngine, type TestEngine } from '../testing/engines.ts'
import { unpackFixture, whyNoFixture } from '../testing/fixtures.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { startServer } from '../testing/servers.ts'

/** The files that are harmed, by their paths below the directory of the backup. */
type Victims = { readonly relation: string; readonly segment: string }

/** One kind of damage: what is done to the files of a backup, and all that validation must say of it. */
type Damage = {
  readonly what: string
  /** zlib where it is not told. */
  readonly compressAlgorithm?: 'none'
  readonly harm: (backup: string, victims: Victims) => Promise<void>
  readonly named: (victims: Victims) => readonly (readonly [code: string, where: string])[]
}

const DAMAGES: readonly Damage[] = [
  {
    what: 'a flipped bit in a page',
    compressAlgorithm: 'none',
    harm: (backup, { relation }) => harmPage(path.join(backup, relation), 3),
    named: ({ relation }) => [
      ['page-corrupt', `${relation} block 3`],
      ['file-crc', relation],
    ],
  },
  {
    what: 'a flipped bit in a compressed page',
    harm: (backup, { relation }) => harmPage(path.join(backup, relation), 3),
    named: ({ relation }) => [
      ['page-corrupt', `${relation} block 3`],
      ['file-crc', relation],
    ],
  },
  {
    what: 'a truncated data file',
    harm: (backup, { relation }) => truncate(path.join(backup, relation), 20_000),
    named: ({ relation }) => [['file-size', relation]],
  },
  {
    what: 'a missing data file',
    harm: (backup, { relation }) => rm(path.join(backup, relation)),
    named: ({ relation }) => [['file-missing', relation]],
  },
  {
    what: 'a changed plain file',
    harm: (backup) => flipBit(path.join(backup, 'database/postgresql.conf'), 40),
    named: () => [['file-crc', 'database/postgresql.conf']],
  },
  {
    what: 'a damaged control file of the cluster',
    harm: (backup) => flipBit(path.join(backup, 'database/global/pg_control'), 100),
    named: () => [['control-file', 'database/global/pg_control']],
  },
  {
    what: 'a missing WAL segment',
    harm: (backup, { segment }) => rm(path.join(backup, segment)),
    named: ({ segment }) => [['file-missing', segment]],
  },
  {
    what: 'a flipped bit in WAL',
    harm: (backup, { segment }) => flipBit(path.join(backup, segment), 9000),
    named: ({ segment }) => [['file-crc', segment]],
  },
  {
    what: 'a damaged content list',
    harm: (backup) => flipBit(path.join(backup, 'backup_content.control'), 20),
    named: () => [['content-list', 'backup_content.control']],
  },
  {
    what: 'a missing content list',
    harm: (backup) => rm(path.join(backup, 'backup_content.control')),
    named: () => [['content-list', 'backup_content.control']],
  },
  {
    what: 'a damaged header map',
    // The table of one relation.
    harm: (backup) => flipBit(path.join(backup, 'page_header_map'), 0),
    named: () => [['header-map', 'page_header_map']],
  },
  {
    what: 'a missing header map',
    harm: (backup) => rm(path.join(backup, 'page_header_map')),
    named: () => [['file-missing', 'page_header_map']],
  },
]

describe('damage of a FULL backup', () => {
  const cleanUp = new AsyncDisposableStack()
  const golden = new Map<'none' | 'zlib', Golden>()
  let scratch: string
  let engine: TestEngine

  beforeAll(async () => {
    scratch = cleanUp.use(await scratchDirectory('damage')).path
    engine = cleanUp.use(await startEngine())
    const server = cleanUp.use(await startServer(scratch, { major: 17, walSegmentMb: 1 }))
    await server.run(
      'postgres',
      'create table ledger as select g, md5(g::text) from generate_series(1, 20000) g',
    )
    const relation = `database/${await server.value('postgres', `select pg_relation_filepath('ledger')`)}`
    for (const compressAlgorithm of ['none', 'zlib'] as const) {
      const catalog = path.join(scratch, `golden-${compressAlgorithm}`)
      const ref = await engine.register(catalog, server)
      const { result, error } = await engine.ended(
        engine.client['backups.start']({ ...ref, mode: 'FULL', isStream: true, compressAlgorithm }),
      )
      expect(error).toBeUndefined()
      const id = result?.kind === 'backup' ? result.backupId : ''
      const names = await readdir(path.join(catalog, 'backups', 'main', id, 'database', 'pg_wal'))
      const segment = names.toSorted().find((name) => /^[0-9A-F]{24}$/.test(name))
      golden.set(compressAlgorithm, {
        catalog,
        id,
        victims: { relation, segment: `database/pg_wal/${segment}` },
      })
    }
  })
  afterAll(() => cleanUp.disposeAsync())

  /** A catalog of its own for one test, with a backup in it, and a place that it may be restored to. */
  async function copyFor(what: string, compressAlgorithm: 'none' | 'zlib' = 'zlib') {
    const original = golden.get(compressAlgorithm)
    if (original === undefined) throw new Error(`no backup was taken with ${compressAlgorithm}`)
    const name = what.replaceAll(' ', '-')
    const catalog = path.join(scratch, name)
    cpSync(original.catalog, catalog, { recursive: true, preserveTimestamps: true })
    await engine.client['catalogs.open']({ path: catalog })
    const { id, victims } = original
    return {
      ref: { catalog, instance: 'main', id },
      victims,
      backup: path.join(catalog, 'backups', 'main', id),
      dataDirectory: path.join(scratch, `restored-${name}`),
    }
  }

  /** What the list says of the only backup. */
  async function listed({ catalog, instance }: Ref) {
    const { backups, problems } = await engine.client['backups.list']({ catalog, instance })
    return { backups: backups.map(({ status, isRestorable }) => ({ status, isRestorable })), problems }
  }

  test.each(['none', 'zlib'] as const)('%s: without any, it is sound and is restored', async (algorithm) => {
    const { ref, dataDirectory } = await copyFor(`sound ${algorithm}`, algorithm)
    expect(await validation(engine, ref)).toEqual({
      isSound: true,
      verdicts: [{ instance: 'main', backupId: ref.id, status: 'OK' }],
      findings: [],
    })
    expect(await listed(ref)).toEqual({ backups: [{ status: 'OK', isRestorable: true }], problems: [] })
    expect(await refusalOf(engine, { ...ref, dataDirectory, isSynced: false })).toBeUndefined()
    expect((await stat(path.join(dataDirectory, 'global', 'pg_control'))).size).toBe(8192)
  })

  test.each(DAMAGES)(
    '$what is named, and the backup is not restored',
    async ({ what, compressAlgorithm, harm, named }) => {
      const { ref, victims, backup, dataDirectory } = await copyFor(what, compressAlgorithm)
      await harm(backup, victims)
      // Restoring checks first, also where nobody has validated since the damage was done.
      expect(await refusalOf(engine, { ...ref, dataDirectory })).toBe('backup.damaged')

      const { isSound, verdicts, findings } = await validation(engine, ref)
      expect({ isSound, verdicts }).toEqual({
        isSound: false,
        verdicts: [{ instance: 'main', backupId: ref.id, status: 'CORRUPT' }],
      })
      expect(findings.map(({ severity, code, where }) => [severity, code, where])).toEqual(
        named(victims).map(([code, where]) => ['problem', code, where]),
      )
      expect(await listed(ref)).toEqual({
        backups: [{ status: 'CORRUPT', isRestorable: false }],
        problems: [],
      })
      // Who does not want it checked again has the verdict that was written.
      expect(await refusalOf(engine, { ...ref, dataDirectory, isValidated: false })).toBe(
        'backup.not-restorable',
      )
      await expect(stat(dataDirectory)).rejects.toThrow('ENOENT')
    },
  )

  test('a file that the list does not name is told, harms nothing, and is not restored', async () => {
    const { ref, backup, dataDirectory } = await copyFor('extra file')
    await writeFile(path.join(backup, 'database', 'base', 'stray'), 'x')
    const where = 'database/base/stray'
    const message = `file "${where}" is not in the content list; it is not restored`
    expect(await validation(engine, ref)).toEqual({
      isSound: true,
      verdicts: [{ instance: 'main', backupId: ref.id, status: 'OK' }],
      findings: [
        {
          severity: 'attention',
          code: 'file-unlisted',
          instance: 'main',
          backupId: ref.id,
          where,
          message,
        },
      ],
    })
    expect(await refusalOf(engine, { ...ref, dataDirectory, isSynced: false })).toBeUndefined()
    await expect(stat(path.join(dataDirectory, 'base', 'stray'))).rejects.toThrow('ENOENT')
  })

  test.each([
    { what: 'damaged', harm: (file: string) => writeFile(file, 'status = \u0000garbage') },
    { what: 'empty', harm: (file: string) => truncate(file) },
    { what: 'missing', harm: (file: string) => rm(file) },
  ])(
    'a control file of the backup that is $what leaves it listed as UNKNOWN, until it is back',
    async (given) => {
      const { ref, backup, dataDirectory } = await copyFor(`control file ${given.what}`)
      const file = path.join(backup, 'backup.control')
      const whole = await readFile(file)
      await given.harm(file)
      expect(await listed(ref)).toEqual({
        backups: [{ status: 'UNKNOWN', isRestorable: false }],
        problems: [{ id: ref.id, message: expect.stringContaining('backup.control') as string }],
      })
      expect(await validation(engine, ref)).toMatchObject({
        isSound: false,
        verdicts: [{ backupId: ref.id, status: 'UNKNOWN' }],
        findings: [{ code: 'control-file', where: 'backup.control' }],
      })
      expect(await refusalOf(engine, { ...ref, dataDirectory })).toBe('backup.not-restorable')
      await expect(stat(dataDirectory)).rejects.toThrow('ENOENT')

      await writeFile(file, whole)
      expect(await validation(engine, ref)).toMatchObject({ isSound: true, findings: [] })
      expect(await listed(ref)).toEqual({ backups: [{ status: 'OK', isRestorable: true }], problems: [] })
    },
  )
})

type Ref = {
  readonly catalog: string
  readonly instance: string
  readonly id?: string
  readonly ids?: string[]
}

type Golden = { readonly catalog: string; readonly id: string; readonly victims: Victims }

const FIXTURE = 'probackup-pg15-plain1'
const missing = whyNoFixture(FIXTURE)

describe('damage in the chain TOTUGH (FULL), TOTUGR, TOTUH1 beside TOTUH3 (FULL)', () => {
  const cleanUp = new AsyncDisposableStack()
  let scratch: string
  let engine: TestEngine
  let ref: Ref

  beforeAll(async () => {
    if (missing !== '') return
    scratch = cleanUp.use(await scratchDirectory('chain')).path
    engine = cleanUp.use(await startEngine())
    const fixture = cleanUp.use(await unpackFixture(FIXTURE))
    ref = { catalog: path.join(scratch, 'catalog'), instance: 'main' }
    cpSync(path.join(fixture.dir, 'catalog'), ref.catalog, { recursive: true, preserveTimestamps: true })
    await engine.client['catalogs.open']({ path: ref.catalog })
  })
  afterAll(() => cleanUp.disposeAsync())

  const sound = { TOTUGH: 'OK', TOTUGR: 'OK', TOTUH1: 'OK', TOTUH3: 'OK' }
  const inBackup = (id: string, ...names: readonly string[]) =>
    path.join(ref.catalog, 'backups', 'main', id, ...names)

  async function statuses(): Promise<Readonly<Record<string, string>>> {
    const { backups } = await engine.client['backups.list'](ref)
    return Object.fromEntries(backups.map(({ id, status }) => [id, status]))
  }

  test.skipIf(missing !== '').each([
    {
      what: 'a bit of the FULL',
      damaged: () => inBackup('TOTUGH', 'database/global/pg_control'),
      harm: (file: string) => flipBit(file, 60),
      after: { TOTUGH: 'CORRUPT', TOTUGR: 'ORPHAN', TOTUH1: 'ORPHAN', TOTUH3: 'OK' },
      refusal: 'backup.damaged',
      found: [
        ['TOTUGH', 'control-file', 'database/global/pg_control'],
        ['TOTUGR', 'parent', 'backup.control'],
        ['TOTUH1', 'parent', 'backup.control'],
      ],
    },
    {
      what: 'the control file of the FULL',
      damaged: () => inBackup('TOTUGH', 'backup.control'),
      harm: (file: string) => truncate(file),
      after: { TOTUGH: 'UNKNOWN', TOTUGR: 'ORPHAN', TOTUH1: 'ORPHAN', TOTUH3: 'OK' },
      refusal: 'backup.chain-broken',
      found: [
        ['TOTUGH', 'control-file', 'backup.control'],
        ['TOTUGR', 'parent', 'backup.control'],
        ['TOTUH1', 'parent', 'backup.control'],
      ],
    },
    {
      what: 'all of the FULL',
      damaged: () => inBackup('TOTUGH'),
      harm: (directory: string) => rm(directory, { recursive: true }),
      after: { TOTUGR: 'ORPHAN', TOTUH1: 'ORPHAN', TOTUH3: 'OK' },
      refusal: 'backup.chain-broken',
      found: [
        ['TOTUGR', 'parent', 'backup.control'],
        ['TOTUH1', 'parent', 'backup.control'],
      ],
    },
    {
      what: 'a file of the increment between',
      damaged: () => inBackup('TOTUGR', 'database/global/pg_control'),
      harm: (file: string) => rm(file),
      after: { TOTUGH: 'OK', TOTUGR: 'CORRUPT', TOTUH1: 'ORPHAN', TOTUH3: 'OK' },
      refusal: 'backup.damaged',
      found: [
        ['TOTUGR', 'file-missing', 'database/global/pg_control'],
        ['TOTUH1', 'parent', 'backup.control'],
      ],
    },
  ])(`without $what nothing that needs it is restored, until it is back${missing}`, async (given) => {
    const bare = { ...ref, id: 'TOTUH1', dataDirectory: path.join(scratch, 'restored', 'data') }
    const plan = await engine.client['restore.plan'](bare)
    const request = {
      ...bare,
      tablespaceMapping: plan.tablespaces.map(({ from }) => ({
        from,
        to: path.join(scratch, 'restored', 'ts'),
      })),
      externalMapping: plan.externalDirs.map(({ from }) => ({
        from,
        to: path.join(scratch, 'restored', 'ext'),
      })),
    }
    const damaged = given.damaged()
    cpSync(damaged, path.join(scratch, 'aside'), { recursive: true, preserveTimestamps: true })

    await given.harm(damaged)
    const { findings, isSound } = await validation(engine, ref)
    expect(isSound).toBe(false)
    expect(findings.map(({ backupId, code, where }) => [backupId, code, where])).toEqual(given.found)
    expect(await statuses()).toEqual(given.after)
    expect(await refusalOf(engine, request)).toBe(given.refusal)
    expect(await refusalOf(engine, { ...request, isValidated: false })).toBe('backup.not-restorable')
    await expect(stat(path.join(scratch, 'restored'))).rejects.toThrow('ENOENT')

    await rm(damaged, { recursive: true, force: true })
    await rename(path.join(scratch, 'aside'), damaged)
    expect(await validation(engine, ref)).toMatchObject({ isSound: true, findings: [] })
    expect(await statuses()).toEqual(sound)
  })

  test.skipIf(missing !== '')(
    `what hangs on the FULL is orphaned, also where the FULL alone is validated${missing}`,
    async () => {
      const file = inBackup('TOTUGH', 'database/PG_VERSION')
      await flipBit(file, 0)
      expect(await validation(engine, { ...ref, id: 'TOTUGH' })).toMatchObject({
        verdicts: [{ backupId: 'TOTUGH', status: 'CORRUPT' }],
      })
      expect(await statuses()).toEqual({ ...sound, TOTUGH: 'CORRUPT', TOTUGR: 'ORPHAN', TOTUH1: 'ORPHAN' })

      await flipBit(file, 0)
      expect(await validation(engine, { ...ref, id: 'TOTUH1' })).toMatchObject({
        isSound: true,
        findings: [],
      })
      expect(await statuses()).toEqual(sound)
    },
  )

  test.skipIf(missing !== '')(
    `of several, those behind a damaged one are orphans and the others are looked at${missing}`,
    async () => {
      const file = inBackup('TOTUGH', 'database/PG_VERSION')
      await flipBit(file, 0)
      const { verdicts } = await validation(engine, { ...ref, ids: ['TOTUH3', 'TOTUGR'] })
      expect(verdicts.map(({ backupId, status }) => [backupId, status])).toEqual([
        ['TOTUGH', 'CORRUPT'],
        ['TOTUGR', 'ORPHAN'],
        ['TOTUH3', 'OK'],
      ])
      await flipBit(file, 0)
      expect(await validation(engine, ref)).toMatchObject({ isSound: true, findings: [] })
    },
  )

  test.skipIf(missing !== '')(`a segment that is missing from the archive is named${missing}`, async () => {
    const { backups } = await engine.client['backups.list'](ref)
    const { startLsn, timeline } = backups.find(({ id }) => id === 'TOTUH3') ?? backups[0] ?? raise()
    const segmentBytes = 1 << 20
    const name = walSegmentName({ timeline, number: walSegmentNumber(startLsn, segmentBytes) }, segmentBytes)
    const file = path.join(ref.catalog, 'wal', 'main', `${name}.gz`)
    const aside = path.join(scratch, name)
    await rename(file, aside)
    expect(await validation(engine, { ...ref, id: 'TOTUH3' })).toMatchObject({
      isSound: false,
      verdicts: [{ backupId: 'TOTUH3', status: 'CORRUPT' }],
      findings: [{ code: 'wal-missing', where: name }],
    })
    expect(await statuses()).toEqual({ ...sound, TOTUH3: 'CORRUPT' })

    await rename(aside, file)
    expect(await validation(engine, { ...ref, id: 'TOTUH3' })).toMatchObject({ isSound: true, findings: [] })
  })
})

async function validation(engine: TestEngine, ref: Ref) {
  const { result, error } = await engine.ended(engine.client['backups.validate'](ref))
  expect(error).toBeUndefined()
  if (result?.kind !== 'validate') throw new Error('a validation has a result')
  const { isSound, verdicts, findings } = result
  return { isSound, verdicts, findings }
}

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

/** Flips a bit in the middle of what is stored of a block: each has its number and its size before it. */
async function harmPage(file: string, block: number): Promise<void> {
  const stored = await readFile(file)
  for (let at = 0; at < stored.length; at += 8 + stored.readInt32LE(at + 4)) {
    if (stored.readUInt32LE(at) === block)
      return await flipBit(file, at + 8 + (stored.readInt32LE(at + 4) >> 1))
  }
  throw new Error(`block ${block} is not in ${file}`)
}
