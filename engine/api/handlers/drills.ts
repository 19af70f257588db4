import { randomBytes } from 'node:crypto'
import { EngineError } from '../../base/engine-error.ts'
import { readInventory } from '../../catalog/inventory.ts'
import type { EngineContext } from '../context.ts'
import type { EngineHandlers } from '../contract/contract.ts'
import type { drills as contract } from '../contract/drills.ts'
import type { JobResult } from '../contract/jobs.ts'
import type { InstanceRef } from '../contract/values.ts'
import { learnDrills } from '../drill-file.ts'
import { carryOutDrill } from '../drill-run.ts'

const USUAL_LIMIT = 50

export function drillHandlers(context: EngineContext): Pick<EngineHandlers, keyof typeof contract> {
  const { jobs, book, clock } = context
  /** Of a catalog that is gone the book tells what it knows. */
  const learn = async ({ catalog, instance }: InstanceRef, signal: AbortSignal): Promise<void> => {
    try {
      learnDrills(book, await readInventory(catalog, instance, { signal }))
    } catch (thrown) {
      if (!(thrown instanceof EngineError)) throw thrown
    }
  }
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
    'drills.list': async ({ catalog, instance, id, limit = USUAL_LIMIT }, { signal }) => {
      await learn({ catalog, instance }, signal)
      return book.list({ catalog, instance }, id, limit)
    },
    'drills.latest': async (ref, { signal }) => {
      await learn(ref, signal)
      return book.latest(ref)
    },
  }
}

/** Names a scratch server, its directory, or a drill. */
export function scratchName(nowMs: number): string {
  return `${nowMs.toString(36)}-${randomBytes(4).toString('hex')}`
}
