import type { InstanceRef } from '../api/contract/values.ts'
import type { JobSnapshot } from '../api/contract/jobs.ts'
import type { RetentionPlanRecord } from '../api/contract/retention.ts'
import { counted } from '../base/counted.ts'
import { EngineError } from '../base/engine-error.ts'
import { type Context, EXIT } from './context.ts'
import { followJob, reportEnd } from './follow-job.ts'
import type { Given } from './given.ts'
import { formatJson } from './json-text.ts'
import { formatLocalTime } from './moments.ts'
import { prettySize } from './pretty.ts'
import { retentionLines, retentionToJson } from './retention-listing.ts'

/** What the command line asks of retention. */
export type AskedRetention = {
  readonly deletesExpired: boolean
  readonly mergesExpired: boolean
  readonly purgesWal: boolean
  /** Left out, the tool that wrote the newest backup decides. */
  readonly rule?: 'probackup' | 'gs'
  readonly policy: {
    readonly redundancy?: number
    readonly windowDays?: number
    readonly walDepth?: number
  }
}

const MOST_PLANS = 3

/**
 * Reads the options of retention; undefined when none of its actions is asked for.
 *
 * @throws {EngineError} `usage.invalid` for options that mean nothing without such an action
 */
export function readRetention(given: Given): AskedRetention | undefined {
  const deletesExpired = given.has('delete-expired')
  const mergesExpired = given.has('merge-expired')
  const purgesWal = given.has('delete-wal')
  if (!deletesExpired && !mergesExpired && !purgesWal) {
    const idle = [
      'retention-redundancy',
      'retention-window',
      'wal-depth',
      'retention-rule',
      'accept-broken-promise',
    ].find((long) => given.has(long))
    if (idle === undefined) return undefined
    throw new EngineError(
      'usage.invalid',
      `--${idle} says how retention is applied, and nothing asks to apply it`,
      {
        hint: 'Add --delete-expired, --merge-expired or --delete-wal.',
      },
    )
  }
  const redundancy = given.integer('retention-redundancy')
  const windowDays = given.integer('retention-window')
  const walDepth = given.integer('wal-depth')
  const rule = given.choice('retention-rule')
  return {
    deletesExpired,
    mergesExpired,
    purgesWal,
    ...(rule !== undefined && { rule: rule === 'gs' ? 'gs' : 'probackup' }),
    policy: {
      ...(redundancy !== undefined && { redundancy }),
      ...(windowDays !== undefined && { windowDays }),
      ...(walDepth !== undefined && { walDepth }),
    },
  }
}

/** Says what retention makes of every backup, then applies exactly that; with `--dry-run` it only says. */
export async function runRetention(
  context: Context,
  ref: InstanceRef,
  asked: AskedRetention,
): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await planAndApply(context, ref, asked)
    } catch (thrown) {
      const isStale = thrown instanceof EngineError && thrown.code === 'plan.stale'
      if (!isStale || attempt === MOST_PLANS) throw thrown
      context.log.info('the catalog has changed meanwhile; looking again')
    }
  }
}

async function planAndApply(context: Context, ref: InstanceRef, asked: AskedRetention): Promise<number> {
  const { client, given, log, signal, world } = context
  const isDry = given.has('dry-run')
  const plan = await client['retention.plan']({ ...ref, ...asked }, { signal })
  // Only delete prints JSON: what backup prints has been said before.
  const isJson = given.command === 'delete' && given.choice('format') === 'json'
  if (plan.rule === 'gs') log.info('the window is counted in days from midnight, as gs_probackup does')
  for (const { level, text } of retentionLines(plan, asked, isDry)) log[level](text)
  tellPromise(context, plan)
  if (isJson && isDry) world.writeOut(formatJson(retentionToJson(plan)))
  if (isDry) return EXIT.success
  const threads = given.integer('threads')
  const { job } = await client['retention.apply'](
    {
      ...ref,
      ...asked,
      hash: plan.hash,
      ...(given.has('accept-broken-promise') && { confirm: ref.instance }),
      isValidated: !given.has('no-validate'),
      isSynced: !given.has('no-sync'),
      ...(threads !== undefined && { threads }),
    },
    { signal },
  )
  const ended = await followJob(context, job)
  if (ended.error?.code === 'plan.stale') throw new EngineError('plan.stale', ended.error.message)
  const status = reportEnd(context, ended)
  tellOutcome(context, ended)
  if (isJson && status === EXIT.success) world.writeOut(formatJson(retentionToJson(plan)))
  return status
}

function tellPromise({ given, log }: Context, { promise }: RetentionPlanRecord): void {
  const { broken, promised, earliestAfter, lostCount, strandedIds } = promise
  if (lostCount > 0)
    log.info(`${counted(lostCount, 'stretch', 'stretches')} of the past cannot be reached afterwards`)
  if (strandedIds.length > 0)
    log.warning(`backups that stay and cannot be restored for want of WAL: ${strandedIds.join(', ')}`)
  if (broken.length === 0) return
  log.warning(
    broken.includes('no-backup')
      ? 'no backup that can be restored would be left'
      : `the retention window promises every moment since ${promised && formatLocalTime(promised)}, but the past would begin ${earliestAfter && formatLocalTime(earliestAfter)}`,
  )
  if (!given.has('accept-broken-promise')) log.info('it is only applied with --accept-broken-promise')
}

function tellOutcome({ log }: Context, { result }: JobSnapshot): void {
  if (result?.kind !== 'retention') return
  if (result.mergedIds.length === 0) log.info('There are no backups to merge by retention policy')
  log.info(
    result.deletedIds.length > 0
      ? `Purging finished: ${counted(result.deletedIds.length, 'backup')} deleted, ${prettySize(result.freedBytes)} freed in all`
      : 'There are no backups to delete by retention policy',
  )
  if (result.walFiles === 0) log.info('There is no WAL to purge by retention policy')
  if (result.skippedIds.length > 0)
    log.warning(`backups that were in use or needed and stay for now: ${result.skippedIds.join(', ')}`)
}
