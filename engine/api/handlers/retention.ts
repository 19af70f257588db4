import type { BackupId } from '../../base/backup-id.ts'
import { type IsoTime, secondsFromIso } from '../../base/iso-time.ts'
import type { RetentionRule } from '../../base/retention.ts'
import type { Run } from '../../base/run.ts'
import type { ControlMemory } from '../../catalog/control-memory.ts'
import { type Inventory, readInventory } from '../../catalog/inventory.ts'
import { instanceDirectory } from '../../catalog/paths.ts'
import { archiveOf } from '../../catalog/retention-archive.ts'
import { policyOf, ruleKindOf } from '../../catalog/retention.ts'
import { freeBytes } from '../../host/disk.ts'
import { planMerge } from '../../operations/merge/plan.ts'
import { mergeBackups } from '../../operations/merge/run.ts'
import { planRetention, type RetentionRequest } from '../../operations/retention/plan.ts'
import { applyRetention, type RetentionVerbs } from '../../operations/retention/run.ts'
import type { EngineContext } from '../context.ts'
import type { EngineHandlers } from '../contract/contract.ts'
import type { JobResult } from '../contract/jobs.ts'
import type { retention as contract } from '../contract/retention.ts'
import { retentionPlanRecord } from '../retention-records.ts'
import { NEWEST_PROGRAM_VERSION, WRITTEN_PROGRAM_VERSION } from '../version.ts'
import { queueOf } from './backups.ts'

type Asked = Parameters<EngineHandlers['retention.plan']>[0]
type Applied = Parameters<EngineHandlers['retention.apply']>[0]

export function retentionHandlers(context: EngineContext): Pick<EngineHandlers, keyof typeof contract> {
  const { jobs, planClock } = context
  const memory: ControlMemory = new Map()
  return {
    'retention.plan': async ({ asOf, isBrief, ...asked }, call) => {
      const inventory = await readInventory(asked.catalog, asked.instance, { signal: call.signal, memory })
      const archive = await archiveOf(inventory, call)
      const nowMs = asOf === undefined ? planClock.nowMs() : secondsFromIso(asOf as IsoTime) * 1000
      const plan = planRetention(
        { inventory, archive, planMerge: mergePlanOf },
        requestOf(asked, inventory, nowMs),
      )
      return retentionPlanRecord(plan, inventory, archive.segmentBytes, isBrief ?? false)
    },
    'retention.storage': async ({ catalog, instance }) => ({
      freeBytes: await freeBytes(instanceDirectory(catalog, instance)),
    }),
    'retention.apply': async (asked) => {
      const job = jobs.start({
        kind: 'retention',
        catalog: asked.catalog,
        instance: asked.instance,
        queue: queueOf(asked),
        run: async (run): Promise<JobResult> => {
          const inventory = await readInventory(asked.catalog, asked.instance, run)
          const request = requestOf(asked, inventory, planClock.nowMs())
          const { catalog, instance, hash, confirm } = asked
          const done = await applyRetention(
            { catalog, instance, request, hash, confirm },
            verbsOf(asked),
            run,
          )
          return { kind: 'retention', ...done }
        },
      })
      return { job: job.id }
    },
  }
}

/** What is asked, with the policy of the instance and the rule of its tool where none is given. */
function requestOf(
  asked: Pick<Asked, 'policy' | 'rule' | 'deletesExpired' | 'mergesExpired' | 'purgesWal'>,
  inventory: Inventory,
  nowMs: number,
): RetentionRequest {
  return {
    policy: policyOf(inventory.config, asked.policy ?? {}),
    rule: ruleOf(asked.rule ?? ruleKindOf(inventory), nowMs),
    nowSeconds: Math.floor(nowMs / 1000),
    deletesExpired: asked.deletesExpired ?? false,
    mergesExpired: asked.mergesExpired ?? false,
    purgesWal: asked.purgesWal ?? false,
  }
}

/** The offset is that of the machine, as for the tool whose rule it is; of whole hours, as there. */
function ruleOf(kind: RetentionRule['kind'], nowMs: number): RetentionRule {
  if (kind !== 'gs') return { kind: 'probackup' }
  const hours = Math.trunc(-new Date(nowMs).getTimezoneOffset() / 60)
  return { kind: 'gs', offsetSeconds: hours * 3600 }
}

function mergePlanOf(inventory: Inventory, id: BackupId): ReturnType<typeof planMerge> {
  return planMerge(inventory, { id, newestProgramVersion: NEWEST_PROGRAM_VERSION })
}

/** Merging as retention asks for it, with the options of the call. */
function verbsOf({ threads, isValidated, isSynced }: Applied): RetentionVerbs {
  return {
    planMerge: mergePlanOf,
    merge: async (ref, { id, hash }, run: Run) =>
      await mergeBackups(
        {
          ...ref,
          request: { id, newestProgramVersion: NEWEST_PROGRAM_VERSION },
          hash,
          threads: threads ?? 1,
          isValidated: isValidated ?? true,
          isSynced: isSynced ?? true,
          programVersion: WRITTEN_PROGRAM_VERSION,
        },
        run,
      ),
  }
}
