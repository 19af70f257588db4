import { copyFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PreflightLine, RestorePlan, RestoreRequest } from '../api/contract/restore.ts'
import { makeRestorePlan, restoreAsPlanned } from '../api/restore-job.ts'
import type { Clock } from '../base/clock.ts'
import type { InstanceName } from '../base/instance-name.ts'
import { SILENT_LOG } from '../base/log.ts'
import { startEngine, type TestEngine } from '../testing/engines.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { newestMajors, startServer, type TestServer } from '../testing/servers.ts'

/** An archive without an archiver: the segments that the server has completed by now. */
async function copyWal(server: TestServer, archive: string): Promise<void> {
  const from = path.join(server.dataDirectory, 'pg_wal')
  const current = await server.value('postgres', 'select pg_walfile_name(pg_current_wal_lsn())')
  for (const name of readdirSync(from).filter((one) => /^[0-9A-F]{24}$/.test(one) && one < current))
    copyFileSync(path.join(from, name), path.join(archive, name))
}

describe.each(newestMajors())('what a restore warns of on PostgreSQL %i', (major) => {
  const disposals = new AsyncDisposableStack()
  let server: TestServer
  let engine: TestEngine
  const ids: string[] = []
  let ref: { readonly catalog: string; readonly instance: InstanceName }
  /** Ours is this many milliseconds ahead of the true time. */
  let aheadMs = 0
  const clock: Clock = { nowMs: () => Date.now() + aheadMs }

  beforeAll(async () => {
    const root = disposals.use(await scratchDirectory('warnings')).path
    server = disposals.use(await startServer(root, { major }))
    engine = disposals.use(await startEngine({ clock }))
    const registered = await engine.register(path.join(root, 'catalog'), server)
    ref = { ...registered, instance: registered.instance as InstanceName }
    const archive = path.join(ref.catalog, 'wal', ref.instance)
    const full = async (): Promise<void> => {
      const backup = await engine.ended(
        engine.client['backups.start']({ ...ref, mode: 'FULL', isStream: true }),
      )
      expect(backup.error).toBeUndefined()
      ids.push(backup.backupId ?? '')
    }
    await full()
    await server.run('postgres', "select pg_create_restore_point('known')", 'select pg_switch_wal()')
    await copyWal(server, archive)
    await full()
    await copyWal(server, archive)
  })
  afterAll(() => disposals.disposeAsync())

  const request = (more: Partial<RestoreRequest>): RestoreRequest => ({
    ...ref,
    dataDirectory: path.join(server.directory('place'), 'data'),
    ...more,
  })
  const plan = async (more: Partial<RestoreRequest>): Promise<RestorePlan> =>
    await engine.client['restore.plan'](request(more))
  const clockOf = ({ preflight }: RestorePlan): PreflightLine | undefined =>
    preflight.find(({ code }) => code === 'clock')
  const time = (): RestoreRequest['target'] => ({ kind: 'time', at: new Date().toISOString() })
  const logOf = async (more: Partial<RestoreRequest>): Promise<readonly string[]> => {
    const { id, state, error } = await engine.ended(engine.client['restore.start'](request(more)))
    const lines: string[] = []
    for await (const { level, message } of engine.client['jobs.follow-log']({ job: id }))
      if (level === 'warning') lines.push(message)
    expect([state, error]).toEqual(['succeeded', undefined])
    return lines
  }

  describe('of clocks', () => {
    test('is nothing while they agree, and a target that is no time needs no clock', async () => {
      aheadMs = 0
      // One look may be held up between asking and hearing; of several that is one.
      await expect
        .poll(async () => clockOf(await plan({ target: time() })))
        .toMatchObject({
          state: 'ok',
          sentence: { code: 'clock-close', values: { seconds: expect.stringMatching(/^0\.\d$/) } },
        })
      expect(clockOf(await plan({ target: { kind: 'immediate' } }))).toBeUndefined()
      expect(clockOf(await plan({}))).toBeUndefined()
    })

    test.each([
      ['clock-ahead', 5_000],
      ['clock-behind', -5_000],
    ])('is how far they are apart: %s', async (code, ms) => {
      aheadMs = ms
      try {
        await expect
          .poll(async () => clockOf(await plan({ target: time() })))
          .toMatchObject({
            state: 'warning',
            sentence: { code, values: { seconds: expect.stringMatching(/^(5\.\d|4\.9)$/) } },
            hint: { code: 'by-server-clock' },
          })
      } finally {
        aheadMs = 0
      }
    })

    test('that cannot be compared is no obstacle', async () => {
      await server.stop('fast')
      try {
        const made = await plan({ target: time() })
        expect(clockOf(made)).toMatchObject({ state: 'unknown', sentence: { code: 'clock-unknown' } })
      } finally {
        await server.start()
      }
    })
  })

  describe('of a target without validation', () => {
    const nowhere = { target: { kind: 'name', name: 'nowhere' }, isValidated: false } as const

    test('that WAL does not lead to is refused', async () => {
      expect((await plan(nowhere)).isBlocked).toBe(true)
      const job = await engine.ended(engine.client['restore.start'](request(nowhere)))
      expect(job.error).toMatchObject({
        code: 'restore.unreachable',
        message: expect.stringContaining('no restore point "nowhere"'),
      })
    })

    test('names the restore points that there are, those before the newest backup too', async () => {
      const job = await engine.ended(engine.client['restore.start'](request(nowhere)))
      expect(job.error?.message).toContain('the latest it has: "known"')
    })

    test('is a warning where WAL comes from elsewhere', async () => {
      const elsewhere = { ...nowhere, restoreCommand: 'cp /elsewhere/%f %p' }
      expect(await logOf({ ...elsewhere, dataDirectory: path.join(server.directory('a'), 'data') })).toEqual([
        expect.stringMatching(/^the recovery target is not reached: WAL ends at .* on timeline 1\. /),
        expect.stringMatching(/is restored without validation: damage goes unnoticed$/),
      ])
    })

    test('is a warning where the restore is forced', async () => {
      const forced = { target: nowhere.target, isForced: true }
      expect(await logOf({ ...forced, dataDirectory: path.join(server.directory('b'), 'data') })).toEqual([
        expect.stringMatching(/^the recovery target is not reached: /),
        expect.stringMatching(/is restored without validation, as was forced: /),
      ])
    })
  })

  test('that only an older backup leads to is found where the preview had no time to read WAL', async () => {
    const asked = request({
      target: { kind: 'name', name: 'known' },
      dataDirectory: path.join(server.directory('d'), 'data'),
    })
    const never = new AbortController().signal
    const previewed = await makeRestorePlan(asked, Date.now(), never, 0)
    expect(previewed.preflight.filter(({ code }) => code === 'wal')).toMatchObject([
      { state: 'ok', sentence: { code: 'wal-read-at-start' } },
    ])
    const run = { signal: never, log: SILENT_LOG, clock, report: () => undefined }
    const outcome = await restoreAsPlanned(asked, previewed, run)
    expect([previewed.backup.id, outcome.backupId]).toEqual([ids[1], ids[0]])
  })

  test('of a standby with a target is that it stops there', async () => {
    const replica = { isReplica: true, target: { kind: 'immediate' } as const }
    expect(await logOf({ ...replica, dataDirectory: path.join(server.directory('c'), 'data') })).toEqual([
      expect.stringMatching(/^the standby recovers up to the recovery target only\. It pauses, /),
    ])
    const { preflight } = await plan({ isReplica: true })
    expect(preflight.filter(({ code }) => code === 'standby')).toEqual([])
  })
})
