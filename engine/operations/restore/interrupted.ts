import { unlink } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { type BackupId, parseBackupId } from '../../base/backup-id.ts'
import { EngineError } from '../../base/engine-error.ts'
import { type FileOwner, isOwnerAlive } from '../../catalog/owner-file.ts'
import { isMissing, mapFileError } from '../../host/file-error.ts'
import { overwriteDurably, writeFileDurably } from '../../host/durable-file.ts'
import { readSmallFile } from '../../host/small-file.ts'

/**
 * Lies in a data directory while it is being restored. It only counts while there is no `pg_control`. The name begins
 * with a dot so that other programs which list or clear such a directory leave it alone.
 */
export const RESTORE_MARK = '.tidemark-restore'

/** A restore that was begun in a directory and has not come to its end. */
export type UnfinishedRestore = {
  readonly systemIdentifier: string
  readonly instance: string
  readonly backupId: BackupId
  /** ISO, UTC. */
  readonly startedAt: string
  /** Directories besides the data directory that it writes to: whatever they hold came from it, or was given up to it. */
  readonly places: readonly string[]
  /** The process that writes there; undefined once it has given up, and in marks of earlier versions. */
  readonly owner?: FileOwner | undefined
}

export async function writeRestoreMark(dataDirectory: string, unfinished: UnfinishedRestore): Promise<void> {
  await writeFileDurably(path.join(dataDirectory, RESTORE_MARK), markText(unfinished), { mode: 0o600 })
}

function markText(unfinished: UnfinishedRestore): string {
  return `${JSON.stringify({ format: 1, ...unfinished }, undefined, 2)}\n`
}

/**
 * The process that is restoring there right now. One of another machine cannot be seen, and counts as gone: else what it
 * left could never be continued. So does this one, which has its restores of an instance wait for each other.
 */
export function restoredBy(unfinished: UnfinishedRestore | undefined): FileOwner | undefined {
  const owner = unfinished?.owner
  return owner !== undefined && owner.host === os.hostname() && isOwnerAlive(owner) ? owner : undefined
}

/**
 * Leaves the mark without a process, so that another one may continue: on a full disk in the place of what it said, which
 * needs no room. What cannot be written at all stays as it is.
 */
export async function giveUpRestoreMark(dataDirectory: string): Promise<void> {
  const unfinished = findRestoreMark(dataDirectory)
  if (unfinished?.owner === undefined) return
  const left = { ...unfinished, owner: undefined }
  try {
    await writeRestoreMark(dataDirectory, left).catch(async (thrown: unknown) => {
      if (!(thrown instanceof EngineError) || thrown.code !== 'storage.full') throw thrown
      const file = path.join(dataDirectory, RESTORE_MARK)
      const length = Buffer.byteLength(readSmallFile(file))
      const text = markText(left)
      // As long as before, and so written at once: nobody reads parts of both.
      await overwriteDurably(file, text.padEnd(text.length + length - Buffer.byteLength(text)))
    })
  } catch {
    // The restore has failed already, and its own failure is what counts.
  }
}

export async function removeRestoreMark(dataDirectory: string): Promise<void> {
  const file = path.join(dataDirectory, RESTORE_MARK)
  await unlink(file).catch((thrown: unknown) => {
    if (!isMissing(thrown)) throw mapFileError(thrown, file, 'remove')
  })
}

/** What the mark says; undefined when there is none, or none that can be read. */
export function findRestoreMark(dataDirectory: string): UnfinishedRestore | undefined {
  try {
    return parseRestoreMark(readSmallFile(path.join(dataDirectory, RESTORE_MARK)))
  } catch {
    // Whoever cannot read it treats the directory as one that somebody else filled.
    return undefined
  }
}

function parseRestoreMark(text: string): UnfinishedRestore | undefined {
  const mark: unknown = JSON.parse(text)
  if (typeof mark !== 'object' || mark === null) return undefined
  const { format, systemIdentifier, instance, backupId, startedAt, places, owner } = mark as Record<
    string,
    unknown
  >
  const isWhole =
    format === 1 &&
    typeof systemIdentifier === 'string' &&
    typeof instance === 'string' &&
    typeof backupId === 'string' &&
    typeof startedAt === 'string' &&
    Array.isArray(places) &&
    places.every((place) => typeof place === 'string')
  return isWhole
    ? {
        systemIdentifier,
        instance,
        backupId: parseBackupId(backupId),
        startedAt,
        places,
        owner: ownerOf(owner),
      }
    : undefined
}

function ownerOf(given: unknown): FileOwner | undefined {
  if (typeof given !== 'object' || given === null) return undefined
  const { pid, host, birth } = given as Record<string, unknown>
  if (typeof pid !== 'number' || !Number.isInteger(pid) || pid <= 0 || typeof host !== 'string')
    return undefined
  return { pid, host, birth: typeof birth === 'string' ? birth : undefined }
}
