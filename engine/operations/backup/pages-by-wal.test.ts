import { readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { assert } from '../../base/assert.ts'
import { type Lsn, lsnFromBigint, parseLsn } from '../../base/lsn.ts'
import { parseBackupControl } from '../../format/backup-control.ts'
import { parseContentList } from '../../format/content-list.ts'
import { storedBlocks } from '../../format/page-blocks.ts'
import type { ChangedPages } from '../../format/page-map.ts'
import { unpackFixture, whyNoFixture } from '../../testing/fixtures.ts'
import { MadeWal } from '../../testing/made-wal.ts'
import { scratchDirectory } from '../../testing/scratch.ts'
import { intervalsBetween, readChangedPages } from './pages-by-wal.ts'

const MIB = 1 << 20
const VERSION = 'PG_15_202209061'
const TABLE = [1663, 5, 16384] as const
const OTHER = [1663, 5, 16390] as const
const RMGR_SMGR = 2
const RMGR_DBASE = 4

describe('the way from one backup to the next', () => {
  const history = [
    { timeline: 1, switchLsn: parseLsn('0/3000100'), reason: '' },
    { timeline: 2, switchLsn: parseLsn('0/5000200'), reason: '' },
  ]
  const at = (timeline: number, lsn: string) => ({ timeline, startLsn: parseLsn(lsn) })
  const between = (...[from, to]: readonly [ReturnType<typeof at>, ReturnType<typeof at>]) =>
    intervalsBetween(history, from, to).map(({ timeline, start, stop }) => [timeline, start, stop])

  test('stays on one timeline when both are of it', () => {
    expect(between(at(3, '0/6000028'), at(3, '0/7000028'))).toEqual([
      [3, parseLsn('0/6000028'), parseLsn('0/7000028')],
    ])
  })

  test('leaves each timeline where the next one begins', () => {
    expect(between(at(1, '0/2000028'), at(3, '0/7000028'))).toEqual([
      [1, parseLsn('0/2000028'), parseLsn('0/3000100')],
      [2, parseLsn('0/3000100'), parseLsn('0/5000200')],
      [3, parseLsn('0/5000200'), parseLsn('0/7000028')],
    ])
    expect(between(at(2, '0/4000028'), at(3, '0/7000028'))).toEqual([
      [2, parseLsn('0/4000028'), parseLsn('0/5000200')],
      [3, parseLsn('0/5000200'), parseLsn('0/7000028')],
    ])
  })

  test('passes over a timeline that was left before it began', () => {
    const turned = [
      { timeline: 1, switchLsn: parseLsn('0/5000000'), reason: '' },
      { timeline: 2, switchLsn: parseLsn('0/4000000'), reason: '' },
    ]
    expect(intervalsBetween(turned, at(1, '0/2000028'), at(3, '0/7000028'))).toEqual([
      { timeline: 1, start: parseLsn('0/2000028'), stop: parseLsn('0/4000000') },
      { timeline: 3, start: parseLsn('0/4000000'), stop: parseLsn('0/7000028') },
    ])
  })

  test.each([
    ['of a timeline that is no ancestor', at(4, '0/2000028'), at(3, '0/7000028')],
    ['that started after its timeline was left', at(1, '0/3000108'), at(3, '0/7000028')],
    ['that started just where its timeline was left', at(1, '0/3000100'), at(3, '0/7000028')],
    ['that started later', at(3, '0/8000028'), at(3, '0/7000028')],
  ])('there is none from a backup %s', (_, parent, current) => {
    expect(() => between(parent, current)).toThrow(expect.objectContaining({ code: 'plan.refused' }))
  })
})

test('names the blocks of main forks from the first record to the last one and no others', async () => {
  await using archive = await scratchDirectory('pages-by-wal')
  const wal = new MadeWal()
  wal.append({ blocks: [{ relation: OTHER, block: 1 }] })
  const start = wal.append({ blocks: [{ relation: TABLE, block: 7 }, { block: 9 }] })
  wal.append({
    blocks: [
      { relation: TABLE, block: 131_072 + 3 },
      { relation: [1664, 0, 1262], block: 0 },
    ],
  })
  wal.append({
    blocks: [{ relation: [16400, 6, 20000], block: 8, data: new Uint8Array(60_000) }],
  })
  wal.append({ mainData: new Uint8Array(1.5 * MIB), blocks: [{ relation: TABLE, block: 11 }] })
  wal.append({
    blocks: [
      { relation: TABLE, block: 20, fork: 1 },
      { block: 21, fork: 2 },
    ],
  })
  const stop = wal.append({ blocks: [{ relation: TABLE, block: 12 }] })
  wal.append({ blocks: [{ relation: TABLE, block: 13 }] })
  await write(archive.path, wal)
  await writeFile(path.join(archive.path, `${wal.nameOf(2n)}.gz`), gzipSync(wal.segment(2n * BigInt(MIB))))
  await rm(path.join(archive.path, wal.nameOf(2n)))

  const told: number[] = []
  const pages = await changed(archive.path, [{ wal, start, stop }], { report: (done) => told.push(done) })
  expect(listed(pages)).toEqual({
    'base/5/16384': [7, 9, 11, 12],
    'base/5/16384.1': [3],
    'global/1262': [0],
    [`pg_tblspc/16400/${VERSION}/6/20000`]: [8],
  })
  expect(told).toEqual([MIB, 2 * MIB])
})

test('follows the history over a switch, and not what its old timeline wrote after that', async () => {
  await using archive = await scratchDirectory('pages-by-wal')
  const old = new MadeWal()
  const start = old.append({ blocks: [{ relation: TABLE, block: 1 }] })
  old.append({ mainData: new Uint8Array(1.2 * MIB) })
  old.append({ blocks: [{ relation: TABLE, block: 2 }] })
  const switchLsn = old.end
  const young = old.branch(2)
  old.append({ blocks: [{ relation: TABLE, block: 3 }] })
  young.append({ blocks: [{ relation: TABLE, block: 4 }] })
  const stop = young.append({ blocks: [{ relation: TABLE, block: 5 }] })
  await write(archive.path, old)
  await write(archive.path, young)
  const way = [
    { wal: old, start, stop: switchLsn },
    { wal: young, start: switchLsn, stop },
  ]

  expect(listed(await changed(archive.path, way))).toEqual({ 'base/5/16384': [1, 2, 4, 5] })
  // A primary that crashed never archived the segment in which its successor began.
  await rm(path.join(archive.path, old.nameOf(2n)))
  expect(listed(await changed(archive.path, way))).toEqual({ 'base/5/16384': [1, 2, 4, 5] })
  // A receiver was behind when the primary was lost, and the standby had more.
  const behind = old
    .segment(2n * BigInt(MIB))
    .slice()
    .fill(0, 8192)
  await writeFile(path.join(archive.path, `${old.nameOf(2n)}.partial`), behind)
  expect(listed(await changed(archive.path, way))).toEqual({ 'base/5/16384': [1, 2, 4, 5] })
  await rm(path.join(archive.path, old.nameOf(1n)))
  await expect(changed(archive.path, way)).rejects.toThrow(
    expect.objectContaining({
      code: 'wal.missing',
      facts: expect.objectContaining({ segment: old.nameOf(1n) }),
    }),
  )
})

test('says which segment is missing or damaged', async () => {
  await using archive = await scratchDirectory('pages-by-wal')
  const wal = new MadeWal()
  const start = wal.append({})
  wal.append({ mainData: new Uint8Array(2.5 * MIB) })
  const stop = wal.append({})
  await write(archive.path, wal)
  const segment = wal.segment(2n * BigInt(MIB)).slice()
  segment[5000] = 1
  await writeFile(path.join(archive.path, wal.nameOf(2n)), segment)
  const reading = () => changed(archive.path, [{ wal, start, stop }])

  await expect(reading()).rejects.toThrow(
    expect.objectContaining({ code: 'wal.damaged', message: expect.stringContaining(wal.nameOf(3n)) }),
  )
  await rm(path.join(archive.path, wal.nameOf(2n)))
  await expect(reading()).rejects.toThrow(
    expect.objectContaining({
      code: 'wal.missing',
      message: expect.stringContaining(wal.nameOf(2n)),
      hint: expect.stringContaining('DELTA'),
    }),
  )
})

test('needs no WAL from where recovery will begin on', async () => {
  await using archive = await scratchDirectory('pages-by-wal')
  const wal = new MadeWal()
  const start = wal.append({ blocks: [{ relation: TABLE, block: 1 }] })
  wal.switchSegment()
  await write(archive.path, wal)
  const afterSwitch = lsnFromBigint(2n * BigInt(MIB) + 40n)

  expect(listed(await changed(archive.path, [{ wal, start, stop: afterSwitch }]))).toEqual({
    'base/5/16384': [1],
  })
  const later = lsnFromBigint(afterSwitch + 8n)
  await expect(changed(archive.path, [{ wal, start, stop: later }])).rejects.toThrow(
    expect.objectContaining({ code: 'wal.missing' }),
  )
})

test('what was cut off, made anew or copied has changed from there to its end', async () => {
  await using archive = await scratchDirectory('pages-by-wal')
  const wal = new MadeWal()
  const start = wal.append({})
  const truncate = (block: number, relation: readonly number[], flags: number) =>
    wal.append({ rmgr: RMGR_SMGR, info: 0x21, mainData: words(block, ...relation, flags) })
  truncate(131_074, TABLE, 7)
  truncate(131_080, TABLE, 7)
  truncate(0, OTHER, 6)
  wal.append({ rmgr: RMGR_SMGR, info: 0x11, mainData: words(1663, 5, 16400, 0) })
  wal.append({ rmgr: RMGR_SMGR, info: 0x11, mainData: words(1663, 5, 16410, 1) })
  wal.append({ rmgr: RMGR_DBASE, info: 0x01, mainData: words(9, 1663, 1, 1663) })
  const stop = wal.append({ blocks: [{ relation: TABLE, block: 0 }] })
  await write(archive.path, wal)
  const sources = [
    ['base/5/16384', 131_072, 0],
    ['base/5/16384.1', 5, 1],
    ['base/5/16384.2', 1, 2],
    ['base/5/16390', 2, 0],
    ['base/5/16400', 1, 0],
    ['base/5/16410', 1, 0],
    ['base/9/1255', 2, 0],
    ['base/9/PG_VERSION', 1, 0],
  ] as const

  const pages = await changed(archive.path, [{ wal, start, stop }], {
    sources: sources.map(([file, blocks, segmentNumber]) => ({
      path: file,
      sizeBytes: blocks * 8192,
      segmentNumber,
      isDataFile: !file.endsWith('VERSION'),
    })),
  })
  expect(listed(pages)).toEqual({
    'base/5/16384': [0],
    'base/5/16384.1': [2, 3, 4],
    'base/5/16384.2': [0],
    'base/5/16400': [0],
    'base/9/1255': [0, 1],
  })
})

test.each([
  ['a record that changes relations in an unknown way', { rmgr: 10, info: 0x01 }, 'wal.damaged'],
  ['headers that make no sense', { otherHeaders: Uint8Array.of(99, 0, 0, 0) }, 'wal.damaged'],
  [
    'a turn to wal_level = minimal',
    { rmgr: 0, info: 0x60, mainData: words(100, 8, 10, 0, 64, 0, 0) },
    'plan.refused',
  ],
] as const)('%s is no ground for a map', async (_, record, code) => {
  await using archive = await scratchDirectory('pages-by-wal')
  const wal = new MadeWal()
  const start = wal.append(record)
  const stop = wal.append({})
  await write(archive.path, wal)
  await expect(changed(archive.path, [{ wal, start, stop }])).rejects.toThrow(
    expect.objectContaining({ code }),
  )
})

test('stops when it is cancelled', async () => {
  await using archive = await scratchDirectory('pages-by-wal')
  const wal = new MadeWal()
  const start = wal.append({})
  await write(archive.path, wal)
  await expect(
    changed(archive.path, [{ wal, start, stop: start }], { signal: AbortSignal.abort() }),
  ).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }))
})

// The PAGE backups of the reference tool hold the pages that WAL names, no more and no fewer.
for (const [name, segmentBytes, pageId, parentId] of [
  ['probackup-pg15-plain1', MIB, 'TOTUH1', 'TOTUGR'],
  ['probackup-pg15-zlib16', 16 * MIB, 'TOTUG6', 'TOTUFW'],
] as const) {
  const why = whyNoFixture(name)
  test.skipIf(why !== '')(`names the pages that the reference tool stored in ${name}${why}`, async () => {
    await using fixture = await unpackFixture(name)
    const catalog = path.join(fixture.dir, 'catalog')
    const instance = path.join(catalog, 'backups', 'main')
    const config = await readFile(path.join(instance, 'pg_probackup.conf'), 'utf8')
    const backup = await readRecorded(path.join(instance, pageId))
    const parent = await readRecorded(path.join(instance, parentId))
    const inParent = new Set(parent.entries.map((entry) => entry.path))

    const pages = await readChangedPages({
      places: [{ directory: path.join(catalog, 'wal', 'main'), kind: 'archive' }],
      intervals: intervalsBetween([], parent.control, backup.control),
      segmentBytes,
      systemIdentifier: BigInt(/^system-identifier = (\d+)$/m.exec(config)?.[1] ?? '0'),
      versionDirectory: VERSION,
      // The reference tool knows of no files that were cut off.
      sources: [],
      signal: AbortSignal.timeout(20_000),
    })

    let storedCount = 0
    for (const entry of backup.entries) {
      if (!entry.isDataFile || !inParent.has(entry.path)) continue
      const file = path.join(instance, pageId, 'database', entry.path)
      const bytes = entry.sizeBytes > 0 ? await readFile(file) : new Uint8Array(0)
      const stored = [...storedBlocks(bytes)].map(({ block }) => block)
      expect([...(pages.get(entry.path)?.blocksBelow(entry.blockCount) ?? [])], entry.path).toEqual(stored)
      storedCount += stored.length
    }
    expect(storedCount).toBeGreaterThan(10)
  })
}

async function readRecorded(directory: string) {
  const { control } = parseBackupControl(await readFile(path.join(directory, 'backup.control'), 'utf8'))
  assert(control !== undefined, 'the control files of the fixture are sound')
  const list = await readFile(path.join(directory, 'backup_content.control'), 'utf8')
  return { control, entries: parseContentList(list) }
}

type Way = readonly { readonly wal: MadeWal; readonly start: Lsn; readonly stop: Lsn }[]

async function changed(
  directory: string,
  way: Way,
  options: Partial<Parameters<typeof readChangedPages>[0]> = {},
): Promise<ChangedPages> {
  return await readChangedPages({
    places: [{ directory, kind: 'archive' }],
    intervals: way.map(({ wal, start, stop }) => ({ timeline: wal.timeline, start, stop })),
    segmentBytes: MIB,
    systemIdentifier: new MadeWal().systemIdentifier,
    versionDirectory: VERSION,
    sources: [],
    signal: AbortSignal.timeout(10_000),
    ...options,
  })
}

async function write(directory: string, wal: MadeWal): Promise<void> {
  for (const [number, bytes] of wal.segments) await writeFile(path.join(directory, wal.nameOf(number)), bytes)
}

function listed(pages: ChangedPages): Record<string, number[]> {
  return Object.fromEntries([...pages].map(([file, map]) => [file, [...map.blocksBelow(131_072)]]))
}

function words(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer)
}
