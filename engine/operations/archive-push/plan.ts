import { EngineError } from '../../base/engine-error.ts'
import { isWalSegmentName } from '../../format/file-names.ts'

const READY = '.ready'

/**
 * The files of one push, in the order in which they get their names in the archive: the one that was asked for, and the
 * first segments of which the server says that they are ready, `batchSize` in all. Histories and notes of backups are
 * left for the server to ask for.
 */
export function planBatch(
  requested: string,
  statusNames: readonly string[],
  batchSize: number,
): readonly string[] {
  const others = statusNames
    .filter((name) => name.endsWith(READY))
    .map((name) => name.slice(0, -READY.length))
    .filter((name) => name !== requested && isWalSegmentName(name))
    .toSorted()
    .slice(0, Math.max(0, batchSize - 1))
  return [requested, ...others].toSorted()
}

/** How files are stored. */
export type PushCompression = { readonly algorithm: 'none' | 'zlib'; readonly level: number }

/**
 * How segments are stored, by what was asked for and what is saved.
 *
 * @throws {EngineError} `usage.invalid` for an algorithm that no server could read back through `archive-get`
 */
export function decideCompression(algorithm: string | undefined, level: number | undefined): PushCompression {
  if (algorithm !== undefined && algorithm !== 'none' && algorithm !== 'zlib') {
    throw new EngineError('usage.invalid', `WAL cannot be archived with ${algorithm}`, {
      hint: 'Archive it with --compress-algorithm=zlib, or none.',
    })
  }
  if (level !== undefined && level > 9) {
    throw new EngineError('usage.invalid', `zlib has no level ${level}`, {
      hint: 'Give a level from 0 to 9.',
    })
  }
  return { algorithm: algorithm ?? 'none', level: level ?? 1 }
}
