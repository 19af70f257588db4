import { access, constants, lstat, rename } from 'node:fs/promises'
import path from 'node:path'
import type { Run } from '../../base/run.ts'
import { syncDirectory } from '../../host/durable-file.ts'
import { isMissing, mapFileError } from '../../host/file-error.ts'
import type { Destination } from './destination.ts'
import type { TargetState } from './restore-facts.ts'

/** So many old directories may stand beside each other. */
const MOST_ASIDE = 100

/** Not an interrupted restore, which is continued, nor where a server may be running. */
export function mayMoveAside({ unfinished, isPidFileMangled }: Destination): boolean {
  return unfinished === undefined && !isPidFileMangled
}

/** Where a directory that is not empty goes, or why it cannot be renamed. Changes nothing. */
export async function planMoveAside(directory: string): Promise<TargetState> {
  const parent = path.dirname(directory)
  try {
    await access(parent, constants.W_OK | constants.X_OK)
    const [own, around] = await Promise.all([lstat(directory), lstat(parent)])
    if (own.isSymbolicLink()) return { kind: 'refused', message: 'a symbolic link is not moved aside' }
    if (own.dev !== around.dev) return { kind: 'refused', message: 'a mount point cannot be moved aside' }
    for (let count = 1; count <= MOST_ASIDE; count++) {
      const to = `${directory}.before-restore${count === 1 ? '' : `-${count}`}`
      if (await isFree(to)) return { kind: 'moved', to }
    }
    return { kind: 'refused', message: `${MOST_ASIDE} older ones were moved aside already` }
  } catch (thrown) {
    return { kind: 'refused', message: thrown instanceof Error ? thrown.message : String(thrown) }
  }
}

async function isFree(place: string): Promise<boolean> {
  try {
    await lstat(place)
    return false
  } catch (thrown) {
    if (isMissing(thrown)) return true
    throw thrown
  }
}

/**
 * Renames a directory, durably.
 *
 * @throws {EngineError} `storage.*`; the directory is where it was then, or under its new name if only the sync failed
 */
export async function moveAside(directory: string, to: string, run: Pick<Run, 'log'>): Promise<void> {
  try {
    await rename(directory, to)
    run.log.info(`what was in "${directory}" is in "${to}" now`)
    await syncDirectory(path.dirname(to))
  } catch (thrown) {
    throw mapFileError(thrown, directory, 'rename')
  }
}
