import type { BackupId } from '../../base/backup-id.ts'
import { EngineError } from '../../base/engine-error.ts'
import { type Command, type Context, EXIT } from '../context.ts'
import { followJob, reportEnd } from '../follow-job.ts'
import { prettySize } from '../pretty.ts'

/** How often a plan is made again when the catalog has changed under it. */
const MOST_PLANS = 3

/** Says what is merged into what and what is lost by it, then does exactly that; also finishes a merge. */
export const merge: Command = async (context) => {
  const { given, log } = context
  const id = given.backupId('backup-id')
  if (id === undefined) {
    throw new EngineError('usage.invalid', 'merge was not told which backup', {
      hint: 'Name with -i the increment up to which to merge.',
    })
  }
  for (let attempt = 1; ; attempt++) {
    try {
      return await planAndMerge(context, id)
    } catch (thrown) {
      const isStale = thrown instanceof EngineError && thrown.code === 'plan.stale'
      if (!isStale || attempt === MOST_PLANS) throw thrown
      log.info('the catalog has changed meanwhile; looking again')
    }
  }
}

async function planAndMerge(context: Context, id: BackupId): Promise<number> {
  const { client, given, log, signal } = context
  const asked = { ...given.requireInstance(), id }
  const plan = await client['backups.plan-merge'](asked, { signal })
  const members = plan.members.map((member) => member.id).join(', ')
  if (plan.stage === 'start') log.info(`${members} become one FULL backup, ${plan.destinationId}`)
  else log.info(`an earlier merge into ${plan.destinationId} is taken up again: ${members}`)
  for (const orphan of plan.orphanedIds) {
    log.warning(`backup ${orphan} needs a backup that is merged, and cannot be restored afterwards`)
  }
  for (const needy of plan.mayBeNeededBy ?? [])
    log.warning(
      `backup ${needy} may need what is merged: its control file cannot be read, so nobody knows its parent`,
    )
  if (given.has('dry-run')) {
    log.info(`${prettySize(plan.incrementBytes)} of increments would be merged; nothing was changed`)
    return EXIT.success
  }
  const threads = given.integer('threads')
  const { job } = await client['backups.merge'](
    {
      ...asked,
      hash: plan.hash,
      isValidated: !given.has('no-validate'),
      isSynced: !given.has('no-sync'),
      ...(threads !== undefined && { threads }),
    },
    { signal },
  )
  const ended = await followJob(context, job)
  if (ended.result?.kind === 'merge') {
    const { backupId, writtenBytes, freedBytes } = ended.result
    log.info(
      `backup ${backupId} is a FULL backup now: ${prettySize(writtenBytes)} written, ${prettySize(freedBytes)} freed`,
    )
  }
  if (ended.error?.code === 'plan.stale') throw new EngineError('plan.stale', ended.error.message)
  return reportEnd(context, ended)
}
