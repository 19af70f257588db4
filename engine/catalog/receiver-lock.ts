import { existsSync, realpathSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { EngineError } from '../base/engine-error.ts'
import { mapFileError } from '../host/file-error.ts'
import {
  claimOwnerFile,
  type FileOwner,
  heldFiles,
  isOwnerAlive,
  readOwner,
  removeOwnerFile,
} from './owner-file.ts'
import { archiveDirectory } from './paths.ts'

/** Hidden, so that no tool of the family takes it for a file of the archive. */
const RECEIVER_LOCK = '.tidemark-receiver.pid'

/**
 * Claims the archive of an instance for one receiver; disposing gives it back. What a process left that died is taken
 * over. Nothing is waited for: a receiver runs for months.
 *
 * @throws {EngineError} `catalog.locked` naming the owner; `storage.*`
 */
export async function lockReceiver(catalog: string, instance: string): Promise<AsyncDisposable> {
  const file = requireLockFile(catalog, instance)
  if (heldFiles.has(file)) throw locked(file, { pid: process.pid, host: os.hostname(), birth: undefined })
  heldFiles.add(file)
  try {
    const owner = await claimOwnerFile(file)
    if (owner !== undefined) throw locked(file, owner)
  } catch (thrown) {
    heldFiles.delete(file)
    throw mapFileError(thrown, file, 'create')
  }
  return {
    async [Symbol.asyncDispose]() {
      await removeOwnerFile(file)
      heldFiles.delete(file)
    },
  }
}

/** The living process that receives into the archive of an instance, if there is one. Takes nothing. */
export function findReceiver(catalog: string, instance: string): FileOwner | undefined {
  if (!existsSync(archiveDirectory(catalog, instance))) return undefined
  const file = requireLockFile(catalog, instance)
  try {
    const owner = readOwner(file)
    return owner !== undefined && (heldFiles.has(file) || isOwnerAlive(owner)) ? owner : undefined
  } catch (thrown) {
    throw mapFileError(thrown, file, 'read')
  }
}

/** One name for one archive, whatever links lead to it. */
function requireLockFile(catalog: string, instance: string): string {
  const directory = archiveDirectory(catalog, instance)
  try {
    return path.join(realpathSync(directory), RECEIVER_LOCK)
  } catch (thrown) {
    throw mapFileError(thrown, directory, 'find')
  }
}

function locked(file: string, { pid, host }: FileOwner): EngineError {
  const where = host === os.hostname() ? '' : ` on ${host}`
  return new EngineError('catalog.locked', `process ${pid}${where} receives WAL into this archive already`, {
    hint:
      where === ''
        ? 'Stop that receiver first. If it hangs, end it; its lock is then taken over.'
        : `If nothing receives WAL on ${host} any more, remove "${file}".`,
    facts: { path: file, pid: String(pid), host },
  })
}
