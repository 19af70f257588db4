import { chownSync, existsSync } from 'node:fs'
import { readdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { lsnFromBigint, parseLsn } from '../base/lsn.ts'
import { walSegmentName, walSegmentNumber } from '../base/wal-segment.ts'
import { makeArchive } from '../testing/archives.ts'
import { startEngine } from '../testing/engines.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import {
  opened,
  outerMajors,
  serverDirectory,
  startRestored,
  startServer,
  type TestServer,
} from '../testing/servers.ts'

const SEGMENT_BYTES = 1 << 20

/** How timeline 1 ends, with a record over the edge of its last two segments. */
const ENDS = {
  /** The rest of that record is gone: timeline 2 begins where it began, in the segment before. */
  'in the middle of a record that goes over two segments': (dataDirectory: string, last: string) =>
    rm(path.join(dataDirectory, 'pg_wal', last)),
  /** The record is whole, and its end was archived as the beginning of timeline 2 alone. */
  'after a record of which only the next timeline has the end': undefined,
} as const

test.each(
  outerMajors().flatMap((major) =>
    (Object.keys(ENDS) as (keyof typeof ENDS)[]).map((end) => [major, end] as const),
  ),
)(
  'PostgreSQL %i left a timeline %s: backups, validation, window and restore go over it',
  async (major, end) => {
    await using scratch = await scratchDirectory('left-timeline')
    const archive = makeArchive(scratch.path)
    await using server = await startServer(scratch.path, {
      major,
      walSegmentMb: 1,
      settings: {
        ...archive.settings,
        restore_command: `'cp "${archive.directory}/%f" "%p"'`,
        autovacuum: 'off',
      },
    })
    await using engine = await startEngine()
    const ref = await engine.register(path.join(scratch.path, 'catalog'), server)
    await archive.serve(ref)
    await server.run('postgres', 'create table seen (n int primary key)', 'insert into seen values (1)')
    await backUp('FULL')

    await server.run('postgres', 'checkpoint', 'select pg_switch_wal()', 'insert into seen values (2)')
    const edge = await fillUpToEdge(server)
    await server.run('postgres', "select pg_logical_emit_message(false, 'edge', repeat('x', 4000))")
    // Whose commit is behind the edge: lost with the record, or the last one of the timeline.
    await server.run('postgres', 'insert into seen values (3)')
    const before = walSegmentName({ timeline: 1, number: edge - 1n }, SEGMENT_BYTES)
    const last = walSegmentName({ timeline: 1, number: edge }, SEGMENT_BYTES)
    await archived(before)
    const lsnAtEnd = parseLsn(await server.value('postgres', 'select pg_current_wal_insert_lsn()'))
    await server.stop('immediate')
    await ENDS[end]?.(server.dataDirectory, last)
    await beginTimeline(server)
    const isCut = ENDS[end] !== undefined
    const rows = isCut ? [1, 2] : [1, 2, 3]
    expect(await rowsOf(server)).toEqual(rows)

    await server.run('postgres', 'insert into seen values (4)', 'select pg_switch_wal()')
    const first = walSegmentName({ timeline: 2, number: isCut ? edge - 1n : edge }, SEGMENT_BYTES)
    await archived(first)
    await rm(path.join(archive.directory, `${last}.partial`), { force: true })
    const names = await readdir(archive.directory)
    expect(names).toContain(first)
    expect(names.filter((name) => name.startsWith(last))).toEqual([])

    await backUp('PAGE')
    expect((await engine.ended(engine.client['backups.validate'](ref))).result).toMatchObject({
      isSound: true,
    })

    expect((await engine.ended(engine.client['wal.index.start'](ref))).result).toMatchObject({
      findingCount: 0,
    })
    const { lanes, gaps } = await engine.client['recovery.window'](ref)
    expect(gaps).toEqual([])
    expect(lanes.map(({ zones }) => zones.length)).toEqual([1, 1])
    const switchLsn = parseLsn(lanes[1]?.switchLsn ?? '')
    const [left] = lanes[0]?.zones ?? []
    expect(parseLsn(left?.to ?? '')).toBe(isCut ? lsnFromBigint(edge * BigInt(SEGMENT_BYTES)) : switchLsn)
    // The last commit before the switch can be reached, as the window draws it, whichever timeline is asked for.
    const { commits } = await engine.client['wal.commits']({
      ...ref,
      timeline: 1,
      direction: 'backward',
      limit: 1,
    })
    // As it was read, and not by the date of a file.
    expect(lanes[1]?.switchTime).toEqual({ at: commits[0]?.at, isExact: true })
    const xid = String(commits[0]?.xid)
    const target = { kind: 'xid', xid } as const
    for (const targetTimeline of [undefined, '1'])
      expect(
        await engine.client['recovery.moment']({
          ...ref,
          target,
          ...(targetTimeline && { targetTimeline, mayFollowHeir: true }),
        }),
      ).toMatchObject({
        kind: 'reachable',
        position: { timeline: 1, lsn: commits[0]?.lsn },
        recoveryTimeline: isCut ? 1 : 2,
        // Following timeline 1 nothing comes after it.
        lost: { commits: isCut && targetTimeline === '1' ? 0 : 1 },
      })

    const dataDirectory = path.join(serverDirectory(path.join(scratch.path, 'home')), 'restored')
    const request = { ...ref, dataDirectory, target, targetAction: 'promote' } as const
    const plan = await engine.client['restore.plan'](request)
    const line = plan.preflight.find(({ code }) => code === 'wal')
    if (isCut) expect(line).toMatchObject({ state: 'ok' })
    else {
      expect(lsnAtEnd).toBeGreaterThanOrEqual(parseLsn(commits[0]?.endLsn ?? ''))
      expect(line).toMatchObject({
        state: 'blocked',
        hint: {
          code: 'other-timeline',
          values: { timeline: 2 },
          text: expect.stringContaining('timeline 2'),
        },
      })
      const refused = await engine.ended(engine.client['restore.start'](request))
      expect(refused.error).toMatchObject({
        message: expect.stringContaining('on timeline 2 it is reached'),
        hint: expect.stringContaining('--recovery-target-timeline=2'),
      })
      expect(existsSync(dataDirectory)).toBe(false)
    }
    await server.stop('fast')
    const restored = await engine.ended(
      engine.client['restore.start']({
        ...request,
        ...(!isCut && { targetTimeline: '2' }),
        restoreCommand: `cp "${archive.directory}/%f" "%p"`,
      }),
    )
    expect([restored.error, restored.state]).toEqual([undefined, 'succeeded'])
    await using again = await startRestored(dataDirectory, major, server.password)
    await opened(again)
    expect(await rowsOf(again)).toEqual(rows)

    async function archived(name: string): Promise<void> {
      await expect.poll(() => existsSync(path.join(archive.directory, name))).toBe(true)
    }

    async function backUp(mode: 'FULL' | 'PAGE'): Promise<void> {
      const { error, state } = await engine.ended(
        engine.client['backups.start']({ ...ref, mode, isStream: false }),
      )
      expect([mode, error, state]).toEqual([mode, undefined, 'succeeded'])
    }
  },
)

/** Writes until fewer than a thousand bytes are left in the segment, and gives the number of the next. */
async function fillUpToEdge(server: TestServer): Promise<bigint> {
  const lsn = async () => parseLsn(await server.value('postgres', 'select pg_current_wal_insert_lsn()'))
  const edge = walSegmentNumber(await lsn(), SEGMENT_BYTES) + 1n
  for (;;) {
    const left = edge * BigInt(SEGMENT_BYTES) - (await lsn())
    expect(left).toBeGreaterThan(0n)
    if (left < 1000n) return edge
    const bytes = left > 20_000n ? left - 10_000n : left > 2500n ? 1500n : 300n
    await server.run('postgres', `select pg_logical_emit_message(false, 'fill', repeat('x', ${bytes}))`)
  }
}

/** Starts the server as one that recovers from its archive, which it leaves on a timeline of its own. */
async function beginTimeline(server: TestServer): Promise<void> {
  const signal = path.join(server.dataDirectory, 'recovery.signal')
  await writeFile(signal, '')
  if (server.owner !== undefined) chownSync(signal, server.owner.uid, server.owner.gid)
  await server.start()
  await opened(server)
}

async function rowsOf(server: TestServer): Promise<readonly number[]> {
  await using session = await server.session()
  const { rows } = await session.query('select n from seen order by n')
  return rows.map(({ n }) => Number(n))
}
