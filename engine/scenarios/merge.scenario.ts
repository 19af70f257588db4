import { createHash } from 'node:crypto'
import { cpSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RestorePlan } from '../api/contract/restore.ts'
import { NEWEST_PROGRAM_VERSION, WRITTEN_PROGRAM_VERSION } from '../api/version.ts'
import { type BackupId, parseBackupId } from '../base/backup-id.ts'
import { SYSTEM_CLOCK } from '../base/clock.ts'
import { EngineError } from '../base/engine-error.ts'
import { logTo } from '../base/log.ts'
import type { Run } from '../base/run.ts'
import { readControl, writeBackupControl } from '../catalog/backup.ts'
import { readInventory } from '../catalog/inventory.ts'
import { parseContentList } from '../format/content-list.ts'
import { requireMergePlan } from '../operations/merge/plan.ts'
import { mergeBackups, type MergeOutcome } from '../operations/merge/run.ts'
import { startCli } from '../testing/cli-process.ts'
import { startEngine, type TestEngine } from '../testing/engines.ts'
import { type FixtureName, unpackFixture, whyNoFixture } from '../testing/fixtures.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { serverDirectory, startRestored, type TestServer } from '../testing/servers.ts'

type Expected = { readonly backup?: string; readonly data: Readonly<Record<string, unknown>> }

/** FULL, DELTA and PAGE on it, and a second FULL that merging leaves alone. */
const BACKUPS = {
  'probackup-pg15-plain1': ['TOTUGH', 'TOTUGR', 'TOTUH1', 'TOTUH3'],
  'probackup-pg15-zlib16': ['TOTUFL', 'TOTUFW', 'TOTUG6', 'TOTUG8'],
} as const satisfies Partial<Record<FixtureName, readonly string[]>>

const PHASES: ReadonlySet<string> = new Set(['validate', 'merge', 'delete'])

const isResultCheck = (event: string): boolean =>
  event.endsWith(', which is merged') && event.startsWith('checking')

/** The larger one, with compressed pages and segments of 16 MB. */
const STOPPED_IN = 'probackup-pg15-zlib16'

describe.each(Object.keys(BACKUPS) as (keyof typeof BACKUPS)[])('merging in a catalog, %s', (name) => {
  const missing = whyNoFixture(name)
  const [full, delta, page, other] = BACKUPS[name].map(parseBackupId) as [
    BackupId,
    BackupId,
    BackupId,
    BackupId,
  ]
  const cleanUp = new AsyncDisposableStack()
  let original: string
  let scratch: string
  let engine: TestEngine
  let expected: readonly Expected[]
  let copies = 0

  beforeAll(async () => {
    if (missing !== '') return
    const fixture = cleanUp.use(await unpackFixture(name))
    original = path.join(fixture.dir, 'catalog')
    scratch = cleanUp.use(await scratchDirectory('merge')).path
    engine = cleanUp.use(await startEngine())
    const lines = (await readFile(path.join(fixture.dir, 'expected.ndjson'), 'utf8')).trim().split('\n')
    expected = lines.map((line) => JSON.parse(line) as Expected)
  })
  afterAll(() => cleanUp.disposeAsync())

  const copyCatalog = (): string => {
    const catalog = path.join(scratch, `catalog-${++copies}`)
    cpSync(original, catalog, { recursive: true, preserveTimestamps: true })
    return catalog
  }
  const directoryOf = (catalog: string, id: string): string => path.join(catalog, 'backups', 'main', id)
  const merge = async (catalog: string, id: BackupId) => {
    const ref = { catalog, instance: 'main', id }
    const { hash } = await engine.client['backups.plan-merge'](ref)
    return engine.ended(engine.client['backups.merge']({ ...ref, hash, threads: 2 }))
  }
  const list = async (catalog: string) => {
    const { backups } = await engine.client['backups.list']({ catalog, instance: 'main' })
    return backups.map(({ id, mode, status, parentId }) => ({ id, mode, status, parentId }))
  }
  const expectSound = async (catalog: string, id: BackupId): Promise<void> => {
    const job = await engine.ended(
      engine.client['backups.validate']({ catalog, instance: 'main', id, threads: 2 }),
    )
    expect(job.result).toMatchObject({ kind: 'validate', isSound: true, findings: [] })
  }
  const expectData = async (catalog: string, id: BackupId): Promise<void> => {
    const place = serverDirectory(path.join(scratch, `restored-${++copies}`))
    const dataDirectory = path.join(place, 'data')
    const bare = {
      catalog,
      instance: 'main',
      id,
      dataDirectory,
      target: { kind: 'immediate' },
      threads: 2,
    } as const
    const outside = await engine.client['restore.plan'](bare)
    const job = await engine.ended(
      engine.client['restore.start']({ ...bare, ...mappingsBelow(place, outside) }),
    )
    expect(job.error).toBeUndefined()
    // The server fetches WAL with the recorded command, perhaps as another user than this process.
    await promisify(execFile)('chmod', ['-R', 'a+rX', catalog])
    await using restored = await startRestored(dataDirectory, 15, '')
    expect(await dataOf(restored)).toEqual(expected.find(({ backup }) => backup === id)?.data)
  }
  /** Merges in this process, until `stopsAt` says so of something that the merge tells. */
  const mergeUntil = async (
    catalog: string,
    id: BackupId,
    stopsAt: (event: string) => boolean = () => false,
    isValidated = true,
  ): Promise<MergeOutcome> => {
    const controller = new AbortController()
    const tell = (event: string): void => {
      if (stopsAt(event)) controller.abort(new EngineError('run.cancelled', `stopped at ${event}`))
    }
    const run: Run = {
      signal: controller.signal,
      report: ({ phase }) => tell(phase),
      log: logTo(({ message }) => tell(message)),
      clock: SYSTEM_CLOCK,
    }
    const request = { id, newestProgramVersion: NEWEST_PROGRAM_VERSION }
    const { hash } = requireMergePlan(await readInventory(catalog, 'main', run), request)
    return mergeBackups(
      {
        catalog,
        instance: 'main',
        request,
        hash,
        threads: 2,
        isValidated,
        isSynced: false,
        programVersion: WRITTEN_PROGRAM_VERSION,
      },
      run,
    )
  }
  let reference: Promise<readonly string[]> | undefined
  /** What a merge of the tip leaves when nothing disturbs it. */
  const undisturbed = (): Promise<readonly string[]> => {
    reference ??= (async () => {
      const catalog = copyCatalog()
      await mergeUntil(catalog, page)
      return storedContent(directoryOf(catalog, page))
    })()
    return reference
  }
  const expectMerged = async (catalog: string): Promise<void> => {
    expect(await list(catalog)).toEqual([
      { id: other, mode: 'FULL', status: 'OK', parentId: undefined },
      { id: page, mode: 'FULL', status: 'OK', parentId: undefined },
    ])
    expect(storedContent(directoryOf(catalog, page))).toEqual(await undisturbed())
    await expectSound(catalog, page)
  }

  test.skipIf(missing !== '')(`the tip becomes a FULL with its data${missing}`, async () => {
    const catalog = copyCatalog()
    const before = readControl(directoryOf(catalog, page)).control
    const job = await merge(catalog, page)
    expect(job.error).toBeUndefined()
    expect(job.result).toMatchObject({ kind: 'merge', backupId: page, vanishedIds: [full, delta] })
    await expectMerged(catalog)
    const after = readControl(directoryOf(catalog, page)).control
    expect(after).toMatchObject({
      startLsn: before?.startLsn,
      stopLsn: before?.stopLsn,
      recoverySeconds: before?.recoverySeconds,
      walBytes: before?.walBytes,
      startSeconds: before?.startSeconds,
      mergeDestinationId: undefined,
      programVersion: WRITTEN_PROGRAM_VERSION,
    })
    expect(after?.mergeSeconds).toBeGreaterThan(0)
    expect((await readdir(directoryOf(catalog, page))).toSorted()).toEqual([
      'backup.control',
      'backup_content.control',
      'database',
      'external_directories',
      'page_header_map',
    ])
    await expectData(catalog, page)
    await expectData(catalog, other)
  })

  test.skipIf(missing !== '')(`the middle becomes the parent of the tip${missing}`, async () => {
    const catalog = copyCatalog()
    const job = await merge(catalog, full)
    expect(job.result).toMatchObject({ kind: 'merge', backupId: delta, vanishedIds: [full] })
    expect(await list(catalog)).toEqual([
      { id: other, mode: 'FULL', status: 'OK', parentId: undefined },
      { id: page, mode: 'PAGE', status: 'OK', parentId: delta },
      { id: delta, mode: 'FULL', status: 'OK', parentId: undefined },
    ])
    await expectSound(catalog, page)
    await expectData(catalog, page)
    await expectData(catalog, delta)
    // Step by step it comes to the same.
    expect((await merge(catalog, page)).error).toBeUndefined()
    await expectMerged(catalog)
  })

  test.skipIf(missing !== '')(`the way the destination compresses is what counts${missing}`, async () => {
    const catalog = copyCatalog()
    const { control } = readControl(directoryOf(catalog, page))
    const compressAlgorithm = control?.compressAlgorithm === 'zlib' ? 'none' : 'zlib'
    if (control !== undefined)
      await writeBackupControl(directoryOf(catalog, page), { ...control, compressAlgorithm })
    // Once broken off in the middle, so that the FULL holds files of either kind.
    let reports = 0
    await expect(
      mergeUntil(catalog, page, (event) => event === 'merge' && ++reports === 2),
    ).rejects.toMatchObject({ code: 'run.cancelled' })
    await mergeUntil(catalog, page)
    const entries = parseContentList(
      await readFile(path.join(directoryOf(catalog, page), 'backup_content.control'), 'utf8'),
    )
    const paged = entries.filter(({ isDataFile, sizeBytes }) => isDataFile && sizeBytes > 0)
    expect(paged.length).toBeGreaterThan(100)
    expect(new Set(paged.map((entry) => entry.compressAlgorithm))).toEqual(new Set([compressAlgorithm]))
    await expectSound(catalog, page)
    await expectData(catalog, page)
  })

  // How pages are stored makes no difference to how the result is checked,
  if (name === STOPPED_IN)
    describe('and its result', () => {
      test.skipIf(missing !== '')(
        `the chain is checked, merged, deleted and renamed, and then the result is checked${missing}`,
        async () => {
          const catalog = copyCatalog()
          const events: string[] = []
          await mergeUntil(catalog, page, (event) => {
            const isRenamed = !readdirSync(path.join(catalog, 'backups', 'main')).includes(full)
            const told = isRenamed ? `${event}, renamed` : event
            if (PHASES.has(event) && events.at(-1) !== told) events.push(told)
            return false
          })
          expect(events).toEqual(['validate', 'merge', 'validate', 'delete', 'validate, renamed'])
          await expectMerged(catalog)
        },
      )

      test.skipIf(missing !== '').each([
        {
          what: 'a file is gone',
          harm: (backup: string) => rmSync(path.join(backup, 'database/PG_VERSION')),
        },
        {
          what: 'a file has another size',
          harm: (backup: string) => truncateSync(path.join(backup, 'database/global/1262'), 9),
        },
        {
          what: 'page headers are damaged',
          harm: (backup: string) =>
            writeFileSync(path.join(backup, 'page_header_map'), 'no zlib stream', { flag: 'r+' }),
        },
        {
          what: 'the content list is damaged',
          harm: (backup: string) => truncateSync(path.join(backup, 'backup_content.control'), 99),
        },
      ])(`a result of which $what is CORRUPT, and its child an orphan${missing}`, async ({ harm }) => {
        const catalog = copyCatalog()
        const harmResult = (event: string): boolean => {
          if (isResultCheck(event)) harm(directoryOf(catalog, delta))
          return false
        }
        const failed = mergeUntil(catalog, delta, harmResult)
        await expect(failed).rejects.toMatchObject({
          code: 'backup.damaged',
          message: expect.stringContaining(`backup ${delta} is merged, and damaged: `) as string,
        })
        expect(await list(catalog)).toMatchObject([
          { id: other, status: 'OK' },
          { id: page, status: 'ORPHAN' },
          { id: delta, mode: 'FULL', status: 'CORRUPT' },
        ])
      })

      test.skipIf(missing !== '')(`a result is not checked where nothing is to be${missing}`, async () => {
        const catalog = copyCatalog()
        const events: string[] = []
        const note = (event: string): boolean => events.push(event) === 0
        await mergeUntil(catalog, page, note, false)
        expect(events.filter((event) => event === 'validate' || isResultCheck(event))).toEqual([])
        await expectMerged(catalog)
      })

      test.skipIf(missing !== '')(
        `all of a result is read where another process had merged it${missing}`,
        async () => {
          const catalog = copyCatalog()
          await expect(mergeUntil(catalog, page, isResultCheck)).rejects.toMatchObject({
            code: 'run.cancelled',
          })
          const file = path.join(directoryOf(catalog, page), 'database/global/1262')
          const bytes = readFileSync(file)
          writeFileSync(file, bytes.fill(0xff, bytes.length - 1))
          await expect(mergeUntil(catalog, page)).rejects.toMatchObject({ code: 'backup.damaged' })
        },
      )
    })

  // nor to where a merge can be stopped.
  if (name === STOPPED_IN)
    describe('that is stopped', () => {
      test
        .skipIf(missing !== '')
        .each<{ readonly when: string; readonly stop: () => (event: string) => boolean }>([
          { when: 'before anything', stop: () => (event) => event.startsWith('merging ') },
          { when: 'while it checks', stop: () => (event) => event === 'validate' },
          { when: 'when it begins to merge files', stop: () => nth(1, (event) => event === 'merge') },
          { when: 'while it merges files', stop: () => nth(2, (event) => event === 'merge') },
          {
            when: 'while it reads back what it wrote',
            stop: () => {
              let isMerging = false
              return (event) => (isMerging ||= event === 'merge') && event === 'validate'
            },
          },
          { when: 'when all files are merged', stop: () => (event) => event.includes(' entries: ') },
          { when: 'at the first deletion', stop: () => nth(1, (event) => event === 'delete') },
          { when: 'while it checks the result', stop: () => isResultCheck },
          { when: 'at the second deletion', stop: () => nth(2, (event) => event === 'delete') },
          {
            when: 'after the last deletion',
            stop: () => nth(2, (event) => event.startsWith('deleting backup')),
          },
        ])(`$when is finished by the next${missing}`, async ({ stop }) => {
        const catalog = copyCatalog()
        await expect(mergeUntil(catalog, page, stop())).rejects.toMatchObject({ code: 'run.cancelled' })
        await mergeUntil(catalog, page)
        await expectMerged(catalog)
      })

      test.skipIf(missing !== '')(
        `after the FULL has its new name is finished by the next${missing}`,
        async () => {
          const catalog = copyCatalog()
          await expect(
            mergeUntil(
              catalog,
              page,
              nth(2, (event) => event.startsWith('deleting backup')),
            ),
          ).rejects.toMatchObject({ code: 'run.cancelled' })
          expect(await list(catalog)).toMatchObject([{ id: other }, { id: full, status: 'MERGED' }])
          await rename(directoryOf(catalog, full), directoryOf(catalog, page))
          await mergeUntil(catalog, full)
          await expectMerged(catalog)
        },
      )

      test.skipIf(missing !== '')(
        `between the new list and the new control file is finished by the next${missing}`,
        async () => {
          const catalog = copyCatalog()
          await expect(
            mergeUntil(catalog, page, (event) => event.includes(' entries: ')),
          ).rejects.toMatchObject({ code: 'run.cancelled' })
          // The list is the new one already, the control file the last that was written before it.
          const { control } = readControl(directoryOf(original, full))
          if (control === undefined) throw new Error('the recorded FULL has no control file')
          await writeBackupControl(directoryOf(catalog, full), {
            ...control,
            status: 'MERGING',
            mergeDestinationId: page,
            contentCrc: undefined,
          })
          await mergeUntil(catalog, page)
          await expectMerged(catalog)
        },
      )

      test.skipIf(missing !== '')(`leaves drafts that the next clears away${missing}`, async () => {
        const catalog = copyCatalog()
        const directory = directoryOf(catalog, full)
        await expect(
          mergeUntil(
            catalog,
            page,
            nth(2, (event) => event === 'merge'),
          ),
        ).rejects.toMatchObject({ code: 'run.cancelled' })
        for (const draft of [
          'page_header_map_tmp',
          'page_header_map.tmp',
          'database/base/1/1259_tmp1',
          'database/PG_VERSION_tmp',
        ])
          await writeFile(path.join(directory, draft), 'what a process that died has left')
        await mergeUntil(catalog, page)
        await expectMerged(catalog)
      })

      test.skipIf(missing !== '').each([
        { where: 'as soon as it has begun', text: 'merging ' },
        { where: 'while it checks', text: 'checking backup ' },
        { where: 'while it merges', text: ' files are to be merged' },
        { where: 'when files are merged', text: ' entries: ' },
        { where: 'while it deletes', text: 'deleting backup ' },
      ])(`with SIGKILL $where is finished by the next${missing}`, async ({ text }) => {
        const catalog = copyCatalog()
        const words = [
          'merge',
          '-B',
          catalog,
          '--instance=main',
          '-i',
          page,
          '-j2',
          '--progress',
          '--log-level-console=verbose',
        ]
        await using program = startCli(words)
        await program.says(text)
        program.kill('SIGKILL')
        await program.ended
        // The signal may come too late to stop anything; then there is nothing left to merge.
        const [, tip] = await list(catalog)
        if (tip?.mode !== 'FULL' || tip.status !== 'OK') {
          const again = await startCli(words).ended
          expect(again.status, again.err).toBe(0)
        }
        await expectMerged(catalog)
      })
    })

  test.skipIf(missing !== '').each([
    { what: 'the FULL', at: 0 },
    { what: 'an increment on the way', at: 1 },
    { what: 'the destination', at: 2 },
  ])(`$what being damaged, everything stays as it is${missing}`, async ({ at }) => {
    const catalog = copyCatalog()
    const damaged = directoryOf(catalog, BACKUPS[name][at] ?? '')
    const file = path.join(damaged, 'database', 'backup_label')
    const bytes = await readFile(file)
    bytes[7] = (bytes[7] ?? 0) ^ 1
    await rm(file)
    await writeFile(file, bytes)
    const before = everything(catalog)
    const job = await merge(catalog, page)
    expect(job.error?.code).toBe('backup.damaged')
    expect(job.error?.message).toContain('backup_label')
    expect(everything(catalog)).toEqual(before)
  })

  test.skipIf(missing !== '')(`pages that nobody stored are stored as zeros${missing}`, async () => {
    const catalog = copyCatalog()
    await growTable(catalog)
    await mergeUntil(catalog, page)
    await expectSound(catalog, page)
    const entries = parseContentList(
      await readFile(path.join(directoryOf(catalog, page), 'backup_content.control'), 'utf8'),
    )
    for (const { isDataFile, blockCount, headers, path: file } of entries) {
      if (isDataFile && blockCount > 0) expect(headers?.headerCount, file).toBe(blockCount)
    }
  })

  /** Makes the lists of the tip say that every relation has three pages more than it stores. */
  async function growTable(catalog: string): Promise<void> {
    const directory = directoryOf(catalog, page)
    const file = path.join(directory, 'backup_content.control')
    const text = (await readFile(file, 'utf8')).replaceAll(
      /"n_blocks":"(\d+)"/g,
      (_, count: string) => `"n_blocks":"${Number(count) + 3}"`,
    )
    await writeFile(file, text)
    const { control } = readControl(directory)
    if (control !== undefined) await writeBackupControl(directory, { ...control, contentCrc: undefined })
  }
})

function nth(count: number, is: (event: string) => boolean): (event: string) => boolean {
  let seen = 0
  return (event) => is(event) && ++seen === count
}

/**
 * The list of a backup and the sums of its files, a line for each. Where header tables lie depends on the order in
 * which threads were done, and how small they are on which program has compressed them.
 */
function storedContent(directory: string): readonly string[] {
  const entries = parseContentList(readFileSync(path.join(directory, 'backup_content.control'), 'utf8'))
  return [
    ...filesBelow(path.join(directory, 'database')),
    ...filesBelow(path.join(directory, 'external_directories')),
    ...entries.map(({ headers, ...entry }) => JSON.stringify([entry, headers?.headerCount, headers?.crc])),
  ]
}

function everything(catalog: string): readonly string[] {
  return filesBelow(path.join(catalog, 'backups'))
}

function filesBelow(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const file = path.join(entry.parentPath, entry.name)
      const sum = createHash('sha256').update(readFileSync(file)).digest('hex')
      return `${path.relative(directory, file)} ${sum}`
    })
    .toSorted()
}

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
