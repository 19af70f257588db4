import { useState } from 'react'
import type { RetentionPlanRecord } from '../../../engine/api/contract/retention.ts'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import type { EngineError } from '../../../engine/base/engine-error.ts'
import { isoFromMs } from '../../../engine/base/iso-time.ts'
import { useEngine } from '../../lib/engine.tsx'
import { useQuery } from '../../lib/use-query.ts'
import { useSettled } from '../../lib/use-settled.ts'
import { requestOf } from './apply-sheet.tsx'
import type { Rehearsal } from './policy-editor.tsx'

/** So long nothing must change before the engine is asked. */
const REST_MS = 250

/** A plan of the engine, where it is of what is set right now. */
export type AskedPlan = {
  readonly plan: RetentionPlanRecord | undefined
  readonly error: EngineError | undefined
  readonly refetch: () => void
  /** The last plan, of whatever was set when it was asked for. */
  readonly last: RetentionPlanRecord | undefined
}

/** Asks the engine what only it knows (WAL, the promise) when the hand rests. `asOfMs` undefined is now. */
export function usePlan(instance: InstanceRef, rehearsal: Rehearsal, asOfMs: number | undefined): AskedPlan {
  const engine = useEngine()
  const wanted = JSON.stringify({
    ...requestOf(instance, rehearsal),
    // The verdicts are worked out here, and 20,000 of them would hold up whoever is dragging when they arrive.
    isBrief: true,
    ...(asOfMs === undefined ? {} : { asOf: isoFromMs(asOfMs) }),
  })
  const settled = useSettled(wanted, REST_MS)
  const [last, setLast] = useState<RetentionPlanRecord | undefined>(undefined)
  const asked = useQuery(`retention-plan ${settled}`, (signal) =>
    engine['retention.plan'](JSON.parse(settled) as Parameters<(typeof engine)['retention.plan']>[0], {
      signal,
    }),
  )
  if (asked.kind === 'ready' && asked.value !== last) setLast(asked.value)
  return {
    plan: asked.kind === 'ready' && settled === wanted ? asked.value : undefined,
    error: asked.kind === 'failed' ? asked.error : undefined,
    refetch: asked.refetch,
    last,
  }
}
