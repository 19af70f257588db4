import { mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parseLsn } from '../base/lsn.ts'
import { walSegmentName } from '../base/wal-segment.ts'
import { formatTimelineHistory } from '../format/timeline-history.ts'
import { leastCpuMs } from '../testing/cpu-time.ts'
import { madeBackup } from '../testing/made-catalog.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { arrangeWalArchive, findArchivedTimeline, findClosestBackup, readWalArchive } from './wal-archive.ts'

const MIB = 1 << 20
const SEGMENT = 16 * MIB
const call = { signal: new AbortController().signal }

const segment = (timeline: number, number: number | bigint): string =>
  walSegmentName({ timeline, number: BigInt(number) }, SEGMENT)
const history = (...entries: readonly (readonly [number, string])[]): string =>
  formatTimelineHistory(
    entries.map(([timeline, lsn]) => ({ timeline, switchLsn: parseLsn(lsn), reason: 'no recovery target' })),
  )

async function archive(files: Readonly<Record<string, string>>) {
  const scratch = await scratchDirectory('wal-archive')
  onTestFinished(() => scratch[Symbol.asyncDispose]())
  const directory = path.join(scratch.path, 'wal', 'main')
  mkdirSync(directory, { recursive: true })
  for (const [name, content] of Object.entries(files)) writeFileSync(path.join(directory, name), content)
  return { directory, read: () => readWalArchive(scratch.path, 'main', SEGMENT, call) }
}

/** An archive of files with ten bytes each. */
const filed = (...names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, '0123456789']))

describe('an archive', () => {
  test('sorts its files by timeline and segment, and says what each is', async () => {
    const { read } = await archive({
      ...filed(
        `${segment(2, 5)}.gz.partial`,
        `${segment(1, 4)}.gz`,
        segment(1, 3),
        `${segment(1, 3)}.00000028.backup`,
        `${segment(1, 5)}.gz.part`,
        `${segment(1, 5)}.partial`,
      ),
      '00000002.history': history([1, '0/4001000']),
    })
    const { timelines, unknownNames, problems } = await read()
    expect({ unknownNames, problems }).toEqual({ unknownNames: [], problems: [] })
    const [first, second] = timelines
    expect(first?.files.map(({ kind, isCompressed, number }) => [kind, isCompressed, number])).toEqual([
      ['segment', false, 3n],
      ['backup-history', false, 3n],
      ['segment', true, 4n],
      ['temporary', true, 5n],
      ['partial', false, 5n],
    ])
    expect(first).toMatchObject({
      timeline: 1,
      segments: { begin: 3n, end: 4n },
      segmentCount: 2,
      segmentBytesOnDisk: 20,
      lost: [],
      parent: undefined,
    })
    expect(second).toMatchObject({
      timeline: 2,
      segments: undefined,
      segmentCount: 0,
      parent: { timeline: 1, switchLsn: parseLsn('0/4001000') },
    })
    expect(second?.files).toMatchObject([{ kind: 'partial', isCompressed: true, sizeBytes: 10 }])
  })

  test('names every gap between its first and last segment, and none before or after', async () => {
    const { read } = await archive(filed(...[3, 4, 6, 9, 10].map((number) => segment(1, number))))
    expect((await read()).timelines[0]?.lost).toEqual([
      { begin: 5n, end: 5n },
      { begin: 7n, end: 8n },
    ])
  })

  test('sees no gap where the digits carry over', async () => {
    const { read } = await archive(filed(segment(1, 255), segment(1, 256), `${segment(1, 257)}.gz`))
    expect((await read()).timelines[0]).toMatchObject({ lost: [], segments: { begin: 255n, end: 257n } })
  })

  test('counts a segment twice that is there plain and compressed', async () => {
    const { read } = await archive(filed(segment(1, 3), `${segment(1, 3)}.gz`, segment(1, 4)))
    expect((await read()).timelines[0]).toMatchObject({
      segmentCount: 3,
      segmentBytesOnDisk: 30,
      lost: [],
    })
  })

  test('takes a partial or temporary segment for no segment', async () => {
    const { read } = await archive(
      filed(segment(1, 3), `${segment(1, 4)}.partial`, `${segment(1, 4)}.part`, segment(1, 5)),
    )
    expect((await read()).timelines[0]?.lost).toEqual([{ begin: 4n, end: 4n }])
  })

  test('names files that say nothing to it, and passes over hidden ones and directories', async () => {
    const { directory, read } = await archive(filed('notes.txt', '.hidden', '000000010000000000000100'))
    mkdirSync(path.join(directory, segment(1, 3)))
    expect(await read()).toMatchObject({
      timelines: [],
      unknownNames: ['000000010000000000000100', 'notes.txt'],
    })
  })

  test('passes over links that lead nowhere or in a circle', async () => {
    const { directory, read } = await archive(filed(segment(1, 3), segment(1, 5)))
    symlinkSync(segment(1, 4), path.join(directory, segment(1, 4)))
    symlinkSync('nowhere', path.join(directory, segment(1, 6)))
    expect((await read()).timelines).toMatchObject([{ segmentCount: 2, lost: [{ begin: 4n, end: 4n }] }])
  })

  test.each([
    ['is damaged', 'nonsense\n', /line 1/],
    ['is empty', '', /names no ancestor/],
    ['names itself', history([2, '0/4000000']), /names itself/],
  ])('says that a history %s and goes on without it', async (_, content, message) => {
    const { read } = await archive({ ...filed(segment(2, 4)), '00000002.history': content })
    const { timelines, problems } = await read()
    expect(timelines).toMatchObject([{ timeline: 2, history: undefined, parent: undefined }])
    expect(problems).toEqual([{ name: '00000002.history', message: expect.stringMatching(message) }])
  })

  test('knows a timeline that has only its history', async () => {
    const { read } = await archive({ '00000003.history': history([1, '0/1'], [2, '0/4000000']) })
    expect((await read()).timelines).toMatchObject([
      { timeline: 3, files: [], parent: { timeline: 2 }, history: [{ timeline: 1 }, { timeline: 2 }] },
    ])
  })

  test('may be a link to where the WAL is', async () => {
    const { directory, read } = await archive(filed(segment(1, 3)))
    renameSync(directory, `${directory}.real`)
    symlinkSync(`${directory}.real`, directory)
    expect((await read()).timelines[0]?.segmentCount).toBe(1)
  })

  test('that is not there is a failure and no empty archive', async () => {
    const { directory, read } = await archive({})
    rmSync(directory, { recursive: true })
    await expect(read()).rejects.toMatchObject({ code: 'storage.not-found' })
  })

  test('of a hundred thousand files is arranged within a second', async () => {
    const listed = Array.from({ length: 100_000 }, (_, at) => ({
      name: `${segment(1 + (at >> 15), 1000 + at)}.gz`,
      sizeBytes: 1,
      modifiedMs: 0,
    }))
    const arranged = () => arrangeWalArchive('/a', SEGMENT, listed, new Map())
    expect(await leastCpuMs(1000, arranged)).toBeLessThan(1000)
    const { timelines } = arranged()
    expect(timelines.map(({ segmentCount }) => segmentCount)).toEqual([32768, 32768, 32768, 1696])
    expect(timelines.every(({ lost }) => lost.length === 0)).toBe(true)
  })
})

test('a file that is not of the size of a segment is listed with the size that it has', async () => {
  const { directory, read } = await archive(filed(segment(1, 3)))
  truncateSync(path.join(directory, segment(1, 3)), SEGMENT)
  expect((await read()).timelines[0]).toMatchObject({ segmentBytesOnDisk: SEGMENT })
})

describe('the closest backup', () => {
  const files = {
    ...filed(segment(1, 3), segment(2, 6), segment(3, 9)),
    '00000002.history': history([1, '0/6000000']),
    '00000003.history': history([1, '0/6000000'], [2, '0/9000000']),
  }
  const early = madeBackup('TOTTEA', { timeline: 1, stopLsn: parseLsn('0/3000100') })
  const late = madeBackup('TOTTEB', { timeline: 1, stopLsn: parseLsn('0/5000100') })
  const after = madeBackup('TOTTEC', { timeline: 1, stopLsn: parseLsn('0/7000100') })
  const corrupt = madeBackup('TOTTED', { timeline: 1, stopLsn: parseLsn('0/5000200'), status: 'CORRUPT' })
  const onSecond = madeBackup('TOTTEE', { timeline: 2, stopLsn: parseLsn('0/8000100') })

  test('is the last sound one before the way branched off', async () => {
    const read = await (await archive(files)).read()
    expect(findClosestBackup(read, 2, [after, corrupt, late, early])).toBe(late)
  })

  test('is looked for on older timelines when the nearest has none', async () => {
    const read = await (await archive(files)).read()
    expect(findClosestBackup(read, 3, [late, early])).toBe(late)
    expect(findClosestBackup(read, 3, [onSecond, late, early])).toBe(onSecond)
  })

  test('is none for the first timeline, nor where nothing was finished in time', async () => {
    const read = await (await archive(files)).read()
    expect(findClosestBackup(read, 1, [early])).toBeUndefined()
    expect(findClosestBackup(read, 2, [after, corrupt, madeBackup('TOTTEF')])).toBeUndefined()
  })

  test('is none when the archive has nothing of the ancestor', async () => {
    const { directory, read } = await archive(files)
    rmSync(path.join(directory, segment(1, 3)))
    expect(findArchivedTimeline(await read(), 1)).toBeUndefined()
    expect(findClosestBackup(await read(), 2, [late])).toBeUndefined()
  })
})
