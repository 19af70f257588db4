import type { JobSnapshot } from '../api/contract/jobs.ts'
import { fromWireError } from '../base/engine-error.ts'
import type { Context } from './context.ts'
import { EXIT } from './context.ts'
import { formatProgress } from './progress-text.ts'

/** Where progress is not drawn over, a line is printed at each new phase and at most this often besides. */
const PLAIN_PROGRESS_INTERVAL_MS = 5000

/**
 * Follows a job to its end: its log as it comes, its progress where `--progress` asks for it.
 * When the context's signal fires the job is cancelled, and followed until it has cleaned up.
 */
export async function followJob(context: Context, job: string): Promise<JobSnapshot> {
  const { client, signal } = context
  const cancel = (): void => {
    context.log.warning('cancelling; waiting until everything is cleaned up (Ctrl-C again ends at once)')
    client['jobs.cancel']({ job }).catch((thrown: unknown) => context.log.failure(thrown))
  }
  signal.addEventListener('abort', cancel, { once: true })
  if (signal.aborted) cancel()
  try {
    await Promise.all([followLog(context, job), followProgress(context, job)])
    return await client['jobs.get']({ job })
  } finally {
    signal.removeEventListener('abort', cancel)
    context.terminal.clearFoot()
  }
}

/** The exit status that the end of a job stands for; a failure is told with its hint. */
export function reportEnd({ log }: Context, job: JobSnapshot): number {
  if (job.state === 'succeeded') return EXIT.success
  if (job.state === 'cancelled') return EXIT.cancelled
  if (job.error !== undefined) log.failure(fromWireError(job.error))
  else log.error(`the job ended as ${job.state}`)
  return EXIT.failure
}

async function followLog({ client, log }: Context, job: string): Promise<void> {
  for await (const entry of client['jobs.follow-log']({ job })) log.write(entry)
}

async function followProgress(context: Context, job: string): Promise<void> {
  const { client, given, log, terminal, world } = context
  const isShown = given.has('progress')
  let shownPhase: string | undefined
  let shownAtMs = Number.NEGATIVE_INFINITY
  for await (const snapshot of client['jobs.watch']({ job })) {
    if (!isShown || !['queued', 'running'].includes(snapshot.state)) continue
    const text = formatProgress(snapshot)
    // A line that is drawn over has no place among objects.
    if (terminal.isInteractive && log.isPlain) {
      terminal.drawFoot(text)
      continue
    }
    if (snapshot.progress === undefined) continue
    const nowMs = world.clock.nowMs()
    const phase = snapshot.progress.phase
    if (phase === shownPhase && nowMs - shownAtMs < PLAIN_PROGRESS_INTERVAL_MS) continue
    shownPhase = phase
    shownAtMs = nowMs
    log.info(`progress: ${text}`)
  }
}
