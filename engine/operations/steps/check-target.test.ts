import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { LSN_NONE, type Lsn, lsnFromBigint } from '../../base/lsn.ts'
import type { ReadTarget } from '../../catalog/recovery-target.ts'
import type { PathSection } from '../../catalog/recovery-timelines.ts'
import { MadeWal, timedData } from '../../testing/made-wal.ts'
import { scratchDirectory } from '../../testing/scratch.ts'
import { checkTarget, type TargetCheck } from './check-target.ts'

const AT = 1_795_237_045_190_200n
const commit = (xid: number, micros: bigint) => ({ rmgr: 1, info: 0, xid, mainData: timedData(micros) })
const point = (name: string) => ({ rmgr: 0, info: 0x70, mainData: timedData(AT, name) })
const time = (micros: bigint, isInclusive = true): ReadTarget => ({ kind: 'time', micros, isInclusive })
const xid = (number: number, isInclusive = true): ReadTarget => ({
  kind: 'xid',
  xid: number,
  epoch: undefined,
  isInclusive,
})

/** A backup from `start` to `stop`, then commits of 101 and 102, a restore point and 103, one in each segment. */
function makeStory() {
  const wal = new MadeWal()
  const start = wal.append()
  const inside = wal.append(commit(100, AT))
  const end = wal.append()
  const stop = wal.append()
  const at: Lsn[] = []
  for (const record of [commit(101, AT + 10n), commit(102, AT + 20n), point('here'), commit(103, AT + 30n)]) {
    wal.switchSegment()
    at.push(wal.append(record))
  }
  const [first = start, second = start, named = start, last = start] = at
  return { wal, start, inside, end, stop, first, second, named, last }
}

type Files = Readonly<Record<string, Uint8Array>>

function filesOf(...wals: readonly MadeWal[]): Record<string, Uint8Array> {
  return Object.fromEntries(
    wals.flatMap((wal) => [...wal.segments].map(([number, bytes]) => [wal.nameOf(number), bytes])),
  )
}

async function check(
  files: Files,
  target: ReadTarget,
  range: { readonly start: Lsn; readonly stop: Lsn },
  more: {
    readonly onRestorePoint?: (name: string) => void
    readonly path?: readonly PathSection[]
    readonly inBackup?: Files
    readonly limitMs?: number
  } = {},
): Promise<TargetCheck> {
  await using scratch = await scratchDirectory('check-target')
  const places = [
    { directory: path.join(scratch.path, 'archive'), kind: 'archive' as const },
    { directory: path.join(scratch.path, 'pg_wal'), kind: 'plain' as const },
  ]
  for (const [index, held] of [files, more.inBackup ?? {}].entries()) {
    const directory = places[index]?.directory ?? ''
    await mkdir(directory)
    for (const [name, bytes] of Object.entries(held)) await writeFile(path.join(directory, name), bytes)
  }
  return await checkTarget({
    target,
    startLsn: range.start,
    stopLsn: range.stop,
    path: more.path ?? [{ timeline: 1, begin: LSN_NONE, end: undefined }],
    segmentBytes: 1 << 20,
    systemIdentifier: new MadeWal().systemIdentifier,
    places,
    laterThan: (name) =>
      Object.keys(files)
        .filter((one) => one > name && one.slice(0, 8) === name.slice(0, 8))
        .at(-1),
    signal: new AbortController().signal,
    ...(more.onRestorePoint !== undefined && { onRestorePoint: more.onRestorePoint }),
    ...(more.limitMs !== undefined && { limitMs: more.limitMs }),
  })
}

describe('a target is reached', () => {
  const story = makeStory()
  const { wal, first, second, named, end } = story

  test.each<readonly [string, ReadTarget, 'before' | 'after', Lsn, number]>([
    ['before the first commit that is later than the time', time(AT + 15n), 'before', second, 101],
    ['with all that was committed at the time', time(AT + 10n), 'before', second, 101],
    ['or without it', time(AT + 10n, false), 'before', first, 100],
    ['after the transaction', xid(102), 'after', second, 102],
    ['or before it', xid(102, false), 'before', second, 101],
    ['after the restore point', { kind: 'name', name: 'here' }, 'after', named, 102],
    ['after the record at the LSN', { kind: 'lsn', lsn: second, isInclusive: true }, 'after', second, 102],
    [
      'before the first record from the LSN on',
      { kind: 'lsn', lsn: lsnFromBigint(second - 100n), isInclusive: false },
      'before',
      second,
      101,
    ],
    ['at the end of the backup', { kind: 'immediate' }, 'after', end, 100],
  ])('%s', async (_, target, side, lsn, xidBefore) => {
    const found = await check(filesOf(wal), target, story)
    expect(found).toMatchObject({
      kind: 'reached',
      stop: { side, lsn },
      reach: { xid: xidBefore, timeline: 1 },
    })
  })

  test('at the end of all WAL, when nothing comes after it', async () => {
    const found = await check(filesOf(wal), { kind: 'latest' }, story)
    expect(found).toMatchObject({ kind: 'reached', stop: undefined, reach: { xid: 103, micros: AT + 30n } })
  })

  test('with WAL that only the backup itself holds', async () => {
    const { [wal.nameOf(1n)]: own, ...rest } = filesOf(wal)
    const inBackup = { [wal.nameOf(1n)]: own ?? new Uint8Array() }
    expect(await check(rest, xid(101), story, { inBackup })).toMatchObject({ kind: 'reached' })
    expect(await check(rest, xid(101), story)).toMatchObject({ kind: 'not-reached', isEnd: false })
  })
})

describe('a target is not reached', () => {
  const story = makeStory()
  const { wal, inside, last } = story

  test.each<readonly [string, ReadTarget]>([
    ['a time after the last commit', time(AT + 30n)],
    ['a transaction that never was', xid(999)],
    ['a name that nobody gave', { kind: 'name', name: 'there' }],
    ['an LSN after the end', { kind: 'lsn', lsn: lsnFromBigint(last + 4096n), isInclusive: true }],
  ])('%s, and it is told up to where recovery can be done', async (_, target) => {
    expect(await check(filesOf(wal), target, story)).toMatchObject({
      kind: 'not-reached',
      isEnd: true,
      reach: { xid: 103, micros: AT + 30n, timeline: 1, lsn: last },
    })
  })

  test.each<readonly [string, ReadTarget]>([
    ['a time', time(AT - 1n)],
    ['a transaction', xid(100)],
    ['an LSN', { kind: 'lsn', lsn: inside, isInclusive: true }],
  ])('%s before the end of the backup, where no server can stop', async (_, target) => {
    expect(await check(filesOf(wal), target, story)).toEqual({ kind: 'before-end', lsn: inside })
  })

  const damages: readonly (readonly [
    string,
    (files: Record<string, Uint8Array>, name: string) => void,
    string,
  ])[] = [
    ['missing', (files, name) => delete files[name], 'missing'],
    ['cut off', (files, name) => (files[name] = files[name]?.slice(0, 50) ?? new Uint8Array()), 'truncated'],
    [
      'damaged in one bit',
      (files, name) => {
        const bytes = files[name]?.slice() ?? new Uint8Array()
        bytes[70] = (bytes[70] ?? 0) ^ 4
        files[name] = bytes
      },
      'crc-mismatch',
    ],
    [
      'of another cluster',
      (files, name) => {
        const foreign = new MadeWal({ systemIdentifier: 7n, firstSegment: 3n })
        foreign.append()
        files[name] = foreign.segment(3n << 20n)
      },
      'wrong-system',
    ],
  ]

  test.each(damages)('behind a segment that is %s, which is named', async (_, damage, what) => {
    const files = filesOf(wal)
    const name = wal.nameOf(3n)
    damage(files, name)
    for (const target of [time(AT + 25n), xid(103), { kind: 'latest' }] as const) {
      const found = await check(files, target, story)
      expect(found).toMatchObject({
        kind: 'not-reached',
        isEnd: false,
        problem: { what, segment: name, message: expect.stringContaining(name) },
        reach: { xid: 101 },
      })
    }
    // What comes before it is not touched by it.
    expect(await check(files, xid(101), story)).toMatchObject({ kind: 'reached' })
  })

  test('by a name that nobody gave, and the names that are there are told', async () => {
    const names: string[] = []
    await check(filesOf(wal), { kind: 'name', name: 'there' }, story, {
      onRestorePoint: (name) => names.push(name),
    })
    expect(names).toEqual(['here'])
  })

  const whole = wal.segment(3n << 20n)
  const cut = whole.subarray(0, whole.length - 8192)
  test.each<readonly [string, string, Uint8Array]>([
    ['cut off', '', cut],
    ['too long', '', Buffer.concat([whole, new Uint8Array(8192)])],
    ['cut off before it was compressed', '.gz', gzipSync(cut)],
  ])(
    'in an archived segment that is %s, though the record itself is there: a server takes none of it',
    async (_, suffix, bytes) => {
      const name = wal.nameOf(3n)
      const { [name]: kept, ...rest } = filesOf(wal)
      expect(kept).toEqual(whole)
      const found = await check({ ...rest, [name + suffix]: bytes }, xid(102), story)
      expect(found).toMatchObject({ kind: 'not-reached', isEnd: false, problem: { segment: name } })
      // In pg_wal of the backup a server reads as far as it goes.
      expect(await check(rest, xid(102), story, { inBackup: { [name]: bytes } })).toMatchObject({
        kind: suffix === '' ? 'reached' : 'not-reached',
      })
    },
  )

  test('in the time that there is', async () => {
    expect(await check(filesOf(wal), xid(103), story, { limitMs: 0 })).toMatchObject({ kind: 'unread' })
  })
})

describe('over a switch of timelines', () => {
  /** 1 goes on with 111 after 2 has branched off in the middle of a segment, and commits 121 there. */
  function makeBranches() {
    const wal = new MadeWal()
    const start = wal.append()
    const stop = wal.append()
    wal.append(commit(101, AT + 10n))
    const switchLsn = wal.end
    const child = wal.branch(2)
    wal.append(commit(111, AT + 20n))
    child.append(commit(121, AT + 40n))
    child.switchSegment()
    child.append(commit(122, AT + 50n))
    const way: readonly PathSection[] = [
      { timeline: 1, begin: LSN_NONE, end: switchLsn },
      { timeline: 2, begin: switchLsn, end: undefined },
    ]
    return { wal, child, start, stop, switchLsn, path: way }
  }

  test('the way goes on there, and what the old timeline wrote afterwards is not on it', async () => {
    const { wal, child, path: way, ...range } = makeBranches()
    const files = filesOf(wal, child)
    const found = await check(files, xid(122), range, { path: way })
    expect(found).toMatchObject({ kind: 'reached', reach: { timeline: 2, xid: 122 } })
    expect(await check(files, time(AT + 30n), range, { path: way })).toMatchObject({
      kind: 'reached',
      reach: { timeline: 1, xid: 101 },
    })
    expect(await check(files, xid(111), range, { path: way })).toMatchObject({ kind: 'not-reached' })
    expect(await check(files, xid(111), range)).toMatchObject({ kind: 'reached', reach: { timeline: 1 } })
  })

  test('the segment of the new timeline has the end of the old one, too', async () => {
    const { wal, child, path: way, ...range } = makeBranches()
    const files = filesOf(child)
    expect(await check(files, xid(101), range, { path: way })).toMatchObject({ kind: 'reached' })
    expect(wal.nameOf(1n) in files).toBe(false)
  })

  test('a segment that the new timeline lacks is not taken from the old one', async () => {
    const { wal, child, path: way, ...range } = makeBranches()
    wal.switchSegment()
    wal.append(commit(112, AT + 60n))
    const { [child.nameOf(2n)]: _, ...files } = filesOf(wal, child)
    expect(await check(files, xid(122), range, { path: way })).toMatchObject({
      kind: 'not-reached',
      isEnd: true,
      problem: { what: 'missing', segment: child.nameOf(2n) },
      reach: { timeline: 2, xid: 121 },
    })
  })

  test('without the first segment of the new timeline it ends there', async () => {
    const { wal, child, path: way, switchLsn, ...range } = makeBranches()
    const { [child.nameOf(1n)]: _, ...files } = filesOf(wal, child)
    expect(await check(files, xid(122), range, { path: way })).toMatchObject({
      kind: 'not-reached',
      isEnd: false,
      problem: { what: 'missing', segment: child.nameOf(1n) },
      reach: { endLsn: switchLsn, xid: 101, timeline: 1 },
    })
  })
})
