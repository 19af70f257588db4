import type { EngineClient } from '../../api/contract/contract.ts'
import type { JobSnapshot } from '../../api/contract/jobs.ts'
import { EngineError } from '../../base/engine-error.ts'
import { readConnection } from '../connection.ts'
import { type Command, EXIT } from '../context.ts'
import { followJob, reportEnd } from '../follow-job.ts'
import type { Given } from '../given.ts'
import { withPassword } from '../password.ts'
import { readPin } from '../pin.ts'
import { prettySize } from '../pretty.ts'
import { readRetention, runRetention } from '../retention.ts'

type BackupRequest = Parameters<EngineClient['backups.start']>[0]

/** Takes a backup and follows it to its end. */
export const backup: Command = async (context) => {
  const { client, given, log, signal } = context
  const request = readBackupRequest(given)
  const retention = readRetention(given)
  if (retention === undefined && given.has('dry-run')) {
    throw new EngineError('usage.invalid', 'a backup cannot be taken for a trial', {
      hint: '--dry-run is about retention: give it with --delete-expired, --merge-expired or --delete-wal.',
    })
  }
  const job = await withPassword<JobSnapshot>(
    context,
    async (password) => {
      const started = await client['backups.start'](
        { ...request, ...(password !== undefined && { password }) },
        { signal },
      )
      return followJob(context, started.job)
    },
    // Nothing has been made yet, so it can simply be started again.
    ({ error, backupId }) => error?.code === 'server.auth-failed' && backupId === undefined,
  )
  const status = reportEnd(context, job)
  if (job.result?.kind === 'backup') {
    const { backupId, dataBytes, walBytes } = job.result
    log.info(
      `backup ${backupId} (${request.mode}) of ${request.instance}: status ${job.result.status}, ` +
        `${prettySize(dataBytes)} of data, ${prettySize(walBytes)} of WAL`,
    )
  } else if (job.backupId !== undefined && status !== EXIT.success) {
    log.info(`backup ${job.backupId} was not completed`)
  }
  if (status !== EXIT.success || retention === undefined) return status
  return await runRetention(context, given.requireInstance(), retention)
}

/** The request that the command line stands for. What it leaves out follows the saved settings. */
export function readBackupRequest(given: Given): BackupRequest {
  const ref = given.requireInstance()
  const mode = given.choice('backup-mode')
  if (mode === undefined) {
    throw new EngineError('usage.invalid', 'the mode of the backup was not given', {
      hint: 'Write -b FULL for a whole backup; -b DELTA, -b PAGE or -b PTRACK for what changed since the last one; -b AUTO to let Tidemark choose.',
    })
  }
  given.refuseTogether('stream', 'no-stream')
  given.refuseTogether('compress', 'compress-algorithm')
  given.refuseTogether('no-stream', 'slot')
  given.refuseTogether('no-stream', 'temp-slot')
  const timeoutMs = given.durationMs('archive-timeout')
  const { note, ...pin } = readPin(given)
  return {
    ...ref,
    mode: mode as BackupRequest['mode'],
    isStream: !given.has('no-stream'),
    isSmoothCheckpoint: given.has('smooth-checkpoint'),
    // Without a word about slots a temporary one holds the WAL that the backup still needs.
    ...(given.has('temp-slot') && { isTemporarySlot: true }),
    withServerLog: given.has('backup-pg-log'),
    ...(given.has('backup-pg-replslot') && { withSlots: true }),
    isValidated: !given.has('no-validate'),
    checksBlocks: !given.has('skip-block-validation'),
    isSynced: !given.has('no-sync'),
    ...(given.has('trust-file-times') && { trustsFileTimes: true }),
    ...pin,
    ...(note !== undefined && note !== '' && { note }),
    ...defined({
      dataDirectory: given.path('pgdata'),
      threads: given.integer('threads'),
      compressAlgorithm: given.has('compress')
        ? 'zlib'
        : (given.choice('compress-algorithm') as BackupRequest['compressAlgorithm']),
      compressLevel: given.integer('compress-level') ?? (given.has('compress') ? 1 : undefined),
      slot: given.text('slot'),
      externalDirs: given.pathList('external-dirs')?.slice(),
      archiveTimeoutSeconds: timeoutMs === undefined ? undefined : Math.max(1, Math.ceil(timeoutMs / 1000)),
      startSeconds: given.integer('start-time'),
    }),
    ...readConnection(given),
  }
}

type Defined<Value> = { [Key in keyof Value]?: Exclude<Value[Key], undefined> }

/** The object without what is undefined: the contract tells "left out" from a value. */
function defined<Value extends object>(value: Value): Defined<Value> {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as Defined<Value>
}
