import { rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { EngineError } from '../../base/engine-error.ts'
import type { ErrorCode } from '../../base/error-codes.ts'
import { ON_MAIN, recorder, runCli } from '../../testing/cli-world.ts'
import { scratchDirectory } from '../../testing/scratch.ts'

const NAME = '000000010000000000000005'
const REF = { catalog: '/srv/catalog', instance: 'main', fileName: NAME, workingDirectory: '/srv/pgdata' }

describe('archive-push', () => {
  test('asks for what archive_command says, and for the defaults of the family otherwise', async () => {
    const push = recorder({ pushedCount: 1, skippedCount: 0 })
    const handlers = { 'archiving.push': push.handler }
    const plain = await runCli(['archive-push', ...ON_MAIN, `--wal-file-name=${NAME}`], { handlers })
    const line =
      `--wal-file-name=${NAME} --wal-file-path=pg_wal/${NAME} --compress-algorithm=zlib --compress-level=3 --overwrite ` +
      '--batch-size=20 -j4 --no-ready-rename --no-sync --archive-timeout=2min'
    await runCli(['archive-push', ...ON_MAIN, ...line.split(' ')], { handlers })
    await runCli(['archive-push', ...ON_MAIN, `--wal-file-name=${NAME}`, '--compress'], { handlers })

    expect(plain).toEqual({ status: 0, out: '', err: '' })
    const asked = { ...REF, batchSize: 1, threads: 1, overwrites: false, marksDone: true, isSynced: true }
    expect(push.asked).toEqual([
      asked,
      {
        ...asked,
        filePath: `/srv/pgdata/pg_wal/${NAME}`,
        compressAlgorithm: 'zlib',
        compressLevel: 3,
        overwrites: true,
        batchSize: 20,
        threads: 4,
        marksDone: false,
        isSynced: false,
        archiveTimeoutSeconds: 120,
      },
      { ...asked, compressAlgorithm: 'zlib' },
    ])
  })

  test('ends with 1 whatever fails, so that the server asks again', async () => {
    const handlers = { 'archiving.push': failing('wal.conflict') }
    const { status, err } = await runCli(['archive-push', ...ON_MAIN, `--wal-file-name=${NAME}`], {
      handlers,
    })
    expect({ status, err }).toEqual({ status: 1, err: expect.stringContaining('ERROR: no luck') })
  })

  test('wants the name of the file', async () => {
    const { status, err } = await runCli(['archive-push', ...ON_MAIN])
    expect({ status, err }).toEqual({ status: 1, err: expect.stringContaining('--wal-file-name=%f') })
  })
})

describe('archive-get', () => {
  const line = [...ON_MAIN, `--wal-file-name=${NAME}`, '--wal-file-path=pg_wal/RECOVERYXLOG']

  test('asks for what restore_command says', async () => {
    const get = recorder({ isPrefetched: false })
    const handlers = { 'archiving.get': get.handler }
    await runCli(['archive-get', ...line], { handlers })
    await runCli(
      [
        'archive-get',
        ...line,
        '--batch-size=8',
        '-j',
        '2',
        '--prefetch-dir=/fast/ahead',
        '--no-validate-wal',
      ],
      { handlers },
    )
    const asked = {
      ...REF,
      filePath: '/srv/pgdata/pg_wal/RECOVERYXLOG',
      batchSize: 1,
      threads: 1,
      isValidated: true,
    }
    expect(get.asked).toEqual([
      asked,
      { ...asked, batchSize: 8, threads: 2, prefetchDirectory: '/fast/ahead', isValidated: false },
    ])
  })

  test('wants to know where the file is to be', async () => {
    const { status, err } = await runCli(['archive-get', ...ON_MAIN, `--wal-file-name=${NAME}`])
    expect({ status, err }).toEqual({ status: 1, err: expect.stringContaining('--wal-file-path=%p') })
  })

  test('stops a recovery that cannot be told whether the archive goes on, and no standby', async () => {
    const scratch = await scratchDirectory('recovering')
    onTestFinished(() => scratch[Symbol.asyncDispose]())
    const place = (name: string): string => path.join(scratch.path, name)
    const statusOf = async (code: ErrorCode, words = line): Promise<number> => {
      const handlers = { 'archiving.get': failing(code) }
      return (await runCli(['archive-get', ...words], { handlers, workingDirectory: scratch.path })).status
    }
    expect(await statusOf('storage.failed')).toBe(1)
    writeFileSync(place('recovery.signal'), '')
    expect(await statusOf('wal.missing')).toBe(1)
    for (const code of ['storage.failed', 'wal.damaged', 'catalog.not-found'] as const)
      expect(await statusOf(code)).toBe(255)
    expect(await statusOf('wal.missing', [...line, '--no-such-option'])).toBe(255)
    writeFileSync(place('standby.signal'), '')
    expect(await statusOf('storage.failed')).toBe(1)
    rmSync(place('recovery.signal'))
    expect(await statusOf('storage.failed')).toBe(1)
  })
})

function failing(code: ErrorCode) {
  return async () => {
    throw new EngineError(code, 'no luck')
  }
}
