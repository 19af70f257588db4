import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Lsn, parseLsn } from '../base/lsn.ts'
import { type Timeline, walSegmentName, walSegmentNumber } from '../base/wal-segment.ts'
import { readTarget } from '../catalog/recovery-target.ts'
import { formatTargetTime } from '../catalog/recovery-time-text.ts'
import { verifyStop } from '../catalog/verify-stop.ts'
import { parseTimelineHistory } from '../format/timeline-history.ts'
import type { EmbeddedMajor } from '../host/embedded-postgres.ts'
import { makeArchive, type TestArchive } from '../testing/archives.ts'
import {
  type CommitLoad,
  type Moment,
  momentOf,
  PAYMENT_STATEMENTS,
  type RecordedEnd,
  startCommitLoad,
} from '../testing/commit-load.ts'
import { startEngine, type TestEngine } from '../testing/engines.ts'
import { type Dice, diceOf } from '../testing/random-world.ts'
import {
  contradictions,
  drawTarget,
  expectedValues,
  type Story,
  TARGET_KINDS,
  type Way,
  type Wish,
} from '../testing/recovery-wishes.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { startScratch } from '../testing/scratch-servers.ts'
import {
  opened,
  serverDirectory,
  serverMajors,
  startRestored,
  startServer,
  type TestServer,
} from '../testing/servers.ts'
import { readTimelineEvents, type TimelineEvent } from '../testing/wal-oracle.ts'

/** `TIDEMARK_TARGETS=40 TIDEMARK_SEED=7` tries 40 targets on each version. */
const COUNT = Number(process.env['TIDEMARK_TARGETS'] ?? 4)
const SEED = Number(process.env['TIDEMARK_SEED'] ?? 1)

const NEVER = new AbortController().signal
const SEGMENT_BYTES = 1 << 20
const FIRST_OF_CHILD = 1_000_000
describe.each(serverMajors().map((major, index) => [major, index] as const))(
  'after a load with a switch of timelines on PostgreSQL %i',
  (major, version) => {
    const cleanUp = new AsyncDisposableStack()
    let world: World
    beforeAll(async () => {
      world = await liveThrough(major, diceOf(SEED * 1000 + major), cleanUp)
    })
    afterAll(() => cleanUp.disposeAsync())

    test.for(Array.from({ length: COUNT }, (_, index) => index))(
      `recovery stops at exactly the target (TIDEMARK_SEED=${SEED}, target %i)`,
      async (index, { onTestFailed }) => {
        const dice = diceOf((SEED * 1000 + major) * 1000 + index)
        const wish = drawTarget(
          world.ways,
          dice,
          TARGET_KINDS[(version * COUNT + index) % TARGET_KINDS.length] ?? 'time',
        )
        const { way, target, isInclusive, id } = wish
        onTestFailed(() => {
          const asked = { ...target, isInclusive, id, timeline: way.timeline, stop: wish.stop.kind }
          process.stdout.write(
            `TIDEMARK_SEED=${SEED} target ${index} of ${major}: ${JSON.stringify(asked)}\n`,
          )
        })
        const { values, sound } = await restoreAndLook(world, wish, `${index}`, dice)
        expect(sound).toEqual([])
        expect(values).toEqual(expectedValues(wish))
        expect(contradictions(wish, values)).toEqual([])
      },
    )

    test('a moment while a backup was taken is reached from the backup before it', async () => {
      const { engine, ref, scratch, ways } = world
      const [way] = ways
      const [newest, oldest] = way.backups
      if (newest === undefined || oldest === undefined) throw new Error('two backups were taken')
      const during = way.events.filter(({ lsn }) => lsn > newest.startLsn && lsn < newest.stopLsn)
      const ends = during.filter(({ kind }) => kind !== 'restore-point')
      expect(ends.length).toBeGreaterThan(1)
      for (const { micros } of [ends[0], ends.at(-1)].filter((end) => end !== undefined)) {
        const plan = await engine.client['restore.plan']({
          ...ref,
          dataDirectory: path.join(scratch, 'never'),
          target: { kind: 'time', at: formatTargetTime(micros) },
          isInclusive: false,
          targetTimeline: '1',
        })
        expect(plan.preflight).toContainEqual(expect.objectContaining({ code: 'wal', state: 'ok' }))
        expect(plan.backup.id).toBe(oldest.id)
      }
    })

    test('a name that nobody gave is answered with those that there are, a timeline that never was with that', async () => {
      const { engine, ref, ways } = world
      const given = ways[0].events.filter((event) => event.kind === 'restore-point').map(({ name }) => name)
      const target = { kind: 'name', name: 'nobody gave it' } as const
      const unnamed = await engine.ended(
        engine.client['backups.validate']({ ...ref, target, targetTimeline: '1' }),
      )
      const message =
        unnamed.result?.kind === 'validate' ? (unnamed.result.findings[0]?.message ?? 'no finding') : ''
      expect(message).toContain('the WAL has no restore point "nobody gave it", the latest it has: "')
      expect(message).toContain(`"${given.at(-1)}"; recovery can be done up to`)

      const strange = await engine.ended(engine.client['backups.validate']({ ...ref, targetTimeline: '77' }))
      expect(strange.error).toMatchObject({ hint: expect.stringContaining('timeline 77') })
      const known = await engine.ended(engine.client['backups.validate']({ ...ref, targetTimeline: '1' }))
      expect(known.result).toMatchObject({ isSound: true })
    })

    test.each(['missing', 'cut off', 'damaged', 'foreign'] as const)(
      'a segment that is %s is named, and no target behind it is restored to',
      async (damage) => {
        await expectNamed(world, damage)
      },
    )
  },
)

type World = {
  readonly major: EmbeddedMajor
  readonly scratch: string
  readonly engine: TestEngine
  readonly ref: { readonly catalog: string; readonly instance: string }
  readonly archive: TestArchive
  readonly password: string
  readonly ways: readonly [Way, Way]
}

/** A load on timeline 1, which goes on after timeline 2 has branched off from its past, and a load on that. */
async function liveThrough(major: EmbeddedMajor, dice: Dice, cleanUp: AsyncDisposableStack): Promise<World> {
  const scratch = cleanUp.use(await scratchDirectory('pitr')).path
  const archive = makeArchive(scratch)
  const server = cleanUp.use(
    await startServer(scratch, { major, walSegmentMb: 1, settings: archive.settings }),
  )
  const engine = cleanUp.use(await startEngine())
  const ref = await engine.register(path.join(scratch, 'catalog'), server)
  await archive.serve(ref)
  const from = parseLsn(await server.value('postgres', 'select pg_current_wal_insert_lsn()'))
  await server.run('postgres', ...PAYMENT_STATEMENTS)
  const main = await liveOn(server, dice, 1, 1, async (step) => {
    if (step === 1) await backUp(engine, ref, 'FULL', dice)
    if (step === 3) await backUp(engine, ref, dice.pick(['DELTA', 'PAGE'] as const), dice)
  })
  const systemIdentifier = BigInt(
    await server.value('postgres', 'select system_identifier from pg_control_system()'),
  )
  await server.stop('fast')

  const branch = main.points[main.points.length - 2]?.name ?? ''
  const home = serverDirectory(path.join(scratch, 'child'))
  const dataDirectory = path.join(home, 'data')
  await restore(engine, {
    ...ref,
    dataDirectory,
    target: { kind: 'name', name: branch },
    targetAction: 'promote',
    restoreCommand: `cp "${archive.directory}/%f" "%p"`,
  })
  const child = cleanUp.use(await startRestored(dataDirectory, major, server.password, { isArchiving: true }))
  await opened(child)
  const later = await liveOn(child, dice, 2, FIRST_OF_CHILD, async (step) => {
    if (step === 2) {
      const connection = { port: String(child.port) }
      await backUp(engine, ref, 'FULL', dice, { connection, dataDirectory })
    }
  })
  await child.stop('fast')

  const { backups } = await engine.client['backups.list'](ref)
  const read = async (timeline: Timeline) =>
    await readTimelineEvents({
      directory: archive.directory,
      timeline,
      from: timeline === 1 ? from : switchLsn,
      segmentBytes: SEGMENT_BYTES,
      systemIdentifier,
    })
  const history = parseTimelineHistory(
    await readFile(path.join(archive.directory, '00000002.history'), 'utf8'),
  )
  const switchLsn = history[0]?.switchLsn ?? parseLsn('0/0')
  const first = await read(1)
  const before = first.filter(({ lsn }) => lsn < switchLsn)
  const known = (timeline: Timeline, most?: Lsn) =>
    backups
      .filter((one) => one.timeline === timeline && (most === undefined || one.stopLsn <= most))
      .map(({ id, startLsn, stopLsn }) => ({ id, startLsn, stopLsn }))
  const own = (story: Story) => story.ends.map((end) => ({ ...end, timeline: story.timeline }))
  return {
    major,
    scratch,
    engine,
    ref,
    archive,
    password: server.password,
    ways: [
      {
        timeline: 1,
        timelineTexts: ['1'],
        events: first,
        ends: own(main),
        points: main.points,
        backups: known(1),
      },
      {
        timeline: 2,
        timelineTexts: ['2', 'latest'],
        events: [...before, ...(await read(2)).filter(({ lsn }) => lsn >= switchLsn)],
        ends: [...own(main).filter((end) => isOnWay(end, before)), ...own(later)],
        points: [...main.points.filter(({ after }) => after.lsn <= switchLsn), ...later.points],
        backups: [...known(1, switchLsn), ...known(2)],
      },
    ],
  }
}

function isOnWay({ xid }: RecordedEnd, events: readonly TimelineEvent[]): boolean {
  return events.some((event) => event.kind !== 'restore-point' && event.xid === Number(xid & 0xffff_ffffn))
}

const STEPS = 5
const ENDS_PER_STEP = 30

/** A load with a restore point after each step; `between` happens meanwhile. */
async function liveOn(
  server: TestServer,
  dice: Dice,
  timeline: Timeline,
  firstValue: number,
  between: (step: number) => Promise<void>,
): Promise<Story> {
  await using load: CommitLoad = await startCommitLoad(server, 'postgres', { firstValue, dice })
  await using session = await server.session('postgres')
  const points: { name: string; before: Moment; after: Moment }[] = []
  for (let step = 1; step <= STEPS; step++) {
    await load.reach(load.ends.length + ENDS_PER_STEP)
    await between(step)
    // After the last backup there are some segments in any case: one of them is to be spoilt.
    if (step > 3 || dice.roll(2) === 0) await session.query('select pg_switch_wal()')
    const name = `point ${timeline}.${step}`
    const before = await momentOf(session)
    await session.query('select pg_create_restore_point($1)', [name])
    points.push({ name, before, after: await momentOf(session) })
  }
  await load.reach(load.ends.length + ENDS_PER_STEP)
  await load.stop()
  await session.query('select pg_switch_wal()')
  return { timeline, ends: load.ends, points }
}

async function backUp(
  engine: TestEngine,
  ref: World['ref'],
  mode: 'FULL' | 'DELTA' | 'PAGE',
  dice: Dice,
  more: { readonly connection?: { readonly port: string }; readonly dataDirectory?: string } = {},
): Promise<void> {
  const isStream = dice.roll(2) === 0
  const { error } = await engine.ended(
    engine.client['backups.start']({ ...ref, mode, isStream, isSynced: false, threads: 2, ...more }),
  )
  expect(error).toBeUndefined()
}

async function restoreAndLook(
  { engine, ref, archive, scratch, major }: World,
  { way, target, isInclusive, id }: Wish,
  label: string,
  dice: Dice,
): Promise<{ readonly values: readonly number[]; readonly sound: readonly string[] }> {
  const dataDirectory = path.join(serverDirectory(path.join(scratch, `target-${label}`)), 'data')
  const targetAction = dice.pick(['pause', 'promote'] as const)
  const request = {
    ...ref,
    dataDirectory,
    target,
    targetTimeline: dice.pick(way.timelineTexts),
    restoreCommand: `cp "${archive.directory}/%f" "%p"`,
    targetAction,
    ...(isInclusive !== undefined && { isInclusive }),
    ...(id !== undefined && { id: id as never }),
  }
  const { preflight } = await engine.client['restore.plan'](request)
  const line = preflight.find(({ code }) => code === 'wal')
  expect(line).toMatchObject({ state: 'ok', sentence: { code: 'wal-reached' } })
  await restore(engine, request)
  await using server = await startScratch(dataDirectory, major)
  const stop = await server.waitForRecovery({ limitMs: 60_000, signal: NEVER })
  if (stop.state === 'failed') throw new Error(`${stop.message}\n${await server.readLog()}`)
  expect(stop.state).toBe(target.kind !== 'latest' && targetAction === 'pause' ? 'paused' : 'open')
  const { timeline, lsn } = line?.sentence.values ?? {}
  const faults = verifyStop(
    readTarget(target, isInclusive === undefined ? {} : { isInclusive }),
    { ...stop, stop: stop.log.stop },
    { timeline: Number(timeline), endLsn: parseLsn(String(lsn)) },
  )
  await using session = await server.session('postgres', { signal: NEVER })
  const { rows } = await session.query('select value from public.payment order by value')
  await server.stop('immediate')
  return { values: rows.map(({ value }) => Number(value)), sound: faults.map(({ message }) => message) }
}

async function restore(
  engine: TestEngine,
  request: Parameters<TestEngine['client']['restore.start']>[0],
): Promise<void> {
  const job = await engine.ended(engine.client['restore.start']({ ...request, isSynced: false, threads: 2 }))
  if (job.error !== undefined)
    throw new Error(`${job.error.code}: ${job.error.message} ${job.error.hint ?? ''}`)
}

/** Spoils one segment in the middle of timeline 1 for a while. */
async function expectNamed(
  { engine, ref, archive, scratch, ways: [way] }: World,
  damage: 'missing' | 'cut off' | 'damaged' | 'foreign',
): Promise<void> {
  const [newest] = way.backups
  const names = (await readdir(archive.directory))
    .filter((name) => /^00000001[0-9A-F]{16}$/.test(name))
    .sort()
  const behind = walSegmentName(
    { timeline: 1, number: walSegmentNumber(newest?.stopLsn ?? parseLsn('0/0'), SEGMENT_BYTES) + 1n },
    SEGMENT_BYTES,
  )
  const file = path.join(archive.directory, behind)
  const sound = await readFile(file)
  await using _mended = { [Symbol.asyncDispose]: () => writeFile(file, sound) }
  const spoilt = Buffer.from(sound)
  if (damage === 'damaged') spoilt[5000] = (spoilt[5000] ?? 0) ^ 1
  if (damage === 'foreign') spoilt.writeBigUInt64LE(7n, 24)
  if (damage === 'missing') await rm(file)
  else await writeFile(file, damage === 'cut off' ? spoilt.subarray(0, 9000) : spoilt)

  const dataDirectory = path.join(scratch, `refused-${damage}`)
  const request = { ...ref, dataDirectory, target: { kind: 'latest' } as const, targetTimeline: '1' }
  expect(names.at(-1)).not.toBe(behind)
  const plan = await engine.client['restore.plan'](request)
  expect(plan.isBlocked).toBe(true)
  expect(plan.preflight).toContainEqual(
    expect.objectContaining({
      code: 'wal',
      state: 'blocked',
      sentence: { code: 'wal-lost', values: expect.objectContaining({ segment: behind }) },
    }),
  )
  const refused = await engine.ended(engine.client['restore.start'](request))
  expect(refused.error).toMatchObject({
    code: damage === 'missing' ? 'wal.missing' : 'wal.damaged',
    message: expect.stringContaining(behind),
  })
  await expect(readdir(dataDirectory)).rejects.toThrow()
  const { target, targetTimeline } = request
  const job = await engine.ended(engine.client['backups.validate']({ ...ref, target, targetTimeline }))
  expect(job.result).toMatchObject({
    isSound: false,
    findings: [
      {
        code: 'target-unreachable',
        where: behind,
        message: expect.stringContaining('recovery can be done up to'),
      },
    ],
  })
}
