import type { EngineClient } from '../../engine/api/contract/contract.ts'
import { hasEnded, type JobSnapshot } from '../../engine/api/contract/jobs.ts'
import { keptRoute } from '../lib/kept-route.ts'
import { announce, type Route, useStore } from '../lib/stores.ts'

/** What is told of a job in words, by whoever knows the language. */
export type Tell = (job: JobSnapshot, percent: number | undefined) => void

/** Jobs that are kept in the window; the engine's journal has the others. */
const MOST_JOBS = 300

/**
 * Keeps the store up with the engine until `signal` ends it: every job, every change of a catalog, the settings.
 * `tell` hears of each tenth of a job and of its end.
 */
export function followEngine(client: EngineClient, tell: Tell, signal: AbortSignal): void {
  const tenths = new Map<string, number>()
  const takeJob = (job: JobSnapshot): void => {
    useStore.setState(({ jobs }) => ({ jobs: keepNewest({ ...jobs, [job.id]: job }) }))
    if (hasEnded(job)) {
      // Only the end of a job that was seen running is news.
      if (tenths.delete(job.id)) tell(job, undefined)
      return
    }
    const { doneBytes = 0, totalBytes = 0 } = job.progress ?? {}
    const tenth = totalBytes === 0 ? 0 : Math.floor((doneBytes / totalBytes) * 10)
    if ((tenths.get(job.id) ?? 0) < tenth) tell(job, tenth * 10)
    tenths.set(job.id, tenth)
  }
  const follow = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work()
    } catch (thrown) {
      // A feed that ends ends with the engine; the banner says so already.
      if (!signal.aborted && !useStore.getState().isGone) announce(String(thrown))
    }
  }
  void follow(async () => {
    for await (const job of client['jobs.watch-all']({}, { signal })) takeJob(job)
  })
  void follow(async () => {
    for await (const { subject } of client['app.changes']({}, { signal })) {
      if (subject === 'settings')
        useStore.setState({ settings: await client['app.settings']({}, { signal }) })
      else useStore.setState(({ revision }) => ({ revision: revision + 1 }))
    }
  })
}

/**
 * Where the window opens: where it was before a reload, so that a job or a plan that was looked at stays in sight, else
 * with the worst instance of the fleet.
 */
export async function firstRoute(client: EngineClient, storage: Pick<Storage, 'getItem'>): Promise<Route> {
  const badness = { problem: 0, attention: 1, ok: 2 } as const
  const entries = (await client['fleet.list']({})).flatMap(({ instances }) => instances)
  const [worst] = entries.toSorted((a, b) => badness[a.protection.severity] - badness[b.protection.severity])
  const kept = keptRoute(storage, entries)
  if (kept !== undefined && (kept.screen !== 'job' || (await isKnown(client, kept.job)))) return kept
  if (worst === undefined) return { screen: 'welcome' }
  return { screen: 'overview', instance: { catalog: worst.catalog, instance: worst.instance } }
}

async function isKnown(client: EngineClient, job: string): Promise<boolean> {
  try {
    await client['jobs.get']({ job })
    return true
  } catch {
    return false
  }
}

function keepNewest(jobs: Readonly<Record<string, JobSnapshot>>): Readonly<Record<string, JobSnapshot>> {
  const entries = Object.entries(jobs)
  if (entries.length <= MOST_JOBS) return jobs
  const ended = entries
    .filter(([, job]) => hasEnded(job))
    .sort(([, a], [, b]) => a.createdAt.localeCompare(b.createdAt))
    .slice(0, entries.length - MOST_JOBS)
    .map(([id]) => id)
  return Object.fromEntries(entries.filter(([id]) => !ended.includes(id)))
}
