import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { writeBackup, writeCatalog } from '../testing/made-catalog.ts'
import { jobHandlers, ON_MAIN, recorder, runCli } from '../testing/cli-world.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { openSession } from './session.ts'

const NOW = '2026-11-20T12:00:00Z'
const DAY = 86_400
/** The second of a backup that was taken so many days before. */
const ago = (days: number): number => Date.parse(NOW) / 1000 - days * DAY
const idOf = (days: number): string => ago(days).toString(36).toUpperCase()

/** A FULL of 20 days and one of 10 with a child of 5, and one of 1 that is pinned. */
async function made() {
  const scratch = await scratchDirectory('cli-retention')
  onTestFinished(() => scratch[Symbol.asyncDispose]())
  const catalog = path.join(scratch.path, 'catalog')
  const instance = writeCatalog(catalog)
  const write = (days: number, given: Parameters<typeof writeBackup>[2] = {}): string =>
    writeBackup(instance, idOf(days), { recoverySeconds: ago(days) + 9, dataBytes: 1000, ...given })
  write(20)
  write(10)
  write(5, { parent: idOf(10) })
  write(1, { expireSeconds: ago(-30) })
  const run = (words: readonly string[], now = NOW) =>
    runCli([...words, '-B', catalog, '--instance=main'], {
      openSession: (log) => openSession({ TIDEMARK_NOW: now }, log),
    })
  return { run, ids: () => readdirSync(instance).filter((name) => !name.endsWith('.conf')), instance }
}

/** The newest is of today; the other is younger than seven days of 24 hours, and older than seven dates. */
async function madeAtTheEdge(serverVersion: string) {
  const scratch = await scratchDirectory('cli-retention')
  onTestFinished(() => scratch[Symbol.asyncDispose]())
  const catalog = path.join(scratch.path, 'catalog')
  const instance = writeCatalog(catalog)
  for (const days of [0.01, 6.99])
    writeBackup(instance, idOf(days), { recoverySeconds: ago(days) + 9, serverVersion })
  return async (...words: readonly string[]) => {
    const line = [
      'delete',
      '--delete-expired',
      '--retention-window=7',
      '--dry-run',
      '--format=json',
      ...words,
    ]
    const { out } = await runCli([...line, '-B', catalog, '--instance=main'], {
      openSession: (log) => openSession({ TIDEMARK_NOW: NOW }, log),
    })
    const plan = JSON.parse(out) as { policy: { rule: string }; backups: { verdict: string }[] }
    return { rule: plan.policy.rule, verdicts: plan.backups.map(({ verdict }) => verdict) }
  }
}

describe('the arithmetic of the window', () => {
  const GS = { rule: 'gs', verdicts: ['kept', 'will-go'] }
  const PROBACKUP = { rule: 'probackup', verdicts: ['kept', 'kept'] }

  test('is that of gs_probackup in a catalog that it wrote, unless another is asked for', async () => {
    const plan = await madeAtTheEdge('9.2')
    expect(await plan()).toEqual(GS)
    expect(await plan('--retention-rule=probackup')).toEqual(PROBACKUP)
  })

  test('is that of pg_probackup else, unless another is asked for', async () => {
    const plan = await madeAtTheEdge('17')
    expect(await plan()).toEqual(PROBACKUP)
    expect(await plan('--retention-rule=gs')).toEqual(GS)
  })
})

const EXPIRED = ['delete', '--delete-expired', '--retention-window=7']

describe('delete --delete-expired', () => {
  test('with --dry-run says the report of the family, and changes nothing', async () => {
    const { run, ids } = await made()
    const before = ids()
    const { status, out, err } = await run([...EXPIRED, '--retention-redundancy=1', '--dry-run'])
    expect({ status, out }).toEqual({ status: 0, out: '' })
    expect(err.split('\n').slice(0, 6)).toEqual([
      'INFO: Evaluate backups by retention',
      `INFO: Backup ${idOf(1)}, mode: FULL, status: OK. Redundancy: 1/1, Time Window: 0d/30d. Active`,
      `INFO: Backup ${idOf(5)}, mode: DELTA, status: OK. Redundancy: 2/1, Time Window: 4d/7d. Active`,
      `INFO: Backup ${idOf(10)}, mode: FULL, status: OK. Redundancy: 2/1, Time Window: 9d/7d. Expired`,
      `INFO: Backup ${idOf(20)}, mode: FULL, status: OK. Redundancy: 3/1, Time Window: 19d/7d. Expired`,
      `INFO: would delete backup ${idOf(20)}`,
    ])
    expect(err).toContain('There is no WAL to purge by retention policy')
    expect(ids()).toEqual(before)
  })

  test('with --format=json prints verdicts with their reasons at the time of TIDEMARK_NOW', async () => {
    const { run } = await made()
    const words = [...EXPIRED, '--delete-wal', '--dry-run', '--format=json']
    const { status, out } = await run(words)
    expect(status).toBe(0)
    const plan: unknown = JSON.parse(out)
    expect(plan).toMatchObject({
      now: NOW,
      backups: [
        { id: idOf(1), verdict: 'kept', reason: 'inside the 7 d window until 2026-11-26T12:00:10Z' },
        { id: idOf(5), verdict: 'kept' },
        { id: idOf(10), verdict: 'held', reason: `needed by ${idOf(5)}` },
        { id: idOf(20), verdict: 'will-go', reason: 'older than the 7 d window' },
      ],
      delete: [idOf(20)],
      wal: { bytes: 0, timelines: [] },
      promise: { broken: [] },
    })
    const later: unknown = JSON.parse((await run(words, '2026-12-10T12:00:00Z')).out)
    expect(later).toMatchObject({
      now: '2026-12-10T12:00:00Z',
      backups: [
        { verdict: 'pinned', reason: 'pinned until 2026-12-20T12:00:00Z' },
        { verdict: 'will-go' },
        { verdict: 'will-go' },
        { verdict: 'will-go' },
      ],
    })
  })

  test('names no day since when the number of FULL backups lets one go', async () => {
    const { run } = await made()
    const words = ['delete', '--delete-expired', '--retention-redundancy=1', '--dry-run', '--format=json']
    const { backups } = JSON.parse((await run(words)).out) as { backups: Record<string, unknown>[] }
    expect(backups.filter(({ verdict }) => verdict === 'will-go').length).toBeGreaterThan(0)
    for (const { 'kept-until': until } of backups) expect(until ?? '').not.toContain('1970')
  })

  test('deletes just that', async () => {
    const { run, ids } = await made()
    const { status, err } = await run(EXPIRED)
    expect(status, err).toBe(0)
    expect(ids()).not.toContain(idOf(20))
    expect(ids()).toHaveLength(3)
    expect((await run(EXPIRED)).err).toContain('There are no backups to delete by retention policy')
    expect(ids()).toHaveLength(3)
  })

  test('refuses to break the promise of the window, until it is told to', async () => {
    const { run, ids } = await made()
    const inAYear = '2027-11-20T12:00:00Z'
    const refused = await run(EXPIRED, inAYear)
    expect(refused.status).toBe(1)
    expect(refused.err).toContain('WARNING: no backup that can be restored would be left')
    expect(refused.err).toContain('--accept-broken-promise')
    expect(ids()).toHaveLength(4)
    expect((await run([...EXPIRED, '--accept-broken-promise'], inAYear)).status).toBe(0)
    expect(ids()).toEqual([])
  })

  test('follows the saved policy, and says when there is none', async () => {
    const { run, ids } = await made()
    const none = await run(['delete', '--delete-expired'])
    expect(none).toMatchObject({
      status: 0,
      err: expect.stringContaining('WARNING: Retention policy is not set'),
    })
    expect(ids()).toHaveLength(4)
    await run(['set-config', '--retention-redundancy=2'])
    expect((await run(['delete', '--expired'])).status).toBe(0)
    expect(ids()).not.toContain(idOf(20))
    expect(ids()).toHaveLength(3)
  })

  test('spares what set-backup has pinned, and lets it go when the pin is taken off', async () => {
    const { run, ids } = await made()
    const pin = await run(['set-backup', '-i', idOf(20), '--ttl=30d'])
    expect(pin.err).toContain('is pinned until')
    expect(JSON.parse((await run([...EXPIRED, '--dry-run', '--format=json'])).out)).toMatchObject({
      backups: [{}, {}, {}, { verdict: 'pinned' }],
    })
    await run(['set-backup', '-i', idOf(20), '--ttl=0'])
    expect((await run(EXPIRED)).status).toBe(0)
    expect(ids()).toHaveLength(3)
  })

  test('refuses a TIDEMARK_NOW that is no time', async () => {
    const { run } = await made()
    const { status, err } = await run(EXPIRED, 'tomorrow')
    expect(status).toBe(1)
    expect(err).toContain('"tomorrow" in TIDEMARK_NOW is not a time')
  })

  test('leaves archived WAL alone unless --delete-wal is given, and timeline histories always', async () => {
    const { run, instance } = await made()
    const archive = path.join(instance, '..', '..', 'wal', 'main')
    const segment = path.join(archive, '000000010000000000000001')
    const history = path.join(archive, '00000002.history')
    writeFileSync(segment, 'x')
    writeFileSync(history, '1\t0/2000000\tno reason\n')
    expect((await run(EXPIRED)).status).toBe(0)
    expect(existsSync(segment)).toBe(true)
    const { status, err } = await run([...EXPIRED, '--delete-wal', '--accept-broken-promise'])
    expect(status, err).toBe(0)
    expect(err).toContain('On timeline 1 all files will be removed')
    expect([existsSync(segment), existsSync(history)]).toEqual([false, true])
  })

  test('purges WAL after the backup that was named is deleted, and only then', async () => {
    const { run, instance, ids } = await made()
    const segment = path.join(instance, '..', '..', 'wal', 'main', '000000010000000000000001')
    writeFileSync(segment, 'x')
    const words = ['delete', '-i', idOf(20), '--delete-wal']

    const rehearsed = await run([...words, '--dry-run'])
    expect(rehearsed).toMatchObject({ status: 0 })
    expect(rehearsed.err).toContain('the WAL is judged with the backups that are still there')
    expect([existsSync(segment), ids().length]).toEqual([true, 4])

    const missing = await run(['delete', '-i', 'TOTTEK', '--delete-wal'])
    expect([missing.status, existsSync(segment)]).toEqual([1, true])

    const { status, err } = await run(words)
    expect(status, err).toBe(0)
    expect(err).toContain('On timeline 1 all files will be removed')
    expect([existsSync(segment), ids().length]).toEqual([false, 3])
  })
})

describe('a backup with retention', () => {
  const done = jobHandlers({
    result: { kind: 'backup', backupId: 'TOTTEK', status: 'OK', dataBytes: 1, walBytes: 1 },
  })
  const started = async () => ({ job: 'job-1' })
  const words = ['backup', ...ON_MAIN, '-b', 'FULL']

  test('plans it after the backup, with the rules that were given', async () => {
    const plan = recorder({
      hash: 'h1',
      now: NOW,
      policy: { redundancy: 2, windowDays: 0, walDepth: 1 },
      rule: 'probackup',
      backups: [],
      deletes: [],
      freedBytes: 0,
      merges: [],
      unmerged: [],
      wal: [],
      walBytes: 0,
      promise: { broken: [], lost: [], lostCount: 0, strandedIds: [] },
    })
    const given = [
      '--delete-expired',
      '--delete-wal',
      '--retention-redundancy=2',
      '--wal-depth=1',
      '--dry-run',
    ]
    const { status } = await runCli([...words, ...given], {
      handlers: { 'backups.start': started, 'retention.plan': plan.handler, ...done },
    })
    expect(status).toBe(0)
    expect(plan.asked).toEqual([
      {
        catalog: '/srv/catalog',
        instance: 'main',
        deletesExpired: true,
        mergesExpired: false,
        purgesWal: true,
        policy: { redundancy: 2, walDepth: 1 },
      },
    ])
  })

  test('that fails is not followed by any', async () => {
    const failed = jobHandlers({ state: 'failed' })
    const { status } = await runCli([...words, '--delete-expired'], {
      handlers: { 'backups.start': started, ...failed },
    })
    expect(status).toBe(1)
  })

  test('is not taken for a trial', async () => {
    const { status, err } = await runCli([...words, '--dry-run'])
    expect(status).toBe(1)
    expect(err).toContain('a backup cannot be taken for a trial')
  })
})
