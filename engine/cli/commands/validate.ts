import type { JobResult } from '../../api/contract/jobs.ts'
import type { BackupId } from '../../base/backup-id.ts'
import { EngineError } from '../../base/engine-error.ts'
import { type Command, EXIT } from '../context.ts'
import { followJob, reportEnd } from '../follow-job.ts'
import { readGivenTarget } from '../recovery-target.ts'

/**
 * Validates a backup, an instance or a whole catalog; with a target also whether recovery gets there. The exit status is 0
 * only when everything is sound.
 */
export const validate: Command = async (context) => {
  const { client, given, log, signal } = context
  const catalog = given.requireCatalog()
  const instance = given.own('instance')
  const id = given.backupId('backup-id')
  if (id !== undefined && instance === undefined) {
    throw new EngineError('usage.invalid', 'a backup ID alone does not say which instance is meant', {
      hint: 'Name the instance with --instance.',
    })
  }
  const target = readGivenTarget(given)
  if ((target.target ?? target.targetTimeline) !== undefined && instance === undefined) {
    throw new EngineError('usage.invalid', 'a recovery target does not say which instance is meant', {
      hint: 'Name the instance with --instance.',
    })
  }
  const threads = given.integer('threads')
  const { job } = await client['backups.validate'](
    {
      catalog,
      checksBlocks: !given.has('skip-block-validation'),
      ...(instance !== undefined && { instance }),
      ...(id !== undefined && { id }),
      ...(threads !== undefined && { threads }),
      ...target,
    },
    { signal },
  )
  const ended = await followJob(context, job)
  const status = reportEnd(context, ended)
  if (ended.result?.kind !== 'validate') return status

  const { verdicts, isSound } = ended.result
  const bad = verdicts.filter((verdict) => !['OK', 'DONE'].includes(verdict.status))
  for (const verdict of bad) {
    log.warning(`backup ${verdict.backupId} of ${verdict.instance} is ${verdict.status}`)
  }
  if (isSound && status === EXIT.success) {
    log.info(
      verdicts.length === 1
        ? `backup ${verdicts[0]?.backupId} is sound`
        : `all ${verdicts.length} backups are sound`,
    )
    return EXIT.success
  }
  // A target that is not reached is an error of the job's log already, with how far recovery can be done.
  const missed = ended.result.findings.find(({ code }) => code === 'target-unreachable')
  if (missed?.hint !== undefined) log.hint(missed.hint)
  const isTold = missed !== undefined && bad.length === 0
  if (status === EXIT.success && !isTold) log.error(summary(id, bad, verdicts.length))
  return status === EXIT.success ? EXIT.failure : status
}

type Verdict = Extract<JobResult, { readonly kind: 'validate' }>['verdicts'][number]

/** Who asks about one backup wants to know about that, though it may be a parent that is damaged. */
function summary(asked: BackupId | undefined, bad: readonly Verdict[], count: number): string {
  if (asked === undefined && bad.length === 0) return 'not every instance could be validated'
  if (asked === undefined) return `${bad.length} of ${count} backups are not sound`
  const needed = bad.find(({ backupId }) => backupId !== asked)
  return needed === undefined
    ? `backup ${asked} is not sound`
    : `backup ${asked} cannot be restored: it needs backup ${needed.backupId}, which is ${needed.status}`
}
