import { chown, lstat, mkdir, readdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { EngineError } from '../base/engine-error.ts'
import { mapFileError } from './file-error.ts'
import { endLeftServer } from './left-server.ts'
import { isProcessAlive } from './process.ts'

/** A directory for a restore that is only looked at. Disposing removes it with all that is in it. */
export type ScratchDirectory = AsyncDisposable & {
  readonly path: string
  /** Does not exist yet. */
  readonly dataDirectory: string
}

/**
 * In every scratch directory: names it, its process and the machine of that. It may be removed when that is gone; a copy of
 * it may not, nor what a process of another machine uses, which nobody can see from here.
 */
const MARK = 'tidemark-scratch.json'
const DATA = 'data'

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
    await writeFile(
      path.join(directory, MARK),
      `${JSON.stringify({ pid: process.pid, host: os.hostname(), path: directory })}\n`,
      { mode: 0o600 },
    )
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
 * Directories without our mark, copies of ours, those of other machines, and those with a server that is not ours are left
 * alone. What cannot be
 * removed stays, for the next time.
 *
 * @returns the directories that were removed
 */
export async function removeLeftScratchDirectories(parent: string): Promise<readonly string[]> {
  const names = await readdir(parent).catch(() => [])
  const removed: string[] = []
  for (const name of names) {
    const directory = path.join(parent, name)
    const mark = await markOf(directory)
    if (mark === undefined || mark.pid === process.pid || isProcessAlive(mark.pid) !== 'gone') continue
    try {
      await endLeftServer(path.join(mark.path, DATA))
      await rm(directory, { recursive: true, force: true, maxRetries: 5 })
      removed.push(directory)
    } catch {
      // It belongs to somebody else, or its server does not end.
    }
  }
  return removed
}

type Mark = { readonly pid: number; readonly path: string }

/** Undefined where the mark is not ours, or is that of another directory. */
async function markOf(directory: string): Promise<Mark | undefined> {
  try {
    if (!(await lstat(directory)).isDirectory()) return undefined
    const mark: unknown = JSON.parse(await readFile(path.join(directory, MARK), 'utf8'))
    if (typeof mark !== 'object' || mark === null || !('pid' in mark) || !('path' in mark)) return undefined
    const { pid, path: marked } = mark
    if ('host' in mark && mark.host !== os.hostname()) return undefined
    if (!Number.isSafeInteger(pid) || typeof marked !== 'string') return undefined
    if ((await realpath(marked)) !== (await realpath(directory))) return undefined
    return { pid: Number(pid), path: marked }
  } catch {
    return undefined
  }
}
