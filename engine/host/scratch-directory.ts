import { chown, lstat, mkdir, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { delay } from '../base/concurrency.ts'
import { EngineError } from '../base/engine-error.ts'
import { mapFileError } from './file-error.ts'
import { isProcessAlive } from './process.ts'

/** A directory for a restore that is only looked at. Disposing removes it with all that is in it. */
export type ScratchDirectory = AsyncDisposable & {
  readonly path: string
  /** Does not exist yet. */
  readonly dataDirectory: string
}

/** In every scratch directory: what has it may be removed when the process that it names is gone. */
const MARK = 'tidemark-scratch.json'
const DATA = 'data'
const STOP_MS = 10_000
const POLL_MS = 100

/**
 * Makes a directory of its own below `parent`, which is made as well. As root it goes to whom `parent` belongs, for no
 * server runs as root.
 *
 * @throws {EngineError} `server.denied` when the directory would belong to root; `storage.*`. Nothing is left behind
 * then.
 */
export async function makeScratchDirectory(parent: string, name: string): Promise<ScratchDirectory> {
  const directory = path.join(parent, name)
  const owner = await futureOwner(parent)
  try {
    await mkdir(parent, { recursive: true, mode: 0o700 })
    await mkdir(directory, { mode: 0o700 })
  } catch (thrown) {
    throw mapFileError(thrown, directory, 'make')
  }
  const remove = () => rm(directory, { recursive: true, force: true, maxRetries: 5 })
  try {
    await writeFile(path.join(directory, MARK), `${JSON.stringify({ pid: process.pid })}\n`, { mode: 0o600 })
    if (owner !== undefined) await chown(directory, owner.uid, owner.gid)
  } catch (thrown) {
    await remove()
    throw mapFileError(thrown, directory, 'write')
  }
  return {
    path: directory,
    dataDirectory: path.join(directory, DATA),
    [Symbol.asyncDispose]: remove,
  }
}

/** Undefined for the user of this process. */
async function futureOwner(
  parent: string,
): Promise<{ readonly uid: number; readonly gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined
  // Directories that root makes above it would shut the server out.
  const found = await stat(parent).catch(() => undefined)
  if (found !== undefined && found.uid !== 0) return { uid: found.uid, gid: found.gid }
  throw new EngineError(
    'server.denied',
    `a server on a restore in "${parent}" would have to run as root, which PostgreSQL refuses`,
    {
      hint: 'Run Tidemark as an ordinary user, or name a directory for it that is there and belongs to one.',
      facts: { path: parent },
    },
  )
}

/**
 * Removes what processes left below `parent` that are gone, and ends the servers that they left running there.
 * Directories without our mark are left alone. What cannot be removed stays, for the next time.
 *
 * @returns the directories that were removed
 */
export async function removeLeftScratchDirectories(parent: string): Promise<readonly string[]> {
  const names = await readdir(parent).catch(() => [])
  const removed: string[] = []
  for (const name of names) {
    const directory = path.join(parent, name)
    const pid = await markedBy(directory)
    if (pid === undefined || pid === process.pid || isProcessAlive(pid) !== 'gone') continue
    try {
      await endServer(path.join(directory, DATA))
      await rm(directory, { recursive: true, force: true, maxRetries: 5 })
      removed.push(directory)
    } catch {
      // It belongs to somebody else, or its server does not end.
    }
  }
  return removed
}

async function markedBy(directory: string): Promise<number | undefined> {
  try {
    if (!(await lstat(directory)).isDirectory()) return undefined
    const mark: unknown = JSON.parse(await readFile(path.join(directory, MARK), 'utf8'))
    if (typeof mark !== 'object' || mark === null || !('pid' in mark)) return undefined
    return Number.isSafeInteger(mark.pid) ? Number(mark.pid) : undefined
  } catch {
    return undefined
  }
}

/** @throws when a server may still run there */
async function endServer(dataDirectory: string): Promise<void> {
  const lines = await readFile(path.join(dataDirectory, 'postmaster.pid'), 'utf8').then(
    (text) => text.split('\n'),
    () => [],
  )
  const pid = Number(lines[0])
  if (!Number.isSafeInteger(pid) || pid <= 1 || isProcessAlive(pid) === 'gone') return
  if (await isOther(pid, dataDirectory)) return
  for (const [signal, limitMs] of [
    ['SIGQUIT', STOP_MS],
    ['SIGKILL', STOP_MS],
  ] as const) {
    process.kill(pid, signal)
    for (let waitedMs = 0; waitedMs < limitMs; waitedMs += POLL_MS) {
      if (isProcessAlive(pid) === 'gone') return await removeSocket(lines[4])
      await delay(POLL_MS, new AbortController().signal)
    }
  }
  throw new Error(`the server ${pid} does not end`)
}

/** A number of a process is given to another one sooner or later. A server works in its data directory. */
async function isOther(pid: number, dataDirectory: string): Promise<boolean> {
  const at = await readlink(`/proc/${pid}/cwd`).catch(() => undefined)
  return at !== undefined && path.resolve(at) !== path.resolve(dataDirectory)
}

/** The private directory of a scratch server, which ended without clearing up. */
async function removeSocket(directory: string | undefined): Promise<void> {
  const isOurs =
    directory !== undefined &&
    path.basename(directory).startsWith('tidemark-') &&
    [os.tmpdir(), '/tmp'].includes(path.dirname(directory))
  if (isOurs) await rm(directory, { recursive: true, force: true })
}
