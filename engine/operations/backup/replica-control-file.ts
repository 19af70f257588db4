import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Lsn } from '../../base/lsn.ts'
import { encodeControlFileWithMinRecoveryPoint, requireControlFile } from '../../format/control-file.ts'
import type { ContentEntry } from '../../format/content-list.ts'
import { mapFileError } from '../../host/file-error.ts'

const CONTROL_FILE = 'global/pg_control'

/**
 * Puts a fresh copy of a standby's `pg_control` into the backup, with the end of the backup as the point that recovery
 * must reach at least. A standby writes no end-of-backup record, so nothing else would hold a restored server back
 * from opening too early. Source: `catalog-format.md` section 7.3, step 15.
 */
export async function rewriteControlFileForReplica(
  entries: readonly ContentEntry[],
  dataDirectory: string,
  database: string,
  stopLsn: Lsn,
): Promise<readonly ContentEntry[]> {
  const target = path.join(database, CONTROL_FILE)
  try {
    const image = encodeControlFileWithMinRecoveryPoint(
      await readFile(path.join(dataDirectory, CONTROL_FILE)),
      stopLsn,
    )
    await writeFile(target, image, { mode: 0o600, flush: true })
    const { crc } = requireControlFile(image)
    return entries.map((entry) =>
      entry.path === CONTROL_FILE && entry.externalDirNumber === 0 ? { ...entry, crc } : entry,
    )
  } catch (thrown) {
    throw mapFileError(thrown, target, 'write')
  }
}
