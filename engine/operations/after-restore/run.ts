import { chown, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { EngineError } from '../../base/engine-error.ts'
import type { Log } from '../../base/log.ts'
import { decodeControlFile } from '../../format/control-file.ts'
import { findRecoveryBlock } from '../../format/recovery-block.ts'
import { isMissing, mapFileError } from '../../host/file-error.ts'
import { RECOVERY_FILES, type RestoredFiles, type RestoredStage, stageOf } from './plan.ts'

const AUTO_CONF = 'postgresql.auto.conf'

export type Restored = RestoredFiles & { readonly stage: RestoredStage }

/**
 * Reads what a restored data directory says of its recovery, without changing it. `systemIdentifier` is that of the
 * instance.
 *
 * @throws {EngineError} `instance.identity-mismatch` for another cluster; `storage.*`, `format.*`
 */
export async function readRestored(
  dataDirectory: string,
  systemIdentifier: string | undefined,
): Promise<Restored> {
  const control = decodeControlFile(await read(path.join(dataDirectory, 'global', 'pg_control')))
  if (systemIdentifier !== undefined && String(control.systemIdentifier) !== systemIdentifier) {
    throw new EngineError(
      'instance.identity-mismatch',
      `"${dataDirectory}" has the system identifier ${control.systemIdentifier}, the instance ${systemIdentifier}`,
      { hint: 'Something else was put there since the restore.', facts: { path: dataDirectory } },
    )
  }
  const names = new Set(await readdir(dataDirectory))
  const files = RECOVERY_FILES.filter((name) => names.has(name))
  const { lines, rest, unmarked } = findRecoveryBlock(await readConf(dataDirectory))
  const block = { lines: lines.map(asText), rest, unmarked: unmarked.map(asText) }
  const found = { control, files, block }
  return { ...found, stage: stageOf(found) }
}

/**
 * Takes the block out of `postgresql.auto.conf` that the restore has marked; every other byte stays, and so do owner and
 * rights of the file. The server reads the file when it starts the next time.
 *
 * @returns the lines that were taken out; none when there was no block
 * @throws {EngineError} `plan.refused` while recovery is not over; as {@link readRestored}. The file is whole in any case.
 */
export async function cleanUpRestored(
  dataDirectory: string,
  systemIdentifier: string | undefined,
  log: Log,
): Promise<readonly string[]> {
  const { stage, block } = await readRestored(dataDirectory, systemIdentifier)
  if (stage !== 'open') {
    throw new EngineError('plan.refused', `recovery in "${dataDirectory}" is not over`, {
      hint: 'Its settings are needed until the server has opened for writing. Promote it first.',
      facts: { path: dataDirectory },
    })
  }
  if (block.lines.length === 0) return []
  const file = path.join(dataDirectory, AUTO_CONF)
  const draft = `${file}.tidemark`
  try {
    const { uid, gid, mode } = await stat(file)
    await writeFile(draft, block.rest, { encoding: 'latin1', mode: mode & 0o777, flush: true })
    if (process.getuid?.() === 0) await chown(draft, uid, gid)
    await rename(draft, file)
  } catch (thrown) {
    await rm(draft, { force: true })
    throw mapFileError(thrown, file, 'write')
  }
  log.info(`took the recovery settings of the restore out of "${file}": ${block.lines.length} lines`)
  return block.lines
}

/** As text of which every byte is a character: the server writes in the encoding of whichever database is altered from. */
async function readConf(dataDirectory: string): Promise<string> {
  const file = path.join(dataDirectory, AUTO_CONF)
  try {
    return await readFile(file, 'latin1')
  } catch (thrown) {
    if (isMissing(thrown)) return ''
    throw mapFileError(thrown, file, 'read')
  }
}

function asText(line: string): string {
  return Buffer.from(line, 'latin1').toString('utf8')
}

async function read(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file)
  } catch (thrown) {
    throw mapFileError(thrown, file, 'read')
  }
}
