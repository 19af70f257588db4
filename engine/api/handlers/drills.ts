import { randomBytes } from 'node:crypto'
import type { EngineContext } from '../context.ts'
import type { EngineHandlers } from '../contract/contract.ts'
import type { drills as contract } from '../contract/drills.ts'
import type { JobResult } from '../contract/jobs.ts'
import { carryOutDrill } from '../drill-run.ts'

const USUAL_LIMIT = 50

export function drillHandlers(context: EngineContext): Pick<EngineHandlers, keyof typeof contract> {
  const { jobs, book, clock } = context
  return {
    'drills.start': async (request) => {
      const id = scratchName(clock.nowMs())
      const job = jobs.start({
        kind: 'drill',
        catalog: request.catalog,
        instance: request.instance,
        backupId: request.id,
        run: async (run, tell): Promise<JobResult> => ({
          kind: 'drill',
          drill: await carryOutDrill(context, request, id, run, tell),
        }),
      })
      return { job: job.id }
    },
    'drills.list': async ({ catalog, instance, id, limit = USUAL_LIMIT }) =>
      book.list({ catalog, instance }, id, limit),
    'drills.latest': async (ref) => book.latest(ref),
  }
}

/** Names a scratch server, its directory, or a drill. */
export function scratchName(nowMs: number): string {
  return `${nowMs.toString(36)}-${randomBytes(4).toString('hex')}`
}
