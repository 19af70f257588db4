import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { RestoreRequest } from '../api/contract/restore.ts'
import type { InstanceName } from '../base/instance-name.ts'
import { startEngine } from '../testing/engines.ts'
import { findEmbeddedPrograms } from '../host/embedded-postgres.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { startServer } from '../testing/servers.ts'

/** No server of a distribution is to be found. */
const NOWHERE = '/nowhere'

test('the pre-flight tells of the server that will be started: its programs, its configuration, its time', async () => {
  await using scratch = await scratchDirectory('server-lines')
  await using server = await startServer(scratch.path, { major: 17 })
  const seventeen = findEmbeddedPrograms(17) ?? NOWHERE
  const fifteen = findEmbeddedPrograms(15) ?? NOWHERE
  const env: Record<string, string> = { PATH: NOWHERE }
  await using engine = await startEngine({ env })
  const { catalog, instance } = await engine.register(path.join(scratch.path, 'catalog'), server)
  const ref = { catalog, instance: instance as InstanceName }
  const backUp = async (mode: 'FULL' | 'DELTA'): Promise<void> => {
    const { error } = await engine.ended(
      engine.client['backups.start']({ ...ref, mode, isStream: true, isValidated: false }),
    )
    expect(error).toBeUndefined()
  }
  const dataDirectory = path.join(server.directory('place'), 'data')
  const linesOf = async (more: Partial<RestoreRequest> = {}): Promise<readonly string[]> => {
    const plan = await engine.client['restore.plan']({ ...ref, dataDirectory, ...more })
    return plan.preflight.map(({ state, sentence }) => `${state} ${sentence.code}`)
  }
  await backUp('FULL')
  expect(await linesOf()).toEqual(
    expect.arrayContaining(['ok leftovers-none', 'ok archives-nothing', 'unknown version-unknown']),
  )
  // Root gives files away; anybody else wants a directory that is theirs.
  const isRoot = process.getuid?.() === 0
  expect(await linesOf()).toContain(isRoot ? 'warning owner-root' : 'ok owner-same')
  if (!isRoot) expect(await linesOf({ dataDirectory: '/tmp' })).toContain('warning owner-differs')
  env['PATH'] = fifteen
  expect(await linesOf()).toContain('unknown version-unknown')
  env['PATH'] = `${fifteen}:${seventeen}`
  expect(await linesOf()).toContain('ok version-found')
  const now = { kind: 'time', at: new Date().toISOString() } as const
  expect(await linesOf({ target: now })).toContain('ok zone-explicit')
  expect(await linesOf()).not.toContain('ok zone-explicit')

  // What the programs say that ran there last counts for more than what is installed.
  mkdirSync(dataDirectory, { recursive: true })
  writeFileSync(path.join(dataDirectory, 'postmaster.opts'), `${fifteen}/postgres "-D" "${dataDirectory}"\n`)
  expect(await linesOf({ movesAside: true })).toContain('warning version-differs')
  writeFileSync(path.join(dataDirectory, 'postmaster.opts'), `${seventeen}/postgres "-D" "x"\n`)
  expect(await linesOf({ movesAside: true })).toContain('ok version-found')

  // An increment has only what changed: what the FULL has of it is found there.
  appendFileSync(
    path.join(server.dataDirectory, 'postgresql.conf'),
    "\nrecovery_target_time = '2020-01-01 00:00:00+00'\n",
  )
  await server.run(
    'postgres',
    "alter system set archive_mode = 'on'",
    `alter system set archive_command = 'tidemark archive-push -B ${catalog} --instance=${instance} %p'`,
  )
  await backUp('DELTA')
  await backUp('DELTA')
  expect(await linesOf({ movesAside: true })).toEqual(
    expect.arrayContaining(['warning leftover-settings', 'warning archives-same']),
  )
  expect(await linesOf({ movesAside: true, target: { kind: 'latest' } })).toContain(
    'warning leftover-settings',
  )
})
