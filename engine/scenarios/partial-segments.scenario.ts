import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { parseLsn } from '../base/lsn.ts'
import { startEngine, type TestEngine } from '../testing/engines.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import {
  giveToServers,
  opened,
  outerMajors,
  startRestored,
  startServer,
  type TestServer,
} from '../testing/servers.ts'

const SLOT = 'tidemark_main'

type Ref = { readonly catalog: string; readonly instance: string }

/** What became of the segment that was being received: as it is, or cut off behind what it holds, or packed so. */
const FORMS = ['as it is', 'short', 'packed and cut off'] as const

describe.each(outerMajors())('a primary of PostgreSQL %i that is lost while its WAL is received', (major) => {
  test('comes back with the last commit, which only the partial segment has', async () => {
    await using scratch = await scratchDirectory('partial')
    const server = await startServer(scratch.path, { major, walSegmentMb: 1 })
    await using engine = await startEngine()
    const ref = await engine.register(path.join(scratch.path, 'catalog'), server)
    await server.run('postgres', 'create table kept (n int)')
    await engine.client['wal-receiver.start']({ ...ref, slot: SLOT, createSlot: true })
    const backup = await engine.ended(
      engine.client['backups.start']({ ...ref, mode: 'FULL', isStream: true, isValidated: true }),
    )
    expect(backup.error).toBeUndefined()
    await server.run('postgres', 'select pg_switch_wal()', 'insert into kept select generate_series(1, 100)')
    const end = await safe(engine, ref, server)
    await server.stop('immediate')
    await engine.client['wal-receiver.stop'](ref)
    await server[Symbol.asyncDispose]()

    const archive = path.join(ref.catalog, 'wal', ref.instance)
    const partials = readdirSync(archive).filter((name) => name.endsWith('.partial'))
    expect(partials).toHaveLength(1)
    const [name = ''] = partials
    for (const form of FORMS) {
      change(path.join(archive, name), form)
      giveToServers(ref.catalog)
      await expectWindowTo(engine, ref, end)
      const dataDirectory = path.join(server.directory(`restored ${form}`), 'data')
      const restored = await engine.ended(
        engine.client['restore.start']({
          ...ref,
          dataDirectory,
          target: { kind: 'latest' },
          targetAction: 'promote',
        }),
      )
      expect(restored.error).toBeUndefined()
      await using copy = await startRestored(dataDirectory, major, server.password)
      await opened(copy)
      expect(await copy.value('postgres', 'select count(*) from kept')).toBe('100')
    }

    // Without it that is gone, and nobody says anything else.
    for (const left of readdirSync(archive).filter((one) => one.endsWith('.partial')))
      rmSync(path.join(archive, left))
    expect(await windowEnd(engine, ref)).toBeLessThan(end)
  })
})

describe.each(outerMajors())('a backup of PostgreSQL %i with its own WAL', (major) => {
  test('is restored although its receiver ended while it was taken', async () => {
    await using scratch = await scratchDirectory('partial')
    const server = await startServer(scratch.path, { major, walSegmentMb: 1 })
    await using engine = await startEngine()
    const ref = await engine.register(path.join(scratch.path, 'catalog'), server)
    const backup = await engine.ended(
      engine.client['backups.start']({ ...ref, mode: 'FULL', isStream: true, isValidated: true }),
    )
    expect(backup.error).toBeUndefined()
    await server[Symbol.asyncDispose]()
    const [{ id = '' } = {}] = (await engine.client['backups.list'](ref)).backups
    const own = path.join(ref.catalog, 'backups', ref.instance, id, 'database', 'pg_wal')
    const [name = ''] = readdirSync(own)
      .filter((one) => /^[0-9A-F]{24}$/.test(one))
      .toSorted()
    const bytes = readFileSync(path.join(own, name))
    // The first page, and so nothing of what the server needs to become consistent.
    const partial = path.join(ref.catalog, 'wal', ref.instance, `${name}.partial`)
    writeFileSync(partial, Buffer.alloc(bytes.length).fill(bytes.subarray(0, 100), 0, 100))
    giveToServers(ref.catalog)
    const dataDirectory = path.join(server.directory('restored'), 'data')
    const restored = await engine.ended(
      engine.client['restore.start']({
        ...ref,
        dataDirectory,
        target: { kind: 'latest' },
        targetAction: 'promote',
      }),
    )
    expect(restored.error).toBeUndefined()
    await using copy = await startRestored(dataDirectory, major, server.password)
    await opened(copy)
  })
})

/** Up to where everything that is committed now is safe in the archive. */
async function safe(engine: TestEngine, ref: Ref, server: TestServer): Promise<bigint> {
  const end = parseLsn(await server.value('postgres', 'select pg_current_wal_lsn()::text'))
  await expect
    .poll(async () => ((await engine.client['wal-receiver.status'](ref)).flushedLsn ?? 0n) >= end)
    .toBe(true)
  return end
}

async function windowEnd(engine: TestEngine, ref: Ref): Promise<bigint> {
  const { lanes, gaps } = await engine.client['recovery.window'](ref)
  expect(gaps).toEqual([])
  return parseLsn(lanes.at(-1)?.zones.at(-1)?.to ?? '0/0')
}

/** The end of the WAL is reachable, and so is the last commit by its time, which was read. */
async function expectWindowTo(engine: TestEngine, ref: Ref, end: bigint): Promise<void> {
  expect(await windowEnd(engine, ref)).toBeGreaterThanOrEqual(end)
  const { lanes } = await engine.client['recovery.window'](ref)
  expect(lanes.at(-1)?.zones.at(-1)).toMatchObject({ endsBy: 'archive-end', toTime: { isExact: true } })
}

function change(partial: string, form: (typeof FORMS)[number]): void {
  if (form === 'as it is') return
  const bytes = readFileSync(partial)
  const held = bytes.subarray(0, bytes.findLastIndex((byte) => byte !== 0) + 1)
  if (form === 'short') return writeFileSync(partial, held)
  const packed = partial.replace(/\.partial$/, '.gz.partial')
  renameSync(partial, packed)
  // The end of the stream is missing, with its checksum.
  writeFileSync(packed, gzipSync(held).subarray(0, -8))
}
