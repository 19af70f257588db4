import { renameSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { startEngine } from '../testing/engines.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { giveToServers, opened, outerMajors, startRestored, startServer } from '../testing/servers.ts'

describe.each(outerMajors())('a restored server of PostgreSQL %i whose archive is away', (major) => {
  test('does not open on what it has, and goes on when the archive is back', async () => {
    await using scratch = await scratchDirectory('away')
    const server = await startServer(scratch.path, { major, walSegmentMb: 1 })
    await using engine = await startEngine()
    const ref = await engine.register(path.join(scratch.path, 'catalog'), server)
    const backup = await engine.ended(
      engine.client['backups.start']({ ...ref, mode: 'FULL', isStream: true, isValidated: true }),
    )
    expect(backup.error).toBeUndefined()
    await server[Symbol.asyncDispose]()
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

    const archive = path.join(ref.catalog, 'wal', ref.instance)
    renameSync(archive, `${archive}.away`)
    await expect(startRestored(dataDirectory, major, server.password)).rejects.toThrow()
    renameSync(`${archive}.away`, archive)
    await using copy = await startRestored(dataDirectory, major, server.password)
    await opened(copy)
  })
})
