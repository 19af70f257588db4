import type { EngineContext } from '../context.ts'
import type { EngineHandlers } from '../contract/contract.ts'
import type { JobResult } from '../contract/jobs.ts'
import type { scratchServers as contract } from '../contract/scratch.ts'
import { openScratch } from '../drill-run.ts'
import { pullTable, readPullPlan } from '../../operations/pull-table/run.ts'
import { promote } from '../../server/promote.ts'
import { queryReadOnly } from '../../server/read-only-query.ts'
import { compareWithNow, pullOf } from '../scratch-live.ts'
import { scratchName } from './drills.ts'

const USUAL_QUERY_SECONDS = 30
const USUAL_COUNT_SECONDS = 20
const MOST_ROWS = 1000
const MOST_CELL_CHARS = 2000

export function scratchHandlers(context: EngineContext): Pick<EngineHandlers, keyof typeof contract> {
  const { jobs, scratch, clock, log } = context
  return {
    'scratch.start': async ({ keepMinutes, ...request }) => {
      scratch.requireRoom()
      const id = scratchName(clock.nowMs())
      const job = jobs.start({
        kind: 'scratch',
        catalog: request.catalog,
        instance: request.instance,
        backupId: request.id,
        run: async (run, tell): Promise<JobResult> => {
          const { deadline } = await openScratch(context, request, id, keepMinutes, run, tell)
          return { kind: 'scratch', scratchId: id, deadline }
        },
      })
      return { job: job.id }
    },
    'scratch.list': async () => scratch.list(),
    'scratch.keep': async ({ id, minutes }) => scratch.keep(id, minutes),
    'scratch.promote': async ({ id }, { signal }) => {
      const { server, record, major } = scratch.require(id)
      if (record.state === 'paused') {
        await using session = await server.session('postgres', { signal })
        await promote(session, major, signal)
      }
      return scratch.setOpen(id)
    },
    'scratch.stop': async ({ id }) => {
      await scratch.stop(id)
      return null
    },
    'scratch.query': async ({ id, database, sql, limitSeconds = USUAL_QUERY_SECONDS }, { signal }) => {
      const limits = {
        mostRows: MOST_ROWS,
        mostCellChars: MOST_CELL_CHARS,
        timeoutMs: limitSeconds * 1000,
      }
      const { server } = scratch.require(id)
      return await queryReadOnly(server.connection(database), sql, limits, { signal, log })
    },
    'scratch.compare': async ({ id, database, limitSeconds = USUAL_COUNT_SECONDS }, { signal }) =>
      await compareWithNow(context, scratch.require(id), { database, limitMs: limitSeconds * 1000, signal }),
    'scratch.plan-pull': async (request, { signal }) => {
      const asked = await pullOf(context, request, signal)
      const { before, after, copyOut: _out, copyIn, ...plan } = await readPullPlan(asked, { signal, log })
      return { ...plan, statements: [...before, copyIn, ...after] }
    },
    'scratch.pull-table': async (request, { signal }) => {
      const asked = await pullOf(context, request, signal)
      const { record } = scratch.require(request.id)
      const job = jobs.start({
        kind: 'pull-table',
        catalog: record.catalog,
        instance: record.instance,
        backupId: record.backupId,
        run: async (run): Promise<JobResult> => {
          using _held = scratch.hold(request.id)
          const pulled = await pullTable(asked, run)
          const { schema, name } = asked.toTable
          const { database = '' } = asked.to
          return { kind: 'pull-table', database, schema, table: name, ...pulled }
        },
      })
      return { job: job.id }
    },
  }
}
