import type { EngineClient } from '../../api/contract/contract.ts'
import { EngineError } from '../../base/engine-error.ts'
import { type Command, type Context } from '../context.ts'
import { followJob, reportEnd } from '../follow-job.ts'
import type { Given } from '../given.ts'
import { prettySize } from '../pretty.ts'
import { readGivenTarget } from '../recovery-target.ts'

type RestoreRequest = Parameters<EngineClient['restore.start']>[0]

/** Restores a backup and follows the work to its end. */
export const restore: Command = async (context) => {
  const { client, given, log, signal } = context
  const dataDirectory = given.path('pgdata') ?? (await savedDataDirectory(context))
  const request = readRestoreRequest(given, dataDirectory)
  const { job } = await client['restore.start'](request, { signal })
  const ended = await followJob(context, job)
  if (ended.result?.kind === 'restore') {
    const { backupId, fileCount, writtenBytes, reusedBytes } = ended.result
    const reused = reusedBytes === 0 ? '' : ` written, ${prettySize(reusedBytes)} reused`
    log.info(
      `backup ${backupId} was restored into ${ended.result.dataDirectory}: ${fileCount} files, ${prettySize(writtenBytes)}${reused}`,
    )
    for (const line of aboutTarget(request)) log.info(line)
  }
  return reportEnd(context, ended)
}

/**
 * A server that waits at its target looks as if it hung to whoever did not ask for that, and one that shuts down as if it
 * had failed. A standby does so as well.
 */
function aboutTarget({ target, targetAction = 'pause' }: RestoreRequest): readonly string[] {
  if (target === undefined || target.kind === 'latest' || targetAction === 'promote') return []
  if (targetAction === 'shutdown')
    return [
      'the server will shut down at the target, whenever it is started; recovery_target_action = promote in postgresql.auto.conf opens it there',
    ]
  return [
    'the server will pause at the target, read-only; tidemark after-restore --promote opens it for writing',
    'until then a table stays locked that a transaction cut off by the target was dropping or truncating',
  ]
}

/** The request that the command line stands for. */
export function readRestoreRequest(given: Given, dataDirectory: string): RestoreRequest {
  const target = readGivenTarget(given)
  const targetAction = given.choice('recovery-target-action') as RestoreRequest['targetAction']
  if (targetAction !== undefined && target.target === undefined) {
    throw new EngineError('usage.invalid', '--recovery-target-action needs a recovery target', {
      hint: 'Say where recovery is to stop, for example with --recovery-target-time.',
    })
  }
  const isForced = given.has('force')
  const request = {
    ...given.requireInstance(),
    dataDirectory,
    id: given.backupId('backup-id'),
    ...target,
    targetAction,
    restoreCommand: given.text('restore-command'),
    copiesWal: given.has('copy-wal') || undefined,
    tablespaceMapping: given.mappings('tablespace-mapping')?.slice(),
    externalMapping: given.mappings('external-mapping')?.slice(),
    skipsExternal: given.has('skip-external-dirs'),
    incrementalMode: given.choice('incremental-mode') as RestoreRequest['incrementalMode'],
    movesAside: given.has('move-aside') || undefined,
    databases: readDatabases(given),
    destroysOtherDatabases: given.has('destroy-all-other-dbs') || undefined,
    walDirectory: given.path('waldir'),
    threads: given.integer('threads'),
    isValidated: !given.has('no-validate') && !isForced,
    checksBlocks: !given.has('skip-block-validation'),
    isSynced: !given.has('no-sync'),
    isForced,
    isReplica: given.has('restore-as-replica'),
    primaryConninfo: given.text('primary-conninfo'),
    primarySlotName: given.text('primary-slot-name'),
  }
  return Object.fromEntries(
    Object.entries(request).filter(([, value]) => value !== undefined),
  ) as RestoreRequest
}

/** @throws {EngineError} `usage.invalid` when databases are named in both ways. */
function readDatabases(given: Given): RestoreRequest['databases'] {
  given.refuseTogether('db-include', 'db-exclude')
  const included = given.texts('db-include')
  if (included !== undefined) return { kind: 'include', names: [...included] }
  const excluded = given.texts('db-exclude')
  return excluded === undefined ? undefined : { kind: 'exclude', names: [...excluded] }
}

async function savedDataDirectory({ client, given, signal }: Context): Promise<string> {
  const config = await client['instances.config'](given.requireInstance(), { signal })
  const saved = config.find(({ key }) => key === 'pgdata')?.value
  if (saved !== undefined && saved !== '') return saved
  throw new EngineError('usage.invalid', 'the directory to restore into was not given', {
    hint: 'Give it with -D.',
  })
}
