import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import { logTo } from '../../base/log.ts'
import type { Progress } from '../../base/progress.ts'
import { readWalArchive } from '../../catalog/wal-archive.ts'
import { type MadeArchive, makeArchiveCatalog, UNWATCHED } from '../../testing/made-archive.ts'
import { copyWal } from './copy-wal.ts'
import type { RestoreFacts, RestoreInput } from './restore-facts.ts'
import type { WalCopy } from './wal-copy.ts'

const HISTORY = '1\t0/180000\tno recovery target specified\n'

/** Three segments as `.gz`, plain and `.partial`, a history, and a restored cluster without WAL. */
async function setUp() {
  const made = await makeArchiveCatalog()
  onTestFinished(() => made[Symbol.asyncDispose]())
  const names = [made.addSegment(), made.addSegment(), made.addSegment()] as const
  writeFileSync(path.join(made.archive, `${names[0]}.gz`), gzipSync(original(made, names[0])))
  writeFileSync(path.join(made.archive, names[1]), original(made, names[1]))
  const filled = original(made, names[2])
  const held = filled.subarray(0, filled.findLastIndex((byte) => byte !== 0) + 1)
  writeFileSync(path.join(made.archive, `${names[2]}.partial`), held)
  writeFileSync(path.join(made.archive, '00000002.history'), HISTORY)
  const dataDirectory = path.join(made.catalog, '..', 'restored')
  const target = path.join(dataDirectory, 'pg_wal')
  mkdirSync(target, { recursive: true })
  return { made, names, dataDirectory, target }
}

const original = (made: MadeArchive, name: string): Buffer => readFileSync(path.join(made.walDirectory, name))

type World = Awaited<ReturnType<typeof setUp>>

async function copyAll(
  { made, names, dataDirectory }: World,
  given: { readonly isForced?: boolean; readonly run?: Partial<typeof UNWATCHED> } = {},
): Promise<void> {
  const run = { ...UNWATCHED, ...given.run }
  const archive = await readWalArchive(made.catalog, made.instance, made.wal.segmentBytes, run)
  const copy = { segments: names, histories: ['00000002.history'] } as unknown as WalCopy
  const facts = {
    chain: [],
    systemIdentifier: String(made.wal.systemIdentifier),
    walSource: { archive, path: [] },
  } as unknown as RestoreFacts
  const input = { dataDirectory, threads: 2, isForced: given.isForced ?? false } as RestoreInput
  await copyWal(copy, { input, facts, owner: undefined, run })
}

const namesIn = (directory: string): readonly string[] => readdirSync(directory).toSorted()

test('WAL is copied in full size from every form, with histories, each marked as archived', async () => {
  const world = await setUp()
  const { made, names, target } = world
  const reports: Progress[] = []
  await copyAll(world, { run: { report: (progress) => reports.push(progress) } })
  for (const name of names)
    expect(readFileSync(path.join(target, name)).equals(original(made, name))).toBe(true)
  expect(readFileSync(path.join(target, '00000002.history'), 'utf8')).toBe(HISTORY)
  const copied = [...names, '00000002.history'].toSorted()
  expect(namesIn(target)).toEqual([...copied, 'archive_status'])
  expect(namesIn(path.join(target, 'archive_status'))).toEqual(copied.map((name) => `${name}.done`))
  const whole = 3 * made.wal.segmentBytes
  expect(reports.at(-1)).toMatchObject({
    phase: 'copy-wal',
    doneBytes: whole,
    totalBytes: whole,
    doneFiles: 4,
    totalFiles: 4,
  })
})

test('what the backup has of a segment stays where the archive has less, and else gives way', async () => {
  const world = await setUp()
  const { made, names, target } = world
  const [first, , last] = names
  writeFileSync(path.join(made.archive, `${last}.partial`), original(made, last).subarray(0, 600))
  writeFileSync(path.join(target, last), original(made, last))
  writeFileSync(path.join(target, first), Buffer.alloc(made.wal.segmentBytes))
  await copyAll(world)
  for (const name of [first, last])
    expect(readFileSync(path.join(target, name)).equals(original(made, name))).toBe(true)
})

test('a segment that is damaged or gone ends it without half a file, and is passed over when that is forced', async () => {
  const world = await setUp()
  const { made, names, target } = world
  const [first, second] = names
  const file = path.join(made.archive, `${first}.gz`)
  writeFileSync(file, readFileSync(file).subarray(0, 1000))
  await expect(copyAll(world)).rejects.toMatchObject({ code: 'wal.damaged' })
  rmSync(file)
  await expect(copyAll(world)).rejects.toMatchObject({ code: 'wal.missing' })
  expect(namesIn(target).filter((name) => name.startsWith(first))).toEqual([])
  const lines: string[] = []
  await copyAll(world, { isForced: true, run: { log: logTo(({ message }) => lines.push(message)) } })
  expect(lines).toEqual([expect.stringContaining(`${first} is not copied, as was forced`)])
  expect(namesIn(target)).not.toContain(first)
  expect(namesIn(target)).toContain(second)
})

test('a segment of another cluster is refused, forced or not', async () => {
  const world = await setUp()
  const { made, names } = world
  const bytes = original(made, names[1])
  bytes.writeBigUInt64LE(1n, 24)
  writeFileSync(path.join(made.archive, names[1]), bytes)
  await expect(copyAll(world, { isForced: true })).rejects.toMatchObject({
    code: 'instance.identity-mismatch',
  })
})
