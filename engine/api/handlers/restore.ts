import os from 'node:os'
import path from 'node:path'
import { EngineError } from '../../base/engine-error.ts'
import type { EngineContext } from '../context.ts'
import type { EngineHandlers } from '../contract/contract.ts'
import type { JobResult } from '../contract/jobs.ts'
import type { restore as contract, RestorePlan, RestoreRequest } from '../contract/restore.ts'
import { findDamage } from '../backup-damage.ts'
import { clockLine } from '../clock-line.ts'
import { quietRun } from '../quiet-run.ts'
import { isSettled, makeRestorePlan, restoreAsPlanned } from '../restore-job.ts'
import { serverLines } from '../start-lines.ts'

const JOBS_LOOKED_AT = 1000

export function restoreHandlers(context: EngineContext): Pick<EngineHandlers, keyof typeof contract> {
  const { jobs, env, clock, planClock } = context
  const planOf = async (request: RestoreRequest, signal: AbortSignal): Promise<RestorePlan> => {
    const [plan, clocks] = await Promise.all([
      makeRestorePlan(request, planClock.nowMs(), signal),
      clockLine(context, request, signal),
    ])
    const server = await serverLines(context, request, plan, signal)
    return { ...plan, preflight: [...plan.preflight, ...(clocks === undefined ? [] : [clocks]), ...server] }
  }
  return {
    'restore.scratch-directory': async ({ instance, id }) => ({
      path: path.join(
        env['TMPDIR'] ?? os.tmpdir(),
        'tidemark',
        `${instance}-${id}-${clock.nowMs().toString(36)}`,
      ),
    }),
    'restore.plan': async (request, { signal }) => await planOf(request, signal),
    'restore.damage': async (ref, { signal }) =>
      await findDamage(ref, quietRun(context, signal), { jobs: jobs.list(JOBS_LOOKED_AT) }),
    'restore.start': async ({ hash, ...request }, { signal }) => {
      const plan = await planOf(request, signal)
      if (hash !== undefined && hash !== plan.hash) {
        throw new EngineError(
          'plan.stale',
          'the catalog or the request changed after the restore was planned',
          {
            hint: 'Look at the new plan and start it again.',
          },
        )
      }
      const job = jobs.start({
        kind: 'restore',
        catalog: request.catalog,
        instance: request.instance,
        backupId: isSettled(plan) ? plan.backup.id : request.id,
        run: async (run, tell): Promise<JobResult> => {
          return {
            kind: 'restore',
            ...(await restoreAsPlanned(request, plan, run, tell)),
            ...(stopsAtTarget(request) && { targetAction: request.targetAction ?? 'pause' }),
            ...(request.target !== undefined && { target: request.target }),
            ...(request.isInclusive !== undefined && { isInclusive: request.isInclusive }),
            ...replayEnd(plan),
            ...(request.isForced === true && { isForced: true }),
            ...(request.isReplica === true && { isReplica: true }),
            ...(plan.excludedDatabases.length > 0 && { excludedDatabases: plan.excludedDatabases }),
          }
        },
      })
      return { job: job.id }
    },
  }
}

function replayEnd({ preflight }: RestorePlan): { readonly replayEndLsn?: string } {
  const lsn = preflight.find(({ sentence }) => sentence.code === 'wal-reached')?.sentence.values['lsn']
  return typeof lsn === 'string' ? { replayEndLsn: lsn } : {}
}

/** The end of the WAL is no target that a server could wait at. */
function stopsAtTarget({ target }: Pick<RestoreRequest, 'target'>): boolean {
  return target !== undefined && target.kind !== 'latest'
}
