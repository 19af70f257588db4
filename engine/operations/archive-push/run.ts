import { readdir, rename } from 'node:fs/promises'
import path from 'node:path'
import { mapConcurrently } from '../../base/concurrency.ts'
import { describeError, EngineError } from '../../base/engine-error.ts'
import type { Run } from '../../base/run.ts'
import { readInstanceConfig, requireCatalog } from '../../catalog/instance.ts'
import { archiveDirectory } from '../../catalog/paths.ts'
import { requireArchivableName } from '../../format/file-names.ts'
import { configNumber } from '../../format/instance-config.ts'
import { syncDirectory } from '../../host/durable-file.ts'
import { mapFileError } from '../../host/file-error.ts'
import { decideCompression, planBatch } from './plan.ts'
import { pushFile, type PushedAs } from './push-file.ts'
import { findPushSource } from './source.ts'

export type PushInput = {
  readonly catalog: string
  readonly instance: string
  /** `%f` of archive_command. */
  readonly fileName: string
  /** `%p`, absolute; undefined = in `pg_wal` of the working directory. */
  readonly filePath: string | undefined
  /** Where the server called us: its data directory. */
  readonly workingDirectory: string
  readonly batchSize: number
  readonly threads: number
  /** As saved, when left out. */
  readonly compressAlgorithm: string | undefined
  readonly compressLevel: number | undefined
  readonly overwrites: boolean
  /** Whether the server is told of the further files of a batch by renaming `.ready` to `.done`. */
  readonly marksDone: boolean
  readonly isSynced: boolean
  /** How long a file that is being written already is watched; as saved, when left out. */
  readonly archiveTimeoutSeconds: number | undefined
}

export type PushOutcome = { readonly pushedCount: number; readonly skippedCount: number }

const LOOK_AGAIN_MS = 1000
const USUAL_ARCHIVE_TIMEOUT_SECONDS = 300

type Outcome =
  | { readonly name: string; readonly kind: PushedAs }
  | { readonly name: string; readonly kind: 'failed'; readonly error: unknown }
  | { readonly name: string; readonly kind: 'not-begun' }

/**
 * Archives a file that the server asks to archive, and with it others that are ready. When it resolves, all of them are
 * durable. Files get their names in order: of a batch that fails the archive has a beginning without gaps, and the
 * server will ask again for the rest.
 *
 * @throws {EngineError} `instance.identity-mismatch`, `wal.conflict`, `wal.damaged`, `run.timeout`, `storage.*`
 */
export async function pushWal(input: PushInput, run: Run): Promise<PushOutcome> {
  const { catalog, instance, isSynced } = input
  const requested = requireArchivableName(input.fileName)
  await requireCatalog(catalog)
  const config = readInstanceConfig(catalog, instance)
  const compression = decideCompression(
    input.compressAlgorithm ?? config.values['compress-algorithm'],
    input.compressLevel ?? configNumber(config, 'compress-level'),
  )
  const source = await findPushSource(input, instance, config, run)
  const statusDirectory = path.join(source.directory, 'archive_status')
  const batchSize = source.isForeign ? 1 : input.batchSize
  const names = planBatch(requested, batchSize === 1 ? [] : await listStatus(statusDirectory), batchSize)
  const timeoutSeconds =
    input.archiveTimeoutSeconds ?? configNumber(config, 'archive-timeout') ?? USUAL_ARCHIVE_TIMEOUT_SECONDS
  const options = {
    archive: archiveDirectory(catalog, instance),
    compression,
    overwrites: input.overwrites,
    isSynced,
    patience: { totalMs: timeoutSeconds * 1000, betweenMs: LOOK_AGAIN_MS },
  }

  const outcomes: Promise<Outcome>[] = []
  let hasFailed = false
  const done = await mapConcurrently(
    names,
    source.isForeign ? 1 : input.threads,
    (name, index) => {
      // What comes behind a failure would only be written to be thrown away.
      if (hasFailed) return Promise.resolve<Outcome>({ name, kind: 'not-begun' })
      const before = (): Promise<void> => requireSuccess(outcomes[index - 1])
      const outcome = pushFile(name, source, options, before, run).then(
        (kind): Outcome => ({ name, kind }),
        (error: unknown): Outcome => {
          hasFailed = true
          return { name, kind: 'failed', error }
        },
      )
      outcomes[index] = outcome
      return outcome
    },
    NEVER,
  )
  const [failure] = done.filter((outcome) => outcome.kind === 'failed')
  const archived = done.filter(({ kind }) => kind === 'pushed' || kind === 'skipped')
  if (archived.length > 0) {
    if (isSynced) await syncArchive(options.archive)
    if (input.marksDone && !source.isForeign) {
      for (const { name } of archived) if (name !== requested) await markDone(statusDirectory, name, run)
    }
  }
  for (const { name, kind } of archived) run.log.log(`${name} was ${kind}`)
  if (failure !== undefined) throw failure.error
  const pushedCount = archived.filter(({ kind }) => kind === 'pushed').length
  return { pushedCount, skippedCount: archived.length - pushedCount }
}

/** Each file sees for itself whether it has been stopped. */
const NEVER = new AbortController().signal

/** Resolves when that file has its name. Rejects when it gets none, for then a later one would leave a gap. */
async function requireSuccess(before: Promise<Outcome> | undefined): Promise<void> {
  const outcome = await before
  if (outcome?.kind !== 'failed') return
  throw new EngineError('wal.missing', `"${outcome.name}", which comes before it, could not be archived`, {
    hint: outcome.error instanceof EngineError ? outcome.error.hint : undefined,
    cause: outcome.error,
  })
}

async function listStatus(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory)
  } catch (thrown) {
    throw mapFileError(thrown, directory, 'list')
  }
}

async function syncArchive(directory: string): Promise<void> {
  try {
    await syncDirectory(directory)
  } catch (thrown) {
    throw mapFileError(thrown, directory, 'sync')
  }
}

/** The server finds out by itself that the file is archived, should this fail: it asks for it once more. */
async function markDone(directory: string, name: string, { log }: Pick<Run, 'log'>): Promise<void> {
  try {
    await rename(path.join(directory, `${name}.ready`), path.join(directory, `${name}.done`))
  } catch (thrown) {
    log.warning(`"${name}.ready" could not be renamed: ${describeError(thrown)}`)
  }
}
