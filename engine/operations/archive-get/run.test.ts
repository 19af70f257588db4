import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, onTestFinished, test } from 'vitest'
import { logTo } from '../../base/log.ts'
import {
  type MadeArchive,
  madeControlFile,
  makeArchiveCatalog,
  UNWATCHED,
} from '../../testing/made-archive.ts'
import { type GetInput, getWal } from './run.ts'

type Form = '' | '.gz' | '.partial' | '.gz.partial'

const flip = (bytes: Buffer, at: number): Buffer => {
  const flipped = Buffer.from(bytes)
  flipped[at] = (flipped[at] ?? 0) ^ 1
  return flipped
}

/** An archive with so many segments, all in that form. */
async function setUp(count: number, form: Form = '.gz') {
  const made = await makeArchiveCatalog()
  onTestFinished(() => made[Symbol.asyncDispose]())
  const names = Array.from({ length: count }, () => made.addSegment())
  for (const name of names) store(made, name, form)
  return { made, names, name: names[0] ?? '' }
}

const original = (made: MadeArchive, name: string): Buffer => readFileSync(path.join(made.walDirectory, name))
const store = (made: MadeArchive, name: string, form: Form, bytes = original(made, name)): void =>
  writeFileSync(path.join(made.archive, name + form), form.startsWith('.gz') ? gzipSync(bytes) : bytes)
const targetOf = (made: MadeArchive): string => path.join(made.walDirectory, 'RECOVERYXLOG')
const prefetchOf = (made: MadeArchive): string => path.join(made.walDirectory, 'pbk_prefetch')
const prefetched = (made: MadeArchive): readonly string[] => readdirSync(prefetchOf(made)).toSorted()

const inputOf = (made: MadeArchive, fileName: string, change: Partial<GetInput> = {}): GetInput => ({
  catalog: made.catalog,
  instance: made.instance,
  fileName,
  filePath: targetOf(made),
  workingDirectory: made.dataDirectory,
  batchSize: 1,
  threads: 1,
  prefetchDirectory: undefined,
  isValidated: true,
  ...change,
})
const get = (made: MadeArchive, fileName: string, change?: Partial<GetInput>) =>
  getWal(inputOf(made, fileName, change), UNWATCHED)
const expectGot = (made: MadeArchive, name: string): void =>
  expect(readFileSync(targetOf(made)).equals(original(made, name))).toBe(true)

describe('a segment', () => {
  test.each<Form>(['', '.gz', '.partial', '.gz.partial'])(
    'is given from what is stored as "%s"',
    async (form) => {
      const { made, name } = await setUp(1, form)
      expect(await get(made, name)).toEqual({ isPrefetched: false })
      expectGot(made, name)
      expect(statSync(targetOf(made)).mode & 0o777).toBe(0o600)
    },
  )

  test('is taken compressed before plain, and whole before partial', async () => {
    const { made, name } = await setUp(1, '.gz')
    for (const form of ['', '.partial'] as const) store(made, name, form, Buffer.alloc(100))
    await get(made, name)
    expectGot(made, name)
    rmSync(path.join(made.archive, `${name}.gz`))
    store(made, name, '')
    await get(made, name)
    expectGot(made, name)
  })

  test.each<Form>(['.partial', '.gz.partial'])(
    'that is partial is filled up with zeros (%s)',
    async (form) => {
      const { made, name } = await setUp(1)
      rmSync(path.join(made.archive, `${name}.gz`))
      store(made, name, form, original(made, name).subarray(0, 10_000))
      await get(made, name)
      const got = readFileSync(targetOf(made))
      expect(got.length).toBe(made.wal.segmentBytes)
      expect(got.subarray(0, 10_000).equals(original(made, name).subarray(0, 10_000))).toBe(true)
      expect(got.subarray(10_000).every((byte) => byte === 0)).toBe(true)
    },
  )

  test.each<Form>(['.partial', '.gz.partial'])(
    'that is partial is not given where the server has more of it (%s)',
    async (form) => {
      const { made, name } = await setUp(1)
      rmSync(path.join(made.archive, `${name}.gz`))
      store(made, name, form, original(made, name).subarray(0, 600))
      const own = path.join(made.dataDirectory, 'pg_wal', name)
      mkdirSync(path.dirname(own), { recursive: true })
      writeFileSync(own, original(made, name))
      await expect(get(made, name)).rejects.toMatchObject({ code: 'wal.missing' })
      expect(existsSync(targetOf(made))).toBe(false)
      writeFileSync(own, original(made, name).fill(0, 500))
      await get(made, name)
      expect(statSync(targetOf(made)).size).toBe(made.wal.segmentBytes)
    },
  )

  test('that is partial is that of our receiver before what another one left packed', async () => {
    const { made, name } = await setUp(1)
    rmSync(path.join(made.archive, `${name}.gz`))
    const bytes = original(made, name)
    store(made, name, '.gz.partial', bytes.subarray(0, 600))
    store(made, name, '.partial')
    rmSync(path.join(made.dataDirectory, 'pg_wal', name))
    await get(made, name)
    expect(readFileSync(targetOf(made)).equals(bytes)).toBe(true)
  })

  test('that is partial is the one that goes further, whichever form that has', async () => {
    const { made, name } = await setUp(1)
    rmSync(path.join(made.archive, `${name}.gz`))
    const bytes = original(made, name)
    store(made, name, '.partial', bytes.subarray(0, 600))
    store(made, name, '.gz.partial')
    rmSync(path.join(made.dataDirectory, 'pg_wal', name))
    await get(made, name)
    expect(readFileSync(targetOf(made)).equals(bytes)).toBe(true)
    // What cannot be unpacked does not hide the other one.
    writeFileSync(path.join(made.archive, `${name}.gz.partial`), 'not packed')
    await get(made, name)
    expect(readFileSync(targetOf(made)).subarray(0, 600).equals(bytes.subarray(0, 600))).toBe(true)
    expect(
      readFileSync(targetOf(made))
        .subarray(600)
        .every((byte) => byte === 0),
    ).toBe(true)
  })

  test('that is partial and packed may be cut off', async () => {
    const { made, name } = await setUp(1)
    const packed = gzipSync(original(made, name))
    rmSync(path.join(made.archive, `${name}.gz`))
    writeFileSync(path.join(made.archive, `${name}.gz.partial`), packed.subarray(0, -12))
    await get(made, name)
    expect(statSync(targetOf(made)).size).toBe(made.wal.segmentBytes)
    expect(readFileSync(targetOf(made)).subarray(0, 512)).toEqual(original(made, name).subarray(0, 512))
  })

  test('replaces what is at its place', async () => {
    const { made, name } = await setUp(1)
    writeFileSync(targetOf(made), Buffer.alloc(3 << 20))
    await get(made, name)
    expectGot(made, name)
  })

  test('is taken in another form when the first is damaged', async () => {
    const { made, name } = await setUp(1, '')
    const packed = gzipSync(original(made, name))
    writeFileSync(path.join(made.archive, `${name}.gz`), packed.subarray(0, packed.length - 9))
    await get(made, name)
    expectGot(made, name)
  })
})

describe('what is not given', () => {
  const expectNothing = async (made: MadeArchive, name: string, code: string): Promise<void> => {
    await expect(get(made, name)).rejects.toMatchObject({ code })
    expect(existsSync(targetOf(made))).toBe(false)
  }

  test('a file that the archive has not: at once, as the end of the archive', async () => {
    const { made, name } = await setUp(1)
    const lines: string[] = []
    const log = logTo(({ message }) => lines.push(message))
    for (const missing of ['00000002.history', name.replace(/.$/, '9')])
      await expect(getWal(inputOf(made, missing), { ...UNWATCHED, log })).rejects.toMatchObject({
        code: 'wal.missing',
      })
    expect(existsSync(targetOf(made))).toBe(false)
    // Another attempt would be told of.
    expect(lines).toEqual([])
  })

  test('a history is never looked for in another form', async () => {
    const { made } = await setUp(0)
    writeFileSync(path.join(made.archive, '00000002.history.gz'), gzipSync('1\t0/1000000\tx\n'))
    await expectNothing(made, '00000002.history', 'wal.missing')
    writeFileSync(path.join(made.archive, '00000002.history'), '1\t0/1000000\tx\n')
    await get(made, '00000002.history')
    expect(readFileSync(targetOf(made), 'utf8')).toBe('1\t0/1000000\tx\n')
  })

  test('an archive that is not there is no end of one', async () => {
    const { made, name } = await setUp(1)
    renameSync(made.archive, `${made.archive}.away`)
    await expectNothing(made, name, 'storage.not-found')
  })

  test.each([
    ['cut off', (bytes: Buffer) => bytes.subarray(0, 500_000)],
    ['too long', (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(1)])],
    ['zeros', (bytes: Buffer) => Buffer.alloc(bytes.length)],
    ['empty', () => Buffer.alloc(0)],
  ])('a segment that is %s', async (_, change) => {
    const inForm = async (form: Form): Promise<void> => {
      const { made, name } = await setUp(1, form)
      store(made, name, form, change(original(made, name)))
      await expectNothing(made, name, 'wal.damaged')
    }
    // Together, for each waits between its attempts.
    await Promise.all([inForm(''), inForm('.gz')])
  })

  test.each<Form>(['', '.gz', '.partial'])(
    'a pipe under the name "%s", without waiting for it',
    async (form) => {
      const { made, name } = await setUp(1, '.gz.partial')
      rmSync(path.join(made.archive, `${name}.gz.partial`))
      execFileSync('mkfifo', [path.join(made.archive, name + form)])
      await expectNothing(made, name, 'wal.damaged')
      store(made, name, '.gz.partial')
      await get(made, name)
      expectGot(made, name)
    },
  )

  test('a segment that cannot be unpacked, after three attempts', async () => {
    const { made, name } = await setUp(1)
    const file = path.join(made.archive, `${name}.gz`)
    const packed = readFileSync(file)
    packed[packed.length - 6] = (packed[packed.length - 6] ?? 0) ^ 1
    writeFileSync(file, packed)
    const lines: string[] = []
    const log = logTo(({ message }) => lines.push(message))
    await expect(getWal(inputOf(made, name), { ...UNWATCHED, log })).rejects.toMatchObject({
      code: 'wal.damaged',
    })
    expect(lines.map((line) => line.slice(0, 9))).toEqual(['attempt 1', 'attempt 2'])
    expect(existsSync(targetOf(made))).toBe(false)
  })

  test('a segment of another cluster, and any segment to another cluster', async () => {
    const { made, name } = await setUp(1)
    const bytes = original(made, name)
    bytes.writeBigUInt64LE(1n, 24)
    store(made, name, '.gz', bytes)
    await expectNothing(made, name, 'instance.identity-mismatch')
    store(made, name, '.gz')
    const control = path.join(made.dataDirectory, 'global', 'pg_control')
    writeFileSync(control, madeControlFile({ systemIdentifier: 1n, segmentBytes: made.wal.segmentBytes }))
    await expectNothing(made, name, 'instance.identity-mismatch')
  })
})

describe('fetching ahead', () => {
  test('copies a batch at once and gives the rest of it by renaming', async () => {
    const { made, names } = await setUp(6)
    const change = { batchSize: 4, threads: 3 }
    const [first = '', second = '', third = '', fourth = ''] = names
    expect(await get(made, first, change)).toEqual({ isPrefetched: true })
    expectGot(made, first)
    expect(prefetched(made)).toEqual([second, third, fourth])
    for (const name of [first, second, third]) rmSync(path.join(made.archive, `${name}.gz`))
    for (const name of [second, third]) {
      expect(await get(made, name, change)).toEqual({ isPrefetched: true })
      expectGot(made, name)
    }
    expect(prefetched(made)).toEqual([fourth])
    expect(await get(made, fourth, change)).toEqual({ isPrefetched: true })
    expect(prefetched(made)).toEqual(names.slice(4))
  })

  test('does not rely on a segment that nothing follows', async () => {
    const { made, names } = await setUp(2)
    const last = names[1] ?? ''
    expect(await get(made, last, { batchSize: 4 })).toEqual({ isPrefetched: false })
    expectGot(made, last)
    expect(await get(made, last, { batchSize: 4, isValidated: false })).toEqual({ isPrefetched: true })
    expectGot(made, last)
  })

  test('does not use a segment whose records cannot be read, and takes the one of the archive', async () => {
    const { made, names } = await setUp(4)
    const [first = '', second = ''] = names
    await get(made, first, { batchSize: 3 })
    const file = path.join(prefetchOf(made), second)
    const bytes = readFileSync(file)
    bytes[100] = (bytes[100] ?? 0) ^ 1
    writeFileSync(file, bytes)
    expect(await get(made, second, { batchSize: 3 })).toEqual({ isPrefetched: false })
    expectGot(made, second)
  })

  test.each([
    ['in its last record', (bytes: Buffer) => flip(bytes, 1100)],
    ['cut off behind its last record', (bytes: Buffer) => bytes.subarray(0, 500_000)],
    ['longer than a segment', (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(8192)])],
    ['of another cluster', (bytes: Buffer) => flip(bytes, 24)],
    ['of another place', (bytes: Buffer) => flip(bytes, 13)],
  ])('does not use a segment that is damaged there: %s', async (_, change) => {
    const { made, names } = await setUp(4)
    const [first = '', second = ''] = names
    await get(made, first, { batchSize: 3 })
    const file = path.join(prefetchOf(made), second)
    writeFileSync(file, change(readFileSync(file)))
    expect(await get(made, second, { batchSize: 3 })).toEqual({ isPrefetched: false })
    expectGot(made, second)
  })

  test('reads a record on into the next segment', async () => {
    const { made } = await setUp(0)
    made.wal.append({ mainData: new Uint8Array(1_500_000).fill(7) })
    const name = made.wal.nameOf(1n)
    const next = made.addSegment()
    made.addSegment()
    writeFileSync(path.join(made.walDirectory, name), made.wal.segments.get(1n) ?? '')
    for (const one of readdirSync(made.walDirectory).filter((file) => file.startsWith('0000')))
      store(made, one, '.gz')
    expect(await get(made, name, { batchSize: 2 })).toEqual({ isPrefetched: true })
    expectGot(made, name)

    rmSync(prefetchOf(made), { recursive: true })
    await get(made, name, { batchSize: 2 })
    const file = path.join(prefetchOf(made), next)
    writeFileSync(path.join(prefetchOf(made), name), original(made, name))
    writeFileSync(file, flip(readFileSync(file), 9000))
    expect(await get(made, name, { batchSize: 2 })).toEqual({ isPrefetched: false })
    expectGot(made, name)
  })

  test('uses it unread when that was asked for', async () => {
    const { made, names } = await setUp(4)
    const [first = '', second = ''] = names
    await get(made, first, { batchSize: 3 })
    const bytes = readFileSync(path.join(prefetchOf(made), second))
    bytes[100] = (bytes[100] ?? 0) ^ 1
    writeFileSync(path.join(prefetchOf(made), second), bytes)
    await get(made, second, { batchSize: 3, isValidated: false })
    expect(readFileSync(targetOf(made)).equals(bytes)).toBe(true)
  })

  test('drops what lies before the segment, and what was left half written', async () => {
    const { made, names } = await setUp(6)
    mkdirSync(prefetchOf(made))
    for (const name of [names[0] ?? '', names[4] ?? ''])
      copyFileSync(path.join(made.walDirectory, name), path.join(prefetchOf(made), name))
    writeFileSync(path.join(prefetchOf(made), `${names[3]}.part`), 'half')
    await get(made, names[2] ?? '', { batchSize: 2 })
    expect(prefetched(made)).toEqual([names[3], names[4]])
  })

  test('takes the directory that it is told', async () => {
    const { made, names } = await setUp(3)
    const prefetchDirectory = path.join(made.dataDirectory, 'ahead')
    await get(made, names[0] ?? '', { batchSize: 2, prefetchDirectory })
    expect(readdirSync(prefetchDirectory)).toEqual([names[1]])
    expect(existsSync(prefetchOf(made))).toBe(false)
  })

  test('that is not possible leaves the segment to be fetched by itself', async () => {
    const { made, name } = await setUp(3)
    writeFileSync(prefetchOf(made), 'no directory')
    expect(await get(made, name, { batchSize: 2 })).toEqual({ isPrefetched: false })
    expectGot(made, name)
  })
})

describe('a size that no segment has', () => {
  const bare = async (form: Form) => {
    const { made, name } = await setUp(1, form)
    rmSync(path.join(made.dataDirectory, 'global'), { recursive: true })
    const config = path.join(made.catalog, 'backups', 'main', 'pg_probackup.conf')
    const text = readFileSync(config, 'utf8')
    const write = (line: string): void => writeFileSync(config, text.replace(/xlog-seg-size = .*/, line))
    return { made, name, write }
  }

  test.each([
    ['xlog-seg-size = 0', 'has the xlog-seg-size 0'],
    ['xlog-seg-size = 1000', 'has the xlog-seg-size 1000'],
  ])('is refused with what to put back (%s)', async (line, message) => {
    const { made, name, write } = await bare('')
    write(line)
    await expect(get(made, name)).rejects.toMatchObject({
      code: 'value.malformed',
      message: expect.stringContaining(message),
      hint: expect.stringContaining('xlog-seg-size = 16777216'),
    })
    expect(existsSync(targetOf(made))).toBe(false)
  })

  test('is not looked at for a history, and the one that was saved is enough', async () => {
    const { made, name, write } = await bare('')
    expect(await get(made, name)).toEqual({ isPrefetched: false })
    write('xlog-seg-size = 0')
    writeFileSync(path.join(made.archive, '00000002.history'), '1\t0/3000000\tno reason\n')
    expect(await get(made, '00000002.history')).toEqual({ isPrefetched: false })
  })
})
