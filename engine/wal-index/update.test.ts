import { spawnSync } from 'node:child_process'
import { DatabaseSync } from 'node:sqlite'
import { mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { lsnFromBigint } from '../base/lsn.ts'
import { arrangeWalArchive } from '../catalog/wal-archive.ts'
import { MadeWal, timedData } from '../testing/made-wal.ts'
import { WalIndexReader } from './queries.ts'
import { locateTransaction } from './recovery-facts.ts'
import { listSegments, type StreamedWal } from './segment-list.ts'
import { indexFile, openWalIndexStore, type WalIndexStore } from './store.ts'
import { updateWalIndex } from './update.ts'

const MIB = 1 << 20
const MICROS_2000 = 946_684_800_000_000n

/** A directory with WAL in it, and an index of that. */
async function archive(wal: MadeWal) {
  const root = await mkdtemp(path.join(tmpdir(), 'tidemark-wal-index-'))
  const place = { catalog: root, instance: 'main', systemIdentifier: wal.systemIdentifier, segmentBytes: MIB }
  let clockMs = 1_700_000_000_000
  return {
    root,
    place,
    put(name: string, bytes: Uint8Array): void {
      const file = path.join(root, name)
      writeFileSync(file, bytes)
      clockMs += 1000
      utimesSync(file, clockMs / 1000, clockMs / 1000)
    },
    putAll(): void {
      for (const [number, bytes] of wal.segments) this.put(wal.nameOf(number), bytes)
    },
    list(streams: readonly StreamedWal[] = []) {
      const listed = readdirSync(root)
        .filter((name) => !name.includes('sqlite') && statSync(path.join(root, name)).isFile())
        .map((name) => {
          const { size, mtimeMs } = statSync(path.join(root, name))
          return { name, sizeBytes: size, modifiedMs: Math.floor(mtimeMs) }
        })
      return listSegments(arrangeWalArchive(root, MIB, listed, new Map()), streams)
    },
    async update(store: WalIndexStore, signal = NEVER, onReport: () => void = () => undefined) {
      return await updateWalIndex(store, place, this.list(), { signal, report: onReport })
    },
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  }
}

const NEVER = new AbortController().signal

const RELATION = [1663, 5, 20_000] as const

/** Transactions with one row each, whose records often go over the edges of segments. */
function busyWal(transactions: number): MadeWal {
  const wal = new MadeWal()
  for (let index = 0; index < transactions; index++) {
    const xid = 1000 + index
    wal.append({
      rmgr: 10,
      info: 0x10,
      xid,
      blocks: [{ relation: RELATION, block: 0, data: new Uint8Array(9) }],
    })
    wal.append({ rmgr: 11, xid, mainData: new Uint8Array((index * 7919) % 15_000) })
    wal.append({ rmgr: 1, xid, mainData: timedData(MICROS_2000 + BigInt(index) * 1000n) })
  }
  wal.switchSegment()
  return wal
}

function commitsOf(store: WalIndexStore): readonly (readonly [xid: number, deleted: number])[] {
  return Array.from(new WalIndexReader(store, MIB).commits({}), ({ xid, deleted }) => [xid, deleted])
}

/** All that an index holds, but for numbers of rows. */
function contentOf(store: WalIndexStore): unknown {
  return store
    .segments()
    .map(({ id, ...row }) => ({ ...row, rest: store.restOf(id), commits: store.commitsOf(id) }))
}

test('every transaction is there once with its rows, and a second look reads nothing', async () => {
  const wal = busyWal(1500)
  await using world = await archive(wal)
  world.putAll()
  using store = openWalIndexStore(undefined, world.place)

  const first = await world.update(store)
  const second = await world.update(store)

  expect(first).toMatchObject({ readSegments: wal.segments.size, commits: 1500 })
  expect(second).toMatchObject({ readSegments: 0, readBytes: 0, removedSegments: 0 })
  expect(commitsOf(store)).toEqual(Array.from({ length: 1500 }, (_, index) => [1000 + index, 1]))
})

test('an abort is found by its number and is no commit, be its record short or long', async () => {
  const wal = new MadeWal()
  const deletion = {
    rmgr: 10,
    info: 0x10,
    blocks: [{ relation: RELATION, block: 0, data: new Uint8Array(9) }],
  }
  const long = new Uint8Array(20)
  long.set(timedData(MICROS_2000 + 3000n))
  const ends = [
    { info: 0x00, xid: 10, mainData: timedData(MICROS_2000 + 1000n) },
    { info: 0x20, xid: 20, mainData: timedData(MICROS_2000 + 2000n) },
    { info: 0xa0, xid: 30, mainData: long },
    { info: 0x80, xid: 15, mainData: long },
  ]
  const places = ends.map((end) => {
    wal.append({ ...deletion, xid: end.xid })
    return wal.append({ rmgr: 1, ...end })
  })
  wal.switchSegment()
  await using world = await archive(wal)
  world.putAll()
  using store = openWalIndexStore(undefined, world.place)

  await world.update(store)

  const reader = new WalIndexReader(store, MIB)
  expect(commitsOf(store)).toEqual([
    [10, 1],
    [15, 1],
  ])
  expect([20, 30, 10].map((xid) => locateTransaction(reader, xid).map(({ lsn }) => lsn))).toEqual([
    [places[1]],
    [places[2]],
    [places[0]],
  ])
  const all = Array.from(reader.commits({ withAborts: true }), ({ xid, isAborted, deleted, time }) => [
    xid,
    isAborted,
    deleted,
    time,
  ])
  expect(all).toEqual([
    [10, false, 1, 1000],
    [20, true, 0, 2000],
    [30, true, 0, 3000],
    [15, false, 1, 3000],
  ])
  const [row] = reader.segments
  expect(row).toMatchObject({ commitCount: 2, abortCount: 2, minXid: 10, maxXid: 30 })
  expect([row?.first?.lsn, row?.last?.lsn]).toEqual([places[0], places[3]])
  expect(reader.activity(0, 10_000, 1)).toEqual([2])
})

test('segments that come one by one give the same index as all at once', async () => {
  const wal = busyWal(900)
  await using world = await archive(wal)
  using step = openWalIndexStore(undefined, world.place)
  for (const [number, bytes] of wal.segments) {
    world.put(wal.nameOf(number), bytes)
    expect((await world.update(step)).readSegments).toBe(1)
  }
  using whole = openWalIndexStore(undefined, world.place)
  await world.update(whole)
  expect(contentOf(step)).toEqual(contentOf(whole))
  expect(commitsOf(step)).toHaveLength(900)
})

test('a record over several segments is read on from where it began', async () => {
  const wal = new MadeWal()
  wal.append({ rmgr: 1, xid: 7, mainData: timedData(MICROS_2000 + 1n) })
  const mainData = new Uint8Array(3 * MIB)
  mainData.set(timedData(MICROS_2000 + 2n))
  wal.append({ rmgr: 1, xid: 8, mainData })
  wal.append({ rmgr: 1, xid: 9, mainData: timedData(MICROS_2000 + 3n) })
  wal.switchSegment()
  await using world = await archive(wal)
  using store = openWalIndexStore(undefined, world.place)
  for (const [number, bytes] of wal.segments) {
    world.put(wal.nameOf(number), bytes)
    await world.update(store)
  }
  expect(commitsOf(store).map(([xid]) => xid)).toEqual([7, 8, 9])
  expect(store.segments().every(({ state }) => state === 'whole')).toBe(true)
})

test('a segment that changes is read again, and those after it as far as they go on from it', async () => {
  const wal = busyWal(900)
  await using world = await archive(wal)
  world.putAll()
  using store = openWalIndexStore(undefined, world.place)
  await world.update(store)
  const before = contentOf(store)
  const [, second = 0n] = [...wal.segments.keys()]
  const bytes = wal.segments.get(second) ?? expect.fail('there are segments')

  const damaged = Uint8Array.from(bytes)
  damaged[500_000] = (damaged[500_000] ?? 0) ^ 1
  world.put(wal.nameOf(second), damaged)
  const { readSegments } = await world.update(store)
  const state = store.segments().map((row) => row.state)
  world.put(wal.nameOf(second), bytes)
  const healed = await world.update(store)

  expect(readSegments).toBeLessThan(wal.segments.size)
  expect(state[1]).not.toBe('whole')
  expect(state.filter((one) => one === 'whole')).toHaveLength(wal.segments.size - 1)
  expect(healed.readSegments).toBeGreaterThanOrEqual(1)
  const now = contentOf(store) as { modifiedMs: number }[]
  expect(now.map((row) => ({ ...row, modifiedMs: 0 }))).toEqual(
    (before as { modifiedMs: number }[]).map((row) => ({ ...row, modifiedMs: 0 })),
  )
})

test('what is removed from the archive is removed from the index, and gaps stay gaps', async () => {
  const wal = busyWal(900)
  await using world = await archive(wal)
  world.putAll()
  using store = openWalIndexStore(undefined, world.place)
  await world.update(store)
  const numbers = [...wal.segments.keys()]
  await rm(path.join(world.root, wal.nameOf(numbers[2] ?? 0n)))

  const { removedSegments } = await world.update(store)

  expect(removedSegments).toBe(1)
  expect(store.segments().map(({ number }) => number)).toEqual(numbers.filter((_, index) => index !== 2))
  expect(store.segments().every(({ state }) => state === 'whole')).toBe(true)
  const xids = commitsOf(store).map(([xid]) => xid)
  expect(xids.length).toBeLessThan(900)
  expect(new Set(xids).size).toBe(xids.length)
})

test('an update that is stopped keeps what it read, and the next one goes on from there', async () => {
  const wal = busyWal(3000)
  await using world = await archive(wal)
  world.putAll()
  using store = openWalIndexStore(undefined, world.place)
  const stop = new AbortController()
  let reports = 0
  const onReport = (): void => {
    if (++reports === 5) stop.abort()
  }

  await expect(world.update(store, stop.signal, onReport)).rejects.toThrow()
  const kept = store.segments().length
  const { readSegments } = await world.update(store)

  expect(kept).toBe(5)
  expect(readSegments).toBe(wal.segments.size - 5)
  expect(commitsOf(store)).toHaveLength(3000)
})

test('an index outlives its process; one that is damaged or of another cluster is made anew', async () => {
  const wal = busyWal(300)
  await using world = await archive(wal)
  world.putAll()
  const directory = path.join(world.root, 'state')
  {
    using store = openWalIndexStore(directory, world.place)
    await world.update(store)
  }
  {
    using store = openWalIndexStore(directory, world.place)
    expect(await world.update(store)).toMatchObject({ readSegments: 0 })
    expect(commitsOf(store)).toHaveLength(300)
  }
  {
    using store = openWalIndexStore(directory, { ...world.place, systemIdentifier: 1n })
    expect(store.segments()).toEqual([])
  }
  {
    using store = openWalIndexStore(directory, world.place)
    await world.update(store)
  }
  writeFileSync(indexFile(directory, world.place), Buffer.alloc(8192, 'no database'))
  using store = openWalIndexStore(directory, world.place)
  expect(store.segments()).toEqual([])
})

test('what is written is there in whole or not at all', async () => {
  const wal = busyWal(300)
  await using world = await archive(wal)
  world.putAll()
  const directory = path.join(world.root, 'state')
  using store = openWalIndexStore(directory, world.place)
  await world.update(store)
  const before = contentOf(store)
  using other = new DatabaseSync(indexFile(directory, world.place))
  other.exec(
    "create trigger full before insert on segment when new.number = 2 begin select raise(abort, 'full'); end",
  )
  for (const [number, bytes] of wal.segments) world.put(wal.nameOf(number), bytes)

  await expect(world.update(store)).rejects.toThrow('full')

  expect(contentOf(store)).toEqual(before)
})

test('an update whose process is killed leaves the index as it was, and the next one finishes it', async () => {
  const wal = busyWal(900)
  await using world = await archive(wal)
  const numbers = [...wal.segments.keys()]
  const put = (some: readonly bigint[]): void => {
    for (const number of some)
      world.put(wal.nameOf(number), wal.segments.get(number) ?? expect.fail('it is there'))
  }
  const directory = path.join(world.root, 'state')
  put(numbers.slice(0, 3))
  {
    using store = openWalIndexStore(directory, world.place)
    await world.update(store)
  }
  put(numbers.slice(3))
  const place = { ...world.place, systemIdentifier: String(world.place.systemIdentifier) }
  const killed = spawnSync(process.execPath, [
    '--input-type=module',
    '--eval',
    `import { openWalIndexStore } from ${JSON.stringify(import.meta.resolve('./store.ts'))}
     import { updateWalIndex } from ${JSON.stringify(import.meta.resolve('./update.ts'))}
     const place = ${JSON.stringify(place)}
     const about = { ...place, systemIdentifier: BigInt(place.systemIdentifier) }
     const listed = JSON.parse(${JSON.stringify(JSON.stringify(world.list(), (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value)))},
       (_, value) => (typeof value === 'string' && /^\\d+n$/.test(value) ? BigInt(value.slice(0, -1)) : value))
     let reports = 0
     const report = () => { if (++reports === 6) process.kill(process.pid, 'SIGKILL') }
     await updateWalIndex(openWalIndexStore(${JSON.stringify(directory)}, about), about, listed,
       { signal: new AbortController().signal, report })`,
  ])
  expect([killed.signal, killed.stderr.toString()]).toEqual(['SIGKILL', ''])

  using store = openWalIndexStore(directory, world.place)
  expect(store.segments().map(({ number }) => number)).toEqual(numbers.slice(0, 3))
  expect(await world.update(store)).toMatchObject({ readSegments: numbers.length - 3 })
  expect(commitsOf(store)).toHaveLength(900)
})

test('packed, partial and streamed segments are read, and count once', async () => {
  const wal = busyWal(900)
  await using world = await archive(wal)
  const numbers = [...wal.segments.keys()]
  const stream = path.join(world.root, 'stream')
  for (const [index, number] of numbers.entries()) {
    const bytes = wal.segments.get(number) ?? expect.fail('it is there')
    if (index < 2) world.put(`${wal.nameOf(number)}.gz`, gzipSync(bytes))
    else if (index === 2) world.put(wal.nameOf(number), bytes)
  }
  mkdirSync(stream)
  for (const number of numbers.slice(2))
    writeFileSync(
      path.join(stream, wal.nameOf(number)),
      wal.segments.get(number) ?? expect.fail('it is there'),
    )
  using store = openWalIndexStore(undefined, world.place)
  const listed = world.list([{ place: 'BACKUP', directory: stream }])

  await updateWalIndex(store, world.place, listed, { signal: NEVER, report: () => undefined })

  const xids = commitsOf(store).map(([xid]) => xid)
  expect(new Set(xids).size).toBe(xids.length)
  // Of the record that goes over to the WAL of the backup nobody has both halves.
  expect(xids.length).toBeGreaterThanOrEqual(898)
  expect(store.segments().map(({ state }) => state)).toEqual(listed.map(() => 'whole'))
})

test('WAL that is still being written is open where it ends, and zeros in the archive are a problem', async () => {
  const wal = new MadeWal()
  wal.append({ rmgr: 1, xid: 7, mainData: timedData(MICROS_2000 + 1n) })
  const end = wal.end
  await using world = await archive(wal)
  const [number = 0n] = wal.segments.keys()
  const bytes = wal.segments.get(number) ?? expect.fail('it is there')
  using store = openWalIndexStore(undefined, world.place)
  const stateNow = async () => {
    await world.update(store)
    return store.segments().map(({ state, problem, soundLsn }) => ({ state, problem, soundLsn }))
  }

  world.put(`${wal.nameOf(number)}.partial`, bytes.subarray(0, 300_000))
  expect(await stateNow()).toEqual([{ state: 'open', problem: undefined, soundLsn: end }])
  world.put(wal.nameOf(number), bytes)
  expect(await stateNow()).toEqual([
    { state: 'zeroed', problem: 'has zeros where a record should be', soundLsn: end },
  ])
  expect(commitsOf(store)).toEqual([[7, 0]])
})

test('what a timeline shares with its parent counts once, and to the parent', async () => {
  const wal = new MadeWal()
  wal.append({ rmgr: 1, xid: 7, mainData: timedData(MICROS_2000 + 1n) })
  const switchLsn = wal.end
  const child = wal.branch(2)
  wal.append({ rmgr: 1, xid: 8, mainData: timedData(MICROS_2000 + 2n) })
  wal.switchSegment()
  child.append({ rmgr: 1, xid: 9, mainData: timedData(MICROS_2000 + 3n) })
  child.switchSegment()
  await using world = await archive(wal)
  const history = [{ timeline: 1, switchLsn, reason: '' }]
  const put = (made: MadeWal, suffix = ''): void => {
    for (const [number, bytes] of made.segments) world.put(made.nameOf(number) + suffix, bytes)
  }
  put(wal)
  put(child)
  const listed = () => {
    const files = readdirSync(world.root).map((name) => ({
      name,
      sizeBytes: MIB,
      modifiedMs: statSync(path.join(world.root, name)).mtimeMs,
    }))
    return listSegments(arrangeWalArchive(world.root, MIB, files, new Map([[2, history]])), [])
  }
  using store = openWalIndexStore(undefined, world.place)
  const look = async () => {
    await updateWalIndex(store, world.place, listed(), { signal: NEVER, report: () => undefined })
    return Array.from(new WalIndexReader(store, MIB).commits({}), ({ timeline, xid }) => [timeline, xid])
  }

  expect(await look()).toEqual([
    [1, 7],
    [1, 8],
    [2, 9],
  ])
  // Without the parent's segment the child's still has its past.
  await rm(path.join(world.root, wal.nameOf(1n)))
  expect(await look()).toEqual([
    [1, 7],
    [2, 9],
  ])
  const near = new WalIndexReader(store, MIB).around(2, 2)
  expect([near.before?.xid, near.after?.xid]).toEqual([undefined, 9])
  expect(lsnFromBigint(switchLsn)).toBe(store.segments()[0]?.switchLsn)
})

test('an archive without any transaction is an index without commits', async () => {
  const wal = new MadeWal()
  wal.append({ rmgr: 11, mainData: new Uint8Array(100) })
  wal.switchSegment()
  await using world = await archive(wal)
  world.putAll()
  using store = openWalIndexStore(undefined, world.place)

  await world.update(store)
  const reader = new WalIndexReader(store, MIB)

  expect(store.segments()).toMatchObject([
    { state: 'whole', commitCount: 0, first: undefined, last: undefined },
  ])
  expect([...reader.commits({})]).toEqual([])
  expect(reader.around(0)).toEqual({ before: undefined, after: undefined })
  expect(reader.largestDeletes({}, 10)).toEqual([])
  expect(reader.activity(0, 100, 4)).toEqual([0, 0, 0, 0])
})
