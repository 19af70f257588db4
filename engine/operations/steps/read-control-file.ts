import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { delay } from '../../base/concurrency.ts'
import { EngineError } from '../../base/engine-error.ts'
import { type ControlFile, requireControlFile } from '../../format/control-file.ts'
import { isMissing, mapFileError } from '../../host/file-error.ts'

/** A server may just be writing the file. */
const MOST_READINGS = 5
const BETWEEN_MS = 20

/**
 * Reads `global/pg_control` of a data directory, of a running server too; undefined when the directory has none.
 *
 * @throws {EngineError} `format.damaged` when it stays damaged, `format.unsupported`, `storage.*`
 */
export async function findControlFile(
  dataDirectory: string,
  signal: AbortSignal,
): Promise<ControlFile | undefined> {
  const file = path.join(dataDirectory, 'global', 'pg_control')
  for (let reading = 1; ; reading++) {
    try {
      return requireControlFile(await readFile(file, { signal }))
    } catch (thrown) {
      if (isMissing(thrown)) return undefined
      const isTorn = thrown instanceof EngineError && thrown.code === 'format.damaged'
      if (!isTorn || reading === MOST_READINGS)
        throw signal.aborted ? thrown : mapFileError(thrown, file, 'read')
      await delay(BETWEEN_MS, signal)
    }
  }
}
