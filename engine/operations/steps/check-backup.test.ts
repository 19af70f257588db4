import { cp, mkdir, open, rm, truncate } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { assert } from '../../base/assert.ts'
import { parseBackupId } from '../../base/backup-id.ts'
import { SYSTEM_CLOCK } from '../../base/clock.ts'
import { SILENT_LOG } from '../../base/log.ts'
import { readContentList, readControl } from '../../catalog/backup.ts'
import { unpackFixture, whyNoFixture } from '../../testing/fixtures.ts'
import { scratchDirectory } from '../../testing/scratch.ts'
import { checkStoredFiles, type FileCheckContext } from './check-backup.ts'
import { ProgressTicker } from './progress-ticker.ts'
import type { WorkerPool } from './worker-pool.ts'

const FIXTURE = 'probackup-pg15-plain1'
const ID = 'TOTUGH'
const RELATIONS = ['base/1/112', 'base/1/113']

const missing = whyNoFixture(FIXTURE)
const cleanUp = new AsyncDisposableStack()
let original: string

beforeAll(async () => {
  if (missing !== '') return
  const fixture = cleanUp.use(await unpackFixture(FIXTURE))
  original = path.join(fixture.dir, 'catalog', 'backups', 'main', ID)
})
afterAll(() => cleanUp.disposeAsync())

test.skipIf(missing !== '').each([
  { what: 'sound', harm: async () => {}, findings: [] },
  {
    what: 'damaged in the table of one relation',
    harm: (map: string) => overwrite(map, 2),
    findings: [
      {
        code: 'header-map',
        where: 'page_header_map',
        message: expect.stringContaining('the page headers of "database/base/1/112"') as string,
      },
    ],
  },
  {
    what: 'too short',
    harm: (map: string) => truncate(map, 45),
    findings: [
      {
        code: 'file-size',
        where: 'page_header_map',
        message: 'file "page_header_map" has 45 bytes, the content list needs 46',
      },
    ],
  },
  {
    what: 'missing',
    harm: (map: string) => rm(map),
    findings: [
      { code: 'file-missing', where: 'page_header_map', message: 'file "page_header_map" is missing' },
    ],
  },
])(`a header map that is $what gives one finding at most, which names it${missing}`, async (given) => {
  await using scratch = await scratchDirectory('check-backup')
  const directory = path.join(scratch.path, ID)
  await mkdir(directory)
  for (const name of ['page_header_map', ...RELATIONS.map((relation) => `database/${relation}`)])
    await cp(path.join(original, name), path.join(directory, name))
  const { control } = readControl(original)
  assert(control !== undefined, 'the fixture has a control file')
  const listed = await readContentList({ directory: original, id: parseBackupId(ID), control })
  const entries = listed.filter(({ path: name }) => RELATIONS.includes(name))
  expect(entries).toHaveLength(2)

  await given.harm(path.join(directory, 'page_header_map'))
  using context = contextHere()
  const added: unknown[] = []
  const findings = await checkStoredFiles({ directory }, control, entries, context, (found) =>
    added.push(found),
  )

  expect(findings).toEqual(given.findings.map((finding) => ({ severity: 'problem', ...finding })))
  expect(added).toEqual([])
})

/** Tasks run in this thread. */
function contextHere(): FileCheckContext & Disposable {
  const taskContext = { addBytes: () => undefined, throwIfCancelled: () => undefined }
  const pool: WorkerPool = {
    threads: 1,
    run: (task, input) => Promise.resolve(task.run(input, taskContext)),
    doneBytes: () => 0,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
  const report = () => undefined
  const ticker = new ProgressTicker({ report, phase: 'validate', pool, totalBytes: 0, totalFiles: 0 })
  return {
    checksBlocks: true,
    pool,
    ticker,
    run: { signal: new AbortController().signal, report, log: SILENT_LOG, clock: SYSTEM_CLOCK },
    [Symbol.dispose]: () => ticker[Symbol.dispose](),
  }
}

async function overwrite(file: string, at: number): Promise<void> {
  await using handle = await open(file, 'r+')
  await handle.write(Buffer.of(0xff), 0, 1, at)
}
