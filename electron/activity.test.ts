import { expect, it, vi } from 'vitest'
import type { Change } from '../engine/api/contract/app.ts'
import type { EngineClient } from '../engine/api/contract/contract.ts'
import type { FleetCatalog } from '../engine/api/contract/instances.ts'
import type { JobSnapshot, JobState } from '../engine/api/contract/jobs.ts'
import type { Severity } from '../engine/api/contract/values.ts'
import {
  type ActivityListener,
  countTrouble,
  followActivity,
  glyphOf,
  NO_ACTIVITY,
  withJob,
} from './activity.ts'

function job(id: string, state: JobState, createdAt = '2026-11-21T00:00:00Z'): JobSnapshot {
  return { id, state, createdAt, kind: 'backup', catalog: '/c', instance: 'orders' } as unknown as JobSnapshot
}
function catalog(...severities: readonly Severity[]): FleetCatalog {
  const entries = severities.map((severity) => ({ protection: { severity } }))
  return { path: '/c', instances: entries, problem: undefined } as unknown as FleetCatalog
}
/** A stream that a test feeds. */
function feed<T>() {
  const items: T[] = []
  let wake = Promise.withResolvers<void>()
  return {
    push(item: T): void {
      items.push(item)
      wake.resolve()
    },
    async *follow(signal: AbortSignal): AsyncGenerator<T> {
      signal.addEventListener('abort', () => wake.resolve())
      while (!signal.aborted) {
        yield* items.splice(0)
        await wake.promise
        wake = Promise.withResolvers()
      }
    },
  }
}

it('shows the worst there is', () => {
  const jobs = [job('a', 'running')]
  expect(glyphOf(NO_ACTIVITY)).toBe('calm')
  expect(glyphOf({ ...NO_ACTIVITY, jobs })).toBe('working')
  expect(glyphOf({ jobs, problemCount: 0, attentionCount: 1 })).toBe('attention')
  expect(glyphOf({ jobs, problemCount: 1, attentionCount: 1 })).toBe('problem')
})

it('keeps jobs at work in the order of their beginning', () => {
  const later = job('a', 'queued', '2026-11-21T00:00:02Z')
  const earlier = job('b', 'running', '2026-11-21T00:00:01Z')
  expect(withJob([later], earlier)).toEqual([earlier, later])
  expect(withJob([earlier, later], { ...earlier, state: 'failed' })).toEqual([later])
  expect(withJob([], job('c', 'succeeded'))).toEqual([])
})

it('counts a catalog that cannot be read as a problem', () => {
  const problem: FleetCatalog['problem'] = { code: 'storage.not-found', message: 'gone' }
  const unreadable = { ...catalog(), problem }
  expect(countTrouble([catalog('ok', 'attention', 'problem'), unreadable])).toEqual({
    problemCount: 2,
    attentionCount: 1,
  })
})

it('follows jobs, fleet and settings until it is stopped', async () => {
  const jobs = feed<JobSnapshot>()
  const changes = feed<Change>()
  let fleet: readonly FleetCatalog[] | Error = []
  const client = {
    'jobs.list': () => Promise.resolve([job('old', 'succeeded'), job('a', 'running')]),
    'jobs.watch-all': (_input: object, { signal }: { signal: AbortSignal }) => jobs.follow(signal),
    'app.changes': (_input: object, { signal }: { signal: AbortSignal }) => changes.follow(signal),
    'fleet.list': () => (fleet instanceof Error ? Promise.reject(fleet) : Promise.resolve(fleet)),
  } as unknown as EngineClient
  const listener = {
    changed: vi.fn<ActivityListener['changed']>(),
    ended: vi.fn<ActivityListener['ended']>(),
    settingsChanged: vi.fn<ActivityListener['settingsChanged']>(),
    failed: vi.fn<ActivityListener['failed']>(),
  } satisfies ActivityListener
  const last = () => listener.changed.mock.lastCall?.[0]
  const stop = new AbortController()
  const following = followActivity(client, listener, stop.signal)
  await expect.poll(() => last()?.jobs.map(({ id }) => id)).toEqual(['a'])

  const change = { subject: 'fleet', catalog: undefined, instance: undefined } as const
  fleet = [catalog('problem')]
  changes.push(change)
  await expect.poll(() => last()?.problemCount).toBe(1)
  fleet = new Error('cannot look')
  changes.push(change)
  await expect.poll(() => listener.failed.mock.calls.length).toBe(1)
  expect(last()?.problemCount).toBe(1)

  changes.push({ ...change, subject: 'settings' })
  await expect.poll(() => listener.settingsChanged.mock.calls.length).toBe(1)

  jobs.push(job('a', 'failed'))
  await expect.poll(() => last()?.jobs).toEqual([])
  expect(listener.ended.mock.calls).toEqual([[job('a', 'failed')]])
  stop.abort()
  await following
})

it('ends with one failure when the engine goes while everything is still waiting', async () => {
  const gone = new Error('the engine process ended')
  const client = {
    'jobs.list': () => Promise.reject(gone),
    'jobs.watch-all': () => failing(),
    'app.changes': () => failing(),
    'fleet.list': () => Promise.reject(gone),
  } as unknown as EngineClient
  // oxlint-disable-next-line require-yield
  async function* failing(): AsyncGenerator<never> {
    throw gone
  }
  const unseen = vi.fn<(reason: unknown) => void>()
  process.on('unhandledRejection', unseen)
  const ignore = (): void => undefined
  const listener = { changed: ignore, ended: ignore, settingsChanged: ignore, failed: ignore }
  await expect(followActivity(client, listener, new AbortController().signal)).rejects.toBe(gone)
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', unseen)
  expect(unseen).not.toHaveBeenCalled()
})
