import { chownSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { type RestorePlan, restoreRequest, type RestoreRequest } from '../api/contract/restore.ts'
import { restoreAsPlanned } from '../api/restore-job.ts'
import { SYSTEM_CLOCK } from '../base/clock.ts'
import { SILENT_LOG } from '../base/log.ts'
import type { Report } from '../base/progress.ts'
import { makeArchive } from '../testing/archives.ts'
import { startEngine, type TestEngine } from '../testing/engines.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import {
  type TestServer,
  outerMajors,
  serverDirectory,
  startRestored,
  startServer,
} from '../testing/servers.ts'

const PATIENCE = { timeout: 60_000 }
const SEGMENT_BYTES = 1 << 20
type Request = Parameters<TestEngine['client']['restore.start']>[0]

const HEX = /^[0-9A-F]{24}$/

test.each(outerMajors())(
  'PostgreSQL %i recovers from WAL that was copied with the restore, over timelines, with no archive there',
  async (major) => {
    await using scratch = await scratchDirectory('copied-wal')
    const archive = makeArchive(scratch.path)
    await using server = await startServer(scratch.path, {
      major,
      walSegmentMb: 1,
      settings: { ...archive.settings, restore_command: `'cp "${archive.directory}/%f" "%p"'` },
    })
    await using engine = await startEngine()
    const ref = await engine.register(path.join(scratch.path, 'catalog'), server)
    await archive.serve(ref)
    await server.run('postgres', 'create table seen (n int primary key)')
    const backup = await engine.ended(
      engine.client['backups.start']({ ...ref, mode: 'FULL', isStream: false, isValidated: true }),
    )
    expect(backup.error).toBeUndefined()
    const xid = await server.value(
      'postgres',
      'with made as (insert into seen select generate_series(1, 1000)) select txid_current()',
    )
    await endSegment(server, archive.directory)
    await server.run('postgres', 'insert into seen values (1001)')
    const later = await endSegment(server, archive.directory)
    await beginTimeline(server)
    await server.run('postgres', 'insert into seen values (1002)')
    const last = await endSegment(server, archive.directory)
    expect(last.slice(0, 8)).toBe('00000002')
    await server.stop('fast')
    pack(archive.directory)

    const place = (name: string): string => path.join(serverDirectory(path.join(scratch.path, name)), 'data')
    const early = {
      ...ref,
      dataDirectory: place('early'),
      target: { kind: 'xid', xid },
      targetAction: 'promote',
      copiesWal: true,
    } as const
    const late = {
      ...ref,
      dataDirectory: place('late'),
      target: { kind: 'latest' },
      copiesWal: true,
      threads: 3,
    } as const

    const plan = await engine.client['restore.plan'](late)
    expect(plan.walCopy).toMatchObject({ last, extent: 'archive' })
    expect(plan.walCopy?.bytes).toBe((plan.walCopy?.segments.length ?? 0) * SEGMENT_BYTES)
    expect(plan.preflight.find(({ code }) => code === 'wal-copy')).toMatchObject({ state: 'warning' })
    expect(plan.command).toContain(' --copy-wal')

    await refusesWhatIsBroken(engine, late, path.join(archive.directory, `${later}.gz`))

    await stopsWhileCopying(restoreRequest.parse(late), plan)
    for (const request of [early, late]) {
      const { error } = await engine.ended(engine.client['restore.start'](request))
      expect(error).toBeUndefined()
      const settings = readFileSync(path.join(request.dataDirectory, 'postgresql.auto.conf'), 'utf8')
      expect(settings).toMatch(/^restore_command = 'false'$/m)
    }
    expect(walOf(early.dataDirectory)).not.toContain(later)
    expect(walOf(late.dataDirectory)).toContain(last)

    renameSync(archive.directory, `${archive.directory}.away`)
    await using first = await startRestored(early.dataDirectory, major, server.password)
    expect(await stateOf(first)).toEqual({ rows: 1000, timeline: 3 })
    await using second = await startRestored(late.dataDirectory, major, server.password)
    expect(await stateOf(second)).toEqual({ rows: 1002, timeline: 3 })
  },
)

/** A segment that is missing or damaged is found before anything is written. */
async function refusesWhatIsBroken(engine: TestEngine, request: Request, segment: string): Promise<void> {
  const restore = async () => await engine.ended(engine.client['restore.start'](request))
  const bytes = readFileSync(segment)
  rmSync(segment)
  expect((await restore()).error?.code).toBe('wal.missing')
  expect(existsSync(request.dataDirectory)).toBe(false)

  writeFileSync(segment, bytes.subarray(0, bytes.length / 2))
  expect((await restore()).error?.code).toBe('wal.damaged')
  expect(existsSync(request.dataDirectory)).toBe(false)

  writeFileSync(segment, bytes)
}

/** Stopped while it copies WAL, a restore leaves nothing that a server could start on; {@link restoreAsPlanned} continues it. */
async function stopsWhileCopying(request: RestoreRequest, plan: RestorePlan): Promise<void> {
  const stop = new AbortController()
  const report: Report = ({ phase, doneFiles }) => {
    if (phase === 'copy-wal' && doneFiles === 2) stop.abort()
  }
  const run = { signal: stop.signal, report, log: SILENT_LOG, clock: SYSTEM_CLOCK }
  await expect(restoreAsPlanned(request, plan, run)).rejects.toThrow()
  expect(stop.signal.aborted).toBe(true)
  expect(walOf(request.dataDirectory).filter((name) => HEX.test(name)).length).toBeGreaterThan(0)
  expect(existsSync(path.join(request.dataDirectory, 'global', 'pg_control'))).toBe(false)
}

/** Ends the segment that is being written, waits for it to be archived, and gives its name. */
async function endSegment(server: TestServer, archive: string): Promise<string> {
  const name = await server.value('postgres', 'select pg_walfile_name(pg_switch_wal())')
  await expect.poll(() => existsSync(path.join(archive, name)), PATIENCE).toBe(true)
  return name
}

async function beginTimeline(server: TestServer): Promise<void> {
  await server.stop('fast')
  const signal = path.join(server.dataDirectory, 'recovery.signal')
  writeFileSync(signal, '')
  if (server.owner !== undefined) chownSync(signal, server.owner.uid, server.owner.gid)
  await server.start()
  await expect.poll(() => server.value('postgres', 'select pg_is_in_recovery()'), PATIENCE).toBe('false')
}

/** All segments in gzip form only; histories stay as they are. */
function pack(archive: string): void {
  for (const name of readdirSync(archive).filter((one) => HEX.test(one))) {
    writeFileSync(path.join(archive, `${name}.gz`), gzipSync(readFileSync(path.join(archive, name))))
    rmSync(path.join(archive, name))
  }
}

function walOf(dataDirectory: string): readonly string[] {
  const names = readdirSync(path.join(dataDirectory, 'pg_wal'))
  expect(names.filter((name) => name.endsWith('.tmp'))).toEqual([])
  return names
}

/** What there is once the server has opened: the timeline that it began must be a new one. */
async function stateOf(server: TestServer) {
  await expect
    .poll(() => server.value('postgres', 'select pg_is_in_recovery()').catch(() => ''), PATIENCE)
    .toBe('false')
  await server.run('postgres', 'checkpoint')
  return {
    rows: Number(await server.value('postgres', 'select count(*) from seen')),
    timeline: Number(await server.value('postgres', 'select timeline_id from pg_control_checkpoint()')),
  }
}
