import { rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { heldClock } from '../../base/clock.ts'
import { type LogEntry, logTo } from '../../base/log.ts'
import { type Lsn, parseLsn } from '../../base/lsn.ts'
import type { ContentEntry } from '../../format/content-list.ts'
import type { InstanceConfig } from '../../format/instance-config.ts'
import { PAGE_BYTES } from '../../format/page-header.ts'
import { madeBackup } from '../../testing/made-catalog.ts'
import { fileEntry } from '../../testing/made-content.ts'
import { scratchDirectory } from '../../testing/scratch.ts'
import type { WorkerPool } from '../steps/worker-pool.ts'
import { type Increment, keyOf } from './increment.ts'
import { absolutePathOf, type SourceEntry } from './list-files.ts'
import { type BackupOptions, decideSettings } from './settings.ts'
import { chooseSample, planByTime, skipUnchangedByTime, type TimeEvidence } from './unchanged-by-time.ts'

const HOUR_MS = 3_600_000
const CLUSTER_MADE_MS = Date.parse('2026-01-01T00:00:00Z')
const PARENT_MS = Date.parse('2026-11-20T00:00:00Z')
const BEGAN_MS = Date.parse('2026-11-21T00:00:00Z')
const NOW_MS = BEGAN_MS + 60_000
const OLD_MS = PARENT_MS - 25 * HOUR_MS
const BLOCKS = 3
const HORIZON = parseLsn('1/28')
const START = parseLsn('2/28')

const parent = (given: Parameters<typeof madeBackup>[1] = {}) =>
  madeBackup('TOTTEK', {
    startSeconds: PARENT_MS / 1000,
    endSeconds: PARENT_MS / 1000 + 60,
    startLsn: HORIZON,
    timeline: 1,
    isFromReplica: false,
    ...given,
  })

function source(name: string, given: Partial<SourceEntry> = {}): SourceEntry {
  return {
    path: name,
    root: '/data',
    isDirectory: false,
    mode: 0o100600,
    sizeBytes: BLOCKS * PAGE_BYTES,
    modifiedMs: OLD_MS,
    statusChangedMs: OLD_MS,
    externalDirNumber: 0,
    isDataFile: true,
    segmentNumber: 0,
    databaseOid: 5,
    ...given,
  }
}

const lastTouched = (ms: number) => ({ modifiedMs: ms, statusChangedMs: ms })

const controlFile = source('global/pg_control', {
  isDataFile: false,
  ...lastTouched(BEGAN_MS + 1000),
})

function entriesOf(...entries: readonly ContentEntry[]): Increment['parentEntries'] {
  return new Map(entries.map((entry) => [keyOf(entry), entry]))
}

const dataEntry = (name: string, given: Partial<ContentEntry> = {}) =>
  fileEntry(name, { isDataFile: true, blockCount: BLOCKS, ...given })

function evidence(given: Partial<TimeEvidence> = {}): TimeEvidence {
  return {
    sources: [source('base/5/1'), controlFile],
    parent: parent(),
    parentEntries: entriesOf(dataEntry('base/5/1'), fileEntry('global/pg_control')),
    server: { timeline: 1, isInRecovery: false, systemIdentifier: BigInt(CLUSTER_MADE_MS / 1000) << 32n },
    beganMs: BEGAN_MS,
    nowMs: NOW_MS,
    marginMs: 24 * HOUR_MS,
    ...given,
  }
}

describe('a data file is left unread', () => {
  /** Whether `base/5/1` is, when the listing or the parent differ in this. */
  function isTrusted(listed: Partial<SourceEntry>, known: Partial<ContentEntry> = {}): boolean {
    const plan = planByTime(
      evidence({
        sources: [source('base/5/1', listed), controlFile],
        parentEntries: entriesOf(dataEntry('base/5/1', known)),
      }),
    )
    return plan.kind === 'trusted' && plan.files.length === 1
  }

  test('when it has the size of then and was last touched long enough before the parent began', () => {
    expect(isTrusted({})).toBe(true)
    expect(isTrusted({}, { sizeBytes: -1 })).toBe(true)
  })

  test.each<[string, Partial<SourceEntry>, Partial<ContentEntry>?]>([
    ['has grown', { sizeBytes: (BLOCKS + 1) * PAGE_BYTES }],
    ['was cut', { sizeBytes: (BLOCKS - 1) * PAGE_BYTES }],
    ['ends within a page', { sizeBytes: BLOCKS * PAGE_BYTES + 1 }],
    ['is empty in both', { sizeBytes: 0 }, { blockCount: 0 }],
    ['is not in the parent', {}, { path: 'base/5/2' }],
    ['was no data file in the parent', {}, { isDataFile: false }],
    ['is no data file', { isDataFile: false }],
    ['was written within the margin', { modifiedMs: PARENT_MS - 23 * HOUR_MS }],
    ['was written right at the margin', { modifiedMs: PARENT_MS - 24 * HOUR_MS }],
    ['was written after the parent began', { modifiedMs: PARENT_MS + HOUR_MS }],
    ['was put back with its old time', { statusChangedMs: PARENT_MS + HOUR_MS }],
    ['was written before there was a cluster', lastTouched(0)],
  ])('but not when it %s', (_, listed, known) => {
    expect(isTrusted(listed, known)).toBe(false)
  })
})

test.each<[string, Partial<TimeEvidence>, RegExp]>([
  ['the parent is of a standby', { parent: parent({ isFromReplica: true }) }, /taken from a standby/],
  [
    'the server is a standby',
    { server: { ...evidence().server, isInRecovery: true } },
    /server is a standby/,
  ],
  ['the timeline is another one', { parent: parent({ timeline: 2 }) }, /of timeline 2, .* of timeline 1/],
  ['the parent is of the future', { nowMs: PARENT_MS - 1 }, /TOTTEK begins in the future/],
  [
    'the clock went back while the parent was taken',
    { parent: parent({ endSeconds: PARENT_MS / 1000 - 1 }) },
    /ends before it begins/,
  ],
  [
    'any file is of the future',
    { sources: [source('base/5/1'), source('pg_xact/0000', { modifiedMs: NOW_MS + 61_000 }), controlFile] },
    /"pg_xact\/0000" was changed in the future/,
  ],
  [
    'what was just written looks old',
    { sources: [source('base/5/1'), { ...controlFile, modifiedMs: BEGAN_MS - 61_000 }] },
    /just written "global\/pg_control"/,
  ],
  ['what was just written is not there', { sources: [source('base/5/1')] }, /just written/],
])('no time is trusted when %s', (_, given, reason) => {
  expect(planByTime(evidence(given))).toEqual({
    kind: 'untrusted',
    reason: expect.stringMatching(reason),
  })
})

test('clocks may differ by a minute, and external directories have times of their own', () => {
  const sources = [
    source('base/5/1'),
    source('note', { isDataFile: false, externalDirNumber: 1, modifiedMs: NOW_MS + 24 * HOUR_MS }),
    { ...controlFile, modifiedMs: BEGAN_MS - 30_000, statusChangedMs: NOW_MS + 30_000 },
  ]
  expect(planByTime(evidence({ sources }))).toEqual({ kind: 'trusted', files: [sources[0]] })
})

describe('the sample', () => {
  const files = Array.from({ length: 1004 }, (_, index) =>
    source(`base/5/${index}`, lastTouched(OLD_MS - Math.abs(index - 500))),
  )
  const names = (sample: readonly SourceEntry[]) => sample.map((file) => file.path)

  test('has the four newest files and one in fifty of the others, each once, the same for the same seed', () => {
    const sample = names(chooseSample(files, 7))
    expect(sample.slice(0, 4)).toEqual(['base/5/500', 'base/5/499', 'base/5/501', 'base/5/498'])
    expect(new Set(sample).size).toBe(24)
    expect(names(chooseSample(files, 7))).toEqual(sample)
    expect(names(chooseSample(files, 8))).not.toEqual(sample)
  })

  test('reaches every file with some seed', () => {
    const seen = new Set<string>()
    for (let seed = 0; seed < 1000; seed++)
      for (const name of names(chooseSample(files, PARENT_MS / 1000 + seed))) seen.add(name)
    expect(seen.size).toBe(files.length)
  })

  test('is everything where there is little', () => {
    expect(new Set(names(chooseSample(files.slice(0, 8), 7))).size).toBe(8)
    expect(chooseSample([], 7)).toEqual([])
  })
})

describe('what is skipped', () => {
  const PATHS = Array.from({ length: 100 }, (_, index) => `base-${index}`)

  /** A hundred old files, page 1 of the last one with the given LSN, and what a backup makes of them. */
  async function skip(lsn: Lsn, given: Partial<Parameters<typeof skipUnchangedByTime>[1]> = {}) {
    await using scratch = await scratchDirectory('unchanged-by-time')
    const sources = PATHS.map((name, index) =>
      // The last file is the newest: it is in every sample.
      source(name, { root: scratch.path, ...lastTouched(OLD_MS - 100 + index) }),
    )
    for (const each of sources) writeFileSync(absolutePathOf(each), new Uint8Array(BLOCKS * PAGE_BYTES))
    const last = new Uint8Array(BLOCKS * PAGE_BYTES)
    new DataView(last.buffer).setUint32(PAGE_BYTES, Number(lsn >> 32n), true)
    new DataView(last.buffer).setUint32(PAGE_BYTES + 4, Number(lsn & 0xffff_ffffn), true)
    writeFileSync(path.join(scratch.path, 'base-99'), last)
    rmSync(path.join(scratch.path, 'base-98'))

    const entries: LogEntry[] = []
    const pool = {
      threads: 2,
      run: async (task, input) =>
        task.run(input, { addBytes: () => undefined, throwIfCancelled: () => undefined }),
    } as WorkerPool
    const increment: Increment = {
      horizon: HORIZON,
      filtersByLsn: true,
      changedPages: undefined,
      parentStartSeconds: PARENT_MS / 1000,
      parentEntries: entriesOf(...PATHS.map((name) => dataEntry(name))),
    }
    const held = await skipUnchangedByTime(
      increment,
      {
        basis: { mode: 'DELTA', parent: parent(), timeline: 1 as never, history: [] },
        settings: { fileTimeMarginMs: 24 * HOUR_MS },
        facts: evidence().server,
        control: { startSeconds: 42 },
        sources: [...sources, controlFile],
        startLsn: START,
        beganMs: BEGAN_MS,
        ...given,
      },
      pool,
      {
        signal: new AbortController().signal,
        report: () => undefined,
        log: logTo((entry) => entries.push(entry)),
        clock: heldClock(new Date(NOW_MS).toISOString()),
      },
    )
    return { paths: [...(held?.unchangedFiles ?? [])].map((file) => file.path), entries }
  }

  test.each([
    ['older than the parent', parseLsn('0/5000')],
    ['where the parent began', HORIZON],
    ['younger than this backup, which WAL brings', parseLsn('2/29')],
  ])('is every old file when the sample has nothing but pages %s', async (_, lsn) => {
    const { paths, entries } = await skip(lsn)
    // The one that is gone is left to the copying, which says so.
    expect(paths).toEqual(PATHS.filter((name) => name !== 'base-98'))
    expect(entries.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      'info: trusting the file system and its clock: 99 data files (2433024 bytes) are skipped, which have the size of then and were not touched since 24 h before backup TOTTEK began',
      'info: 8 of them (196608 bytes), drawn with seed 42, were read to make sure and hold no change',
    ])
  })

  test.each([
    ['right after the parent began', parseLsn('1/29')],
    ['right before this backup', START],
  ])('is nothing when a page of the sample was changed %s', async (_, lsn) => {
    const { paths, entries } = await skip(lsn)
    expect(paths).toEqual([])
    expect(entries).toEqual([
      expect.objectContaining({
        level: 'warning',
        message:
          'times of files are not trusted, every page is read: "base-99" has changed since backup TOTTEK, and its times deny it',
      }),
    ])
  })

  test('is nothing, with a warning, when the times say nothing', async () => {
    const { paths, entries } = await skip(HORIZON, { facts: { ...evidence().server, isInRecovery: true } })
    expect(paths).toEqual([])
    expect(entries.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      'warning: times of files are not trusted, every page is read: the server is a standby',
    ])
  })

  test('is nothing when everything was touched', async () => {
    const { paths, entries } = await skip(HORIZON, { settings: { fileTimeMarginMs: 26 * HOUR_MS } })
    expect(paths).toEqual([])
    expect(entries.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      'info: every page is read: no data file has the size of then and was left untouched since 26 h before backup TOTTEK began',
    ])
  })

  test('is nothing, without a word, when nobody asked for it', async () => {
    const { paths, entries } = await skip(HORIZON, { settings: { fileTimeMarginMs: undefined } })
    expect([paths, entries]).toEqual([[], []])
  })
})

describe('trusting the times of files', () => {
  const config = { values: {} } as InstanceConfig
  const marginOf = (mode: BackupOptions['mode'], trustsFileTimes?: boolean) =>
    decideSettings({ mode, trustsFileTimes }, config).fileTimeMarginMs

  test('is for those who ask, with a day of margin', () => {
    expect([marginOf('DELTA', true), marginOf('AUTO', true)]).toEqual([24 * HOUR_MS, 24 * HOUR_MS])
    expect([marginOf('DELTA'), marginOf('AUTO', false), marginOf('FULL')]).toEqual(Array(3).fill(undefined))
  })

  test.each(['FULL', 'PAGE', 'PTRACK'] as const)('is refused for %s, which does not go by them', (mode) => {
    expect(() => marginOf(mode, true)).toThrow(expect.objectContaining({ code: 'usage.invalid' }))
  })
})
