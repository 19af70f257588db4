import { openSync } from 'node:fs'
import { EngineError } from '../../base/engine-error.ts'
import type { CompressAlgorithm } from '../../format/backup-control.ts'
import type { HeaderTablePlace } from '../../format/content-list.ts'
import { mapFileError } from '../../host/file-error.ts'

/** The stored form of one file in one backup of the chain. */
export type StoredSource = {
  readonly backupId: string
  readonly storedPath: string
  readonly sizeBytes: number
  readonly compressAlgorithm: CompressAlgorithm
  readonly isPadded: boolean
  readonly hasLegacyCrc: boolean
  readonly crc: number
  /** Blocks from here on were cut off later; Infinity = none. */
  readonly blockLimit: number
  /** Undefined where there is none, or none that may be relied on. */
  readonly headers: { readonly mapPath: string; readonly place: HeaderTablePlace } | undefined
  /** Whether a directory that followed the cluster up to the shift LSN has been through this backup. */
  readonly isBeforeShift: boolean
}

/** One file of a backup and what it is put together from. */
export type ChainFile = {
  readonly name: string
  readonly mode: number
  readonly kind: 'data' | 'plain' | 'empty'
  /** Blocks that the relation had when the backup was taken; 0 = not known. */
  readonly blockCount: number
  readonly segmentNumber: number
  /** Newest first. A plain file has one. */
  readonly sources: readonly StoredSource[]
}

/** One file to be put together. */
export type FileToRebuild = ChainFile & { readonly targetPath: string }

export function openStored(source: StoredSource): number {
  try {
    return openSync(source.storedPath, 'r')
  } catch (thrown) {
    throw mapFileError(thrown, source.storedPath, 'open')
  }
}

export function damagedSource(
  file: Pick<ChainFile, 'name'>,
  source: StoredSource,
  what: string,
  cause?: unknown,
): EngineError {
  return new EngineError('backup.damaged', `"${file.name}" of backup ${source.backupId}: ${what}`, {
    hint: 'Validate the instance and restore from a backup that is sound.',
    cause,
    facts: { backup: source.backupId, file: file.name },
  })
}
