import { closeSync, constants, fsync, openSync, writeSync } from 'node:fs'
import { readFile, rename, stat, unlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { delay } from '../base/concurrency.ts'
import { EngineError } from '../base/engine-error.ts'
import type { Log } from '../base/log.ts'
import { isMissing, mapFileError } from '../host/file-error.ts'
import { isProcessAlive } from '../host/process.ts'
import { readSmallFile } from '../host/small-file.ts'
import { removeLeftover, takeoverFile } from './owner-file.ts'
import { EXCLUSIVE_LOCK, SHARED_LOCK } from './paths.ts'

// The two files in the directory of a backup by which processes know of each other's locks.

/** How patient locking is. The numbers of the reference tools: tests hold them shorter. */
export type LockPatience = {
  readonly tries: number
  readonly betweenMs: number
  /** How long an empty lock file may be one that is just being written. */
  readonly emptyMs: number
}

export const USUAL_PATIENCE: LockPatience = { tries: 60, betweenMs: 1000, emptyMs: 30_000 }

export type LockCall = {
  readonly signal: AbortSignal
  readonly log: Log
  readonly patience?: LockPatience
  /** A disk that is full counts as locked, so that a delete can make room. */
  readonly isLax?: boolean
  /** Only reads, and looks at the control file again when done: goes on where this user may not write the lock. */
  readonly onlyReads?: boolean
}

/** Takes the exclusive file, which is also the mutex for the list of shared holders. */
export async function grabFile(
  directory: string,
  call: LockCall,
  mayPass: (thrown: unknown) => boolean,
): Promise<'held' | 'unwritten'> {
  const { tries, betweenMs, emptyMs } = call.patience ?? USUAL_PATIENCE
  const file = path.join(directory, EXCLUSIVE_LOCK)
  let emptyForMs = 0
  let deadSinceMs: number | undefined
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
      deadSinceMs ??= performance.now()
      if ((await takeAway(file, text, mayPass)) === 'unwritten') return 'unwritten'
      if (performance.now() - deadSinceMs > tries * betweenMs) await requireTurn(directory, file)
      continue
    }
    if (count % 10 === 9) call.log.warning(`waiting for process ${pid}, which holds "${directory}"`)
    count++
    if (count === tries) throw locked(directory, `process ${pid}`)
    await delay(betweenMs, call.signal)
  }
  throw locked(directory, 'another process')
}

/** Gives the exclusive file up; the caller has it. */
export async function releaseFile(directory: string): Promise<void> {
  await unlink(path.join(directory, EXCLUSIVE_LOCK)).catch(ignoreMissing)
}

/** Waits until no living process is on the list, and removes that. The caller has the exclusive file. */
export async function waitForReaders(directory: string, call: LockCall): Promise<void> {
  const { tries, betweenMs } = call.patience ?? USUAL_PATIENCE
  const file = path.join(directory, SHARED_LOCK)
  for (let count = 0; ; count++) {
    const living = livingOthers(file)
    if (living.length === 0) break
    if (count >= tries) throw locked(directory, `process ${living.join(', ')}, which reads it`)
    await delay(betweenMs, call.signal)
  }
  await unlink(file).catch(ignoreMissing)
}

/**
 * Changes the list of shared holders, which is given those that live but for this process. Tells whether nothing could be
 * written down.
 */
export async function changeReaders(
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
    if ((await grabFile(directory, call, mayPass)) === 'unwritten') {
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
export function isReadOnly(thrown: unknown): boolean {
  return codeOf(thrown) === 'EROFS'
}

/** The processes that one of the two files names. */
export function readPids(file: string): readonly number[] {
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

/** What a lock that is held by somebody else fails with. */
export function locked(directory: string, by: string): EngineError {
  return new EngineError('catalog.locked', `"${directory}" is held by ${by}`, {
    hint: 'Wait until the other operation ends. If it hangs, end it; its lock is then taken over.',
    facts: { path: directory },
  })
}

/** Who takes over needs milliseconds; one who died at it on another machine cannot be seen to be gone. */
async function requireTurn(directory: string, file: string): Promise<void> {
  const turn = takeoverFile(file)
  if ((await stat(turn).catch(() => undefined)) === undefined) return
  throw new EngineError(
    'catalog.locked',
    `"${directory}" is held by a process that no longer exists, and "${turn}" keeps it from being taken over`,
    {
      hint: `Make sure that no process on another computer works on this catalog, then remove "${turn}".`,
      facts: { path: directory },
    },
  )
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
    // In one go: who is killed in between leaves an empty file, for which others wait half a minute.
    const descriptor = openSync(file, constants.O_CREAT | constants.O_EXCL | constants.O_RDWR, 0o600)
    try {
      writeSync(descriptor, `${process.pid}\n`)
      await promisify(fsync)(descriptor)
    } finally {
      closeSync(descriptor)
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

/** The caller holds the exclusive file, which is released. */
async function writeReaders(
  directory: string,
  change: (others: readonly number[]) => readonly number[],
): Promise<void> {
  const file = path.join(directory, SHARED_LOCK)
  try {
    const pids = change(livingOthers(file))
    if (pids.length === 0) await unlink(file).catch(ignoreMissing)
    else {
      await writeFile(`${file}tmp`, pids.map((pid) => `${pid}\n`).join(''), { mode: 0o600 })
      await rename(`${file}tmp`, file)
    }
  } catch (thrown) {
    await unlink(`${file}tmp`).catch(ignoreMissing)
    throw mapFileError(thrown, file, 'write')
  } finally {
    await releaseFile(directory)
  }
}

function livingOthers(file: string): readonly number[] {
  return readPids(file).filter((pid) => pid !== process.pid && isProcessAlive(pid) !== 'gone')
}

function codeOf(thrown: unknown): unknown {
  return thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
}

function ignoreMissing(thrown: unknown): void {
  if (!isMissing(thrown)) throw thrown
}
