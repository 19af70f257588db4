import { stat } from 'node:fs/promises'
import path from 'node:path'
import { delay } from '../../base/concurrency.ts'
import { describeError, EngineError } from '../../base/engine-error.ts'
import type { Run } from '../../base/run.ts'
import { findWalSegment } from '../../base/wal-segment.ts'
import { readInstanceConfig, requireCatalog } from '../../catalog/instance.ts'
import { archiveDirectory } from '../../catalog/paths.ts'
import { archiveFileClass, requireArchivableName } from '../../format/file-names.ts'
import { configSystemId } from '../../format/instance-config.ts'
import { mapFileError } from '../../host/file-error.ts'
import { fetchFile } from '../steps/fetch-file.ts'
import { findControlFile } from '../steps/read-control-file.ts'
import { requireSegmentSize } from '../steps/segment-size.ts'
import { takePrefetched } from './prefetch.ts'

export type GetInput = {
  readonly catalog: string
  readonly instance: string
  /** `%f` of restore_command. */
  readonly fileName: string
  /** `%p`, absolute. */
  readonly filePath: string
  /** Where the server called us: its data directory. */
  readonly workingDirectory: string
  /** How many segments are fetched at a time; 1 fetches none ahead. */
  readonly batchSize: number
  readonly threads: number
  /** Absolute; `pg_wal/pbk_prefetch` when left out. */
  readonly prefetchDirectory: string | undefined
  /** Whether segments that were fetched ahead are read before they are used. */
  readonly isValidated: boolean
}

export type GetOutcome = { readonly isPrefetched: boolean }

const MOST_ATTEMPTS = 3
const BETWEEN_MS = 200

/**
 * Gives a server the file that its recovery asks for. What fails for another reason than that the archive has no such
 * file is tried three times. A failure leaves nothing at `filePath`.
 *
 * @throws {EngineError} `wal.missing` when the archive has no such file, which ends a recovery in a regular way;
 * `wal.damaged`, `instance.identity-mismatch`, `storage.*`; `value.malformed` when no segment has the size that was saved
 */
export async function getWal(input: GetInput, run: Run): Promise<GetOutcome> {
  const { catalog, instance, filePath, workingDirectory } = input
  const name = requireArchivableName(input.fileName)
  await requireCatalog(catalog)
  const config = readInstanceConfig(catalog, instance)
  const control = await findControlFile(workingDirectory, run.signal)
  const systemIdentifier = configSystemId(config) ?? control?.systemIdentifier
  if (control !== undefined && control.systemIdentifier !== systemIdentifier) {
    throw new EngineError(
      'instance.identity-mismatch',
      `"${workingDirectory}" is of the cluster ${control.systemIdentifier}, and instance "${instance}" is of ${systemIdentifier}`,
      { hint: 'Check --instance in restore_command.' },
    )
  }
  // A history needs none to be given.
  const isHistory = archiveFileClass(name).kind === 'timeline-history'
  const segmentBytes = isHistory ? 0 : requireSegmentSize(control, config, instance)
  const archive = archiveDirectory(catalog, instance)
  const segment = findWalSegment(name, segmentBytes)
  if (segment !== undefined && systemIdentifier !== undefined && input.batchSize > 1) {
    const prefetch = {
      ...input,
      directory: input.prefetchDirectory ?? path.join(workingDirectory, 'pg_wal', 'pbk_prefetch'),
    }
    const wanted = { archive, segment, segmentBytes, systemIdentifier }
    if (await takePrefetched(wanted, prefetch, filePath, run)) return { isPrefetched: true }
  }
  const ownFile = path.join(workingDirectory, 'pg_wal', name)
  const file = { archive, name, segmentBytes, systemIdentifier, takesPartial: true, ownFile }
  for (let attempt = 1; ; attempt++) {
    try {
      if (await fetchFile(file, filePath, run.signal)) return { isPrefetched: false }
      break
    } catch (thrown) {
      if (run.signal.aborted || attempt === MOST_ATTEMPTS) throw thrown
      run.log.warning(`attempt ${attempt} to get ${name} failed: ${describeError(thrown)}`)
      await delay(BETWEEN_MS, run.signal)
    }
  }
  await requireArchive(archive)
  throw new EngineError('wal.missing', `the archive of instance "${instance}" has no ${name}`, {
    hint: 'That is how the WAL of an archive ends; before the end of it, look at show --archive for gaps.',
    facts: { file: name },
  })
}

/** An archive that cannot be read at all has no end: a recovery must not take it for one. */
async function requireArchive(directory: string): Promise<void> {
  try {
    await stat(directory)
  } catch (thrown) {
    throw mapFileError(thrown, directory, 'read')
  }
}
