import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { SYSTEM_CLOCK } from '../base/clock.ts'
import { logTo } from '../base/log.ts'
import { type MadeArchive, makeArchiveCatalog } from '../testing/made-archive.ts'
import { openArchivingEngine } from './archiving-engine.ts'

const MAIN = path.join(import.meta.dirname, '..', 'cli', 'main.ts')
/** Names every module that is loaded, on standard error. */
const NAMING = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module'
  import { writeSync } from 'node:fs'
  registerHooks({ load(url, context, next) { writeSync(2, url + '\\n'); return next(url, context) } })
`)}`

async function setUp(): Promise<{ readonly made: MadeArchive; readonly name: string }> {
  const made = await makeArchiveCatalog()
  onTestFinished(() => made[Symbol.asyncDispose]())
  return { made, name: made.addSegment() }
}

async function modulesOf(made: MadeArchive, words: readonly string[]): Promise<string> {
  const all = ['--import', NAMING, MAIN, ...words, '-B', made.catalog, `--instance=${made.instance}`]
  const { stderr } = await promisify(execFile)(process.execPath, all, { cwd: made.dataDirectory })
  return stderr
}

test('what a server calls for every segment loads neither schemas nor the kernel', async () => {
  const { made, name } = await setUp()

  const pushing = await modulesOf(made, ['archive-push', `--wal-file-name=${name}`])
  const getting = await modulesOf(made, [
    'archive-get',
    `--wal-file-name=${name}`,
    '--wal-file-path=pg_wal/RECOVERYXLOG',
  ])

  expect(existsSync(path.join(made.walDirectory, 'RECOVERYXLOG'))).toBe(true)
  for (const loaded of [pushing, getting]) {
    expect(loaded).toContain('/engine/api/archiving-engine.ts')
    expect(loaded).not.toMatch(/node_modules\/zod\/|\/engine\/kernel\/kernel\.ts|node:tty/)
  }
})

test('input that the contract does not take is refused as everywhere', async () => {
  const { made, name } = await setUp()
  const client = openArchivingEngine({ env: {}, clock: SYSTEM_CLOCK, log: logTo(() => undefined) })
  const input = {
    catalog: made.catalog,
    instance: made.instance,
    fileName: name,
    workingDirectory: made.dataDirectory,
    filePath: path.join(made.walDirectory, 'RECOVERYXLOG'),
    batchSize: 1,
    threads: 1,
    isValidated: true,
  }

  for (const wrong of [{ batchSize: 0 }, { instance: '..' }, { filePath: 'RECOVERYXLOG' }, { more: 1 }]) {
    await expect(client['archiving.get']({ ...input, ...wrong })).rejects.toMatchObject({
      code: 'value.malformed',
      message: expect.stringContaining('bad input for archiving.get') as string,
    })
  }
})

test('an instance with an odd name is served, by way of the schemas', async () => {
  const { made } = await setUp()
  const client = openArchivingEngine({ env: {}, clock: SYSTEM_CLOCK, log: logTo(() => undefined) })

  const call = client['instances.config']({ catalog: made.catalog, instance: 'Lager Süd' })

  await expect(call).rejects.toMatchObject({ code: 'instance.not-found' })
})
