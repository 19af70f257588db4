import type { EngineContext } from '../context.ts'
import type { EngineHandlers } from '../contract/contract.ts'
import type { jobs as contract } from '../contract/jobs.ts'

const USUAL_JOBS = 200
const USUAL_LINES = 500

export function jobHandlers({ jobs }: EngineContext): Pick<EngineHandlers, keyof typeof contract> {
  return {
    'jobs.list': async ({ limit }) => jobs.list(limit ?? USUAL_JOBS),
    'jobs.get': async ({ job }) => jobs.require(job),
    'jobs.watch': ({ job }, { signal }) => jobs.watch(job, signal),
    'jobs.watch-all': (_, { signal }) => jobs.watchAll(signal),
    'jobs.cancel': async ({ job }) => jobs.cancel(job),
    'jobs.log': async ({ job, from, limit }) => ({ from, ...jobs.log(job, from, limit ?? USUAL_LINES) }),
    'jobs.follow-log': ({ job }, { signal }) => jobs.followLog(job, signal),
  }
}
