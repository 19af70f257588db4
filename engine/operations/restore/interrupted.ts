import { unlink } from 'node:fs/promises'
import path from 'node:path'
import { type BackupId, parseBackupId } from '../../base/backup-id.ts'
import { isMissing, mapFileError } from '../../host/file-error.ts'
import { writeFileDurably } from '../../host/durable-file.ts'
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
}

export async function writeRestoreMark(dataDirectory: string, unfinished: UnfinishedRestore): Promise<void> {
  const text = `${JSON.stringify({ format: 1, ...unfinished }, undefined, 2)}\n`
  await writeFileDurably(path.join(dataDirectory, RESTORE_MARK), text, { mode: 0o600 })
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
  const { format, systemIdentifier, instance, backupId, startedAt, places } = mark as Record<string, unknown>
  const isWhole =
    format === 1 &&
    typeof systemIdentifier === 'string' &&
    typeof instance === 'string' &&
    typeof backupId === 'string' &&
    typeof startedAt === 'string' &&
    Array.isArray(places) &&
    places.every((place) => typeof place === 'string')
  return isWhole
    ? { systemIdentifier, instance, backupId: parseBackupId(backupId), startedAt, places }
    : undefined
}
