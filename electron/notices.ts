import type { JobSnapshot } from '../engine/api/contract/jobs.ts'
import { describeJob } from './tray.ts'
import type { Words } from './words.ts'

/** A job of at least this length is worth a word at its end, to someone who looks elsewhere. */
const LONG_JOB_MS = 60_000

/** What is said when a job ends. Undefined where nothing is: success is quiet unless it took long and nobody looked. */
export function noticeFor(
  job: JobSnapshot,
  isWindowVisible: boolean,
  words: Words,
): { readonly title: string; readonly body: string } | undefined {
  const what = describeJob(job, words)
  if (job.state === 'failed') return { title: words.jobFailed(what), body: job.error?.message ?? '' }
  if (job.state !== 'succeeded' || isWindowVisible) return undefined
  const tookMs = Date.parse(job.endedAt ?? '') - Date.parse(job.startedAt ?? '')
  return tookMs >= LONG_JOB_MS ? { title: words.jobDone(what), body: '' } : undefined
}
