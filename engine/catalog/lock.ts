import { unlinkSync } from 'node:fs'
import path from 'node:path'
import { delay } from '../base/concurrency.ts'
import { isMissing } from '../host/file-error.ts'
import { isProcessAlive } from '../host/process.ts'
import { readSmallFile } from '../host/small-file.ts'
import {
  changeReaders,
  grabFile,
  isReadOnly,
  type LockCall,
  type LockPatience,
  locked,
  readPids,
  releaseFile,
  USUAL_PATIENCE,
  waitForReaders,
} from './lock-files.ts'
import { EXCLUSIVE_LOCK, SHARED_LOCK } from './paths.ts'

export type { LockPatience }

/** A lock on one backup. Disposing releases it. */
export type BackupLock = AsyncDisposable

type Holding = {
  /** How many share it. */
  jobs: number
  readonly isExclusive: boolean
  /** The files do not say so yet, or no longer: no other job may rely on it. */
  isChanging: boolean
  /** No file could say so. */
  isUnwritten?: boolean
}

/**
 * Locks of this process, by directory. The files know only the pid, so two jobs of one process would take each other's
 * lock for their own.
 */
const held = new Map<string, Holding>()

process.on('exit', () => {
  for (const directory of held.keys()) {
    for (const name of [EXCLUSIVE_LOCK, SHARED_LOCK]) {
      try {
        const file = path.join(directory, name)
        // While we wait for another process, the file is still its own.
        if (readPids(file).join() === String(process.pid)) unlinkSync(file)
      } catch {
        // Gone already; what stays is seen to be stale by the next process.
      }
    }
  }
})

/**
 * Locks a backup for writing: waits for whoever holds it, takes over what dead processes left.
 * Source: `catalog-format.md` section 1.5.
 *
 * @throws {EngineError} `catalog.locked` after the last try; `storage.*`
 */
export async function lockExclusive(directory: string, call: LockCall): Promise<BackupLock> {
  const holding = await claim(directory, call, 'exclusive')
  try {
    await grabFile(directory, call, isReadOnly)
    try {
      await waitForReaders(directory, call)
    } catch (thrown) {
      await releaseFile(directory)
      throw thrown
    }
  } catch (thrown) {
    held.delete(directory)
    throw thrown
  }
  holding.isChanging = false
  return {
    async [Symbol.asyncDispose]() {
      if (holding.isChanging) return
      holding.isChanging = true
      try {
        await releaseFile(directory)
      } finally {
        held.delete(directory)
      }
    },
  }
}

/**
 * Locks a backup against being changed; several may hold it. On a read-only or full file system nothing is written
 * down: one must be able to restore from it. Nor is it, with a warning, for `onlyReads` where this user may only read.
 */
export async function lockShared(directory: string, call: LockCall): Promise<BackupLock> {
  const holding = await claim(directory, call, 'shared')
  if (holding.isChanging) {
    try {
      holding.isUnwritten = await changeReaders(directory, call, (pids) => [...pids, process.pid])
      holding.isChanging = false
    } catch (thrown) {
      held.delete(directory)
      throw thrown
    }
  }
  let isReleased = false
  return {
    async [Symbol.asyncDispose]() {
      if (isReleased) return
      isReleased = true
      if (--holding.jobs > 0) return
      if (holding.isUnwritten === true) {
        held.delete(directory)
        return
      }
      holding.isChanging = true
      try {
        // Releasing is never cancelled: a lock that stays would make others wait for this process to end.
        await changeReaders(directory, { ...call, signal: new AbortController().signal }, (pids) => pids)
      } finally {
        held.delete(directory)
      }
    },
  }
}

/** Locks several backups, oldest first, so that two such lists never wait for each other. All or none. */
export async function lockAll(
  backups: readonly { readonly id: string; readonly directory: string }[],
  kind: 'shared' | 'exclusive',
  call: LockCall,
): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack()
  const oldestFirst = backups.toSorted((a, b) => a.id.length - b.id.length || (a.id < b.id ? -1 : 1))
  for (const { directory } of oldestFirst) {
    stack.use(await (kind === 'shared' ? lockShared(directory, call) : lockExclusive(directory, call)))
  }
  return stack.move()
}

/**
 * Who holds the exclusive lock: a living process, a dead one, or nobody. A lock that cannot be read counts as held: its
 * owner may be another user. For derived states; takes nothing.
 */
export function lockOwner(directory: string): 'alive' | 'gone' | 'nobody' {
  const own = held.get(directory)
  if (own !== undefined && own.isExclusive) return 'alive'
  try {
    const pid = Number.parseInt(readSmallFile(path.join(directory, EXCLUSIVE_LOCK)), 10)
    if (!(pid > 0)) return 'gone'
    // The same number after a restart of this process, or of the machine: the registry above knows our own.
    if (pid === process.pid) return 'gone'
    return isProcessAlive(pid) === 'gone' ? 'gone' : 'alive'
  } catch (thrown) {
    return isMissing(thrown) ? 'nobody' : 'alive'
  }
}

/**
 * Enters a job into the registry once no other job of this process is in its way. A holding that comes back changing is
 * the caller's to write down; any other is shared with those who wrote it. Seeing and entering are one step: an `await`
 * between them would let two jobs in.
 */
async function claim(directory: string, call: LockCall, kind: 'shared' | 'exclusive'): Promise<Holding> {
  const { tries, betweenMs } = call.patience ?? USUAL_PATIENCE
  for (let count = 0; ; count++) {
    const own = held.get(directory)
    if (own === undefined) {
      const holding = { jobs: 1, isExclusive: kind === 'exclusive', isChanging: true }
      held.set(directory, holding)
      return holding
    }
    if (kind === 'shared' && !own.isExclusive && !own.isChanging) {
      own.jobs++
      return own
    }
    if (count >= tries) throw locked(directory, 'another job of this program')
    await delay(betweenMs, call.signal)
  }
}
