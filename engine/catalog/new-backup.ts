import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { type BackupId, backupIdFromSeconds, secondsFromBackupId } from '../base/backup-id.ts'
import { delay } from '../base/concurrency.ts'
import { EngineError } from '../base/engine-error.ts'
import type { Run } from '../base/run.ts'
import type { BackupControl } from '../format/backup-control.ts'
import { syncDirectory } from '../host/durable-file.ts'
import { mapFileError } from '../host/file-error.ts'
import { writeBackupControl } from './backup.ts'
import type { Inventory } from './inventory.ts'
import { type BackupLock, lockExclusive } from './lock.ts'
import { DIRECTORY_MODE, instanceDirectory } from './paths.ts'
import { markStaleAsError, staleness } from './stale.ts'

/** A backup that has just begun: its directory is there, locked, with status RUNNING. Disposing releases the lock. */
export type NewBackup = AsyncDisposable & {
  readonly id: BackupId
  readonly directory: string
  readonly control: BackupControl
}

const MOST_TRIES = 11
const SECOND_MS = 1000

/**
 * Gives a new backup its id and its place. Backups that dead processes left RUNNING become ERROR first.
 * Source: `catalog-format.md` section 2.
 *
 * @throws {EngineError} `backup.in-future` when a backup is younger than the clock, or than the forced start
 */
export async function createBackup(
  inventory: Inventory,
  options: {
    /** All but the start time, which is decided here. */
    readonly control: BackupControl
    readonly externalDirCount: number
    /** Forces the start, and so the id. */
    readonly startSeconds: number | undefined
    readonly run: Run
  },
): Promise<NewBackup> {
  const { run } = options
  const nowSeconds = (): number => Math.floor(run.clock.nowMs() / 1000)
  for (const backup of inventory.backups) {
    if (staleness(backup) !== 'stale' || backup.control?.status !== 'RUNNING') continue
    run.log.warning(`backup ${backup.id} was left by a process that is gone; its status is now ERROR`)
    await markStaleAsError(backup, nowSeconds())
  }
  const newest = Math.max(
    0,
    ...inventory.backups.map(({ id, control }) => control?.startSeconds ?? secondsFromBackupId(id)),
  )

  const root = instanceDirectory(inventory.catalog, inventory.instance)
  for (let tries = 1; ; tries++) {
    const startSeconds = options.startSeconds ?? nowSeconds()
    requireAfter(newest, startSeconds, options.startSeconds !== undefined)
    const id = backupIdFromSeconds(startSeconds)
    const directory = path.join(root, id)
    if (await makeExclusively(directory)) {
      return await furnish(id, directory, { ...options.control, startSeconds }, options.externalDirCount, run)
    }
    if (tries === MOST_TRIES || options.startSeconds !== undefined) {
      throw new EngineError('storage.exists', `the directory of backup ${id} exists already`, {
        hint: 'Another backup of the instance has just begun; try again.',
      })
    }
    await delay(SECOND_MS, run.signal)
  }
}

async function furnish(
  id: BackupId,
  directory: string,
  control: BackupControl,
  externalDirCount: number,
  run: Run,
): Promise<NewBackup> {
  let lock: BackupLock | undefined
  try {
    const taken = await lockExclusive(directory, run)
    lock = taken
    await mkdir(path.join(directory, 'database'), { mode: DIRECTORY_MODE })
    for (let number = 1; number <= externalDirCount; number++) {
      await mkdir(path.join(directory, 'external_directories', `externaldir${number}`), {
        recursive: true,
        mode: DIRECTORY_MODE,
      })
    }
    await writeBackupControl(directory, control)
    await syncDirectory(path.dirname(directory))
    return { id, directory, control, [Symbol.asyncDispose]: () => taken[Symbol.asyncDispose]() }
  } catch (thrown) {
    // What has no control file yet would be listed as a damaged backup.
    await rm(directory, { recursive: true, force: true }).catch(() => undefined)
    await lock?.[Symbol.asyncDispose]()
    throw mapFileError(thrown, directory, 'create')
  }
}

function requireAfter(newestSeconds: number, startSeconds: number, isForced: boolean): void {
  if (startSeconds > newestSeconds || (startSeconds === newestSeconds && !isForced)) return
  const id = backupIdFromSeconds(newestSeconds)
  throw new EngineError('backup.in-future', `backup ${id} began after the time of the new one`, {
    hint: 'Set the clock of this machine right; backups are ordered by their start.',
    facts: { backup: id },
  })
}

async function makeExclusively(directory: string): Promise<boolean> {
  try {
    await mkdir(directory, { mode: DIRECTORY_MODE })
    return true
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST') return false
    throw mapFileError(thrown, directory, 'create')
  }
}
