import { lstat, readdir, rmdir, unlink } from 'node:fs/promises'
import path from 'node:path'
import { isMissing, mapFileError } from './file-error.ts'

/**
 * Removes a directory with everything in it, leaves first, so that a crash leaves a smaller tree and never a file
 * whose directory lost its meaning. Links are removed, not followed. What is gone already is no failure.
 * Files that have another name elsewhere free nothing.
 */
export async function removeTree(
  directory: string,
  signal: AbortSignal,
): Promise<{ readonly freedBytes: number }> {
  let freedBytes = 0
  const remove = async (at: string): Promise<void> => {
    signal.throwIfAborted()
    const stats = await lstat(at)
    if (stats.isDirectory()) {
      for (const name of await readdir(at)) await remove(path.join(at, name)).catch(unlessMissing)
      await rmdir(at)
    } else {
      await unlink(at)
      if (stats.nlink === 1) freedBytes += stats.size
    }
  }
  await remove(directory).catch((thrown: unknown) => {
    if (!isMissing(thrown)) throw mapFileError(thrown, directory, 'remove')
  })
  return { freedBytes }
}

function unlessMissing(thrown: unknown): void {
  if (!isMissing(thrown)) throw thrown
}
