import { constants, unlinkSync } from 'node:fs'
import { open, readFile, rename, unlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { delay } from '../base/concurrency.ts'
import { EngineError } from '../base/engine-error.ts'
import type { Log } from '../base/log.ts'
import { isProcessAlive } from '../host/process.ts'
import { isMissing, mapFileError } from '../host/file-error.ts'
import { readSmallFile } from '../host/small-file.ts'
import { removeLeftover } from './owner-file.ts'
import { EXCLUSIVE_LOCK, SHARED_LOCK } from './paths.ts'

/** How patient locking is. The numbers of the reference tools: tests hold them shorter. */
export type LockPatience = {
  readonly tries: number
  readonly betweenMs: number
  /** How long an empty lock file may be one that is just being written. */
  readonly emptyMs: number
}

export const USUAL_PATIENCE: LockPatience = { tries: 60, betweenMs: 1000, emptyMs: 30_000 }

type LockCall = {
  readonly signal: AbortSignal
  readonly log: Log
  readonly patience?: LockPatience
  /** A disk that is full counts as locked, so that a delete can make room. */
  readonly isLax?: boolean
  /** Only reads, and looks at the control file again when done: goes on where this user may not write the lock. */
  readonly onlyReads?: boolean
}

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
    await grab(directory, call, isReadOnly)
    try {
      await waitForReaders(directory, call)
    } catch (thrown) {
      await release(directory)
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
        await release(directory)
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

/** Takes the exclusive file, which is also the mutex for the list of shared holders. */
async function grab(
  directory: string,
  call: LockCall,
  mayPass: (thrown: unknown) => boolean,
): Promise<'held' | 'unwritten'> {
  const { tries, betweenMs, emptyMs } = call.patience ?? USUAL_PATIENCE
  const file = path.join(directory, EXCLUSIVE_LOCK)
  let emptyForMs = 0
  for (let count = 0; count < tries;) {
    call.signal.throwIfAborted()
    const created = await create(file, call, mayPass)
    if (created !== 'taken') return created
    const text = await readFile(file, 'utf8').catch((thrown: unknown) => {
      if (isMissing(thrown)) return undefined
      // Whoever wrote it may have died: nobody else can tell.
      if (codeOf(thrown) === 'EACCES') throw locked(directory, `another user, whose "${file}" cannot be read`)
      throw mapFileError(thrown, file, 'read')
    })
    if (text === undefined) continue
    if (text === '' && emptyForMs < emptyMs) {
      emptyForMs += betweenMs
      await delay(betweenMs, call.signal)
      continue
    }
    const pid = /^\d+\s*$/.test(text) ? Number.parseInt(text, 10) : 0
    const owner = pid > 0 && pid !== process.pid ? isProcessAlive(pid) : 'gone'
    if (owner === 'foreign') throw locked(directory, `process ${pid} of another user`)
    if (owner === 'gone') {
      call.log.verbose(`process ${pid}, which locked "${directory}", no longer exists`)
      if ((await takeAway(file, text, mayPass)) === 'unwritten') return 'unwritten'
      continue
    }
    if (count % 10 === 9) call.log.warning(`waiting for process ${pid}, which holds "${directory}"`)
    count++
    if (count === tries) throw locked(directory, `process ${pid}`)
    await delay(betweenMs, call.signal)
  }
  throw locked(directory, 'another process')
}

/** Removes what a dead process left. */
async function takeAway(
  file: string,
  text: string,
  mayPass: (thrown: unknown) => boolean,
): Promise<'gone' | 'unwritten'> {
  try {
    await removeLeftover(file, text)
    return 'gone'
  } catch (thrown) {
    if (mayPass(thrown)) return 'unwritten'
    const code = codeOf(thrown)
    // No room to take turns in: deleting the backup is what makes some.
    if (code !== 'ENOSPC' && code !== 'EDQUOT' && !isMissing(thrown))
      throw mapFileError(thrown, file, 'remove')
    await unlink(file).catch(ignoreMissing)
    return 'gone'
  }
}

async function create(
  file: string,
  call: LockCall,
  mayPass: (thrown: unknown) => boolean,
): Promise<'held' | 'unwritten' | 'taken'> {
  try {
    const handle = await open(file, constants.O_CREAT | constants.O_EXCL | constants.O_RDWR, 0o600)
    try {
      await handle.writeFile(`${process.pid}\n`)
      await handle.sync()
    } finally {
      await handle.close()
    }
    return 'held'
  } catch (thrown) {
    const code = codeOf(thrown)
    if (code === 'EEXIST') return 'taken'
    if (mayPass(thrown)) return 'unwritten'
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      await unlink(file).catch(ignoreMissing)
      if (call.isLax === true) return 'held'
    }
    throw mapFileError(thrown, file, 'create')
  }
}

async function waitForReaders(directory: string, call: LockCall): Promise<void> {
  const { tries, betweenMs } = call.patience ?? USUAL_PATIENCE
  const file = path.join(directory, SHARED_LOCK)
  for (let count = 0; ; count++) {
    const living = readPids(file).filter((pid) => pid !== process.pid && isProcessAlive(pid) !== 'gone')
    if (living.length === 0) break
    if (count >= tries) throw locked(directory, `process ${living.join(', ')}, which reads it`)
    await delay(betweenMs, call.signal)
  }
  await unlink(file).catch(ignoreMissing)
}

/** Tells whether nothing could be written down. */
async function changeReaders(
  directory: string,
  call: LockCall,
  change: (others: readonly number[]) => readonly number[],
): Promise<boolean> {
  let why: unknown
  try {
    const mayPass = (thrown: unknown): boolean => {
      why = codeOf(thrown)
      return isReadOnly(thrown) || (call.onlyReads === true && (why === 'EACCES' || why === 'EPERM'))
    }
    if ((await grab(directory, call, mayPass)) === 'unwritten') {
      if (why === 'EROFS')
        call.log.verbose(`"${directory}" is on a read-only file system: its lock is not written down`)
      else
        call.log.warning(
          `this user may only read "${directory}", so its lock is not written down: nobody is kept from deleting or merging the backup meanwhile`,
        )
      return true
    }
    await writeReaders(directory, change)
  } catch (thrown) {
    if (!(thrown instanceof EngineError) || thrown.code !== 'storage.full') throw thrown
    call.log.warning(`the disk of "${directory}" is full: no other process sees that this one reads there`)
  }
  return false
}

/** The file system, for everybody. */
function isReadOnly(thrown: unknown): boolean {
  return codeOf(thrown) === 'EROFS'
}

function codeOf(thrown: unknown): unknown {
  return thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
}

/** The caller holds the exclusive file, which is released. */
async function writeReaders(
  directory: string,
  change: (others: readonly number[]) => readonly number[],
): Promise<void> {
  const file = path.join(directory, SHARED_LOCK)
  try {
    const others = readPids(file).filter((pid) => pid !== process.pid && isProcessAlive(pid) !== 'gone')
    const pids = change(others)
    if (pids.length === 0) await unlink(file).catch(ignoreMissing)
    else {
      await writeFile(`${file}tmp`, pids.map((pid) => `${pid}\n`).join(''), { mode: 0o600 })
      await rename(`${file}tmp`, file)
    }
  } catch (thrown) {
    await unlink(`${file}tmp`).catch(ignoreMissing)
    throw mapFileError(thrown, file, 'write')
  } finally {
    await release(directory)
  }
}

async function release(directory: string): Promise<void> {
  await unlink(path.join(directory, EXCLUSIVE_LOCK)).catch(ignoreMissing)
}

function readPids(file: string): readonly number[] {
  try {
    return readSmallFile(file)
      .split('\n')
      .map((line) => Number.parseInt(line, 10))
      .filter((pid) => pid > 0)
  } catch (thrown) {
    if (isMissing(thrown)) return []
    throw mapFileError(thrown, file, 'read')
  }
}

function ignoreMissing(thrown: unknown): void {
  if (!isMissing(thrown)) throw thrown
}

function locked(directory: string, by: string): EngineError {
  return new EngineError('catalog.locked', `"${directory}" is held by ${by}`, {
    hint: 'Wait until the other operation ends. If it hangs, end it; its lock is then taken over.',
    facts: { path: directory },
  })
}
