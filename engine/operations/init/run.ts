import { mkdir, readdir } from 'node:fs/promises'
import path from 'node:path'
import { EngineError } from '../../base/engine-error.ts'
import type { Run } from '../../base/run.ts'
import { DIRECTORY_MODE } from '../../catalog/paths.ts'
import { syncDirectory } from '../../host/durable-file.ts'
import { isMissing, mapFileError } from '../../host/file-error.ts'

/**
 * Makes a catalog in a directory that is absent or empty.
 *
 * @throws {EngineError} `storage.not-empty` naming what was found there; nothing is written then
 */
export async function initCatalog(catalog: string, run: Run): Promise<void> {
  const names = await readdir(catalog).catch((thrown: unknown): string[] => {
    if (isMissing(thrown)) return []
    throw mapFileError(thrown, catalog, 'read')
  })
  if (names.length > 0) {
    const isCatalog = names.includes('backups') && names.includes('wal')
    throw new EngineError(
      'storage.not-empty',
      `the directory "${catalog}" is not empty: it holds ${names.toSorted().slice(0, 3).join(', ')}`,
      {
        hint: isCatalog
          ? 'It is a catalog already; open it.'
          : 'Choose an empty directory for the catalog, or a new name.',
        facts: { path: catalog },
      },
    )
  }
  try {
    await mkdir(catalog, { recursive: true, mode: DIRECTORY_MODE })
    await mkdir(path.join(catalog, 'backups'), { mode: DIRECTORY_MODE })
    await mkdir(path.join(catalog, 'wal'), { mode: DIRECTORY_MODE })
    await syncDirectory(catalog)
  } catch (thrown) {
    throw mapFileError(thrown, catalog, 'create')
  }
  run.log.info(`backup catalog "${catalog}" was made`)
}
