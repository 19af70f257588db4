import { existsSync, readdirSync } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { parseBackupId } from '../base/backup-id.ts'
import { parseInstanceName } from '../base/instance-name.ts'
import type * as durable from '../host/durable-file.ts'
import { RESTORE_MARK } from '../operations/restore/interrupted.ts'
import { startEngine } from '../testing/engines.ts'
import { unpackFixture, whyNoFixture } from '../testing/fixtures.ts'
import { linkTree } from '../testing/link-tree.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import type { RestoreRequest } from './contract/restore.ts'

const FIXTURE = 'probackup-pg15-plain1'
const why = whyNoFixture(FIXTURE)

/** What the disk refuses. */
type Refusal = (file: string) => boolean
const refused = vi.hoisted((): { sync: Refusal; write: Refusal } => ({
  sync: () => false,
  write: () => false,
}))

vi.mock('../host/durable-file.ts', async (original) => {
  const real = await original<typeof durable>()
  const fail = (): never => {
    throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' })
  }
  return {
    ...real,
    syncDirectory: async (directory: string) =>
      refused.sync(directory) ? fail() : await real.syncDirectory(directory),
    writeFileDurably: async (...input: Parameters<typeof real.writeFileDurably>) =>
      refused.write(input[0]) ? fail() : await real.writeFileDurably(...input),
  } satisfies typeof durable
})

let fixture: Awaited<ReturnType<typeof unpackFixture>> | undefined

beforeAll(async () => {
  if (why === '') fixture = await unpackFixture(FIXTURE)
})
beforeEach(() => {
  refused.sync = () => false
  refused.write = () => false
})
afterAll(async () => {
  await fixture?.[Symbol.asyncDispose]()
})

async function recorded() {
  const scratch = await scratchDirectory('restore-left')
  const catalog = path.join(scratch.path, 'catalog')
  linkTree(path.join(fixture?.dir ?? '', 'catalog'), catalog)
  const engine = await startEngine()
  const { backups } = await engine.client['backups.list']({ catalog, instance: 'main' })
  const full = backups.find(({ mode, isRestorable }) => mode === 'FULL' && isRestorable)
  const dataDirectory = path.join(scratch.path, 'data')
  const bare: RestoreRequest = {
    catalog,
    instance: parseInstanceName('main'),
    id: parseBackupId(full?.id ?? ''),
    dataDirectory,
    isValidated: false,
    skipsExternal: true,
  }
  const { tablespaces } = await engine.client['restore.plan'](bare)
  const request = {
    ...bare,
    tablespaceMapping: tablespaces.map(({ from }) => ({ from, to: path.join(scratch.path, 'ts') })),
  }
  return {
    dataDirectory,
    control: path.join(dataDirectory, 'global', 'pg_control'),
    async restore(more: Partial<RestoreRequest> = {}) {
      const started = await engine.client['restore.start']({ ...request, ...more })
      const { state, error } = await engine.ended(Promise.resolve(started))
      const lines: string[] = []
      for await (const { message } of engine.client['jobs.follow-log'](started)) lines.push(message)
      return { state, error, log: lines.join('\n') }
    },
    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]()
      await scratch[Symbol.asyncDispose]()
    },
  }
}

describe.skipIf(why !== '')(`what a restore that failed says of the directory${why}`, () => {
  test('whole once pg_control has its name, and restored again by checksums', async () => {
    await using made = await recorded()
    refused.sync = (directory) => directory.endsWith('/global') && existsSync(made.control)
    const failed = await made.restore()
    expect(failed).toMatchObject({ state: 'failed', error: { code: 'storage.failed' } })
    expect(failed.log).toContain('holds the whole cluster with its pg_control, but a power cut')
    expect(failed.log).not.toContain('unfinished restore')
    expect(existsSync(made.control)).toBe(true)

    refused.sync = () => false
    expect((await made.restore()).error).toMatchObject({ code: 'storage.not-empty' })
    const again = await made.restore({ incrementalMode: 'checksum' })
    expect(again).toMatchObject({ state: 'succeeded' })
    expect(existsSync(path.join(made.dataDirectory, RESTORE_MARK))).toBe(false)
  })

  test('whole when only its mark could not be seen off', async () => {
    await using made = await recorded()
    refused.sync = (directory) => directory === made.dataDirectory
    const failed = await made.restore()
    expect(failed.state).toBe('failed')
    expect(failed.log).toContain('holds the whole cluster, and a server may start on it')
  })

  test('unfinished once the pg_control of a cluster was put aside, and continued', async () => {
    await using made = await recorded()
    expect(await made.restore()).toMatchObject({ state: 'succeeded' })
    refused.sync = (directory) => directory.endsWith('/global') && !existsSync(made.control)
    const failed = await made.restore({ incrementalMode: 'checksum' })
    expect(failed.state).toBe('failed')
    expect(failed.log).toContain('holds an unfinished restore without pg_control')
    refused.sync = () => false
    expect(await made.restore()).toMatchObject({ state: 'succeeded' })
  })

  test('unchanged when it could not be taken over', async () => {
    await using made = await recorded()
    expect(await made.restore()).toMatchObject({ state: 'succeeded' })
    const before = readdirSync(made.dataDirectory).toSorted()
    refused.write = (file) => file.endsWith(RESTORE_MARK)
    const failed = await made.restore({ incrementalMode: 'checksum' })
    expect(failed.state).toBe('failed')
    expect(failed.log).toContain(`nothing was restored, and no file in "${made.dataDirectory}" was changed`)
    expect(failed.log).not.toContain('unfinished restore')
    expect(readdirSync(made.dataDirectory).toSorted()).toEqual(before)
  })

  test('moved aside when that alone was done', async () => {
    await using made = await recorded()
    await mkdir(made.dataDirectory)
    await writeFile(path.join(made.dataDirectory, 'mine'), 'kept')
    const aside = `${made.dataDirectory}.before-restore`
    refused.sync = (directory) => directory === path.dirname(aside)
    const failed = await made.restore({ movesAside: true })
    expect(failed.state).toBe('failed')
    expect(failed.log).toContain(
      `what was in "${made.dataDirectory}" is in "${aside}" now. Start the restore`,
    )
    expect(await readdir(aside)).toEqual(['mine'])
  })
})
