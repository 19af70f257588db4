import { existsSync } from 'node:fs'
import { chown, copyFile, readdir, readFile, rename, rm, truncate, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CommitRecord } from '../api/contract/wal-index.ts'
import { parseLsn } from '../base/lsn.ts'
import { findWalSegment, walSegmentName, walSegmentNumber } from '../base/wal-segment.ts'
import type { EmbeddedMajor } from '../host/embedded-postgres.ts'
import { makeArchive, type TestArchive } from '../testing/archives.ts'
import { diceOf } from '../testing/random-world.ts'
import { type RecordedEnd, PAYMENT_STATEMENTS, startCommitLoad } from '../testing/commit-load.ts'
import { startEngine, type TestEngine } from '../testing/engines.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { serverMajors, startServer, type TestServer } from '../testing/servers.ts'
import { until } from '../testing/until.ts'
import { type Known, provoke, readTimestamps, remember } from '../testing/wal-accidents.ts'

const SEGMENT_BYTES = 1 << 20

type World = {
  readonly archive: TestArchive
  readonly engine: TestEngine
  readonly server: TestServer
  readonly ref: { readonly catalog: string; readonly instance: string }
  readonly ends: readonly RecordedEnd[]
  /** By number, in UTC with microseconds, as `track_commit_timestamp` keeps them. */
  readonly timestamps: ReadonlyMap<number, string>
  readonly known: Readonly<
    Record<'delete' | 'saved' | 'prepared' | 'drop' | 'truncate' | 'vacuum' | 'later', Known>
  >
  readonly droppedDatabase: number
  readonly switchLsn: string
  readonly streamedId: string
}

describe.each(serverMajors())('the WAL of PostgreSQL %i', (major) => {
  const cleanUp = new AsyncDisposableStack()
  let world: World
  const ask = () => world.engine.client
  beforeAll(async () => {
    world = await liveThrough(major, cleanUp)
    await index(world)
  })
  afterAll(() => cleanUp.disposeAsync())

  test('every commit is in the index with its time, and no other transaction', async () => {
    const { ends, timestamps } = world
    const commits = await allCommits(world)
    const byXid = new Map(commits.map((commit) => [commit.xid, commit]))

    for (const { xid, isCommitted, before, after } of ends) {
      const commit = byXid.get(Number(xid))
      if (!isCommitted) {
        expect(commit).toBeUndefined()
        continue
      }
      expect(commit?.at).toBe(timestamps.get(Number(xid)) ?? 'known to the server')
      expect(parseLsn(commit?.endLsn ?? '')).toBeLessThanOrEqual(after.lsn)
      expect(parseLsn(commit?.lsn ?? '')).toBeGreaterThanOrEqual(before.lsn)
      expect(commit).toMatchObject({ inserted: 1, updated: 1, deleted: 0, dropped: 0 })
    }
    // The server has the time of every transaction that was committed since it keeps them, and of no other.
    const ours = commits.filter(({ xid }) => xid >= firstOf(ends))
    const saved = timestamps.get(world.known.saved.xid)
    for (const { xid, at } of ours) expect([xid, timestamps.get(xid)]).toEqual([xid, at])
    const parts = [...timestamps].filter(([xid]) => !ours.some((commit) => commit.xid === xid))
    // Parts of a transaction have its time; one was rolled back.
    expect(parts.map(([, at]) => at)).toEqual([saved, saved])
    const status = await ask()['wal.index-status'](world.ref)
    expect(status).toMatchObject({ pendingCount: 0, pendingBytes: 0, findings: [] })
    expect(status.commitCount).toBeGreaterThanOrEqual(commits.length)
    const aborted = ends.filter(({ isCommitted }) => !isCommitted)
    expect(status.abortCount).toBeGreaterThanOrEqual(aborted.length)
    // Recovery stops at an abort as well, so it is found when it is asked for.
    const xid = Number((aborted[0] ?? expect.fail('some were rolled back')).xid)
    const asked = await ask()['wal.commits']({ ...world.ref, xid })
    expect(asked.commits).toMatchObject([{ xid, isAborted: true, inserted: 0 }])
    const { accidents } = await ask()['wal.accidents']({ ...world.ref, xid })
    expect(accidents.map(({ kind, lsn }) => [kind, lsn])).toEqual([['abort', asked.commits[0]?.lsn]])
    const target = { kind: 'xid', xid: String(xid) } as const
    const moment = await ask()['recovery.moment']({ ...world.ref, target, isInclusive: false })
    expect(moment.kind === 'unreachable' ? moment.reason : moment.kind).not.toMatchObject({
      code: 'not-found',
    })
  })

  test('deletes are counted over subtransactions, prepared ones and segments', async () => {
    const { known, ref } = world
    for (const which of ['delete', 'saved', 'prepared', 'later'] as const) {
      const { commits } = await ask()['wal.commits']({ ...ref, xid: known[which].xid })
      expect([which, commits.map(({ deleted }) => deleted)]).toEqual([which, [known[which].deleted]])
    }
    const { accidents } = await ask()['wal.accidents']({
      ...ref,
      kinds: ['delete'],
      minDeleted: 500,
      limit: 3,
    })
    expect(accidents.toSorted((a, b) => b.count - a.count).map(({ xid, count }) => [xid, count])).toEqual(
      (['delete', 'later', 'saved'] as const).map((which) => [known[which].xid, known[which].deleted]),
    )
  })

  test('dropped, truncated and rewritten relations are told apart, with their files', async () => {
    const { known, ref } = world
    const kinds = ['drop', 'truncate', 'rewrite', 'database-drop'] as const
    const { accidents } = await ask()['wal.accidents']({ ...ref, kinds: [...kinds] })
    for (const [which, kind] of [
      ['drop', 'drop'],
      // Its number stands behind all that the record says of what was dropped.
      ['prepared', 'drop'],
      ['truncate', 'truncate'],
      ['vacuum', 'rewrite'],
    ] as const) {
      const { xid, files } = known[which]
      const accident = accidents.find((one) => one.xid === xid)
      expect(accident?.kind).toBe(kind)
      expect(accident?.count).toBe(files.length)
      expect(accident?.relations.map(({ relationNumber }) => relationNumber).toSorted()).toEqual(
        files.toSorted(),
      )
      const [number = 0] = files
      const found = await ask()['wal.accidents']({ ...ref, kinds: [...kinds], relationNumber: number })
      expect(found.accidents.map((one) => one.xid)).toEqual([xid])
      // What was committed later is behind it.
      expect(parseLsn(accident?.endLsn ?? '')).toBeLessThanOrEqual(parseLsn(known[which].afterLsn))
    }
    const dropped = accidents.filter(({ kind }) => kind === 'database-drop')
    expect(dropped.flatMap(({ databases }) => databases)).toContain(world.droppedDatabase)
    const usual = await ask()['wal.accidents'](ref)
    expect(usual.accidents.some(({ kind }) => kind === 'rewrite')).toBe(false)
  })

  test('restore points are found by name, on both timelines', async () => {
    const { points } = await ask()['wal.restore-points'](world.ref)
    expect(points.map(({ name, timeline }) => [name, timeline])).toEqual([
      ['after the switch', 2],
      // Backups make one as well.
      [`pg_probackup, backup_id ${world.streamedId}`, 1],
      ['before the accident', 1],
    ])
    const named = await ask()['wal.restore-points']({ ...world.ref, name: 'before the accident' })
    expect(named.points).toEqual(points.slice(2))
  })

  test('commits belong to the timeline they were made on', async () => {
    const { known, switchLsn, ref } = world
    const later = await ask()['wal.commits']({ ...ref, timeline: 2, limit: 1000 })
    expect(later.commits.every(({ lsn }) => parseLsn(lsn) >= parseLsn(switchLsn))).toBe(true)
    expect(later.commits.map(({ xid }) => xid)).toContain(known.later.xid)
    const first = await ask()['wal.commits']({ ...ref, timeline: 1, xid: known.delete.xid })
    expect(first.commits).toHaveLength(1)
    const all = await allCommits(world)
    expect(new Set(all.map(({ timeline, lsn }) => `${timeline}/${lsn}`)).size).toBe(all.length)
  })

  test('pages, ranges, neighbours and counts agree with one another', async () => {
    const { ref } = world
    const all = await allCommits(world)
    const backwards = await allCommits(world, { direction: 'backward', limit: 7 })
    expect(backwards.toReversed()).toEqual(all)
    const middle = all[Math.floor(all.length / 2)] ?? expect.fail('there are commits')
    const range = await allCommits(world, { fromLsn: middle.lsn, timeline: middle.timeline })
    expect(range).toEqual(
      all.filter(
        ({ lsn, timeline }) => timeline === middle.timeline && parseLsn(lsn) >= parseLsn(middle.lsn),
      ),
    )
    const upTo = await allCommits(world, { to: middle.at })
    expect(upTo).toEqual(all.filter(({ at }) => at <= middle.at))
    const near = await ask()['wal.nearest']({ ...ref, at: middle.at })
    expect(near.before?.at).toBe(middle.at)
    expect(near.after?.at).toBe(
      all
        .map(({ at }) => at)
        .filter((at) => at > middle.at)
        .toSorted()[0],
    )
    const { counts, from, to } = await ask()['wal.activity']({ ...ref, buckets: 17 })
    expect(counts).toHaveLength(17)
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(all.length)
    const whole = await ask()['wal.activity']({ ...ref, buckets: 1, from: from ?? '', to: to ?? '' })
    expect(whole.counts).toEqual([all.length])
  })

  test('segments have exact times, and those that did not change are not read again', async () => {
    const result = await index(world)
    expect(result).toMatchObject({ readSegments: 0, removedSegments: 0, findingCount: 0 })
    const { segments } = await ask()['wal.segments']({ ...world.ref, limit: 1000 })
    const all = await allCommits(world)
    const archived = segments.filter(({ backupId }) => backupId === undefined)
    expect(archived.reduce((sum, { commitCount }) => sum + commitCount, 0)).toBe(all.length)
    expect(segments.some(({ backupId }) => backupId === world.streamedId)).toBe(true)
  })

  test('packed segments tell the same', async () => {
    const all = await allCommits(world)
    const names = (await readdir(world.archive.directory)).filter((name) => /^[0-9A-F]{24}$/.test(name))
    for (const name of names) {
      const file = path.join(world.archive.directory, name)
      await writeFile(`${file}.gz`, gzipSync(await readFile(file), { level: 1 }))
      await rm(file)
    }

    const result = await index(world)

    expect(result).toMatchObject({ readSegments: names.length, findingCount: 0 })
    expect(await allCommits(world)).toEqual(all)
  })

  test.each([
    ['missing', 'missing'],
    ['cut off', 'truncated'],
    ['flipped', 'crc-mismatch'],
    ['zeroed', 'zeroed'],
    ['foreign', 'wrong-system'],
    ['torn gzip', 'unreadable'],
  ] as const)('a segment that is %s is named as %s, and the others are read', async (damage, kind) => {
    const before = await allCommits(world)
    const { victim, offset } = await plainVictim(world, before)
    const file = path.join(world.archive.directory, victim)
    const { number } = findWalSegment(victim, SEGMENT_BYTES) ?? expect.fail('a segment')
    await damageSegment(file, damage, offset)
    try {
      await index(world)

      const { findings } = await ask()['wal.index-status'](world.ref)
      expect(findings.map((finding) => [finding.kind, finding.segment])).toEqual([[kind, victim]])
      const lsn = parseLsn(findings[0]?.lsn ?? '')
      const inVictim = walSegmentNumber(lsn, SEGMENT_BYTES) === number
      // The record that goes over from the segment before cannot be read either.
      expect(inVictim || walSegmentNumber(lsn, SEGMENT_BYTES) === number - 1n).toBe(true)
      const after = new Set((await allCommits(world)).map(placeOf))
      const missing = before.filter((commit) => !after.has(placeOf(commit)))
      expect(missing.length).toBeGreaterThan(0)
      for (const commit of missing) {
        const at = walSegmentNumber(parseLsn(commit.endLsn), SEGMENT_BYTES)
        expect(at === number || at === number + 1n).toBe(true)
        expect(parseLsn(commit.endLsn)).toBeGreaterThan(lsn)
      }
    } finally {
      await repair(file)
    }
    await index(world)
    expect(await allCommits(world)).toEqual(before)
  })
})

/**
 * The segment of the archive with most commits of those that no backup has as well, made plain, and where in it one of its
 * commits is.
 */
async function plainVictim(
  { archive, engine, ref }: World,
  commits: readonly CommitRecord[],
): Promise<{ readonly victim: string; readonly offset: number }> {
  const { segments } = await engine.client['wal.segments']({ ...ref, limit: 1000 })
  const streamed = new Set(
    segments.filter(({ backupId }) => backupId !== undefined).map(({ segment }) => segment),
  )
  const [victim] = segments
    .filter(({ segment, timeline }) => timeline === 1 && !streamed.has(segment))
    .toSorted((a, b) => b.commitCount - a.commitCount)
  if (victim === undefined || victim.commitCount < 10) expect.fail('a segment has commits')
  const own = commits.filter(
    ({ lsn, timeline }) =>
      timeline === 1 && walSegmentNumber(parseLsn(lsn), SEGMENT_BYTES) === BigInt(victim.number),
  )
  const middle = own[Math.floor(own.length / 2)]?.lsn ?? expect.fail('there are commits')
  const file = path.join(archive.directory, victim.segment)
  if (existsSync(`${file}.gz`)) {
    await writeFile(file, gunzipSync(await readFile(`${file}.gz`)))
    await rm(`${file}.gz`)
  }
  return { victim: victim.segment, offset: Number(parseLsn(middle) % BigInt(SEGMENT_BYTES)) }
}

function placeOf({ timeline, lsn }: CommitRecord): string {
  return `${timeline}/${lsn}`
}

async function damageSegment(file: string, damage: string, offset: number): Promise<void> {
  await copyFile(file, `${path.dirname(path.dirname(file))}/sound`)
  const bytes = await readFile(file)
  switch (damage) {
    case 'missing':
      return await rm(file)
    case 'cut off':
      return await truncate(file, offset)
    case 'flipped':
      // In the time of the commit.
      bytes[offset + 30] = (bytes[offset + 30] ?? 0) ^ 4
      return await writeFile(file, bytes)
    case 'zeroed':
      return await writeFile(file, bytes.fill(0, offset))
    case 'foreign':
      bytes.writeBigUInt64LE(bytes.readBigUInt64LE(24) + 1n, 24)
      return await writeFile(file, bytes)
    default: {
      const packed = gzipSync(bytes, { level: 1 })
      await writeFile(`${file}.gz`, packed.subarray(0, packed.length / 3))
      await rm(file)
    }
  }
}

async function repair(file: string): Promise<void> {
  await rm(`${file}.gz`, { force: true })
  await rename(`${path.dirname(path.dirname(file))}/sound`, file)
  // Damage may have been done within the same millisecond.
  await utimes(file, new Date(), new Date())
}

async function index({ engine, ref }: Pick<World, 'engine' | 'ref'>) {
  const ended = await engine.ended(engine.client['wal.index.start'](ref))
  expect(ended.error).toBeUndefined()
  return ended.result
}

type CommitsInput = Parameters<TestEngine['client']['wal.commits']>[0]

/** All pages. */
async function allCommits(
  { engine, ref }: World,
  more: Partial<CommitsInput> = {},
): Promise<readonly CommitRecord[]> {
  const found: CommitRecord[] = []
  for (let after: string | undefined; ;) {
    const page = await engine.client['wal.commits']({
      ...ref,
      limit: 50,
      ...more,
      ...(after !== undefined && { after }),
    })
    found.push(...page.commits)
    if (page.next === undefined) return found
    after = page.next
  }
}

/** A load, accidents of every kind, a promotion, and a load after it; a STREAM backup in between. */
async function liveThrough(major: EmbeddedMajor, cleanUp: AsyncDisposableStack): Promise<World> {
  const scratch = cleanUp.use(await scratchDirectory('wal-index')).path
  const archive = makeArchive(scratch)
  const server = cleanUp.use(
    await startServer(scratch, {
      major,
      walSegmentMb: 1,
      settings: { ...archive.settings, track_commit_timestamp: 'on', max_prepared_transactions: '4' },
    }),
  )
  const engine = cleanUp.use(await startEngine())
  const ref = await engine.register(path.join(scratch, 'catalog'), server)
  await archive.serve(ref)
  await server.run('postgres', ...PAYMENT_STATEMENTS)
  await using load = await startCommitLoad(server, 'postgres', { firstValue: 1, dice: diceOf(major) })
  await load.reach(20)
  const before = await provoke(server, load.reach)
  const backup = await engine.ended(
    engine.client['backups.start']({ ...ref, mode: 'FULL', isStream: true, isSynced: false }),
  )
  expect(backup.error).toBeUndefined()
  await load.stop()

  await server.stop('fast')
  const signal = path.join(server.dataDirectory, 'standby.signal')
  await writeFile(signal, '')
  if (server.owner !== undefined) await chown(signal, server.owner.uid, server.owner.gid)
  await server.start()
  await server.run('postgres', 'select pg_promote()')
  const history = path.join(archive.directory, '00000002.history')
  await until(() => existsSync(history))
  const switchLsn = /^1\s+(?<lsn>[0-9A-F/]+)/.exec(await readFile(history, 'utf8'))?.groups?.['lsn'] ?? ''
  const later = await remember(server, 1200, async (run) => {
    await run('delete from big where n > 2600 and n <= 3800')
  })
  // Prepared before the switch, ended after it.
  const preparedXid = await server.value('postgres', 'select transaction::text from pg_prepared_xacts')
  await server.run('postgres', "commit prepared 'kept'", "select pg_create_restore_point('after the switch')")
  const prepared = { ...before.prepared, xid: Number(preparedXid) }
  await server.run('postgres', 'create table last (n int)')
  const lastLsn = await server.value('postgres', 'select pg_current_wal_lsn()')
  const timestamps = await readTimestamps(server, firstOf(load.ends))
  await server.run('postgres', 'select pg_switch_wal()')
  const last = walSegmentName(
    { timeline: 2, number: walSegmentNumber(parseLsn(lastLsn), SEGMENT_BYTES) },
    SEGMENT_BYTES,
  )
  await until(() => existsSync(path.join(archive.directory, last)))
  await server.stop('immediate')
  const { droppedDatabase, ...known } = before
  const streamedId = backup.result?.kind === 'backup' ? backup.result.backupId : ''
  return {
    archive,
    engine,
    server,
    ref,
    ends: load.ends,
    timestamps,
    known: { ...known, prepared, later },
    droppedDatabase,
    switchLsn,
    streamedId,
  }
}

/** The first transaction of a load; they may have ended in another order. */
function firstOf(ends: readonly RecordedEnd[]): number {
  return Math.min(...ends.map(({ xid }) => Number(xid)))
}
