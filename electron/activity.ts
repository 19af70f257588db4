import type { EngineClient } from '../engine/api/contract/contract.ts'
import type { FleetCatalog } from '../engine/api/contract/instances.ts'
import type { JobSnapshot } from '../engine/api/contract/jobs.ts'

/** Everything the desktop shows of the engine without a window. */
export type Activity = {
  /** Queued and running, oldest first. */
  readonly jobs: readonly JobSnapshot[]
  readonly problemCount: number
  readonly attentionCount: number
}

/** The state that the glyph of the tray shows: the worst there is. */
export type Glyph = 'calm' | 'working' | 'attention' | 'problem'

export const NO_ACTIVITY: Activity = { jobs: [], problemCount: 0, attentionCount: 0 }

/** What is told to the follower of {@link followActivity}. */
export type ActivityListener = {
  changed(activity: Activity): void
  /** A job that was seen at work has ended. */
  ended(job: JobSnapshot): void
  settingsChanged(): void
  /** The state of the fleet could not be had; what was known of it stays. */
  failed(reason: unknown): void
}

/** The worst first: a problem is not hidden by a job that runs. */
export function glyphOf({ jobs, problemCount, attentionCount }: Activity): Glyph {
  if (problemCount > 0) return 'problem'
  if (attentionCount > 0) return 'attention'
  return jobs.length > 0 ? 'working' : 'calm'
}

export function isAtWork({ state }: JobSnapshot): boolean {
  return state === 'queued' || state === 'running'
}

/** The jobs at work after `changed` has said how it is. */
export function withJob(jobs: readonly JobSnapshot[], changed: JobSnapshot): readonly JobSnapshot[] {
  const others = jobs.filter(({ id }) => id !== changed.id)
  if (!isAtWork(changed)) return others
  return [...others, changed].sort(
    (a, b) => Date.parse(a.createdAt) - Date.parse(b.createdAt) || a.id.localeCompare(b.id),
  )
}

/** How many instances, and catalogs that cannot be read, are in trouble. */
export function countTrouble(
  fleet: readonly FleetCatalog[],
): Pick<Activity, 'problemCount' | 'attentionCount'> {
  const severities = fleet.flatMap(({ instances, problem }) => [
    ...instances.map(({ protection }) => protection.severity),
    ...(problem === undefined ? [] : ['problem' as const]),
  ])
  return {
    problemCount: severities.filter((severity) => severity === 'problem').length,
    attentionCount: severities.filter((severity) => severity === 'attention').length,
  }
}

/**
 * Follows jobs, fleet and settings until `signal` fires; then it returns. Rejects with `engine.gone` when the engine
 * ends first.
 */
export async function followActivity(
  client: EngineClient,
  listener: ActivityListener,
  signal: AbortSignal,
): Promise<void> {
  let activity = NO_ACTIVITY
  const update = (part: Partial<Activity>): void => {
    activity = { ...activity, ...part }
    listener.changed(activity)
  }
  const take = (job: JobSnapshot): void => {
    const wasAtWork = activity.jobs.some(({ id }) => id === job.id)
    update({ jobs: withJob(activity.jobs, job) })
    if (wasAtWork && !isAtWork(job)) listener.ended(job)
  }
  const countFleet = async (): Promise<void> => {
    try {
      update(countTrouble(await client['fleet.list']({}, { signal })))
    } catch (thrown) {
      listener.failed(thrown)
    }
  }

  async function followJobs(): Promise<void> {
    for await (const job of client['jobs.watch-all']({}, { signal })) take(job)
  }
  async function listJobs(): Promise<void> {
    for (const job of await client['jobs.list']({}, { signal })) if (isAtWork(job)) take(job)
  }
  async function followChanges(): Promise<void> {
    for await (const { subject } of client['app.changes']({}, { signal })) {
      if (subject === 'settings') listener.settingsChanged()
      else await countFleet()
    }
  }

  try {
    // The streams first: what changes between list and stream would be missed.
    await Promise.all([followJobs(), followChanges(), listJobs(), countFleet()])
  } catch (thrown) {
    if (!signal.aborted) throw thrown
  }
}
