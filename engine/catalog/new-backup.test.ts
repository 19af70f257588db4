import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { secondsFromBackupId, parseBackupId as id } from '../base/backup-id.ts'
import { heldClock } from '../base/clock.ts'
import { type LogEntry, logTo } from '../base/log.ts'
import type { Run } from '../base/run.ts'
import { madeControl, writeBackup, writeCatalog } from '../testing/made-catalog.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { readControl } from './backup.ts'
import { type Inventory, readInventory } from './inventory.ts'
import { lockExclusive, lockOwner } from './lock.ts'
import { createBackup } from './new-backup.ts'

/** The second of TOTTEK. */
const NOW = '2026-11-21T00:30:20Z'

type Made = {
  readonly instance: string
  readonly lines: LogEntry[]
  readonly clock: ReturnType<typeof heldClock>
  readonly stop: AbortController
  readonly run: Run
  begin(options?: {
    readonly startSeconds?: number
    readonly externalDirCount?: number
    readonly note?: string
  }): ReturnType<typeof createBackup>
}

async function catalog(): Promise<Made> {
  const scratch = await scratchDirectory('new-backup')
  onTestFinished(() => scratch[Symbol.asyncDispose]())
  const instance = writeCatalog(scratch.path)
  const lines: LogEntry[] = []
  const clock = heldClock(NOW)
  const stop = new AbortController()
  const run: Run = {
    signal: stop.signal,
    report: () => undefined,
    log: logTo((line) => lines.push(line)),
    clock,
  }
  const inventory = (): Promise<Inventory> => readInventory(scratch.path, 'main', run)
  return {
    instance,
    lines,
    clock,
    stop,
    run,
    begin: async ({ startSeconds, externalDirCount = 0, note } = {}) =>
      createBackup(await inventory(), {
        control: madeControl({ status: 'RUNNING', startSeconds: 0, note }),
        externalDirCount,
        startSeconds,
        run,
      }),
  }
}

/** Lets seconds pass at once until the work is over. */
async function hurry<Result>(work: Promise<Result>, onSecond: () => void = () => undefined): Promise<Result> {
  const over = work.then(
    () => 'over',
    () => 'over',
  )
  const aMoment = (): Promise<string> => new Promise((resolve) => setImmediate(resolve, 'not yet'))
  while ((await Promise.race([over, aMoment()])) !== 'over') {
    if (vi.getTimerCount() === 0) continue
    onSecond()
    vi.advanceTimersByTime(1000)
  }
  return work
}

afterEach(() => void vi.useRealTimers())

describe('a new backup', () => {
  test('is named for its second, is locked, says RUNNING and has its directories', async () => {
    const { instance, begin } = await catalog()
    const backup = await begin({ externalDirCount: 2 })
    const directory = path.join(instance, 'TOTTEK')
    expect(backup).toMatchObject({ id: 'TOTTEK', directory })
    expect(readControl(directory).control).toEqual(backup.control)
    expect(backup.control).toMatchObject({
      status: 'RUNNING',
      startSeconds: secondsFromBackupId(id('TOTTEK')),
    })
    expect(readFileSync(path.join(directory, 'backup.pid'), 'utf8')).toBe(`${process.pid}\n`)
    expect(readdirSync(directory).toSorted()).toEqual([
      'backup.control',
      'backup.pid',
      'database',
      'external_directories',
    ])
    expect(readdirSync(path.join(directory, 'external_directories')).toSorted()).toEqual([
      'externaldir1',
      'externaldir2',
    ])
    for (const inside of ['', 'database', 'external_directories', 'external_directories/externaldir1']) {
      expect(statSync(path.join(directory, inside)).mode & 0o777).toBe(0o700)
    }
    await backup[Symbol.asyncDispose]()
    expect(lockOwner(directory)).toBe('nobody')
  })

  test('has no external directories where there are none', async () => {
    const { instance, begin } = await catalog()
    await using _backup = await begin()
    expect(readdirSync(path.join(instance, 'TOTTEK'))).not.toContain('external_directories')
  })

  test('takes the next second when its own is taken', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { instance, clock, begin } = await catalog()
    mkdirSync(path.join(instance, 'TOTTEK'))
    await using backup = await hurry(begin(), () => clock.set('2026-11-21T00:30:21Z'))
    expect(backup.id).toBe('TOTTEL')
    expect(readdirSync(path.join(instance, 'TOTTEK'))).toEqual([])
  })

  test('gives up after eleven tries and leaves what was there', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { instance, begin } = await catalog()
    writeBackup(instance, 'TOTTEK')
    let seconds = 0
    const failure = hurry(begin(), () => seconds++)
    await expect(failure).rejects.toMatchObject({ code: 'storage.exists', hint: expect.any(String) })
    expect(seconds).toBe(10)
    expect(readdirSync(path.join(instance, 'TOTTEK'))).toEqual(['backup.control'])
  })

  test('that waits for the next second ends when it is cancelled', async () => {
    const { instance, stop, begin } = await catalog()
    mkdirSync(path.join(instance, 'TOTTEK'))
    const waiting = begin()
    stop.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
  })

  test('is refused while the catalog holds a younger one', async () => {
    const { instance, begin } = await catalog()
    writeBackup(instance, 'TOTTEZ')
    await expect(begin()).rejects.toMatchObject({ code: 'backup.in-future', facts: { backup: 'TOTTEZ' } })
    expect(readdirSync(instance).toSorted()).toEqual(['TOTTEZ', 'pg_probackup.conf'])
  })

  test('is refused while the catalog holds the directory of a younger one that cannot be read', async () => {
    const { instance, begin } = await catalog()
    mkdirSync(path.join(instance, 'TOTTEZ'))
    await expect(begin()).rejects.toMatchObject({ code: 'backup.in-future' })
  })

  test('whose beginning fails leaves nothing behind, not even its lock', async () => {
    const { instance, begin } = await catalog()
    const note = 'longer than any reader takes'.repeat(1000)
    await expect(begin({ externalDirCount: 1, note })).rejects.toMatchObject({ code: 'format.unsupported' })
    expect(readdirSync(instance)).toEqual(['pg_probackup.conf'])
    await using next = await begin()
    expect(next.id).toBe('TOTTEK')
  })
})

describe('a forced start', () => {
  test('gives the id', async () => {
    const { begin } = await catalog()
    await using backup = await begin({ startSeconds: secondsFromBackupId(id('TOTTEZ')) })
    expect(backup.id).toBe('TOTTEZ')
  })

  test.each(['TOTTEJ', 'TOTTEK'])(
    'at the second of the newest backup or before it (%s) is refused',
    async (start) => {
      const { instance, begin } = await catalog()
      writeBackup(instance, 'TOTTEK')
      await expect(begin({ startSeconds: secondsFromBackupId(id(start)) })).rejects.toMatchObject({
        code: 'backup.in-future',
      })
    },
  )
})

describe('backups that were left RUNNING', () => {
  test('become ERROR with an end, and a warning says so', async () => {
    const { instance, lines, begin } = await catalog()
    const left = writeBackup(instance, 'TOTTEA', { status: 'RUNNING' })
    writeFileSync(path.join(left, 'backup.pid'), `${2 ** 22 + 1}\n`)
    await using backup = await begin()
    expect(readControl(left).control).toMatchObject({
      status: 'ERROR',
      endSeconds: secondsFromBackupId(backup.id),
    })
    expect(lines).toMatchObject([{ level: 'warning', message: expect.stringContaining('TOTTEA') }])
  })

  test('stay as they are while somebody works on them, or when they are at something else', async () => {
    const { instance, run, lines, begin } = await catalog()
    const running = writeBackup(instance, 'TOTTEA', { status: 'RUNNING' })
    const merging = writeBackup(instance, 'TOTTEB', { status: 'MERGING' })
    await using _lock = await lockExclusive(running, run)
    await using _backup = await begin()
    expect(readControl(running).control?.status).toBe('RUNNING')
    expect(readControl(merging).control?.status).toBe('MERGING')
    expect(lines).toEqual([])
  })
})
