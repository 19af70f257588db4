import { useState } from 'react'
import type { MomentRecord } from '../../../engine/api/contract/recovery.ts'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import type { EngineError } from '../../../engine/base/engine-error.ts'
import { useEngine } from '../../lib/engine.tsx'
import { useQuery } from '../../lib/use-query.ts'
import { useSettled } from '../../lib/use-settled.ts'
import { type MomentChoice, questionOf } from './moment-choice.ts'

/** What the engine says of the moment that is chosen. */
export type Verdict = {
  /** The last answer; of another moment while `isPending`. */
  readonly record: MomentRecord | undefined
  readonly isPending: boolean
  /** Why it could not even be asked: a target that is none. */
  readonly error: EngineError | undefined
}

/** So long a moment must stay chosen before it is asked about; a question about one that was left is cancelled. */
const SETTLED_MS = 120

export function useVerdict(instance: InstanceRef, choice: MomentChoice | undefined): Verdict {
  const engine = useEngine()
  const settled = useSettled(choice, SETTLED_MS)
  const question = settled && questionOf(settled)
  const key = `moment ${instance.catalog}\n${instance.instance}\n${JSON.stringify(question)}`
  const query = useQuery(key, async (signal) =>
    question === undefined ? undefined : engine['recovery.moment']({ ...instance, ...question }, { signal }),
  )
  const [last, setLast] = useState<MomentRecord | undefined>(undefined)
  if (query.kind === 'ready' && query.value !== last) setLast(query.value)
  return {
    record: query.kind === 'ready' ? query.value : last,
    isPending: settled !== choice || query.kind === 'loading' || choice === undefined,
    error: query.kind === 'failed' && settled === choice ? query.error : undefined,
  }
}
