import { existsSync, statSync, truncateSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { parseBackupId } from '../base/backup-id.ts'
import { startEngine } from '../testing/engines.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { newestMajors, startRestored, startServer } from '../testing/servers.ts'

test.each(newestMajors())(
  'what is left of a damaged backup of PostgreSQL %i is restored by force only, and that is recorded',
  async (major) => {
    await using scratch = await scratchDirectory('forced')
    await using server = await startServer(scratch.path, { major })
    await using engine = await startEngine()
    const ref = await engine.register(path.join(scratch.path, 'catalog'), server)
    await server.run(
      'postgres',
      'create table kept as select generate_series(1, 1000) as id',
      "create table harmed as select g as id, repeat('x', 500) as v from generate_series(1, 1000) g",
      'checkpoint',
    )
    const file = await server.value('postgres', "select pg_relation_filepath('harmed')")
    const backup = await engine.ended(
      engine.client['backups.start']({ ...ref, mode: 'FULL', isStream: true, isValidated: false }),
    )
    const id = parseBackupId(backup.backupId ?? '')
    const statusOf = async () =>
      (await engine.client['backups.list'](ref)).backups.find((one) => one.id === id)?.status
    expect(await statusOf()).toBe('DONE')
    const stored = path.join(ref.catalog, 'backups', ref.instance, id, 'database', file)
    truncateSync(stored, Math.floor(statSync(stored).size / 2))

    // What is found is told without any verdict being written.
    const damage = await engine.client['restore.damage']({ ...ref, id })
    expect(damage).toMatchObject({ count: 1, unreadIds: [] })
    expect(damage.findings).toMatchObject([{ code: 'file-size', where: `database/${file}`, backupId: id }])
    expect(await statusOf()).toBe('DONE')

    const dataDirectory = path.join(server.directory('restored'), 'data')
    const request = { ...ref, id, dataDirectory }
    const refused = await engine.ended(engine.client['restore.start'](request))
    expect(refused.error?.code).toBe('backup.damaged')
    expect(await statusOf()).toBe('CORRUPT')
    expect(existsSync(dataDirectory)).toBe(false)

    const plan = await engine.client['restore.plan']({ ...request, isForced: true })
    expect(plan.preflight.find(({ code }) => code === 'status')).toMatchObject({
      state: 'warning',
      sentence: { code: 'status-forced', values: { id, status: 'CORRUPT' } },
    })
    const job = await engine.ended(
      engine.client['restore.start']({ ...request, isForced: true, hash: plan.hash }),
    )
    expect([job.error, job.result]).toMatchObject([undefined, { kind: 'restore', isForced: true }])
    await using restored = await startRestored(dataDirectory, major, server.password)
    expect(await restored.value('postgres', 'select count(*) from kept')).toBe('1000')
  },
)
