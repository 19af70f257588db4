import { access, readdir, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findEmbeddedPrograms } from '../host/embedded-postgres.ts'
import { isProcessAlive } from '../host/process.ts'
import { startCli } from '../testing/cli-process.ts'
import { startEngine } from '../testing/engines.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import {
  newestMajors,
  serverDirectory,
  startRestored,
  startServer,
  type TestServer,
} from '../testing/servers.ts'

const LIMIT_MS = 60_000
const POLL_MS = 50

type Left = {
  readonly directory: string
  readonly dataDirectory: string
  readonly pid: number
  readonly socket: string
}

describe.each(newestMajors())('a drill that was killed while its server of PostgreSQL %i ran', (major) => {
  const cleanUp = new AsyncDisposableStack()
  let root: string
  let place: string
  let server: TestServer
  let ref: { readonly catalog: string; readonly instance: string }
  const programs = findEmbeddedPrograms(major)
  const left: Left[] = []

  beforeAll(async () => {
    root = cleanUp.use(await scratchDirectory('killed-drill')).path
    place = serverDirectory(path.join(root, 'tidemark'))
    server = cleanUp.use(await startServer(root, { major, walSegmentMb: 1 }))
    await using engine = await startEngine()
    ref = await engine.register(path.join(root, 'catalog'), server)
    const backup = engine.client['backups.start']({ ...ref, mode: 'FULL', isStream: true })
    expect((await engine.ended(backup)).error).toBeUndefined()
  })
  afterAll(async () => {
    for (const { pid, socket } of left) {
      if (isProcessAlive(pid) === 'alive') process.kill(pid, 'SIGQUIT')
      await rm(socket, { recursive: true, force: true })
    }
    await cleanUp.disposeAsync()
  })

  /** Kills a command line while its scratch server answers, and tells what it left. */
  const killDrill = async (): Promise<Left> => {
    const known = new Set(await readdir(place))
    await using cli = startCli([
      'drill',
      `--backup-path=${ref.catalog}`,
      '--instance=main',
      `--scratch-dir=${place}`,
      `--server-programs=${programs}`,
      '--check-sql=select pg_sleep(600)',
    ])
    for (let waitedMs = 0; waitedMs < LIMIT_MS; waitedMs += POLL_MS) {
      await sleep(POLL_MS)
      const name = (await readdir(place)).find((one) => !known.has(one)) ?? ''
      const dataDirectory = path.join(place, name, 'data')
      const lines = await readFile(path.join(dataDirectory, 'postmaster.pid'), 'utf8').then(
        (text) => text.split('\n'),
        () => [],
      )
      // The eighth line tells when it takes connections.
      if (!/^(standby|ready)/.test(lines[7] ?? '')) continue
      cli.kill('SIGKILL')
      await cli.ended
      const one = {
        directory: path.join(place, name),
        dataDirectory,
        pid: Number(lines[0]),
        socket: lines[4] ?? '',
      }
      left.push(one)
      expect(isProcessAlive(one.pid)).toBe('alive')
      return one
    }
    throw new Error('no scratch server came up')
  }
  const exists = (file: string): Promise<boolean> =>
    access(file).then(
      () => true,
      () => false,
    )

  test('leaves a server, which the next engine ends and removes with all that was its own', async () => {
    const { directory, pid, socket } = await killDrill()
    expect(await exists(socket)).toBe(true)
    {
      await using _next = await startEngine({ env: { TMPDIR: root } })
    }
    expect(isProcessAlive(pid)).toBe('gone')
    expect(await exists(directory)).toBe(false)
    expect(await exists(socket)).toBe(false)
  })

  test('is cleared up by the next drill in that place, where an engine does not know of it', async () => {
    const { directory, pid } = await killDrill()
    await using other = await startEngine({ env: { TMPDIR: path.join(root, 'nowhere') } })
    expect(isProcessAlive(pid)).toBe('alive')
    const job = await other.ended(other.client['drills.start']({ ...ref, scratchDirectory: place, programs }))
    expect(job.error).toBeUndefined()
    expect(isProcessAlive(pid)).toBe('gone')
    expect(await exists(directory)).toBe(false)
  })

  test('whose directory somebody has started a server of their own on is left alone with it', async () => {
    const { directory, dataDirectory, pid } = await killDrill()
    process.kill(pid, 'SIGQUIT')
    while (isProcessAlive(pid) !== 'gone') await sleep(POLL_MS)
    await using own = await startRestored(dataDirectory, major, server.password)
    {
      await using _next = await startEngine({ env: { TMPDIR: root } })
    }
    expect(await own.value('postgres', 'select 1')).toBe('1')
    expect(await exists(directory)).toBe(true)
  })
})
