import path from 'node:path'
import { type Clock, planClock, SYSTEM_CLOCK } from '../base/clock.ts'
import { type Log, SILENT_LOG } from '../base/log.ts'
import { openJobs } from '../jobs/jobs.ts'
import { openJournal } from '../jobs/journal.ts'
import { openAppState } from './app-state.ts'
import { Changes } from './changes.ts'
import type { EngineContext } from './context.ts'
import type { AppInfo } from './contract/app.ts'
import type { EngineHandlers } from './contract/contract.ts'
import type { JobKind, JobResult } from './contract/jobs.ts'
import { openDrillBook } from './drill-book.ts'
import { appHandlers } from './handlers/app.ts'
import { archivingHandlers } from './handlers/archiving.ts'
import { backupHandlers } from './handlers/backups.ts'
import { drillHandlers } from './handlers/drills.ts'
import { instanceHandlers } from './handlers/instances.ts'
import { jobHandlers } from './handlers/jobs.ts'
import { recoveryHandlers } from './handlers/recovery.ts'
import { restoreHandlers } from './handlers/restore.ts'
import { restoredHandlers } from './handlers/restored.ts'
import { retentionHandlers } from './handlers/retention.ts'
import { scratchHandlers } from './handlers/scratch.ts'
import { walHandlers } from './handlers/wal.ts'
import { walIndexHandlers } from './handlers/wal-index.ts'
import { walReceiverHandlers } from './handlers/wal-receiver.ts'
import { slotHandlers } from './handlers/slots.ts'
import { walSetupHandlers } from './handlers/wal-setup.ts'
import { openReceivers } from './receivers.ts'
import { openScratchServers } from './scratch-servers.ts'
import { removeLeftScratch } from './scratch-run.ts'
import { memorySecrets, type SecretStore } from './secrets.ts'
import { openWalIndexes } from './wal-indexes.ts'

export type EngineOptions = {
  /** Where jobs, their logs and the settings are kept; undefined = nothing outlives the process. */
  readonly stateDirectory: string | undefined
  readonly transport: AppInfo['transport']
  /** In memory, when left out. */
  readonly secrets?: SecretStore
  readonly env: Readonly<Record<string, string | undefined>>
  readonly log?: Log
  readonly clock?: Clock
}

/** The engine: serve its handlers over a port, or call them in process. Disposing cancels what runs and waits for it. */
export type Engine = AsyncDisposable & { readonly handlers: EngineHandlers }

/** Puts the engine together. The one place that knows every part. */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const { stateDirectory, env, transport } = options
  const clock = options.clock ?? SYSTEM_CLOCK
  const journal = stateDirectory === undefined ? undefined : openJournal(stateDirectory, clock.nowMs)
  const jobs = openJobs<JobKind, JobResult>({
    clock,
    journal,
    logDirectory: stateDirectory === undefined ? undefined : path.join(stateDirectory, 'logs'),
  })
  const changes = new Changes()
  jobs.onEnd(({ catalog, instance }) => changes.tell('instance', catalog, instance))
  const context: EngineContext = {
    clock,
    planClock: planClock(env, clock),
    env,
    transport,
    log: options.log ?? SILENT_LOG,
    secrets: options.secrets ?? memorySecrets(),
    state: openAppState(stateDirectory),
    changes,
    jobs,
    walIndexes: openWalIndexes(stateDirectory),
    book: openDrillBook(stateDirectory),
    scratch: openScratchServers({
      clock,
      log: options.log ?? SILENT_LOG,
      onChange: ({ catalog, instance }) => changes.tell('instance', catalog, instance),
    }),
  }
  const cleaning = removeLeftScratch(context)
  const receivers = openReceivers(context)
  receivers.startKept()
  return {
    handlers: {
      ...appHandlers(context),
      ...instanceHandlers(context),
      ...backupHandlers(context),
      ...restoreHandlers(context),
      ...restoredHandlers(context),
      ...retentionHandlers(context),
      ...recoveryHandlers(context),
      ...drillHandlers(context),
      ...scratchHandlers(context),
      ...archivingHandlers(context),
      ...walHandlers(),
      ...walIndexHandlers(context),
      ...walReceiverHandlers(receivers),
      ...walSetupHandlers(context, receivers),
      ...slotHandlers(context, receivers),
      ...jobHandlers(context),
    },
    async [Symbol.asyncDispose]() {
      receivers.close()
      await jobs[Symbol.asyncDispose]()
      await context.scratch[Symbol.asyncDispose]()
      await cleaning
      context.book[Symbol.dispose]()
      context.walIndexes[Symbol.dispose]()
      journal?.[Symbol.dispose]()
    },
  }
}
