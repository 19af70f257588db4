import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  type MadeArchive,
  madeControlFile,
  makeArchiveCatalog,
  UNWATCHED,
} from '../../testing/made-archive.ts'
import { type PushInput, pushWal } from './run.ts'

async function setUp(): Promise<MadeArchive> {
  const made = await makeArchiveCatalog()
  onTestFinished(() => made[Symbol.asyncDispose]())
  return made
}

const inputOf = (made: MadeArchive, fileName: string, change: Partial<PushInput> = {}): PushInput => ({
  catalog: made.catalog,
  instance: made.instance,
  fileName,
  filePath: path.join(made.walDirectory, fileName),
  workingDirectory: made.dataDirectory,
  batchSize: 1,
  threads: 1,
  compressAlgorithm: undefined,
  compressLevel: undefined,
  overwrites: false,
  marksDone: true,
  isSynced: true,
  archiveTimeoutSeconds: undefined,
  ...change,
})
const push = (made: MadeArchive, fileName: string, change?: Partial<PushInput>) =>
  pushWal(inputOf(made, fileName, change), UNWATCHED)
const archived = (made: MadeArchive, name: string): Buffer => readFileSync(path.join(made.archive, name))
const original = (made: MadeArchive, name: string): Buffer => readFileSync(path.join(made.walDirectory, name))
const listed = (made: MadeArchive): readonly string[] => readdirSync(made.archive).toSorted()
const statuses = (made: MadeArchive): readonly string[] =>
  readdirSync(path.join(made.walDirectory, 'archive_status')).toSorted()

describe('a push', () => {
  test('brings a segment into the archive as it is, readable by its owner alone', async () => {
    const made = await setUp()
    const name = made.addSegment()
    expect(await push(made, name)).toEqual({ pushedCount: 1, skippedCount: 0 })
    expect(listed(made)).toEqual([name])
    expect(archived(made, name).equals(original(made, name))).toBe(true)
    expect(statSync(path.join(made.archive, name)).mode & 0o777).toBe(0o600)
    // The server renames the one that it asked for.
    expect(statuses(made)).toEqual([`${name}.ready`])
  })

  test('compresses segments and nothing else, as asked or as saved', async () => {
    const made = await setUp()
    made.configure('compress-algorithm = zlib', 'compress-level = 9')
    const [first, second] = [made.addSegment(), made.addSegment()]
    const notes = `${first}.00000028.backup`
    writeFileSync(path.join(made.walDirectory, notes), 'START WAL LOCATION')
    for (const name of [first, notes]) await push(made, name)
    await push(made, second, { compressAlgorithm: 'none' })
    expect(listed(made)).toEqual([notes, `${first}.gz`, second])
    expect(gunzipSync(archived(made, `${first}.gz`)).equals(original(made, first))).toBe(true)
    expect(archived(made, notes).toString()).toBe('START WAL LOCATION')
  })

  test.each(['none', 'zlib'])(
    'of what the archive has in either form already is skipped (%s)',
    async (now) => {
      for (const before of ['none', 'zlib']) {
        const made = await setUp()
        const name = made.addSegment()
        await push(made, name, { compressAlgorithm: before })
        expect(await push(made, name, { compressAlgorithm: now })).toEqual({
          pushedCount: 0,
          skippedCount: 1,
        })
        expect(listed(made)).toEqual([before === 'zlib' ? `${name}.gz` : name])
      }
    },
  )

  test.each([
    ['plain', 'none', 'none'],
    ['compressed', 'zlib', 'zlib'],
    ['plain, where it would be compressed', 'none', 'zlib'],
    ['compressed, where it would be plain', 'zlib', 'none'],
  ])('never replaces another segment that is there %s', async (_, before, now) => {
    const made = await setUp()
    const name = made.addSegment()
    await push(made, name, { compressAlgorithm: before })
    const there = listed(made)
    const bytes = archived(made, there[0] ?? '')
    const changed = original(made, name)
    changed[1_000_000] = 1
    writeFileSync(path.join(made.walDirectory, name), changed)

    await expect(push(made, name, { compressAlgorithm: now })).rejects.toMatchObject({ code: 'wal.conflict' })
    expect(listed(made)).toEqual(there)
    expect(archived(made, there[0] ?? '').equals(bytes)).toBe(true)

    expect(await push(made, name, { compressAlgorithm: now, overwrites: true })).toMatchObject({
      pushedCount: 1,
    })
    expect(listed(made)).toEqual([now === 'zlib' ? `${name}.gz` : name])
    const stored = archived(made, listed(made)[0] ?? '')
    expect((now === 'zlib' ? gunzipSync(stored) : stored).equals(changed)).toBe(true)
  })

  test('takes a damaged or longer file of the archive for another one', async () => {
    const made = await setUp()
    const name = made.addSegment()
    const packed = gzipSync(original(made, name))
    const file = path.join(made.archive, `${name}.gz`)
    for (const bytes of [packed.subarray(0, 100), Buffer.alloc(50), gzipSync(Buffer.alloc(2 << 20))]) {
      writeFileSync(file, bytes)
      await expect(push(made, name, { compressAlgorithm: 'zlib' })).rejects.toMatchObject({
        code: 'wal.conflict',
      })
    }
  })

  test('takes a pipe of that name for a damaged one, and does not wait for who writes to it', async () => {
    const made = await setUp()
    const name = made.addSegment()
    execFileSync('mkfifo', [path.join(made.archive, name)])
    await expect(push(made, name)).rejects.toMatchObject({ code: 'wal.conflict' })
    expect(listed(made)).toEqual([name])
    await push(made, name, { overwrites: true })
    expect(archived(made, name).equals(original(made, name))).toBe(true)
  })
})

describe('what a push refuses', () => {
  test('WAL of another cluster, by its control file', async () => {
    const made = await setUp()
    const name = made.addSegment()
    writeFileSync(
      path.join(made.dataDirectory, 'global', 'pg_control'),
      madeControlFile({ systemIdentifier: 1n, segmentBytes: made.wal.segmentBytes }),
    )
    await expect(push(made, name)).rejects.toMatchObject({ code: 'instance.identity-mismatch' })
    await expect(push(made, name, { filePath: undefined })).rejects.toMatchObject({
      code: 'instance.identity-mismatch',
    })
    expect(listed(made)).toEqual([])
  })

  test('a segment of another cluster, by the segment itself', async () => {
    const made = await setUp()
    const name = made.addSegment()
    const bytes = original(made, name)
    bytes.writeBigUInt64LE(1n, 24)
    writeFileSync(path.join(made.walDirectory, name), bytes)
    await expect(push(made, name)).rejects.toMatchObject({ code: 'instance.identity-mismatch' })
  })

  test('a segment that is cut off, empty, or another one than its name says', async () => {
    const made = await setUp()
    const [first, second] = [made.addSegment(), made.addSegment()]
    truncateSync(path.join(made.walDirectory, first), made.wal.segmentBytes - 1)
    await expect(push(made, first)).rejects.toMatchObject({ code: 'wal.damaged' })
    writeFileSync(path.join(made.walDirectory, first), new Uint8Array(made.wal.segmentBytes))
    await expect(push(made, first)).rejects.toMatchObject({ code: 'wal.damaged' })
    renameSync(path.join(made.walDirectory, second), path.join(made.walDirectory, first))
    await expect(push(made, first)).rejects.toMatchObject({ code: 'wal.damaged' })
    expect(listed(made)).toEqual([])
  })

  test('a name that is none of WAL, and an algorithm that archive-get cannot read', async () => {
    const made = await setUp()
    const name = made.addSegment()
    await expect(push(made, '../x')).rejects.toMatchObject({ code: 'usage.invalid' })
    await expect(push(made, `${name}.gz`)).rejects.toMatchObject({ code: 'usage.invalid' })
    made.configure('compress-algorithm = pglz')
    await expect(push(made, name)).rejects.toMatchObject({ code: 'usage.invalid' })
  })

  test('a file that is not there, and leaves nothing behind', async () => {
    const made = await setUp()
    made.addSegment()
    await expect(push(made, '00000002.history')).rejects.toMatchObject({ code: 'storage.not-found' })
    expect(listed(made)).toEqual([])
  })

  test('a working directory that is of no server', async () => {
    const made = await setUp()
    const name = made.addSegment()
    rmSync(path.join(made.dataDirectory, 'global', 'pg_control'))
    await expect(push(made, name, { filePath: undefined })).rejects.toMatchObject({
      code: 'storage.not-found',
    })
  })
})

describe('where a push comes from', () => {
  test('the registered data directory is known through links, wherever it is called', async () => {
    const made = await setUp()
    const name = made.addSegment()
    const link = `${made.dataDirectory}-link`
    symlinkSync(made.dataDirectory, link)
    made.configure(`pgdata = ${made.dataDirectory}`)
    const elsewhere = path.join(made.catalog, '..')
    const filePath = path.join(link, 'pg_wal', name)
    expect(await push(made, name, { filePath, workingDirectory: elsewhere })).toMatchObject({
      pushedCount: 1,
    })
  })

  test('a directory of no server is taken one file at a time, and its status files are left alone', async () => {
    const made = await setUp()
    const [first, second] = [made.addSegment(), made.addSegment()]
    rmSync(path.join(made.dataDirectory, 'global', 'pg_control'))
    expect(await push(made, first, { batchSize: 5, threads: 4 })).toEqual({ pushedCount: 1, skippedCount: 0 })
    expect(listed(made)).toEqual([first])
    expect(statuses(made)).toEqual([`${first}.ready`, `${second}.ready`])
  })
})

describe('a batch', () => {
  test('archives what is ready and tells the server of all but the one it asked for', async () => {
    const made = await setUp()
    const names = Array.from({ length: 6 }, () => made.addSegment())
    const [first = '', ...others] = names
    const change = { batchSize: 4, threads: 3, compressAlgorithm: 'zlib' }
    expect(await push(made, first, change)).toEqual({ pushedCount: 4, skippedCount: 0 })
    expect(listed(made)).toEqual(names.slice(0, 4).map((name) => `${name}.gz`))
    expect(statuses(made)).toEqual(
      [first, ...others].map((name, at) => `${name}.${at > 0 && at < 4 ? 'done' : 'ready'}`),
    )
  })

  test('tells the server nothing when it is not to', async () => {
    const made = await setUp()
    const [first, second] = [made.addSegment(), made.addSegment()]
    await push(made, first, { batchSize: 4, marksDone: false })
    expect(listed(made)).toEqual([first, second])
    expect(statuses(made)).toEqual([`${first}.ready`, `${second}.ready`])
  })

  test.each([1, 4])(
    'that fails in the middle has archived a beginning without gaps (%i threads)',
    async (threads) => {
      const made = await setUp()
      const names = Array.from({ length: 6 }, () => made.addSegment())
      truncateSync(path.join(made.walDirectory, names[2] ?? ''), 100)
      await expect(push(made, names[0] ?? '', { batchSize: 6, threads })).rejects.toMatchObject({
        code: 'wal.damaged',
      })
      expect(listed(made)).toEqual(names.slice(0, 2))
      expect(statuses(made).filter((name) => name.endsWith('.done'))).toEqual([`${names[1]}.done`])
    },
  )

  test('does not fail when the server has taken back what was ready', async () => {
    const made = await setUp()
    const [first, second] = [made.addSegment(), made.addSegment()]
    const status = path.join(made.walDirectory, 'archive_status')
    chmodSync(status, 0o700)
    mkdirSync(path.join(status, `${second}.done`))
    writeFileSync(path.join(status, `${second}.done`, 'in the way'), '')
    expect(await push(made, first, { batchSize: 2 })).toMatchObject({ pushedCount: 2 })
  })
})

describe('a file that is being written already', () => {
  const part = (made: MadeArchive, name: string): string => path.join(made.archive, `${name}.part`)

  test('was left behind when it does not grow, and is replaced', async () => {
    const made = await setUp()
    const name = made.addSegment()
    writeFileSync(part(made, name), 'left behind')
    const begun = performance.now()
    expect(await push(made, name)).toMatchObject({ pushedCount: 1 })
    expect(performance.now() - begun).toBeGreaterThan(900)
    expect(listed(made)).toEqual([name])
    expect(archived(made, name).equals(original(made, name))).toBe(true)
  })

  test('is left to whom it belongs when it grows', async () => {
    const made = await setUp()
    const name = made.addSegment()
    writeFileSync(part(made, name), 'another')
    const growing = setInterval(() => appendFileSync(part(made, name), ' grows'), 50)
    onTestFinished(() => clearInterval(growing))
    await expect(push(made, name, { archiveTimeoutSeconds: 0.5 })).rejects.toMatchObject({
      code: 'run.timeout',
    })
    expect(existsSync(part(made, name))).toBe(true)
    expect(existsSync(path.join(made.archive, name))).toBe(false)
  })

  test('is waited for when it vanishes in time', async () => {
    const made = await setUp()
    const name = made.addSegment()
    writeFileSync(part(made, name), 'another')
    setTimeout(() => {
      writeFileSync(part(made, name), original(made, name))
      renameSync(part(made, name), path.join(made.archive, name))
    }, 200)
    expect(await push(made, name, { archiveTimeoutSeconds: 30 })).toEqual({ pushedCount: 0, skippedCount: 1 })
  })

  test('is only its own form: a plain one does not hold up a compressed one', async () => {
    const made = await setUp()
    const name = made.addSegment()
    writeFileSync(part(made, name), 'another')
    expect(await push(made, name, { compressAlgorithm: 'zlib' })).toMatchObject({ pushedCount: 1 })
    expect(listed(made)).toEqual([`${name}.gz`, `${name}.part`])
  })

  test('ends a push that is stopped meanwhile', async () => {
    const made = await setUp()
    const name = made.addSegment()
    writeFileSync(part(made, name), 'another')
    const stop = new AbortController()
    const pushed = pushWal(inputOf(made, name, { archiveTimeoutSeconds: 30 }), {
      ...UNWATCHED,
      signal: stop.signal,
    })
    setTimeout(() => stop.abort(new Error('stopped')), 100)
    await expect(pushed).rejects.toThrow('stopped')
  })
})

test('a file of no server is not pushed where no segment has the size that was saved', async () => {
  const made = await setUp()
  const name = made.addSegment()
  rmSync(path.join(made.dataDirectory, 'global'), { recursive: true })
  expect(await push(made, name)).toMatchObject({ pushedCount: 1 })
  const config = path.join(made.catalog, 'backups', 'main', 'pg_probackup.conf')
  writeFileSync(config, readFileSync(config, 'utf8').replace(/xlog-seg-size = .*/, 'xlog-seg-size = 0'))
  await expect(push(made, made.addSegment())).rejects.toMatchObject({
    code: 'value.malformed',
    hint: expect.stringContaining('pg_controldata'),
  })
  expect(listed(made)).toEqual([name])
})
