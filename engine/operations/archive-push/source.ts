import { stat } from 'node:fs/promises'
import path from 'node:path'
import { EngineError } from '../../base/engine-error.ts'
import type { Run } from '../../base/run.ts'
import { configSystemId, configText, type InstanceConfig } from '../../format/instance-config.ts'
import { isMissing, mapFileError } from '../../host/file-error.ts'
import { findControlFile } from '../steps/read-control-file.ts'
import { requireSegmentSize } from '../steps/segment-size.ts'

/** Where files are pushed from. */
export type PushSource = {
  readonly directory: string
  readonly systemIdentifier: bigint
  readonly segmentBytes: number
  /** The directory belongs to no server that could be asked who it is: then nothing in it is touched but one file. */
  readonly isForeign: boolean
}

/**
 * Finds the directory and proves that it is of the cluster that the instance was registered for.
 * Source: `catalog-format.md` section 13.1.
 *
 * @throws {EngineError} `instance.identity-mismatch`; `storage.not-found` when no directory can be told; `value.malformed`
 * when no segment has the size that was saved
 */
export async function findPushSource(
  asked: { readonly filePath: string | undefined; readonly workingDirectory: string },
  instance: string,
  config: InstanceConfig,
  { signal, log }: Pick<Run, 'signal' | 'log'>,
): Promise<PushSource> {
  const { filePath, workingDirectory } = asked
  const directory = filePath === undefined ? path.join(workingDirectory, 'pg_wal') : path.dirname(filePath)
  const registered = configText(config, 'pgdata')
  const isRegistered =
    filePath !== undefined &&
    registered !== undefined &&
    (await isSameDirectory(directory, path.join(registered, 'pg_wal')))
  const dataDirectory = isRegistered ? registered : workingDirectory
  const control = await findControlFile(dataDirectory, signal)
  if (control === undefined && (filePath === undefined || isRegistered)) {
    throw new EngineError('storage.not-found', `"${dataDirectory}" is not the data directory of a server`, {
      hint: 'The server calls archive_command in its data directory; elsewhere give --wal-file-path=%p.',
    })
  }
  const systemIdentifier = configSystemId(config)
  if (systemIdentifier === undefined || (control && control.systemIdentifier !== systemIdentifier)) {
    throw new EngineError(
      'instance.identity-mismatch',
      `the WAL is of the cluster ${control?.systemIdentifier ?? '?'}, and instance "${instance}" is of ${systemIdentifier ?? '?'}`,
      { hint: 'Refused, for it would spoil the archive. Check --instance in archive_command.' },
    )
  }
  if (control === undefined) {
    log.warning(
      `"${directory}" belongs to no data directory: one file is pushed, and archive_status is left alone`,
    )
  }
  return {
    directory,
    systemIdentifier,
    segmentBytes: requireSegmentSize(control, config, instance),
    isForeign: control === undefined,
  }
}

async function isSameDirectory(a: string, b: string): Promise<boolean> {
  try {
    const [first, second] = await Promise.all([stat(a, { bigint: true }), stat(b, { bigint: true })])
    return first.dev === second.dev && first.ino === second.ino
  } catch (thrown) {
    if (isMissing(thrown)) return false
    throw mapFileError(thrown, a, 'read')
  }
}
