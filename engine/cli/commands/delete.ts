import type { BackupId } from '../../base/backup-id.ts'
import { counted } from '../../base/counted.ts'
import { EngineError } from '../../base/engine-error.ts'
import { type Command, type Context, EXIT } from '../context.ts'
import { followJob, reportEnd } from '../follow-job.ts'
import { formatJson } from '../json-text.ts'
import { prettySize } from '../pretty.ts'
import { readRetention, runRetention } from '../retention.ts'

/** How often a plan is made again when the catalog has changed under it. */
const MOST_PLANS = 3

/** Says which backups go and why, then deletes exactly those. */
export const deleteBackups: Command = async (context) => {
  const { given, log } = context
  const retention = readRetention(given)
  for (const long of ['delete-expired', 'merge-expired']) given.refuseTogether('backup-id', 'status', long)
  const id = given.backupId('backup-id')
  const status = given.choice('status')
  if (id === undefined && status === undefined) {
    if (retention !== undefined) return await runRetention(context, given.requireInstance(), retention)
    throw new EngineError('usage.invalid', 'delete was not told which backups', {
      hint: 'Give one with -i, a status with --status, or --delete-expired for what retention does not keep.',
    })
  }
  const selection = { ...(id !== undefined && { id }), ...(status !== undefined && { status }) }
  const exit = await deleteSelected(context, selection, retention === undefined)
  if (retention === undefined || exit !== EXIT.success) return exit
  // What the deleted backups alone needed of the archive goes as well (catalog format 12.3).
  if (given.has('dry-run')) log.info('the WAL is judged with the backups that are still there')
  return await runRetention(context, given.requireInstance(), retention)
}

type Selection = { readonly id?: BackupId; readonly status?: string }

/** With retention after it only that prints JSON: it is one document. */
async function deleteSelected(context: Context, selection: Selection, isAll: boolean): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await planAndDelete(context, selection, isAll)
    } catch (thrown) {
      const isStale = thrown instanceof EngineError && thrown.code === 'plan.stale'
      if (!isStale || attempt === MOST_PLANS) throw thrown
      context.log.info('the catalog has changed meanwhile; looking again')
    }
  }
}

async function planAndDelete(context: Context, selection: Selection, isAll: boolean): Promise<number> {
  const { client, given, log, signal, world } = context
  const asked = { ...given.requireInstance(), ...selection }
  const plan = await client['backups.plan-delete'](asked, { signal })
  const printJson = (): void => {
    if (!isAll || given.choice('format') !== 'json') return
    const backups = plan.backups.map(({ id, reason, dataBytes }) => ({ id, reason, 'data-bytes': dataBytes }))
    world.writeOut(formatJson({ backups, 'freed-bytes': plan.freedBytes }))
  }
  for (const { id, reason, dataBytes } of plan.backups) {
    const why = reason === 'descendant' ? ', which needs a backup that is deleted' : ''
    log.info(
      `${given.has('dry-run') ? 'would delete' : 'deleting'} backup ${id}${why} (${prettySize(dataBytes)})`,
    )
  }
  for (const needy of plan.mayBeNeededBy ?? [])
    log.warning(
      `backup ${needy} may need what is deleted: its control file cannot be read, so nobody knows its parent`,
    )
  if (plan.backups.length === 0) {
    log.info('there is nothing to delete')
    printJson()
    return EXIT.success
  }
  if (given.has('dry-run')) {
    log.info(
      `${counted(plan.backups.length, 'backup')} would be deleted, ${prettySize(plan.freedBytes)}; nothing was changed`,
    )
    printJson()
    return EXIT.success
  }
  const { job } = await client['backups.delete']({ ...asked, hash: plan.hash }, { signal })
  const ended = await followJob(context, job)
  if (ended.result?.kind === 'delete') {
    const count = ended.result.backupIds.length
    log.info(
      `${counted(count, 'backup')} ${count === 1 ? 'was' : 'were'} deleted, ${prettySize(ended.result.freedBytes)} freed`,
    )
  }
  if (ended.error?.code === 'plan.stale') throw new EngineError('plan.stale', ended.error.message)
  const status = reportEnd(context, ended)
  if (status === EXIT.success) printJson()
  return status
}
