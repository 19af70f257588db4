import { mkdir, readFile, rmdir } from 'node:fs/promises'
import path from 'node:path'
import { EngineError } from '../../base/engine-error.ts'
import { parseInstanceName } from '../../base/instance-name.ts'
import type { Run } from '../../base/run.ts'
import { hasInstance, requireCatalog, writeInstanceConfig } from '../../catalog/instance.ts'
import { archiveDirectory, DIRECTORY_MODE, instanceDirectory } from '../../catalog/paths.ts'
import { requireControlFile } from '../../format/control-file.ts'
import { mapFileError } from '../../host/file-error.ts'
import { applyConfigChanges } from '../steps/config-changes.ts'

export type AddInstanceInput = {
  readonly catalog: string
  readonly instance: string
  readonly dataDirectory: string
  /** Keys of `pg_probackup.conf` with values as on the command line. */
  readonly config: Readonly<Record<string, string>>
}

/**
 * Registers a cluster: its identity is read from its control file and compared before every later operation.
 * A failure leaves no half instance.
 *
 * @throws {EngineError} `instance.exists`, `storage.not-found` when the data directory is none
 */
export async function addInstance(input: AddInstanceInput, run: Run): Promise<void> {
  const { catalog, dataDirectory } = input
  const instance = parseInstanceName(input.instance)
  await requireCatalog(catalog)
  if (hasInstance(catalog, instance)) {
    throw new EngineError('instance.exists', `the catalog has an instance "${instance}" already`, {
      hint: 'Choose another name, or delete the old instance first.',
    })
  }
  const control = await readControlFile(dataDirectory)
  const { config } = applyConfigChanges({ values: {} }, input.config)
  const directories = [instanceDirectory(catalog, instance), archiveDirectory(catalog, instance)]
  const made: string[] = []
  try {
    for (const directory of directories) {
      await mkdir(directory, { mode: DIRECTORY_MODE })
      made.push(directory)
    }
    await writeInstanceConfig(catalog, instance, {
      values: {
        pgdata: path.resolve(dataDirectory),
        'system-identifier': String(control.systemIdentifier),
        'xlog-seg-size': String(control.walSegmentBytes),
        ...config.values,
      },
    })
  } catch (thrown) {
    for (const directory of made.toReversed()) await rmdir(directory).catch(() => undefined)
    throw mapFileError(thrown, directories[0] ?? catalog, 'create')
  }
  run.log.info(`instance "${instance}" was added`)
}

async function readControlFile(dataDirectory: string) {
  const file = path.join(dataDirectory, 'global', 'pg_control')
  try {
    return requireControlFile(await readFile(file))
  } catch (thrown) {
    const mapped = mapFileError(thrown, file, 'read')
    if (mapped instanceof EngineError && mapped.code === 'storage.not-found') {
      throw new EngineError(
        'storage.not-found',
        `"${dataDirectory}" is not the data directory of a PostgreSQL server`,
        {
          hint: 'SHOW data_directory on the server tells the right one.',
          cause: mapped,
        },
      )
    }
    throw mapped
  }
}
