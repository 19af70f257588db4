import type { Run } from '../base/run.ts'
import type { EngineContext } from './context.ts'

/** What a short operation is given that is no job: it logs to the engine's log and reports to nobody. */
export function quietRun({ log, clock }: Pick<EngineContext, 'log' | 'clock'>, signal: AbortSignal): Run {
  return { signal, log, clock, report: () => undefined }
}
