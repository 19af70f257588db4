import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { startEngine } from '../testing/engines.ts'
import { type Gate, openGate } from '../testing/gate.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { newestMajors, opened, startRestored, startServer, type TestServer } from '../testing/servers.ts'

const LOST = /^database \d+( "side")? in tablespace \d+ cannot be restored from this backup/

/** When in a backup something happens to databases. */
const MOMENTS = {
  'before its files are listed': (gate: Gate) => gate.holdRequest('START_REPLICATION'),
  // The databases are asked for while connecting and after the files were listed.
  'after its files are listed': (gate: Gate) => gate.holdRequest('select oid::text, datname', 2),
  'after its files are copied': (gate: Gate) => gate.holdRequest('from pg_catalog.pg_backup_stop'),
} as const

describe.each(newestMajors())('PostgreSQL %i while a backup is taken', (major) => {
  test.each([
    ['is moved', 'before its files are listed', ['alter database side set tablespace aside'], true],
    ['is moved', 'after its files are listed', ['alter database side set tablespace aside'], true],
    ['is moved', 'after its files are copied', ['alter database side set tablespace aside'], false],
    [
      'is made by copying files',
      'before its files are listed',
      ['alter database side rename to old', 'create database side template old strategy file_copy'],
      false,
    ],
    [
      'is made from one that is dropped then',
      'before its files are listed',
      [
        'alter database side rename to old',
        'create database side template old strategy file_copy',
        'drop database old',
      ],
      true,
    ],
    [
      'is made through WAL from one that is dropped then',
      'before its files are listed',
      [
        'alter database side rename to old',
        'create database side template old strategy wal_log',
        'drop database old',
      ],
      false,
    ],
  ] as const)('a database that %s %s', async (_, moment, statements, isLost) => {
    await using scratch = await scratchDirectory('moved-database')
    const catalog = path.join(scratch.path, 'catalog')
    await using server = await startServer(scratch.path, { major })
    await using engine = await startEngine()
    const ref = await engine.register(catalog, server)
    const space = server.directory('space')
    await server.run('postgres', `create tablespace aside location '${space}'`, 'create database side')
    await server.run('side', 'create table kept as select generate_series(1, 1000) as n')
    await using gate = await openGate(server)
    const held = MOMENTS[moment](gate)
    const running = engine.ended(
      engine.client['backups.start']({
        ...ref,
        connection: { port: String(gate.port) },
        mode: 'FULL',
        isStream: true,
      }),
    )
    await held
    await server.run('postgres', ...statements)
    gate.release()
    const job = await running
    await server.stop('fast')
    const validation = await engine.ended(engine.client['backups.validate'](ref))

    expect(job.error).toBeUndefined()
    expect(job.result).toMatchObject({ status: 'OK' })
    const { entries } = await engine.client['jobs.log']({ job: job.id, from: 0, limit: 500 })
    const warnings = entries.filter(({ level, message }) => level === 'warning' && LOST.test(message))
    expect(warnings.length > 0).toBe(isLost)
    expect(validation.result).toMatchObject({
      isSound: true,
      findings: isLost
        ? [{ severity: 'attention', code: 'database-lost', message: expect.stringMatching(LOST) }]
        : [],
    })

    const home = server.directory('restored')
    const dataDirectory = path.join(home, 'data')
    const restore = await engine.ended(
      engine.client['restore.start']({
        ...ref,
        dataDirectory,
        tablespaceMapping: [{ from: space, to: path.join(home, 'space') }],
      }),
    )
    expect(restore.error).toBeUndefined()
    await using restored = await startRestored(dataDirectory, major, server.password)
    expect(await outcomeOf(restored)).toBe(isLost ? 'lost' : '1000')
  })
})

/** The rows of the database, once the server is past its recovery. */
async function outcomeOf(restored: TestServer): Promise<string> {
  await opened(restored)
  return await restored.value('side', 'select count(*) from kept').catch((thrown: unknown) => {
    expect(String(thrown)).toMatch(/is not a valid data directory|could not open file/)
    return 'lost'
  })
}
