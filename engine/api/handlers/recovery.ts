import { judgeMoment } from '../../catalog/recovery-moment.ts'
import { readTarget, readTargetTimeline } from '../../catalog/recovery-target.ts'
import { windowOf } from '../../catalog/recovery-window.ts'
import type { EngineContext } from '../context.ts'
import type { EngineHandlers } from '../contract/contract.ts'
import type { recovery as contract } from '../contract/recovery.ts'
import { gatherRecovery, restoreRates } from '../recovery-facts.ts'
import { momentRecord, recoveryWindowRecord } from '../recovery-records.ts'

export function recoveryHandlers(context: EngineContext): Pick<EngineHandlers, keyof typeof contract> {
  return {
    'recovery.window': async (ref, call) => {
      const { model } = await gatherRecovery(context, ref, call)
      return recoveryWindowRecord(windowOf(model), model.input.archive.segmentBytes)
    },
    'recovery.moment': async (
      { target, isInclusive, targetTimeline, mayFollowHeir, id, zone, ...ref },
      call,
    ) => {
      // What cannot be read is refused before anything is looked at.
      const wanted = readTarget(target, { isInclusive, ...(zone !== undefined && { zone }) })
      const timeline = targetTimeline === undefined ? undefined : readTargetTimeline(targetTimeline)
      const { model, locate, countLost, timeBefore } = await gatherRecovery(context, ref, call)
      const verdict = judgeMoment(model, {
        target: wanted,
        timeline,
        mayFollowHeir,
        baseId: id,
        located: locate(wanted),
        nowMicros: BigInt(Math.floor(context.planClock.nowMs())) * 1000n,
        rates: restoreRates(context, ref),
        timeBefore,
        countLost: (rest) => countLost(wanted, rest),
      })
      return momentRecord(verdict, model.input.archive.segmentBytes)
    },
  }
}
