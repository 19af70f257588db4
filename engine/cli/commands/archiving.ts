import path from 'node:path'
import { EngineError } from '../../base/engine-error.ts'
import { type ArchivingCommand, EXIT } from '../context.ts'
import type { Given } from '../given.ts'
import type { World } from '../world.ts'

/** For `archive_command`. Source: `catalog-format.md` section 13.1. */
export const archivePush: ArchivingCommand = async ({ given, client, log, world, signal }) => {
  given.refuseTogether('compress', 'compress-algorithm')
  const isCompressed = given.has('compress')
  const timeoutMs = given.durationMs('archive-timeout')
  const { pushedCount, skippedCount } = await client['archiving.push'](
    {
      ...serverCall(given, world),
      filePath: resolved(given, 'wal-file-path', world),
      compressAlgorithm: isCompressed ? 'zlib' : (given.choice('compress-algorithm') as 'zlib' | undefined),
      compressLevel: given.integer('compress-level'),
      overwrites: given.has('overwrite'),
      marksDone: !given.has('no-ready-rename'),
      isSynced: !given.has('no-sync'),
      archiveTimeoutSeconds: timeoutMs === undefined ? undefined : timeoutMs / 1000,
    },
    { signal },
  )
  log.log(`${pushedCount} WAL files were archived, ${skippedCount} were there already`)
  return EXIT.success
}

/** For `restore_command`. Source: `catalog-format.md` section 13.2. */
export const archiveGet: ArchivingCommand = async ({ given, client, log, world, signal }) => {
  const call = serverCall(given, world)
  const { isPrefetched } = await client['archiving.get'](
    {
      ...call,
      filePath: resolved(given, 'wal-file-path', world) ?? missing('wal-file-path', '%p'),
      prefetchDirectory: resolved(given, 'prefetch-dir', world),
      isValidated: !given.has('no-validate-wal'),
    },
    { signal },
  )
  log.log(`${call.fileName} was ${isPrefetched ? 'there already, fetched ahead' : 'fetched'}`)
  return EXIT.success
}

function serverCall(given: Given, { workingDirectory }: World) {
  return {
    ...given.requireInstance(),
    fileName: given.own('wal-file-name') ?? missing('wal-file-name', '%f'),
    workingDirectory,
    batchSize: given.integer('batch-size') ?? 1,
    threads: given.integer('threads') ?? 1,
  }
}

/** A path as the server gives it, relative to its data directory. */
function resolved(given: Given, long: string, { workingDirectory }: World): string | undefined {
  const text = given.own(long)
  return text === undefined ? undefined : path.resolve(workingDirectory, text)
}

function missing(long: string, placeholder: string): never {
  throw new EngineError('usage.invalid', `--${long} is missing`, {
    hint: `Write --${long}=${placeholder}: the server puts the ${long.endsWith('path') ? 'path' : 'name'} there.`,
  })
}
