import type { RestoreRates } from '../../catalog/recovery-request.ts'
import { readInventory } from '../../catalog/inventory.ts'
import { judgeMoment } from '../../catalog/recovery-moment.ts'
import { type RecoveryModel, recoveryModel } from '../../catalog/recovery-model.ts'
import { readTarget, readTargetTimeline } from '../../catalog/recovery-target.ts'
import { windowOf } from '../../catalog/recovery-window.ts'
import { readWalArchive } from '../../catalog/wal-archive.ts'
import { configNumber } from '../../format/instance-config.ts'
import type { EngineContext } from '../context.ts'
import type { EngineHandlers } from '../contract/contract.ts'
import type { recovery as contract } from '../contract/recovery.ts'
import type { InstanceRef } from '../contract/values.ts'
import { momentRecord, recoveryWindowRecord } from '../recovery-records.ts'

const USUAL_SEGMENT_BYTES = 16 << 20
/** As many of the newest jobs tell how fast restores are. */
const JOBS_LOOKED_AT = 200
const RESTORES_MEASURED = 3

export function recoveryHandlers(context: EngineContext): Pick<EngineHandlers, keyof typeof contract> {
  return {
    'recovery.window': async (ref, call) => {
      const model = await readModel(ref, call.signal)
      return recoveryWindowRecord(windowOf(model), model.input.archive.segmentBytes)
    },
    'recovery.moment': async ({ target, isInclusive, targetTimeline, id, zone, ...ref }, call) => {
      // What cannot be read is refused before anything is looked at.
      const wanted = readTarget(target, { isInclusive, ...(zone !== undefined && { zone }) })
      const timeline = targetTimeline === undefined ? undefined : readTargetTimeline(targetTimeline)
      const model = await readModel(ref, call.signal)
      const verdict = judgeMoment(model, {
        target: wanted,
        timeline,
        baseId: id,
        located: undefined,
        nowMicros: BigInt(Math.floor(context.clock.nowMs())) * 1000n,
        rates: ratesOf(context, ref),
      })
      return momentRecord(verdict, model.input.archive.segmentBytes)
    },
  }
}

async function readModel({ catalog, instance }: InstanceRef, signal: AbortSignal): Promise<RecoveryModel> {
  const { backups, config } = await readInventory(catalog, instance, { signal })
  const segmentBytes = configNumber(config, 'xlog-seg-size') ?? USUAL_SEGMENT_BYTES
  const archive = await readWalArchive(catalog, instance, segmentBytes, { signal })
  return recoveryModel({ backups, archive, times: [], defects: [] })
}

/** How fast the last restores of the instance wrote. */
function ratesOf({ jobs }: EngineContext, { catalog, instance }: InstanceRef): RestoreRates | undefined {
  const rates = jobs
    .list(JOBS_LOOKED_AT)
    .flatMap((job) => {
      if (job.catalog !== catalog || job.instance !== instance || job.result?.kind !== 'restore') return []
      const writing = job.phases.find(({ phase }) => phase === 'restore')
      const seconds = (writing?.elapsedMs ?? 0) / 1000
      return seconds > 0 && job.result.writtenBytes > 0 ? [job.result.writtenBytes / seconds] : []
    })
    .slice(0, RESTORES_MEASURED)
  return rates.length === 0
    ? undefined
    : { write: { low: Math.min(...rates), high: Math.max(...rates) }, replay: undefined }
}
