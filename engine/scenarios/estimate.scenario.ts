import { once } from 'node:events'
import net from 'node:net'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { BackupEstimate, ModeOutlook } from '../api/contract/backups.ts'
import { NEWEST_PROGRAM_VERSION } from '../api/version.ts'
import type { Figure } from '../base/figures.ts'
import { SYSTEM_CLOCK } from '../base/clock.ts'
import { SILENT_LOG } from '../base/log.ts'
import { readOutlook } from '../operations/backup/outlook.ts'
import { startEngine } from '../testing/engines.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { startServer } from '../testing/servers.ts'

const FULL = { mode: 'FULL', isStream: true, compressAlgorithm: 'zlib', compressLevel: 1 } as const

test('what an estimate says is what the backups then come to', async () => {
  await using scratch = await scratchDirectory('estimate')
  await using server = await startServer(scratch.path, {
    major: 17,
    settings: { summarize_wal: 'on', autovacuum: 'off' },
  })
  await using engine = await startEngine()
  const ref = await engine.register(path.join(scratch.path, 'catalog'), server)
  const estimate = (): Promise<BackupEstimate> =>
    engine.client['backups.estimate']({ ...ref, compressAlgorithm: 'zlib', compressLevel: 1 })
  await server.run(
    'postgres',
    'create table ledger as select g as id, md5(g::text) as v from generate_series(1, 200000) g',
  )

  const first = await estimate()
  expect(first.problem).toBeUndefined()
  expect(first.auto).toMatchObject({ mode: 'FULL', reasons: [{ code: 'no-parent' }], passedOver: [] })
  expect(first.modes.map(({ mode, possibility }) => `${mode} ${possibility}`)).toEqual([
    'FULL possible',
    'DELTA impossible',
    'PAGE impossible',
    'PTRACK impossible',
  ])
  expect(modeOf(first, 'FULL').storedBytes).toMatchObject({ kind: 'at-most', bases: [{ kind: 'listed' }] })
  expect(modeOf(first, 'FULL').seconds).toEqual({ kind: 'unknown' })

  await engine.ended(engine.client['backups.start']({ ...ref, ...FULL }))
  const [taken] = (await engine.client['backups.list'](ref)).backups
  expect(highOf(modeOf(first, 'FULL').storedBytes)).toBeGreaterThan(taken?.dataBytes ?? Infinity)
  expectNear(modeOf(first, 'FULL').readBytes, taken?.pgdataBytes)

  await server.run('postgres', 'update ledger set v = v where id <= 20000', 'checkpoint')
  // The server counts what it has summarized, and that takes a moment.
  const isSummarized = `select max(end_lsn) >= (select redo_lsn from pg_control_checkpoint()) from pg_available_wal_summaries()`
  await expect.poll(() => server.value('postgres', isSummarized)).toBe('true')
  const second = await estimate()
  expect(second).toMatchObject({ auto: { mode: 'PTRACK' }, parentId: taken?.id })
  expect(modeOf(second, 'PAGE')).toMatchObject({
    possibility: 'impossible',
    reasons: [{ code: 'archive-off', text: 'the server does not archive its WAL (archive_mode is off)' }],
  })
  expectNear(modeOf(second, 'FULL').storedBytes, taken?.dataBytes)
  expect(modeOf(second, 'FULL').seconds).toMatchObject({
    kind: 'about',
    bases: [{ kind: 'durations', count: 1 }],
  })
  expect(modeOf(second, 'PTRACK').storedBytes).toMatchObject({
    bases: [{ kind: 'counted' }, { kind: 'compression' }],
  })

  await engine.ended(engine.client['backups.start']({ ...ref, ...FULL, mode: 'PTRACK' }))
  const [increment] = (await engine.client['backups.list'](ref)).backups
  expect(increment?.mode).toBe('PTRACK')
  expectNear(modeOf(second, 'PTRACK').storedBytes, increment?.dataBytes)

  const counted = (await engine.client['backups.list'](ref)).backups.length
  await server.stop('fast')
  const blind = await estimate()
  expect(blind.problem).toMatchObject({ code: 'server.unreachable' })
  expect(blind).toMatchObject({ auto: undefined, parentId: increment?.id })
  expect(blind.modes.map(({ possibility }) => possibility)).toEqual(
    Array.from({ length: 4 }, () => 'unknown'),
  )
  expect(modeOf(blind, 'FULL').readBytes).toMatchObject({ bases: [{ kind: 'backup', id: increment?.id }] })
  expect((await engine.client['backups.list'](ref)).backups).toHaveLength(counted)
})

test('a server that accepts and says nothing is left after the limit', async () => {
  await using scratch = await scratchDirectory('estimate')
  await using server = await startServer(scratch.path, { major: 17 })
  await using engine = await startEngine()
  const ref = await engine.register(path.join(scratch.path, 'catalog'), server)
  const silent = net.createServer().listen(0, '127.0.0.1')
  const sockets = new Set<net.Socket>()
  silent.on('connection', (socket) => sockets.add(socket))
  await once(silent, 'listening')
  try {
    const { port } = silent.address() as net.AddressInfo
    const run = {
      signal: AbortSignal.timeout(60_000),
      clock: SYSTEM_CLOCK,
      log: SILENT_LOG,
      report: () => undefined,
    }
    const connection = { host: '127.0.0.1', port, user: 'postgres', password: '', env: {} }
    const { problem, modes } = await readOutlook(
      { ...ref, options: {}, connection, newestProgramVersion: NEWEST_PROGRAM_VERSION },
      run,
      300,
    )

    // By that limit, and by no later one.
    expect(problem).toMatchObject({
      code: 'run.timeout',
      message: 'the server did not answer within 1 s',
    })
    expect(modes.map(({ possibility }) => possibility)).toEqual([
      'unknown',
      'impossible',
      'impossible',
      'impossible',
    ])
  } finally {
    for (const socket of sockets) socket.destroy()
    silent.close()
  }
})

function modeOf(estimate: BackupEstimate, mode: ModeOutlook['mode']): ModeOutlook {
  const found = estimate.modes.find((one) => one.mode === mode)
  if (found === undefined) throw new Error(`no ${mode}`)
  return found
}

function highOf(figure: Figure): number {
  return figure.kind === 'unknown' ? -1 : figure.high
}

/** The figure is a range that is true but for a small part of it: files come and go while a backup is taken. */
function expectNear(figure: Figure, bytes = Number.NaN): void {
  if (figure.kind !== 'about') throw new Error(`the figure is ${figure.kind}`)
  expect(bytes).toBeGreaterThan(figure.low * 0.95)
  expect(bytes).toBeLessThan(figure.high * 1.05)
}
