import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { isMissing, mapFileError } from '../host/file-error.ts'
import { removeTree } from '../host/remove-tree.ts'
import { CONTROL_FILE } from './paths.ts'

/**
 * Removes a backup with all its files, its control file last: as long as anything is left, every program can tell what
 * it was and that it was being deleted. The caller holds its lock, which goes with it.
 */
export async function removeBackup(directory: string): Promise<{ readonly freedBytes: number }> {
  // Between two files a cancelled removal would leave DELETING all the same; it goes on to the end.
  const { signal } = new AbortController()
  let freedBytes = 0
  for (const name of await namesIn(directory)) {
    if (name !== CONTROL_FILE) freedBytes += (await removeTree(path.join(directory, name), signal)).freedBytes
  }
  return { freedBytes: freedBytes + (await removeTree(directory, signal)).freedBytes }
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory)
  } catch (thrown) {
    if (isMissing(thrown)) return []
    throw mapFileError(thrown, directory, 'list')
  }
}
