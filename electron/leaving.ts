import type { BrowserWindow, Dialog, MessageBoxOptions } from 'electron'
import type { EngineClient } from '../engine/api/contract/contract.ts'
import type { JobSnapshot } from '../engine/api/contract/jobs.ts'
import { isAtWork } from './activity.ts'
import type { Words } from './words.ts'

/** What to do about jobs that run when the user wants to leave. */
type Leaving = 'keep-running' | 'stop-jobs' | 'stay'

/** Cancelled jobs get this long to undo what they began on the server. */
const CANCEL_MS = 15_000

/** The order of the buttons; the first is the default, since it loses nothing. */
const ANSWERS: readonly Leaving[] = ['keep-running', 'stop-jobs', 'stay']

/** Asks the user who wants to quit while jobs run. Where there is no tray, running on unseen is not offered. */
export async function askLeaving(
  dialog: Dialog,
  parent: BrowserWindow | undefined,
  { jobCount, words, hasTray }: { jobCount: number; words: Words; hasTray: boolean },
): Promise<Leaving> {
  const offered = ANSWERS.filter((answer) => hasTray || answer !== 'keep-running')
  const labels = { 'keep-running': words.keepRunning, 'stop-jobs': words.stopAndQuit, stay: words.cancel }
  const options: MessageBoxOptions = {
    type: 'question',
    message: words.quitQuestion(jobCount),
    detail: words.quitDetail,
    buttons: offered.map((answer) => labels[answer]),
    defaultId: hasTray ? 0 : offered.indexOf('stay'),
    cancelId: offered.indexOf('stay'),
    noLink: true,
  }
  const { response } = await (parent === undefined
    ? dialog.showMessageBox(options)
    : dialog.showMessageBox(parent, options))
  return offered[response] ?? 'stay'
}

/** Cancels `jobs` and waits until each has ended, or for a quarter of a minute. */
export async function cancelJobs(client: EngineClient, jobs: readonly JobSnapshot[]): Promise<void> {
  const signal = AbortSignal.timeout(CANCEL_MS)
  // One that cannot be cancelled any more has ended; one that does not end in time is ended with the engine.
  await Promise.allSettled(
    jobs.map(async ({ id }) => {
      let job = await client['jobs.cancel']({ job: id }, { signal })
      if (!isAtWork(job)) return
      for await (job of client['jobs.watch']({ job: id }, { signal })) if (!isAtWork(job)) return
    }),
  )
}
